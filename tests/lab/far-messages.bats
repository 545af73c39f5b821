#!/usr/bin/env bats
# What dtcpd says of ip, tc and the kernel, word for word (tests/messages/far-lab-*.txt);
# what needs no kernel is in tests/loopback/far-messages.bats. To take a change over:
#
#     MESSAGES=update LAB_SHARED=DIR tests/run tests/lab/far-messages.bats

load lab
load far
load ../messages/messages

setup() { far_up; }
teardown() { lab_end; }

# said WHAT: notes what dtcpd has said since the last time, and each thing once.
said() {
	message "$1" - "$(tail -n "+$((${noted-0} + 1))" /run/lab/far.log | grep -v 'listening at' | awk '!seen[$0]++')" \
		-e 's/[0-9]+ s, [0-9]+ bytes in, [0-9]+ bytes/N s, N bytes in, N bytes/'
	noted=$(wc -l </run/lab/far.log)
}

# ends WHAT: it has ended by itself; notes what it said.
ends() {
	wait_for 30 lab_gone "$(</run/lab/far.pid)"
	noted=0
	said "$1"
}

# told CODE: Python code that talks to it from the customer (tests/server/talk.py), of a
# client that has its greeting.
told() {
	ip netns exec "${box-customer}" timeout $((60 * LAB_SLOW)) /usr/bin/python3 -E -s -S -c "$(talks "$1")" 3>&-
}
# client CODE: the same in the background, always in the customer.
client() { lab_spawn client ip netns exec customer /usr/bin/python3 -E -s -S -u -c "$(talks "$1")"; }
# talks CODE: the program.
talks() {
	echo "import sys; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
c = talk.Client(20200, '${from-$LAB_CLIENT4}', '$LAB_SERVER4').greeting()
$1"
}
# logs_in WHAT [TYPE]: what a login was answered, and what dtcpd said.
logs_in() { message "$1" - "$(told "print(c.login('${2-network}')); c.ask('quit'); c.line()")" && said "$1: its log"; }

@test "what it says as it starts, of what this machine lacks" {
	far_stop
	for program in ip tc; do
		: >/run/lab/broken
		far_with $program
		ends "$program does nothing"
	done
	rm /run/lab/broken
	# shellcheck disable=SC2016 # for the inner shell
	for program in ip tc; do
		lab_spawn far unshare --mount sh -c 'mount --bind /dev/null "$(readlink -f "$(command -v '$program')")"
			exec "$@"' - nsenter --net=/run/netns/provider "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
		ends "$program is missing"
	done
	for call in bind spawn look opendir readdir; do
		far_failing $call
		ends "$call fails"
	done
	# What a dtcpd that was killed left at work, and SIGKILL does not end.
	lab_spawn orphan env -i "DTCPD=$(stat -c %d.%i "$FAR_RUN")" sleep 300
	wait_for 20 grep -q "^DTCPD=[0-9.]*" "/proc/$(</run/lab/orphan.pid)/environ"
	far_failing kill
	wait_for 30 lab_gone "$(</run/lab/far.pid)"
	noted=0
	message 'another process does not end' - "$(sed 's/process [0-9]*/process N/' /run/lab/far.log)"
	lab_kill orphan KILL
	# A network without sit0, on a machine that has no module of sit.
	echo 1 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	: >/run/lab/broken
	cp "$(readlink -f "$(command -v ip)")" /run/lab/real-ip
	# shellcheck disable=SC2016 # for the inner shell
	local without='mount -t tmpfs none /sys/module; mkdir -p /lib/modules; mount -t tmpfs none /lib/modules
		mount --bind /run/lab/its-ip "$(readlink -f "$(command -v ip)")"; exec "$@"'
	lab_spawn far unshare --mount --net sh -c "$without" - "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	ends 'there is no sit'
	lab_spawn far unshare --mount --net sh -c "$without" - "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN" --check
	wait_for 30 lab_gone "$(</run/lab/far.pid)"
	message 'there is no sit: --check' - "$(grep 'has no sit' /run/lab/far.log)"
	echo 0 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	rm /run/lab/broken
	echo "netns $(stat -c %i /run/netns/customer)" >"$FAR_RUN/dtcpd.state"
	far_failing ''
	ends 'the run directory is that of another namespace'
	rm "$FAR_RUN/dtcpd.state"
	lab_spawn other ip netns exec provider /usr/bin/python3 -E -s -S -u -c "
import socket, time
s = socket.socket(); s.bind(('$LAB_SERVER4', 20200)); s.listen(); print('there'); time.sleep(1000)"
	wait_for 20 grep there /run/lab/other.log
	far_failing ''
	ends 'another program listens there'
	as_table far-lab-start
}

@test "what it says of a tunnel that it cannot make or remove" {
	far_stop
	noted=0
	far_with ip tc
	noted=1
	ip -n provider link add taken0 type dummy
	: >/run/lab/broken
	logs_in 'ip and tc do nothing'
	rm /run/lab/broken
	box=provider from=$LAB_SERVER4 logs_in 'a client on this machine'
	far_conf 'user two secret prefix=2001:db8:c0df::/48 interface=taken0'
	kill -HUP "$(far_root)"
	wait_for 20 far_said '2 users'
	said 'another user'
	message 'an interface that is there already' - "$(told "print(c.login(user='two', password='secret'))")"
	said 'an interface that is there already: its log'
	# A name that another user's tunnel has, until that one logs in again.
	client "c.login(); print('up'); print(c.line())"
	wait_for 20 grep up /run/lab/client.log
	far_conf 'user two secret prefix=2001:db8:c0df::/48 interface=dtcp0'
	noted=$(wc -l </run/lab/far.log)
	kill -HUP "$(far_root)"
	is_read() { [ "$(lab_lines 'was read again: 2 users' /run/lab/far.log | wc -l)" = 2 ]; }
	wait_for 20 is_read
	ip -n customer addr add 203.0.113.51/24 dev wan
	two="print(c.login(user='two', password='secret')); c.ask('quit'); c.line()"
	message "a name that another's tunnel has" - "$(from=203.0.113.51 told "$two")"
	told "c.login()
d = talk.Client(20200, '203.0.113.51', '$LAB_SERVER4').greeting()
assert d.login(user='two', password='secret').startswith('+OK')
for x in c, d: x.ask('quit'); x.line()"
	said "a name that another's tunnel has: its log"
	# A prefix gets no route; ip ends, and is tried again.
	: >/run/lab/broken
	far_conf 'user two secret prefix=2001:db8:c0de:1::/64'
	far_conf 'user two secret prefix=2001:db8:c0e0::/48'
	kill -HUP "$(far_root)"
	wait_for 20 far_said 'could not be done'
	rm /run/lab/broken
	said 'ip does not make the route of a prefix'
	wait_for 20 eval 'far_routes | grep c0e0'
	# A tunnel that is lost.
	client "c.login(); print('up'); c.socket.settimeout(None); print(c.line())"
	wait_for 20 grep up /run/lab/client.log
	: >/run/lab/broken
	ip -n provider link del dtcp0
	wait_for 60 grep ERR /run/lab/client.log
	rm /run/lab/broken
	message 'ip does not make it again' - "$(grep ERR /run/lab/client.log)"
	wait_for 20 far_gone
	said 'ip does not make it again: its log'
	# One that stays.
	told "
c.login(); open('/run/lab/broken', 'w'); c.socket.close()"
	wait_for 20 far_said 'could not be removed'
	rm /run/lab/broken
	wait_for 20 far_gone
	said 'ip does not remove it'
	client "c.login(); print('up'); c.line(); print(c.line())"
	wait_for 20 grep up /run/lab/client.log
	: >/run/lab/broken
	far_stop
	said 'it ends, and ip does not remove it'
	rm /run/lab/broken
	far_with ip tc
	noted=0
	said 'the next start'
	far_stop
	far_with ip tc
	noted=1
	: >/run/lab/hold
	client "print(c.login())"
	wait_for 90 far_said 'has done nothing for'
	said 'ip does not end'
	rm /run/lab/hold
	far_stop
	for call in sysctl join; do
		far_failing $call
		noted=1
		logs_in "$call fails" tunnelonly
		far_stop
	done
	# A script that is not through when all ends.
	printf '%s\n' '#!/bin/sh' 'exec sleep 1000' >/run/lab/script
	chmod 755 /run/lab/script
	far_conf 'script /run/lab/script'
	far_start
	noted=1
	told "c.login(); c.ask('quit'); c.line()"
	far_stop
	not pgrep -f 'sleep 1000'
	said 'a script is not through when it ends'
	as_table far-lab-build
}

# changed WHAT TYPE COMMAND...: somebody changes something of a tunnel, which is mended.
changed() {
	local what=$1 type=$2
	shift 2
	rm -f /run/lab/done
	client "import os, time
c.login('$type'); print('up')
while not os.path.exists('/run/lab/done'): time.sleep(0.05)
c.ask('quit'); c.line(); print('over')"
	wait_for 20 grep up /run/lab/client.log
	noted=$(wc -l </run/lab/far.log)
	"$@"
	is_mended() { tail -n "+$((noted + 1))" /run/lab/far.log | grep -q 'is mended'; }
	wait_for 20 is_mended
	is_whole() {
		far_tunnel dtcp0 | grep -q "^$LAB_CLIENT4 " || return
		in_provider -o -d link show dtcp0 | grep -q ' mtu 1480 .* ttl 64 ' || return
		[ "$type" = host ] || far_routes | grep -q 'dev dtcp0'
	}
	wait_for 20 is_whole
	message "$what" - "$(tail -n "+$((noted + 1))" /run/lab/far.log | grep 'is mended')"
	: >/run/lab/done
	wait_for 20 grep over /run/lab/client.log
}
in_provider() { ip -n provider "$@"; }

@test "what it says where somebody has changed something" {
	changed 'no interface' network in_provider link del dtcp0
	changed 'another name' network far_renamed other
	changed 'another far end' network in_provider tunnel change dtcp0 mode sit remote 203.0.113.99
	changed 'no filters' network provider tc qdisc del dev dtcp0 clsact
	changed 'down' network in_provider link set dtcp0 down
	changed 'another MTU' network in_provider link set dtcp0 mtu 1300
	changed 'another TTL' network in_provider tunnel change dtcp0 mode sit ttl 9
	changed 'no route' network in_provider -6 route del "$LAB_PREFIX" dev dtcp0
	changed 'no address' host in_provider addr del 2001:db8:6:1::5 peer 2001:db8:6:1::6 dev dtcp0
	far_stop
	far_failing look /run/lab/fails
	: >/run/lab/fails
	noted=1
	logs_in 'the kernel cannot be asked'
	rm /run/lab/fails
	as_table far-lab-changed
}
