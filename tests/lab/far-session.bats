#!/usr/bin/env bats
# dtcpd, the far end, with dtcp-up at the other one: what a session makes, hands
# over, and leaves.

load lab
load far

teardown() { lab_end; }

far_is() { far_status --json | tr -d '\n' | grep -qE "$1"; }

@test "a login is answered when the tunnel is there, and nothing is left after quit" {
	far_up
	[ "$(far_routes)" = "unreachable $LAB_PREFIX metric 4294967295" ]
	dtcp_up "$LAB_CLIENT4"
	[ "$(far_tunnel dtcp0)" = "$LAB_CLIENT4 $LAB_SERVER4" ]
	[ "$(far_routes)" = "$LAB_PREFIX dev dtcp0 metric 1023
unreachable $LAB_PREFIX metric 4294967295" ]
	lab_ping6 customer "$LAB_HOST6"
	# By which clients check the path, also from an address of the prefix.
	lab_ping6 customer ff02::2 -I dtcp0
	near=$(ip -n customer -6 -o addr show dev dtcp0 scope global | sed -nE '1s|.* inet6 ([^ /]+).*|\1|p')
	customer ping -6 -c 1 -W 5 -I "$near" ff02::2%dtcp0
	for setting in accept_ra autoconf accept_redirects; do
		[ "$(provider cat /proc/sys/net/ipv6/conf/dtcp0/$setting)" = 0 ]
	done
	far_is '"user": "foo", "type": "network", "interface": "dtcp0", "local": "'"$LAB_SERVER4"'", "remote": "'"$LAB_CLIENT4"'", "prefixes": \["'"$LAB_PREFIX"'"\]'
	far_is '"packets_in": [1-9]'
	far_status | grep -q "^foo: dtcp0, network, to $LAB_CLIENT4 from $LAB_SERVER4"
	dtcp_up --down
	wait_for 5 far_said "session of foo from $LAB_CLIENT4 for $LAB_PREFIX is over .*: [0-9]+ s, [1-9][0-9]* bytes in, [1-9][0-9]* bytes out"
	wait_for 5 far_gone
	far_stop
	far_clean
	[ -z "$(ls -A "$FAR_RUN")" ]
	! far_status || false
}

@test "it has descriptors for its sessions, however few it was started with" {
	lab_up
	lab_static
	far_conf
	lab_spawn far ip netns exec provider prlimit --nofile=12:4096 "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	wait_for 30 far_settled
	lab_account
	dtcp_up "$LAB_CLIENT4"
	# A tunnel takes one as long as it is there.
	grep -qE '^Max open files +2[0-9]{3} ' "/proc/$(far_root)/limits"
	dtcp_up --down
}

@test "types host and tunnelonly" {
	far_up
	lab_account type=host
	dtcp_up "$LAB_CLIENT4"
	ip -n provider -6 -o addr show dev dtcp0 | grep -q 'inet6 2001:db8:6:1::5 peer 2001:db8:6:1::6/128'
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	lab_account type=tunnelonly
	dtcp_up "$LAB_CLIENT4"
	[ "$(far_routes)" = "unreachable $LAB_PREFIX metric 4294967295" ]
	dtcp_up --down
}

@test "a redial with the same address finds its tunnel as it was; another one moves it" {
	far_up
	dtcp_up "$LAB_CLIENT4"
	index=$(far_index dtcp0)
	# Its kernel, too, has forgotten the connection, or the end of it would come later.
	customer bash -c 'echo 1 >/proc/sys/net/ipv4/tcp_orphan_retries'
	lab_silence on
	pkill -KILL -x dtcp-up
	is_forgotten() { [ -z "$(customer ss -Htan dport = 20200)" ]; }
	wait_for 30 is_forgotten
	lab_silence off
	dtcp_up "$LAB_CLIENT4"
	[ "$(far_index dtcp0)" = "$index" ]
	lab_ping6 customer "$LAB_HOST6"
	lab_static 203.0.113.51
	dtcp_up 203.0.113.51
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	[ "$(far_index dtcp0)" = "$index" ]
	[ "$(far_tunnel dtcp0)" = "203.0.113.51 $LAB_SERVER4" ]
	dtcp_up --down
	wait_for 5 far_gone
}

@test "nobody sends as somebody else, and that is counted; :: is not" {
	far_up
	# A router sends answers back that find its address not ready yet, at the start.
	customer bash -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
	dtcp_up "$LAB_CLIENT4"
	[ "$(far_drops dtcp0)" = 0 ]
	# With nodad it can be used at once.
	customer ip addr add 2001:db8:bad::1/128 dev dtcp0 nodad
	customer ping -6 -c 3 -i 0.2 -W 1 -I 2001:db8:bad::1 "$LAB_HOST6" || true
	[ "$(far_drops dtcp0)" = 3 ]
	# The filter is there after a move, too.
	customer ip addr del 2001:db8:bad::1/128 dev dtcp0
	lab_static 203.0.113.51
	dtcp_up 203.0.113.51
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	customer ip addr add 2001:db8:bad::1/128 dev dtcp0 nodad
	customer ping -6 -c 2 -i 0.2 -W 1 -I 2001:db8:bad::1 "$LAB_HOST6" || true
	[ "$(far_drops dtcp0)" = 5 ]
}

@test "packets to who is away are answered, and don't loop" {
	far_up
	# The prefix leads to the provider; nobody has it now.
	host6 ip -6 route add "$LAB_PREFIX" via 2001:db8:6::1 2>/dev/null || true
	run host6 ping -6 -c 1 -W 2 2001:db8:c0de::1
	[[ $output == *unreachable* ]]
}

@test "a second user at the same address is refused, in words that say so" {
	far_up
	dtcp_up "$LAB_CLIENT4"
	far_conf 'user two secret prefix=2001:db8:c0df::/48'
	kill -HUP "$(far_root)"
	wait_for 5 far_said '2 users'
	(umask 077 && echo "$LAB_SERVER4 20200 two secret interface=dtcp9" >/run/lab/two)
	run customer timeout $((30 * LAB_SLOW)) "$DTCP_UP" -c /run/lab/two --run-dir /run/lab/two-run "$LAB_CLIENT4"
	echo "$output"
	[ "$status" = 77 ]
	[[ $output == *"another user's tunnel leads to your address"* ]]
	# Whoever was there noticed nothing.
	lab_ping6 customer "$LAB_HOST6"
}

@test "users whose addresses change places, or each takes the next one's, have their tunnels" {
	far_up
	far_stop
	far_conf 'user two bar prefix=2001:db8:c0df::/48' 'user three bar prefix=2001:db8:c0e0::/48' \
		'user four bar prefix=2001:db8:c0e1::/48'
	far_with ip
	for n in 51 52 53 54; do
		ip -n customer addr add 203.0.113.$n/24 dev wan
	done
	ip netns exec customer timeout $((60 * LAB_SLOW)) /usr/bin/python3 -E -s -S -c "
import sys; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk, os, time
def asks(user, address):
    c = talk.Client(20200, '203.0.113.' + str(address), '$LAB_SERVER4').greeting()
    c.say('tunnel %s %s network\r\n' % (user, c.response(user, 'bar')))
    return c
def are_up(*clients):
    for c in clients:
        said = c.line()
        assert said.startswith('+OK'), said
# All that happens between the two is one round's work for ip.
def hold():
    open('/run/lab/hold', 'w')
    c = asks('four', 54)
    while not os.path.exists('/run/lab/waits'): time.sleep(0.05)
    return c
def go_on():
    time.sleep(1)
    os.remove('/run/lab/hold')
    os.remove('/run/lab/waits')
one, two, three = asks('foo', 50), asks('two', 51), asks('three', 52)
are_up(one, two, three)
four = hold()
two.close()
time.sleep(1)
one, two = asks('foo', 51), asks('two', 50)
go_on()
are_up(four, one, two)
four.ask('quit'), four.line()
four = hold()
one.close(), two.close(), three.close()
time.sleep(1)
one, two, three = asks('foo', 50), asks('two', 52), asks('three', 53)
go_on()
are_up(four, one, two, three)
for c in one, two, three, four: c.ask('quit'); c.line()" 3>&-
	wait_for 10 far_gone
	not far_said 'could not be built'
}

@test "SIGHUP: who is gone or changed loses the session, others notice nothing" {
	far_up
	dtcp_up "$LAB_CLIENT4"
	index=$(far_index dtcp0)
	far_conf 'user two secret prefix=2001:db8:c0df::/48' '# a comment'
	kill -HUP "$(far_root)"
	wait_for 5 far_said '2 users'
	two_has_a_route() { far_routes | grep -q 'unreachable 2001:db8:c0df::/48'; }
	wait_for 10 two_has_a_route
	[ "$(far_index dtcp0)" = "$index" ]
	echo nonsense >>"$FAR_CONF"
	kill -HUP "$(far_root)"
	wait_for 5 far_said 'everything stays as it was'
	far_said "far.conf:5: 'nonsense' is none of"
	lab_ping6 customer "$LAB_HOST6"
	# Another password.
	(umask 077 && printf '%s\n' "listen $LAB_SERVER4" "user foo other prefix=$LAB_PREFIX host=2001:db8:6:1::6,2001:db8:6:1::5 tunnelonly=yes" >"$FAR_CONF")
	kill -HUP "$(far_root)"
	wait_for 5 far_said 'is over .the password was changed.'
	wait_for 5 far_gone
	! far_routes | grep -q c0df || false
}

# The prefix of who is away is blocked.
far_blocked() { far_routes | grep -q "^unreachable $LAB_PREFIX"; }

@test "what somebody else removes is made again" {
	far_up
	dtcp_up "$LAB_CLIENT4"
	ip -n provider link del dtcp0
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	wait_for 10 lab_ping6 customer ff02::2 -I dtcp0
	ip -n provider -6 route del "$LAB_PREFIX" dev dtcp0
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	ip -n provider -6 route del unreachable "$LAB_PREFIX" metric 4294967295
	wait_for 10 far_blocked
	provider tc filter del dev dtcp0 ingress pref 1
	wait_for 10 far_said 'lacks its filters, and is mended'
	far_filtered() { [ "$(provider tc filter show dev dtcp0 ingress | grep -c '::800 order')" = 4 ]; }
	wait_for 10 far_filtered
	wait_for 10 lab_ping6 customer "$LAB_HOST6" # and by then that round is over
	# It is led back, and the session goes on.
	index=$(far_index dtcp0)
	ip -n provider tunnel change dtcp0 mode sit remote 203.0.113.99
	wait_for 10 far_said 'lacks the right ends, and is mended'
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	[ "$(far_index dtcp0)" = "$index" ]
	not far_said 'is over'
	# Under another name it would keep its place from the one that is made anew.
	far_renamed other
	is_named_back() { [ "$(far_tunnel dtcp0)" = "$LAB_CLIENT4 $LAB_SERVER4" ]; }
	wait_for 10 is_named_back
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	wait_for 10 lab_ping6 customer ff02::2 -I dtcp0
	not ip -n provider link show other
	not far_said 'is over'
	dtcp_up --down
}

@test "a route that somebody replaces ends the session, and words say so; it comes back with its place" {
	far_up
	dtcp_up "$LAB_CLIENT4"
	ip -n provider -6 route replace "$LAB_PREFIX" dev net0 metric 1023
	wait_for 10 far_said 'dtcp0: somebody has changed it: it lacks a route'
	wait_for 10 far_said 'dtcp0: could not be built, it lacks a route; ip and tc: .*File exists'
	wait_for 10 far_said 'is over .the tunnel could not be kept up.'
	wait_for 10 far_gone
	# The other one is nobody's to remove but theirs who made it.
	ip -n provider -6 route show "$LAB_PREFIX" dev net0 | grep -q .
	ip -n provider -6 route del "$LAB_PREFIX" dev net0
	wait_for 100 lab_ping6 customer "$LAB_HOST6" # a refused login's minute is over
	# With the worst metric it is what blocks the prefix of who is away.
	ip -n provider -6 route replace blackhole "$LAB_PREFIX" metric 4294967295
	wait_for 20 far_said 'ip route add unreachable .*: could not be done: .*File exists'
	ip -n provider -6 route del blackhole "$LAB_PREFIX" metric 4294967295
	wait_for 100 far_blocked
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
}

@test "an unreachable route that somebody made for the prefix stays, and hinders no session" {
	far_up
	ip -n provider -6 route add unreachable "$LAB_PREFIX"
	is_there() { ip -n provider -6 route show type unreachable "$LAB_PREFIX" | grep -q 'metric 1024'; }
	is_there
	dtcp_up "$LAB_CLIENT4"
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	far_stop
	far_clean
	is_there
}

# provider_without_sit0: the same box, in a namespace that has no sit0.
provider_without_sit0() {
	ip -n provider -batch - <<-END
		link set acc netns 1
		link set net0 netns 1
	END
	ip netns del provider
	echo 1 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	ip netns add provider
	echo 0 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	ip -batch - <<-END
		link set acc netns provider
		link set net0 netns provider
	END
	lab_provider_links
	provider bash -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	not ip -n provider link show sit0
}

@test "a namespace without sit0" {
	lab_up
	provider_without_sit0
	lab_static
	far_conf
	far_start
	lab_account
	dtcp_up "$LAB_CLIENT4"
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	[ "$(far_tunnel dtcp0)" = "$LAB_CLIENT4 $LAB_SERVER4" ]
	lab_static 203.0.113.51
	dtcp_up 203.0.113.51
	wait_for 10 lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	far_stop
	far_clean
}

@test "ip that fails when a prefix gets its route, or loses it, is run again" {
	lab_up
	lab_static
	local ip
	ip=$(readlink -f "$(command -v ip)")
	cp --remove-destination "$ip" /run/lab/real-ip # an earlier test's may still run
	printf '#!/bin/sh\n[ ! -e /run/lab/fails ] || { rm /run/lab/fails; exit 1; }\nexec /run/lab/real-ip "$@"\n' >/run/lab/failing-ip
	chmod 755 /run/lab/failing-ip
	far_conf
	# shellcheck disable=SC2016 # for the inner shell
	lab_spawn far ip netns exec provider unshare --mount sh -c 'mount --bind /run/lab/failing-ip "$0"; exec "$@"' \
		"$ip" "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	wait_for 30 far_said 'listening at'
	far_blocks() { far_routes | sed -n 's/^unreachable \([^ ]*\) .*/\1/p' | xargs; }
	far_blocks_are() { [ "$(far_blocks)" = "$1" ]; }
	: >/run/lab/fails
	far_conf 'user two secret prefix=2001:db8:c0df::/48'
	kill -HUP "$(far_root)"
	wait_for 10 far_blocks_are "$LAB_PREFIX 2001:db8:c0df::/48"
	[ ! -e /run/lab/fails ]
	: >/run/lab/fails
	far_conf
	kill -HUP "$(far_root)"
	wait_for 10 far_blocks_are "$LAB_PREFIX"
	[ ! -e /run/lab/fails ]
	: >/run/lab/fails
	far_stop
	far_clean
	[ -z "$(ls -A "$FAR_RUN")" ]
}

@test "a line of ip that fails, for one tunnel, keeps no other from its own" {
	far_up
	far_stop
	ip -n customer addr add 203.0.113.51/24 dev wan
	ip -n customer addr add 203.0.113.52/24 dev wan
	far_conf 'user two x prefix=2001:db8:c0df::/48' 'user three x tunnelonly=yes'
	far_with ip
	# Of the same metric as ours.
	ip -n provider -6 route add 2001:db8:c0df::/48 dev lo metric 1023
	run ip netns exec customer timeout $((60 * LAB_SLOW)) /usr/bin/python3 -E -s -S -c "
import os, sys, time; sys.path.insert(0, '$LAB_PROJECT/tests/server'); import talk
def client(source):
    return talk.Client(20200, source, '$LAB_SERVER4').greeting()
def log_in(c, user, password, kind='network'):
    c.say('tunnel %s %s %s\r\n' % (user, c.response(user, password), kind))
one, two, three, last = (client(a) for a in ('$LAB_CLIENT4', '203.0.113.51', '203.0.113.52', '203.0.113.52'))
open('/run/lab/hold', 'w')
log_in(three, 'three', 'x', 'tunnelonly')
while not os.path.exists('/run/lab/waits'):
    time.sleep(0.01)
# While ip is at work for that one the others come, for the next round. When the last one,
# which needs no tunnel, has its answer, they are known.
log_in(two, 'two', 'x')
log_in(one, 'foo', 'bar')
print(last.login('host', 'three', 'x'))
os.unlink('/run/lab/hold')
for c in (three, two, one):
    print(c.line())" 3>&-
	echo "$output"
	[[ ${lines[0]} = '-ERR unsupported tunnel type host' ]]
	[[ ${lines[1]} = '+OK '* ]]
	[ "${lines[2]}" = '-ERR the tunnel cannot be built' ]
	[[ ${lines[3]} = '+OK '*" $LAB_PREFIX" ]]
	far_said 'could not be built, it lacks a route'
}
