#!/usr/bin/env bats
# dtcpd, the far end, and those who take its connections from others: who begins one and
# does not complete it, and who connects and does not log in. With less than a kernel:
# tests/loopback/far.bats.

load lab
load far

setup() {
	far_up
	dtcp_up "$LAB_CLIENT4"
	# Answers to made-up addresses come back to the customer.
	ip -n provider route add 10.64.0.0/14 via "$LAB_CLIENT4"
	ip -n customer route add blackhole 10.66.0.0/16
	ip -n customer route add local 10.67.0.0/16 dev lo
	customer bash -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/wan/rp_filter'
}
teardown() { lab_end; }

half_open() { customer /usr/bin/python3 -E -s -S "$LAB_PROJECT/tests/server/syn.py" "$LAB_SERVER4" 20200 "$1"; }
half_open_there() { provider ss -Htan state syn-recv sport = 20200 | wc -l; }

# a_newcomer SECONDS: somebody connects and is greeted.
a_newcomer() {
	customer timeout $(($1 * LAB_SLOW)) /usr/bin/python3 -E -s -S -c "
import sys; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
talk.Client(20200, '10.67.9.9', '$LAB_SERVER4').greeting()" 3>&-
}

@test "half-open connections by the thousand: others connect all the same" {
	[ "$(provider cat /proc/sys/net/ipv4/tcp_syncookies)" = 1 ]
	half_open 5000
	echo "half open: $(half_open_there)"
	[ "$(half_open_there)" -ge 500 ]
	a_newcomer 5
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	half_open 2000
	dtcp_up "$LAB_CLIENT4"
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	# dtcpd has heard of none of them.
	[ "$(find "/proc/$(far_named front)/fd" -mindepth 1 | wc -l)" -le 7 ]
	# That is the kernel's doing, by its cookies: without them SYNs are dropped, whosever
	# they are, and --check says so.
	[ "$(counted SyncookiesSent)" -gt 1000 ]
	[ "$(counted TCPReqQFullDrop)" = 0 ]
	not far_warns
	# Without cookies a quarter of this is kept free, so that it must be more than the queue
	# of what listens for a flood to fill that.
	provider bash -c 'echo 0 >/proc/sys/net/ipv4/tcp_syncookies; echo 4096 >/proc/sys/net/ipv4/tcp_max_syn_backlog'
	half_open 5000
	[ "$(counted TCPReqQFullDrop)" -gt 1000 ]
	far_warns
}
# counted NAME: one of the kernel's counters of TCP.
counted() { provider nstat -asz "TcpExt$1" | awk -v name="TcpExt$1" '$1 == name { print $2 }'; }
far_warns() {
	provider "$FAR" --check -c "$FAR_CONF" 2>&1 |
		grep 'SYN cookies are off, so whoever sends SYNs keeps others out: sysctl net.ipv4.tcp_syncookies=1'
}

# crowd NUMBER: so many connections from hundreds of addresses that do not log in, silent ones,
# slow ones, and ones that send and never read, all the while.
crowd() {
	lab_spawn crowd ip netns exec customer /usr/bin/python3 -E -s -S -u -c "
import os, socket, sys, time
sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
clients = talk.Crowd(20200, '$LAB_SERVER4', '10.67.%d.%d', $1)
print('there', flush=True)
while not os.path.exists('/run/lab/enough'):
    clients.go_on()
    time.sleep(0.01)
print('over', flush=True)
"
	wait_for 60 grep there /run/lab/crowd.log
}
# As many as there may be. The kernel has some that the front has not taken yet.
is_full() {
	local n
	n=$(find "/proc/$(far_named front)/fd" -mindepth 1 | wc -l)
	echo "$n descriptors"
	[ "$n" -ge 200 ] && [ "$n" -le $((256 + 8)) ]
}
memory() {
	local pid
	for pid in $(far_root) $(far_children); do cat "/proc/$pid/smaps"; done |
		awk '/^Anonymous/ { n += $2 } END { print n }'
}

@test "hundreds that are silent, slow or never read: others are served in time, and memory is bounded" {
	crowd 600 # the front has room for 256
	sleep 2
	local before
	before=$(memory)
	for _ in 1 2 3; do
		a_newcomer 30
		dtcp_up --down
		dtcp_up "$LAB_CLIENT4"
		wait_for 10 lab_ping6 customer "$LAB_HOST6"
		wait_for 20 is_full
		echo "$(memory) KiB"
	done
	: >/run/lab/enough
	wait_for 60 grep over /run/lab/crowd.log
	# Queues may be longer at one time than at another; what can be in them is counted.
	[ "$(memory)" -le $((before + 2048)) ]
	[ "$(memory)" -le 32768 ]
	dtcp_up --down
	far_stop
	far_clean
}
