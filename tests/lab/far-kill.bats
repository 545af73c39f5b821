#!/usr/bin/env bats
# dtcpd, the far end, when a process of it is killed, and when it is started again.

load lab
load far

setup() { far_up; }
teardown() { lab_end; }

@test "neither front nor auth has a privilege, a group, or a file" {
	for role in front auth; do
		pid=$(far_named $role)
		grep -q '^CapEff:	0000000000000000$' "/proc/$pid/status"
		grep -q '^CapPrm:	0000000000000000$' "/proc/$pid/status"
		grep -q '^NoNewPrivs:	1$' "/proc/$pid/status"
		grep -q '^Groups:	 *$' "/proc/$pid/status"
		! grep -q '^Uid:	0' "/proc/$pid/status" || false
		[ ! -e "/proc/$pid/status" ] || grep -q '^Seccomp:	2$' "/proc/$pid/status"
	done
	[ "$(readlink "/proc/$(far_named front)/root")" = "$FAR_RUN/empty" ]
	# The front holds standard error, its channel, what it listens at, and an epoll(7).
	[ "$(find "/proc/$(far_named front)/fd" -mindepth 1 | wc -l)" = 6 ]
	[ "$(find "/proc/$(far_named front)/fd" -lname 'anon_inode:\[eventpoll\]' | wc -l)" = 1 ]
}

# far_killed: all of dtcpd is killed, and gone: what is left of one would still hold the port.
# Root first: it would begin to take down when it hears of another's end.
far_killed() {
	local all pid
	all="$(far_root) $(far_children)" || true
	# shellcheck disable=SC2086 # numbers
	kill -KILL $all || true
	for pid in $all; do wait_for 20 lab_gone "$pid"; done
}

# far_other PREFIX: another file, with another user.
far_other() {
	(umask 077 && printf '%s\n' "listen $LAB_SERVER4" "user two x prefix=$1" >"$FAR_CONF")
}

# far_ip: the ip(8) that dtcpd has from now on is that of standard input; the real one is
# /run/lab/real-ip, anew: the one of before may still run.
far_ip() {
	cp --remove-destination "$(readlink -f "$(command -v ip)")" /run/lab/real-ip
	cat >/run/lab/held-ip
	chmod 755 /run/lab/held-ip
}
# far_start_held: dtcpd with an ip(8) that waits while /run/lab/hold is there.
far_start_held() {
	far_ip <<-'END'
		#!/bin/sh
		while [ -e /run/lab/hold ]; do
			: >/run/lab/waits
			sleep 0.05
		done
		rm -f /run/lab/waits
		exec /run/lab/real-ip "$@"
	END
	rm -f /run/lab/hold
	far_held_spawn
	wait_for 30 far_settled
}
# far_hold: dtcpd once more with that ip(8), which waits.
far_hold() {
	rm -f /run/lab/waits
	: >/run/lab/hold
	far_held_spawn
}
far_held_spawn() {
	rm -f /run/lab/far.log
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn far ip netns exec provider unshare --mount sh -c 'mount --bind /run/lab/held-ip "$0"; exec "$@"' \
		"$(readlink -f "$(command -v ip)")" "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
}
ip_waits() { [ -e /run/lab/waits ]; }

# in_state STATE: dtcpd's processes have got that far with a client, which waits for
# what comes; it is tests/server/talk.py's.
in_state() {
	: >/run/lab/go
	lab_spawn client ip netns exec customer /usr/bin/python3 -E -s -S -u -c "
import sys, time; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
def client(source):
    c = talk.Client(20200, source, '$LAB_SERVER4')
    return c.greeting()
state = '$1'
c = client('$LAB_CLIENT4')
if state != 'greeted':
    if state != 'building':
        assert c.login().startswith('+OK')
    open('/run/lab/hold', 'w') if state in ('building', 'moving', 'leaving') else None
    if state == 'building':
        c.say('tunnel foo %s network\r\n' % c.response())
    if state == 'moving':
        d = client('203.0.113.51')
        d.say('tunnel foo %s network\r\n' % d.response())
    if state == 'leaving':
        c.say('quit\r\n')
print('there')
time.sleep(1000)
"
	wait_for 30 grep there /run/lab/client.log
	[[ $1 = greeted || $1 = up ]] || wait_for 10 ip_waits
}

# killed_in STATE ROLE
killed_in() {
	echo "== $2 killed while $1"
	in_state "$1"
	local root all
	root=$(far_root)
	all="$root $(far_children)"
	if [ "$2" = root ]; then
		kill -KILL "$root"
	else
		kill -KILL "$(far_named "$2")"
	fi
	rm -f /run/lab/hold
	for pid in $all; do wait_for 20 lab_gone "$pid"; done
	wait_for 10 not ip_waits
	lab_kill client KILL
	if [ "$2" != root ]; then
		far_said "the process $2 was ended by signal 9"
		far_clean
		[ -z "$(ls -A "$FAR_RUN")" ]
	fi
	# The next one removes what is left before it listens.
	far_start_held
	far_said 'listening at'
	far_gone
	[ "$(far_routes)" = "unreachable $LAB_PREFIX metric 4294967295" ]
}

@test "SIGKILL of each process in each state: nothing is left, at the latest by the next start" {
	ip -n customer addr add 203.0.113.51/24 dev wan
	far_stop
	far_start_held
	for state in greeted building up moving leaving; do
		for role in front auth root; do killed_in $state $role; done
	done
	dtcp_up "$LAB_CLIENT4"
	dtcp_up --down
	far_stop
	far_clean
}

@test "SIGKILL of front or auth while dtcp-up is there: it comes back to the next one" {
	for role in front auth; do
		dtcp_up "$LAB_CLIENT4"
		root=$(far_root)
		kill -KILL "$(far_named $role)"
		wait_for 20 lab_gone "$root"
		far_said "the process $role was ended by signal 9"
		far_clean
		far_start
		wait_for 30 lab_ping6 customer "$LAB_HOST6"
		dtcp_up --down
	done
}

@test "SIGKILL of all: the next start removes what is left before it listens" {
	dtcp_up "$LAB_CLIENT4"
	far_killed
	[ "$(lab_far_interfaces)" = dtcp0 ]
	! far_status >/dev/null || false
	# What is no more in the file goes as well.
	far_other 2001:db8:c0df::/48
	far_start
	[ -z "$(lab_far_interfaces)" ]
	[ "$(far_routes)" = "unreachable 2001:db8:c0df::/48 metric 4294967295" ]
	dtcp_up --down
}

@test "a start that cannot read what is left takes nothing from what the next one reads" {
	dtcp_up "$LAB_CLIENT4"
	far_killed
	far_other 2001:db8:c0df::/48 # nobody logs in meanwhile
	far_failing left
	far_said 'what is left from before cannot be read'
	[ "$(lab_far_interfaces)" = dtcp0 ]
	far_start
	[ -z "$(lab_far_interfaces)" ]
	dtcp_up --down
}

@test "what a dtcpd left that was killed while it tried what this machine can do" {
	far_stop
	ip -n provider link add name dtcpd-try type sit mode ip6ip local 127.203.0.1 remote 127.203.0.2 ttl 64
	printf '%s\n' 'qdisc add dev dtcpd-try clsact' \
		'filter add dev dtcpd-try ingress pref 1 protocol ipv6 u32 match ip6 src fe80::/10 action pass' |
		ip netns exec provider tc -batch -
	far_start
	not ip -n provider link show dtcpd-try
	far_stop
	# One that is not ours stays.
	ip -n provider link add name dtcpd-try type sit mode ip6ip local 127.203.0.1 remote 192.0.2.9 ttl 64
	run ip netns exec provider timeout 20 "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 71 ]
	[[ $output = *'no sit tunnel can be made here'* ]]
	ip -n provider link show dtcpd-try
	# The addresses that every lab takes may have a tunnel, too.
	ip -n provider link del dtcpd-try
	ip -n provider link add name theirs type sit mode ip6ip local 192.0.2.1 remote 192.0.2.2
	far_start
	ip -n provider link del theirs
}

@test "SIGKILL at the first start, and then another file: the routes of the first one go" {
	local pid
	far_stop
	far_ip <<-'END'
		#!/bin/sh
		batch=$(cat)
		echo "$batch" | /run/lab/real-ip "$@"
		case $batch in
		*unreachable*) while [ -e /run/lab/hold ]; do : >/run/lab/waits; sleep 0.05; done ;;
		esac
	END
	far_hold
	wait_for 10 ip_waits
	pid=$(far_root)
	kill -KILL "$pid"
	wait_for 20 lab_gone "$pid"
	far_other 2001:db8:c0df::/48
	far_start
	[ "$(far_routes)" = "unreachable 2001:db8:c0df::/48 metric 4294967295" ]
}

far_has() { [[ $(far_routes) = *"$1"* ]]; }

@test "SIGKILL at the start after a SIGKILL, and a file that is changed each time: all of it goes" {
	dtcp_up "$LAB_CLIENT4"
	far_killed
	far_other 2001:db8:c0df::/48
	# It makes the routes, and keeps the tunnel.
	far_ip <<-'END'
		#!/bin/sh
		batch=$(cat)
		echo "$batch" | grep -v 'link del dev dtcp0' | /run/lab/real-ip "$@"
		case $batch in
		*unreachable*) while [ -e /run/lab/hold ]; do : >/run/lab/waits; sleep 0.05; done ;;
		esac
	END
	far_hold
	wait_for 10 ip_waits
	[ "$(lab_far_interfaces)" = dtcp0 ]
	far_has 'unreachable 2001:db8:c0df::/48'
	# It does not listen yet.
	run far_status
	[ "$status" = 1 ]
	[ "$output" = 'dtcpd is starting' ]
	far_killed
	far_other 2001:db8:c0e0::/48
	far_start
	[ "$(far_status)" = 'dtcpd is running, 0 sessions' ]
	far_gone
	[ "$(far_routes)" = 'unreachable 2001:db8:c0e0::/48 metric 4294967295' ]
	dtcp_up --down
}

@test "SIGKILL of one that serves and could not remove a tunnel of before: the next start does" {
	dtcp_up "$LAB_CLIENT4"
	far_killed
	far_other 2001:db8:c0df::/48 # nobody logs in meanwhile
	far_ip <<-'END'
		#!/bin/sh
		grep -v 'link del dev dtcp0' | /run/lab/real-ip "$@"
	END
	far_hold
	wait_for 60 far_settled
	far_said 'listening at'
	[ "$(lab_far_interfaces)" = dtcp0 ]
	far_killed
	far_start
	far_gone
	# What is gone is not taken over again: by then it may be another program's.
	! grep dtcp0 "$FAR_RUN/dtcpd.state" || false
	dtcp_up --down
}

@test "SIGKILL after a reload, and then another file: the routes of the one between go" {
	far_conf 'user two x prefix=2001:db8:c0df::/48'
	kill -HUP "$(far_root)"
	wait_for 20 far_has 'unreachable 2001:db8:c0df::/48'
	far_killed
	far_conf
	far_start
	[ "$(far_routes)" = "unreachable $LAB_PREFIX metric 4294967295" ]
}

@test "SIGTERM at the start: it ends when what it was at is done, and nothing is left" {
	local pid
	far_stop
	far_start_held
	far_stop
	far_hold
	wait_for 10 ip_waits
	kill -TERM "$(far_root)"
	rm /run/lab/hold
	wait_for 20 lab_gone "$(</run/lab/far.pid)"
	far_clean
	[ -z "$(ls -A "$FAR_RUN")" ]
	not ip -n provider link show dtcpd-try
}

@test "SIGKILL of root alone: the others end by themselves" {
	dtcp_up "$LAB_CLIENT4"
	children=$(far_children)
	kill -KILL "$(far_root)"
	for pid in $children; do wait_for 5 lab_gone "$pid"; done
	far_start
	wait_for 20 lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
}

# held_at TEXT COMMAND...: dtcpd, whose ip(8) does nothing when a line of its batch has
# TEXT, while /run/lab/hold is there; COMMAND has it do that; then root is killed, and the
# next dtcpd, whose ip is as usual, is started at once.
held_at() {
	local pid text=$1
	shift
	echo "== killed at $text"
	far_ip <<-END
		#!/bin/sh
		batch=\$(cat)
		case \$batch in
		*'$text'*) echo \$\$ >/run/lab/held.pid; while [ -e /run/lab/hold ]; do : >/run/lab/waits; sleep 0.05; done ;;
		esac
		echo "\$batch" | /run/lab/real-ip "\$@"
	END
	rm -f /run/lab/hold /run/lab/waits /run/lab/go
	far_held_spawn
	wait_for 30 far_settled
	lab_spawn client ip netns exec customer /usr/bin/python3 -E -s -S -u -c "
import sys, time; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
def client(source):
    return talk.Client(20200, source, '$LAB_SERVER4').greeting()
def log_in(c):
    c.say('tunnel foo %s network\r\n' % c.response())
def hold():
    open('/run/lab/hold', 'w')
$1
print('there')
time.sleep(1000)"
	wait_for 30 grep there /run/lab/client.log
	wait_for 30 ip_waits
	pid="$(far_root) $(far_children)"
	kill -KILL "$(far_root)"
	for pid in $pid; do wait_for 20 lab_gone "$pid"; done
	lab_kill client KILL
	far_start
	# Another user gets what was the first one's: the name, and the address.
	lab_spawn two ip netns exec customer /usr/bin/python3 -E -s -S -u -c "
import sys, time; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
c = talk.Client(20200, '$LAB_CLIENT4', '$LAB_SERVER4').greeting()
print(c.login(user='two', password='x'))
time.sleep(1000)"
	wait_for 20 grep OK /run/lab/two.log
	rm -f /run/lab/hold
	wait_for 20 lab_gone "$(</run/lab/held.pid)"
	[ "$(lab_far_interfaces | xargs)" = dtcp0 ]
	[ "$(far_tunnel dtcp0)" = "$LAB_CLIENT4 $LAB_SERVER4" ]
	[ "$(far_routes)" = "2001:db8:c0df::/48 dev dtcp0 metric 1023
unreachable $LAB_PREFIX metric 4294967295
unreachable 2001:db8:c0df::/48 metric 4294967295" ]
	# Nor was there anything to mend.
	not far_said 'somebody has changed'
	lab_kill two KILL
	far_stop
	far_clean
}

@test "SIGKILL of root while ip is at work, and a start at once: the old ip changes nothing any more" {
	ip -n customer addr add 203.0.113.51/24 dev wan
	far_stop
	far_conf 'user two x prefix=2001:db8:c0df::/48'
	held_at 'link add name dtcp0' 'hold(); c = client("203.0.113.50"); log_in(c)'
	held_at 'route add' 'hold(); c = client("203.0.113.50"); log_in(c)'
	held_at 'link del dev dtcp0' 'c = client("203.0.113.50"); log_in(c); c.line(); hold(); c.say("quit\r\n")'
	held_at 'tunnel change' 'c = client("203.0.113.50"); log_in(c); c.line(); hold(); d = client("203.0.113.51"); log_in(d)'
}

@test "an ip that hangs at the end is killed and tried once more, and nothing is left" {
	far_stop
	far_start_held
	dtcp_up "$LAB_CLIENT4"
	pid=$(far_root)
	: >/run/lab/hold
	lab_clock
	kill "$pid"
	wait_for 30 far_said 'ip or tc has done nothing for 5 s and is killed'
	rm /run/lab/hold
	wait_for 20 lab_gone "$pid"
	lab_took 12000
	not far_said 'not everything could be removed'
	far_clean
}

@test "a restart ends sessions politely, and dtcp-up is back, also where it was refused meanwhile" {
	dtcp_up "$LAB_CLIENT4"
	far_stop
	far_clean
	far_said 'is over \(dtcpd ends\)'
	# Its first try comes within 3 s, and the next one 1 to 2 s later. Where that still came
	# before dtcpd listened it is the one after it, at worst 6 s from now, and a ping may fail.
	wait_for 10 lab_log 'Connection refused'
	far_start
	lab_clock
	wait_for 20 lab_ping6 customer "$LAB_HOST6"
	lab_took 8000
	dtcp_up --down
}

@test "a second dtcpd with the same run directory is told so, and changes nothing" {
	dtcp_up "$LAB_CLIENT4"
	run ip netns exec provider timeout 20 "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	[ "$status" = 71 ]
	[[ $output == *"another dtcpd runs with $FAR_RUN"* ]]
	[ "$(cd "$FAR_RUN" && echo *)" = 'dtcpd.pid dtcpd.state empty' ]
	lab_ping6 customer "$LAB_HOST6"
}

@test "its files are removed: they are there again at the next keepalive, and a second dtcpd changes nothing" {
	lab_account ping=240
	dtcp_up "$LAB_CLIENT4"
	far_routes >/run/lab/routes
	lab_monitor -n provider monitor link route
	rm "$FAR_RUN"/dtcpd.*
	run ip netns exec provider timeout $((20 * LAB_SLOW)) "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 71 ]
	[[ $output == *"$LAB_SERVER4:20200 cannot be listened at: Address already in use"* ]]
	dtcp_up "$LAB_CLIENT4" # asks for a keepalive
	wait_for 20 far_status
	far_status | grep '^foo: dtcp0'
	rm -r "$FAR_RUN"
	dtcp_up "$LAB_CLIENT4"
	wait_for 20 far_status
	[ "$(lab_lines 'somebody has removed files from' /run/lab/far.log | wc -l)" = 2 ]
	run ip netns exec provider timeout $((20 * LAB_SLOW)) "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	[[ $output == *"another dtcpd runs with $FAR_RUN"* ]]
	# A login is recorded there, too.
	dtcp_up --down
	dtcp_up "$LAB_CLIENT4"
	lab_kill monitor
	not grep -E 'unreachable|Deleted.*dtcpd-try' /run/lab/monitor.log
	far_routes | diff /run/lab/routes -
	dtcp_up --down
	far_stop
	[ -z "$(ls -A "$FAR_RUN")" ]
}

@test "a run directory of another network namespace: nothing there is touched, and words say so" {
	dtcp_up "$LAB_CLIENT4"
	(umask 077 && sed 's/^listen.*/listen 127.0.0.1/' "$FAR_CONF" >"$FAR_CONF.there")
	run "$FAR" --status --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 1 ]
	[ "$output" = "dtcpd: $FAR_RUN belongs to another network namespace: name a directory for this one (--run-dir), or, if that is gone, remove what is in it" ]
	[ "$("$FAR" --status --json --run-dir "$FAR_RUN" 2>/dev/null || true)" = '[]' ]
	far_killed
	sed -i 's/^listen.*/listen 127.0.0.1/' "$FAR_CONF"
	ip link set lo up
	ip tunnel add dtcp0 mode sit remote 192.0.2.1
	run timeout $((20 * LAB_SLOW)) "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 71 ]
	[[ $output == *"$FAR_RUN belongs to another network namespace: name a directory for this one (--run-dir), or, if that is gone, remove what is in it"* ]]
	ip tunnel show dtcp0 | grep 192.0.2.1
	ip tunnel del dtcp0
	# Whoever it belongs to finds all of it.
	sed -i "s/^listen.*/listen $LAB_SERVER4/" "$FAR_CONF"
	far_start
	far_said 'dtcp0 is left from before'
	dtcp_up --down
	far_stop
	far_clean
	# What was in one that is gone has gone with it, as in a container that is started anew.
	lab_spawn far unshare --net sh -c 'ip link set lo up && exec "$@"' - \
		"$FAR" -c "$FAR_CONF.there" --run-dir "$FAR_RUN"
	wait_for 30 far_settled
	far_said 'listening at'
	far_killed
	far_start
	not far_said 'left from before'
	far_stop
	far_clean
}

@test "a kernel without sit: it does not serve, and says so" {
	far_stop
	rmmod sit 2>/dev/null || skip "sit is built into this kernel, or in use"
	local modprobe
	modprobe=$(</proc/sys/kernel/modprobe)
	echo /bin/false >/proc/sys/kernel/modprobe
	run ip netns exec provider timeout 20 "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$modprobe" >/proc/sys/kernel/modprobe
	modprobe sit
	echo "$output"
	[ "$status" = 71 ]
	[[ $output = 'dtcpd: this kernel has no sit (modprobe sit): ip: '* ]]
	far_clean
}

@test "without tc it does not serve, and says so" {
	far_stop
	# shellcheck disable=SC2016 # for the inner shell
	run unshare --mount sh -c 'mount --bind /dev/null "$(readlink -f "$(command -v tc)")"
		exec ip netns exec provider timeout 20 "$@"' - "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 71 ]
	[ "$output" = 'dtcpd: ip(8) and tc(8) of iproute2 are needed, and tc is not installed' ]
	far_clean
}

@test "ip or tc that fails: what it said, at the start and at a login" {
	far_stop
	: >/run/lab/broken
	far_with ip
	grep -x 'dtcpd: no sit tunnel can be made here: ip: broken' /run/lab/far.log
	far_with tc
	grep -x 'dtcpd: what comes out of a tunnel cannot be filtered: tc: broken' /run/lab/far.log
	far_clean
	for program in ip tc; do
		rm -f /run/lab/broken
		far_with $program
		: >/run/lab/broken
		run dtcp_up "$LAB_CLIENT4"
		[ "$status" = 77 ]
		[[ $output = *"'-ERR the tunnel cannot be built'"* ]]
		rm -f /run/lab/broken
		far_stop
		far_clean
	done
	grep -x 'dtcpd: dtcp0: could not be built, it lacks its filters; ip and tc: broken' /run/lab/far.log
}

@test "an address that somebody listens at already: it says so, and leaves nothing" {
	far_stop
	lab_spawn other ip netns exec provider /usr/bin/python3 -E -s -S -u -c "
import socket, time
s = socket.socket(); s.bind(('$LAB_SERVER4', 20200)); s.listen(); print('there'); time.sleep(1000)"
	wait_for 20 grep there /run/lab/other.log
	run ip netns exec provider timeout 20 "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	echo "$output"
	[ "$status" = 71 ]
	[[ $output = *"$LAB_SERVER4:20200 cannot be listened at: Address already in use"* ]]
	far_clean
	[ -z "$(ls -A "$FAR_RUN")" ]
}
