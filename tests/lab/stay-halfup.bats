#!/usr/bin/env bats
# No half-up: while the tunnel leads nowhere, nobody is sent into it, and who
# must use it is told at once.

load lab
load up
load stay

setup() {
	lab_up
	up_ready lan=lan0 ping=1
	stay_lan
	lab_tcp_serve host6 "$LAB_HOST6"
}

teardown() { lab_end; }

# connect BOX: one connection attempt to host6; prints how it went.
connect() { TIMEOUT=5 lab_tcp_once "$1" "$LAB_HOST6"; }

# fails_at_once BOX: by an ICMPv6 error, and long before a timeout.
fails_at_once() {
	local said
	said=$(connect "$1") && return 1
	echo "$said"
	[[ $said =~ ^failed\ ([01])\.[0-9]+\ .*(unreachable|No\ route) ]]
}

no_routes() { ! ip -n customer -6 route show table all | grep -q '^default.* dev dtcp0'; }

# soon MS COMMAND...: COMMAND succeeds at the latest MS after lab_clock.
soon() {
	local limit=$1
	shift
	wait_for 20 "$@"
	lab_took "$limit"
}

# routes_go: in the 6 s that they may have, and half a second between two looks.
routes_go() { soon 6500 no_routes; }

@test "the session is gone: an ICMPv6 error within 6 s, and IPv6 again when it is back" {
	stay_up
	connect lan
	lab_dtcpd_stop KILL # its end of the tunnel stays
	wait_for 10 lab_log 'session lost: the server closed the connection'
	lab_clock
	connect lan # not a moment too early: it may be back at once
	routes_go
	fails_at_once lan
	stay_is connecting
	not grep 'path .*good' <<<"$(dtcp_up --status)" # that was before
	provider ip link del dtcp1
	lab_dtcpd_start
	wait_for 30 stay_is up
	connect lan
}

@test "the address is gone: no routes after 1 s, a worse native default takes over" {
	ip -n provider addr add "$LAB_NATIVE::1/64" dev acc nodad
	ip -n customer addr add "$LAB_NATIVE::50/64" dev wan nodad
	ip -n customer -6 route add default via "$LAB_NATIVE::1" metric 8192
	stay_up
	by_tunnel
	connect customer
	connect lan # waits until duplicate address detection lets its router answer
	ip -n customer -4 addr flush dev wan
	lab_clock
	soon 1000 no_routes
	connect customer
	ip -n customer -6 route get "$LAB_HOST6" | grep ' dev wan '
	fails_at_once lan # its prefix has no way but the tunnel
	stay_is connecting
	lab_static 203.0.113.61
	wait_for 10 stay_is up
	by_tunnel
	connect lan
}
by_tunnel() { ip -n customer -6 route get "$LAB_HOST6" | grep ' dev dtcp0 '; }

@test "beside a native default by router advertisement: LAN hosts never hang" {
	lab_native
	lab_static # the link was down
	stay_up
	connect lan
	connect customer # natively
	ip -n customer -6 route get "$LAB_HOST6" | grep ' dev wan '
	lab_dtcpd_stop
	wait_for 10 lab_log 'session lost'
	lab_clock
	routes_go
	fails_at_once lan
	connect customer
	lab_dtcpd_start
	wait_for 30 stay_is up
	connect lan
	ip -n customer -4 addr flush dev wan
	lab_clock
	soon 1000 no_routes
	fails_at_once lan
	connect customer
	lab_static 203.0.113.61
	wait_for 10 stay_is up
	connect lan
	dtcp_up --down
	assert_nothing_left
}

@test "protocol 41 is filtered: routes withdrawn, and back when it passes" {
	stay_up
	wait_for 5 path_is true
	connect lan
	lab_proto41 both
	# Five echoes, two seconds apart, after the next keepalive.
	lab_clock
	soon 13000 no_routes
	fails_at_once lan
	path_is false
	stay_is connecting
	[ "$(lab_dtcpd_count login)" = 1 ] # the session goes on
	lab_proto41 pass
	wait_for 5 stay_is up
	path_is true
	connect lan
	[ "$(lab_dtcpd_count login)" = 1 ]
}
path_is() { [ "$(stay_json path_ok)" = "$1" ]; }

@test "a server that vanishes without a word is noticed after ping= and 10 s" {
	stay_up
	lab_clock # the silence begins before the next command is over
	lab_silence on
	wait_for 13 lab_log 'session lost: a ping was not answered'
	lab_took 13000
	# shellcheck disable=SC2154 # set by lab_took
	[ "$took" -ge 9500 ]
	lab_clock
	routes_go
	fails_at_once lan
	lab_silence off
	wait_for 20 stay_is up
	connect lan
}
