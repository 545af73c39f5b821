#!/usr/bin/env bats
# OpenWrt's `proto dtcp` while it is up: losses, and what comes back. Routes that lead
# nowhere must not stay, whoever has set them. tests/lab/netifd.py stands in for netifd.

load lab
load up
load netifd

setup() { lab_up; }
teardown() { lab_end; }

guarded() { up_routes | grep -q "^unreachable default from $LAB_PREFIX"; }
# lost_within MS: from lab_clock on.
lost_within() {
	wait_for 60 netifd_lost
	lab_took "$1"
}
logins_are() { [ "$(lab_dtcpd_count login-ok)" = "$1" ]; }
# flaps: how often hotplug heard of an end.
flaps() { grep -c '^ifdown d6' "$NETIFD_DIR"/events || true; }

@test "protocol 41 is dropped: routes go with the path, and come back with it" {
	netifd_begin '{ping: 1}'
	wait_for 30 netifd_whole
	# The keeper finds the path bad after 10 s at the most, and netifd hears at once.
	lab_clock
	lab_proto41 both
	lost_within 13000
	wait_for 5 netifd_no_routes
	guarded
	netifd_is_pending
	lab_proto41 pass
	wait_for 60 netifd_whole
	logins_are 1
	lab_ping6 customer "$LAB_HOST6"
	netifd_ends
}

@test "the session is lost: routes go after 5 s; one that is back before flaps nothing" {
	netifd_begin '{ping: 1}'
	wait_for 30 netifd_whole
	lab_monitor -6 monitor link address route
	lab_dtcpd_command 'do all close' # it reconnects within 3 s
	wait_for 20 logins_are 2
	lab_sleep 2
	netifd_whole
	[ "$(flaps)" = 0 ]
	lab_kill monitor
	not grep -E 'dtcp-d6|2001:db8|default|unreachable' /run/lab/monitor.log
	lab_dtcpd_set accept=close
	lab_clock
	lab_dtcpd_command 'do all close'
	lost_within 7000 # 5 s, and what it takes netifd and us to see it
	wait_for 5 netifd_no_routes
	guarded
	lab_sleep 20
	netifd_no_routes
	lab_dtcpd_set accept=ok
	wait_for 60 netifd_whole
	[ "$(flaps)" = 1 ]
	netifd_ends
}

@test "the line loses its address: routes go within a second, and come back with it" {
	netifd_begin
	wait_for 30 netifd_whole
	lab_clock
	ip -n customer addr flush dev wan
	lost_within 1500
	wait_for 5 netifd_no_routes
	lab_static
	wait_for 60 netifd_whole
	netifd_ends
}

@test "another address of the line: the tunnel moves, nothing flaps" {
	netifd_begin
	wait_for 30 netifd_whole
	customer sysctl -qw net.ipv4.conf.wan.promote_secondaries=1
	ip -n customer addr add 203.0.113.60/24 dev wan
	ip -n customer addr del "$LAB_CLIENT4/24" dev wan
	moved() { [[ $(up_tunnel dtcp-d6) = *203.0.113.60* ]] && netifd_whole; }
	wait_for 30 moved
	lab_ping6 customer "$LAB_HOST6"
	[ "$(flaps)" = 0 ]
	logins_are 2
	netifd_ends
}

@test "another prefix: all its routes are really in the kernel, none of the old one" {
	netifd_begin '{ping: 1}'
	wait_for 30 netifd_whole
	lab_dtcpd_set prefixes=2001:db8:beef::/48
	lab_dtcpd_command 'do all close'
	wait_for 30 netifd_whole 2001:db8:beef::/48
	netifd_is d6 'prefixes == ["2001:db8:beef::/48"]'
	not grep -q "$LAB_PREFIX" <(ip -n customer -6 route show table all)
	netifd_ends
}

# set_down: somebody does it, and netifd tells hotplug that it is up again. Without
# routes it may be for a moment only.
set_down() {
	: >"$NETIFD_DIR"/events
	ip -n customer link set dev dtcp-d6 down
	wait_for 30 grep -q 'ifup d6' "$NETIFD_DIR"/events
}

@test "somebody removes the interface, or sets it down: built anew, with netifd's routes" {
	netifd_begin
	wait_for 30 netifd_whole
	ip -n customer link del dev dtcp-d6
	wait_for 30 netifd_whole
	set_down
	wait_for 30 netifd_whole
	lab_ping6 customer "$LAB_HOST6"
	logins_are 1
	# Where netifd has no default routes, what leads into it is set anew as well.
	netifd_config "d6=$(netifd_words '{defaultroute: false}')"
	netifd reload
	wait_for 30 logins_are 2
	wait_for 30 netifd_is_up
	set_down
	netifd_ends
}

@test "somebody removes its address or the guard: both are back, and netifd hears nothing" {
	netifd_begin
	wait_for 30 netifd_whole
	ip -n customer -6 addr del 2001:db8:c0de::1/128 dev dtcp-d6
	has_address() { [ "$(up_addresses dtcp-d6)" = 2001:db8:c0de::1/128 ]; }
	wait_for 20 has_address
	local guard
	guard=$(up_routes)
	guarded
	ip -n customer -6 route del unreachable default from "$LAB_PREFIX" metric 4294967295
	wait_for 20 guarded
	[ "$(up_routes)" = "$guard" ]
	netifd_whole
	[ "$(flaps)" = 0 ]
	lab_ping6 customer "$LAB_HOST6"
	netifd_ends
}

@test "an interface that depends on an IPv6 host behind it is up while the route is there" {
	netifd_begin '{ping: 1}'
	netifd_config 'vpn={"proto": "static", "device": "lan0"}' "d6=$(netifd_words '{ping: 1}')"
	netifd reload
	wait_for 30 netifd_whole
	netifd depend vpn "$LAB_HOST6" ''
	netifd_is_up vpn
	lab_proto41 both
	wait_for 60 netifd_is vpn 'not (up or available)'
	lab_proto41 pass
	wait_for 60 netifd_is_up vpn
	netifd ifdown d6
	wait_for 10 netifd_is vpn 'not (up or available)'
	wait_for 10 netifd_is_gone
}
