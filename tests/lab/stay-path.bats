#!/usr/bin/env bats
# The path check: what --status and the log say of a path that is filtered or
# narrow; the session goes on.

load lab
load stay

setup() {
	lab_up
	lab_static
	lab_account ping=1
	lab_dtcpd_start
}

teardown() {
	lab_end
}

# warned PATTERN: the log has it, as a warning.
warned() { lab_log "$1" | grep -F daemon.warn; }

path_is() { [ "$(stay_json path_ok)" = "$1" ]; }

status_says() { (dtcp_up --status || true) | grep "$1"; }

# routes: routes into the tunnel.
routes() { ip -n customer -6 route show table all dev dtcp0 proto 202 | grep default; }

# holds SECONDS COMMAND...: COMMAND succeeds all that time.
holds() {
	local end=$((EPOCHSECONDS + $1))
	shift
	while [ $EPOCHSECONDS -lt $end ]; do
		"$@" >/dev/null || {
			echo "no longer: $*"
			return 1
		}
		lab_sleep 0.5
	done
}

@test "protocol 41 never gets through: 69 with a message that names it, and nothing is left" {
	local type
	lab_proto41 both
	for type in network host tunnelonly; do
		lab_account type=$type ping=1
		run -69 dtcp_up
		echo "$output"
		[[ $output == *'does not answer through the tunnel'*'protocol 41'*'path=trust'* ]]
		assert_nothing_left
	done
	# A keeper stays: its session and its interface do, without routes.
	lab_account ping=1
	run -75 dtcp_up -p -w 2
	path_is null
	wait_for 10 path_is false
	stay_is connecting
	status_says 'protocol 41'
	not routes
	lab_proto41 in
	holds 5 not routes
	[ "$(lab_log 'does not answer through' | wc -l)" = 4 ]
	# And looks until it passes.
	lab_proto41 pass
	wait_for 10 stay_is up
	path_is true
	routes
	lab_ping6 customer "$LAB_HOST6"
	lab_log 'the far end answers through the tunnel'
	[ "$(lab_dtcpd_count login)" = 4 ]
}

@test "the next account is tried where the path of the first is dead" {
	# The far end of the first is one that nobody has.
	lab_python dtcpd2 provider dtcpd --listen "$LAB_SERVER4" --port 20201 --no-tunnel \
		--user foo bar 2001:db8:f00d::/48 --log /run/lab/dtcpd2-events.log \
		--set server4=198.51.100.9
	wait_for 10 grep port /run/lab/dtcpd2.log
	(umask 077 && cat >"$ACCOUNTS") <<-END
		$LAB_SERVER4 20201 foo bar
		$LAB_SERVER4 20200 foo bar
	END
	dtcp_up -w 15
	stay_is up
	[ "$(stay_json prefixes)" = "[\"$LAB_PREFIX\"]" ]
	dtcp_up --down
	assert_nothing_left
	# The other one last, and its session stays with a keeper.
	lab_proto41 both
	run -75 dtcp_up -p -w 15
	stay_is connecting
	wait_for 15 path_is false
	lab_proto41 pass
	not stay_is up
}

@test "protocol 41 is filtered later: a warning, --status, and the word when it passes again" {
	stay_up
	path_is true
	lab_proto41 out
	wait_for 15 warned 'no longer answers through the tunnel.*protocol 41'
	wait_for 5 path_is false
	stay_is connecting
	wait_for 5 not routes
	status_says 'protocol 41'
	lab_proto41 pass
	wait_for 8 stay_is up
	path_is true
	lab_log 'answers through the tunnel again'
	[ "$(lab_dtcpd_count login)" = 1 ]
}

@test "a dead path stays dead when the session is made anew" {
	stay_up
	lab_proto41 both
	wait_for 15 path_is false
	wait_for 5 not routes
	lab_dtcpd_command 'do all close'
	wait_for 10 lab_log 'session lost'
	holds 12 not routes
	[ "$(lab_dtcpd_count login)" = 2 ]
	stay_is connecting
	lab_proto41 pass
	wait_for 10 stay_is up
	routes
}

@test "a session that is back within 5 s leaves routes in" {
	stay_up
	lab_monitor -6 monitor route
	lab_dtcpd_command 'do all close'
	wait_for 10 lab_log 'session lost'
	wait_for 10 stay_is up
	[ "$(lab_dtcpd_count login)" = 2 ]
	not grep 'Deleted.*dtcp0.*proto 202' /run/lab/monitor.log
}

@test "the far end has no route for the prefix, or another's: told apart, routes out" {
	stay_up
	ip -n provider -6 route del "$LAB_PREFIX"
	wait_for 15 warned "the far end has no route for $LAB_PREFIX"
	wait_for 5 not routes
	dtcp_up --down
	assert_nothing_left
	# From the start, and where packets for the prefix go elsewhere.
	dtcp_up -p
	stay_is up
	ip -n provider -6 route replace "$LAB_PREFIX" dev net0
	wait_for 15 not routes
	[ "$(lab_log "the far end has no route for $LAB_PREFIX" | wc -l)" = 2 ]
	ip -n provider -6 route replace "$LAB_PREFIX" dev "$(lab_far_interfaces)"
	wait_for 8 stay_is up
}

# Servers with several addresses.
@test "a far end that answers from another's address: from inside the tunnel it counts, outside it does not" {
	local far
	stay_up
	far=$(lab_far_interfaces)
	ip -n provider -6 addr add 2001:db8:77::1/128 dev "$far" nodad
	ip -n provider -6 addr flush dev "$far" scope link
	wait_for 5 lab_settled customer dtcp0
	customer ping -c 1 -W 5 -I 2001:db8:c0de::1 ff02::2%dtcp0 | grep 'from 2001:db8:77::1'
	holds 15 routes
	path_is true
	dtcp_up --down
	assert_nothing_left
	# Protocol 41 from an address that the server did not name is nobody's.
	stay_up
	ip -n provider tunnel change "$(lab_far_interfaces)" mode sit local "$LAB_PROVIDER4" remote "$LAB_CLIENT4"
	wait_for 20 path_is false
	wait_for 5 not routes
	ip -n provider tunnel change "$(lab_far_interfaces)" mode sit local "$LAB_SERVER4" remote "$LAB_CLIENT4"
	wait_for 10 stay_is up
}

@test "a round trip of 3.5 s, and answers now and then alone, are no reason to withdraw" {
	stay_up
	lab_delay 3500
	holds 15 routes
	path_is true
	lab_delay 0
	lab_sleep 4
	for _ in 1 2 3; do
		lab_proto41 both
		holds 6 routes
		lab_proto41 pass
		holds 3 routes
	done
	not lab_log 'answers through'
}

@test "answers that the machine's own filter drops count all the same" {
	stay_up
	# What no route leads to is dropped where a firewall would, too.
	ip -n customer -6 rule add pref 10 lookup local
	ip -n customer -6 rule add pref 5 iif dtcp0 blackhole
	ip -n customer -6 rule del pref 0
	not lab_ping6 customer "$LAB_HOST6"
	holds 14 routes
	path_is true
}

@test "packets that come out of the tunnel stretch the patience, to 30 s at most" {
	stay_up
	lab_spawn pings "$LAB_ENTER" host6 ping -6 -i 0.5 2001:db8:c0de::1
	# Echoes are not answered any more, other packets come.
	lab_drop in 10 'u8 9 eq 41' 'u8 60 eq 128'
	holds 15 routes
	wait_for 25 not routes
	lab_log 'no longer answers'
}

@test "path=trust: routes come with the build; once it has been seen to answer they go like others" {
	lab_account ping=1 path=trust
	lab_proto41 both
	stay_up
	routes
	wait_for 10 lab_log 'does not answer through the tunnel'
	stay_is up
	lab_proto41 pass
	wait_for 10 path_is true
	lab_proto41 both
	wait_for 15 not routes
	stay_is connecting
}

@test "route=none: up, connecting and the rest as if there were routes" {
	lab_account ping=1 route=none
	lab_proto41 both
	run -69 dtcp_up -w 4
	assert_nothing_left
	lab_proto41 pass
	stay_up
	lab_proto41 both
	wait_for 15 stay_is connecting
	lab_proto41 pass
	wait_for 8 stay_is up
}

quit_ended() { lab_dtcpd_log ended | grep quit; }

@test "a server whose removal after quit takes time: the next login waits for its FIN" {
	lab_dtcpd_set removal=1500
	stay_up
	kill -HUP "$(stay_pid)"
	wait_for 10 quit_ended
	wait_for 10 stay_is up
	lab_sleep 3
	stay_is up
	lab_ping6 customer "$LAB_HOST6"
	# --down: the kernel is clean in time, and the command stays for the FIN.
	dtcp_up --down
	assert_nothing_left
	lab_dtcpd_log ended | tail -n 1 | grep quit
	[ -z "$(lab_far_interfaces)" ]
	stay_up
	lab_sleep 3
	lab_ping6 customer "$LAB_HOST6"
	# No longer than 5 s for one that does not close.
	lab_dtcpd_set removal=60000
	lab_clock
	dtcp_up --down
	lab_took 7000
	assert_nothing_left
}

@test "the old session's end takes the new one's tunnel: a new login after a minute" {
	local old
	lab_dtcpd_set outlive=on
	stay_up
	lab_silence on
	wait_for 20 lab_log 'session lost'
	# What is left of the old connection stays unheard: its end would end the old session.
	old=$(lab_dtcpd_log accepted | sed -n '1s/.*://p')
	lab_drop in 50 'u8 9 eq 6' "u16 20 eq $old"
	lab_silence off
	wait_for 30 stay_is up
	lab_dtcpd_log tunnel-failed | grep 'has the pair'
	lab_dtcpd_command 'do 1 close'
	wait_for 15 path_is false
	wait_for 5 not routes
	wait_for 70 lab_log 'logging in anew, since the path stays bad'
	wait_for 15 stay_is up
	lab_ping6 customer "$LAB_HOST6"
}

@test "a smaller MTU on the way, without ICMP: a warning that names the MTU and mtu=" {
	lab_path_mtu 1400
	stay_up
	wait_for 10 warned 'MTU 1480 .*mtu='
	path_is true
	stay_is up
	dtcp_up --down
	lab_account ping=1 mtu=1380
	: >/run/lab/syslog
	stay_up
	lab_sleep 8
	not lab_log 'mtu='
}

# flood COUNT: as many answers to the keeper's first small echo, into the tunnel.
flood() {
	provider /usr/bin/python3 -E -s -S - "$(lab_far_interfaces | head -n 1)" "$(stay_pid)" "$1" <<-'END'
		import socket, struct, sys
		name, identifier = sys.argv[1], int(sys.argv[2]) & 0xffff
		s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
		to = ("ff02::1", 0, 0, socket.if_nametoindex(name))
		for _ in range(int(sys.argv[3])):
		    s.sendto(struct.pack("!BBH", 129, 0, 0) + struct.pack("=H", identifier)
		             + struct.pack("!H", 8) + b"dtcp-up\n", to)
	END
}
woken() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$(stay_pid)/status"; }
# shellcheck disable=SC2016 # awk's
received() { customer awk '/dtcp0:/ { print $3 }' /proc/net/dev; }

@test "answers that nobody asked for do not keep the keeper busy" {
	lab_account ping=240
	stay_up
	wait_for 5 path_is true
	lab_sleep 1 # the echo that fills the MTU was answered, too
	local before packets
	packets=$(received)
	before=$(woken)
	flood 2000
	# All have come: what is woken was woken by then.
	[ $(($(received) - packets)) -ge 2000 ]
	echo "woken $(($(woken) - before)) times"
	[ $(($(woken) - before)) -lt 5 ]
	# What waits in the socket is no answer to the next check.
	lab_proto41 out
	kill -USR1 "$(stay_pid)"
	wait_for 20 path_is false
}
