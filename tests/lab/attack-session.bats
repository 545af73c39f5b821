#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# The session process taken over by whoever speaks to it: its place is taken by
# means of ptrace, and it can do nothing but what section 8 of the manual says.

load lab
load attack

setup_file() { attack_puppet; }

setup() {
	lab_up
	lab_static
	lab_account lan=lan0
	lab_dtcpd_start
	# As distributions have it: a socket for pings is anybody's.
	customer bash -c 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range'
}

teardown() {
	lab_end
}

# listen_for_router: what comes to the LAN's host. The router can speak there:
# its address is no longer tentative.
listen_for_router() {
	wait_for 10 router_speaks
	lab_spawn tcpdump ip netns exec lan tcpdump -n -i eth0 -l --immediate-mode \
		'icmp6[0] = 134'
	wait_for 5 grep -q listening /run/lab/tcpdump.log
}
router_speaks() {
	customer ip -6 addr show dev lan0 scope link >/run/lab/lan0
	grep -q inet6 /run/lab/lan0 && not grep -q tentative /run/lab/lan0
}
advertised() { grep -q 'router advertisement' /run/lab/tcpdump.log; }

# refused FILE: every attack failed, each for want of permission; but where the
# kernel lets any user be root in a namespace of his own, this one may, until it
# has its filter of system calls.
refused() {
	[ "$(wc -l <"$1")" -ge 29 ] || return 1
	not grep -vE -e ': (EACCES|EPERM|EAFNOSUPPORT|EPROTONOSUPPORT|EINVAL)$' \
		-e '^become root in a user namespace: done$' "$1"
}

@test "a session that has not even its connection yet can do nothing to this host" {
	lab_silence on
	attack_connecting
	local session
	session=$(attack_session)
	listen_for_router
	attack_as "$session" | tee /run/lab/attacks
	refused /run/lab/attacks
	# What only the kernel knows the reason of: the kind of message is wrong.
	[ "$(grep -c EINVAL /run/lab/attacks)" -le 1 ]
	lab_ping6 lan ff02::1%eth0 -c 1 || true # what was sent before has come
	not advertised
}

# killed PID: it was, for an attack; the keeper says so.
killed() {
	wait_for 5 lab_gone "$1"
	wait_for 5 lab_log 'killed for a system call'
}

# bats test_tags=shipped
@test "one that hears its server is killed for whatever it should not do" {
	local session keeper
	dtcp_up "$LAB_CLIENT4"
	session=$(attack_session)
	keeper=$(attack_keeper)
	grep -E $'^Seccomp:\t2$' "/proc/$session/status"
	run attack_as "$session"
	echo "$output"
	[ "$status" != 0 ]
	[ "${#lines[@]}" -le 2 ]
	[[ $output != *': done'* ]]
	killed "$session"
	# Another one follows; the tunnel is as it was.
	attack_session
	[ "$(attack_keeper)" = "$keeper" ]
	dtcp_up --down
	assert_nothing_left
	# Nor is one spared that waits for a greeting.
	lab_dtcpd_set 'greeting=silent | delay 30000'
	attack_connecting
	session=$(attack_session)
	run attack_as "$session"
	[ "$status" != 0 ]
	killed "$session"
	# Who waits for the tunnel hears why.
	wait_for 20 grep 'killed for a system call' /run/lab/command.log
}

@test "a process of root can do all of that, so that the attacks are real" {
	dtcp_up "$LAB_CLIENT4"
	lab_spawn root nsenter --net=/run/netns/customer -- sleep 60
	listen_for_router
	attack_as "$(cat /run/lab/root.pid)" | tee /run/lab/attacks
	not grep -v ': done$' /run/lab/attacks
	[ "$(wc -l </run/lab/attacks)" -ge 29 ]
	wait_for 5 advertised
	dtcp_up "$LAB_CLIENT4"
	dtcp_up --down
	assert_nothing_left
}

@test "what the kernel says of the session" {
	local session
	dtcp_up "$LAB_CLIENT4"
	session=$(attack_session)
	cat "/proc/$session/status"
	local name
	for name in Uid Gid; do
		grep -E "^$name:"$'(\t65534){4}$' "/proc/$session/status"
	done
	grep -E $'^Groups:[ \t]*$' "/proc/$session/status"
	grep -E $'^NoNewPrivs:\t1$' "/proc/$session/status"
	for name in CapInh CapPrm CapEff CapAmb; do
		grep -E "^$name:"$'\t0+$' "/proc/$session/status"
	done
	grep -E '^Max processes +0 +0 ' "/proc/$session/limits"
	grep -E '^Max core file size +0 +0 ' "/proc/$session/limits"
	# Only its own: 0 to 2 and perhaps one more for the channel, one connection.
	readlink "/proc/$session/fd/"* | sort -u | tee /run/lab/open
	[ "$(wc -l </run/lab/open)" = 2 ]
	not grep -v '^socket:' /run/lab/open
	[ "$(readlink "/proc/$session/cwd")" = / ]
}

@test "a crash of the session leaves no core, and ends it alone" {
	echo '/run/lab/core.%p' >/proc/sys/kernel/core_pattern
	# That the kernel would write one.
	customer bash -c 'ulimit -c unlimited; sleep 60 & kill -SEGV $!; wait' || true
	wait_for 5 compgen -G '/run/lab/core.*'
	rm -f /run/lab/core.*
	customer bash -c 'ulimit -c unlimited; exec "$@"' sh "$DTCP_UP" "$LAB_CLIENT4"
	local session keeper
	session=$(attack_session)
	keeper=$(attack_keeper)
	kill -SEGV "$session"
	wait_for 5 lab_gone "$session"
	attack_session # another one: the keeper goes on
	[ "$(attack_keeper)" = "$keeper" ]
	not compgen -G '/run/lab/core.*'
	kill -SEGV "$keeper"
	wait_for 5 lab_gone "$keeper"
	not compgen -G '/run/lab/core.*'
	dtcp_up --down
	assert_gone_within 5 # its session ends by itself, and may not have had its turn yet
}
