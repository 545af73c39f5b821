#!/usr/bin/env bats
# lan=: LAN interfaces get addresses of the prefix, lose and get them again,
# and keep what was theirs before.

load lab
load up

setup() {
	lab_up
	customer sysctl -q -w net.ipv6.conf.all.forwarding=1
}

teardown() {
	lab_end
}

has() { up_addresses "$1" | grep -qx "$2"; }

@test "a LAN host reaches the IPv6 host, and is reached" {
	up_ready lan=lan0
	dtcp_up
	[ "$(up_addresses lan0)" = 2001:db8:c0de::1/64 ]
	[ "$(up_addresses dtcp0)" = 2001:db8:c0de::1/128 ]
	lab_lan_address 2001:db8:c0de:0
	wait_for 15 lab_ping6 lan "$LAB_HOST6"
	lab_ping6 host6 2001:db8:c0de::2
	dtcp_up --down
	assert_nothing_left
}

@test "two LANs, by number and counted; a subnet that does not fit is said, and skipped" {
	up_ready lan=lan0,lan1:f00,lan2:1234
	lab_dtcpd_set prefixes=2001:db8:c0de::/52
	ip -n customer -batch - <<-'END'
		link add lan1 type veth peer name peer1
		link add lan2 type veth peer name peer2
		link set lan1 up
		link set lan2 up
		link set peer1 up
		link set peer2 up
	END
	lab_snapshot
	run dtcp_up
	echo "$output"
	[ "$status" = 0 ]
	up_says 'lan2:1234: subnet 1234 does not fit the prefix 2001:db8:c0de::/52'
	[ "$(up_addresses lan0)" = 2001:db8:c0de::1/64 ]
	[ "$(up_addresses lan1)" = 2001:db8:c0de:f00::1/64 ]
	[ -z "$(up_addresses lan2)" ]
	dtcp_up --down
	assert_nothing_left
	lab_account lan=lan0,lan1,lan2
	dtcp_up
	[ "$(up_addresses lan1) $(up_addresses lan2)" = '2001:db8:c0de:1::1/64 2001:db8:c0de:2::1/64' ]
	dtcp_up --down
	assert_nothing_left
}

@test "a LAN interface that is missing gets its address when it appears, and again" {
	up_ready lan=lan0,lan1
	run dtcp_up
	[ "$status" = 0 ]
	up_says 'dtcp0: LAN interface lan1 is missing; it gets its address when it appears'
	[ "$(up_addresses lan0)" = 2001:db8:c0de::1/64 ]
	local i
	for i in first second; do
		echo "$i"
		ip -n customer link add lan1 type veth peer name peer1
		ip -n customer link set lan1 up
		wait_for 15 has lan1 2001:db8:c0de:1::1/64
		ip -n customer link del lan1
		lab_sleep 0.2
	done
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "an address that is taken away comes again, also with the link" {
	up_ready lan=lan0
	dtcp_up
	local pid
	pid=$(up_pid)
	ip -n customer addr del 2001:db8:c0de::1/64 dev lan0
	wait_for 15 has lan0 2001:db8:c0de::1/64
	lab_link customer lan0 down # takes all IPv6 addresses away
	wait_for 15 has lan0 2001:db8:c0de::1/64
	lab_link customer lan0 up
	wait_for 15 has lan0 2001:db8:c0de::1/64
	lab_lan_address 2001:db8:c0de:0
	wait_for 15 lab_ping6 lan "$LAB_HOST6"
	[ "$(up_pid)" = "$pid" ] && [ "$(lab_dtcpd_count login)" = 1 ]
	dtcp_up --down
	assert_nothing_left
}

@test "an address that was there before stays after the end" {
	up_ready lan=lan0
	ip -n customer addr add 2001:db8:c0de::1/64 dev lan0 nodad
	lab_snapshot
	dtcp_up
	lab_lan_address 2001:db8:c0de:0
	lab_ping6 lan "$LAB_HOST6"
	dtcp_up --down
	assert_nothing_left
	[ "$(up_addresses lan0)" = 2001:db8:c0de::1/64 ]
}

@test "a new prefix: the LAN has the new address and not the old one" {
	up_ready lan=lan0
	lab_dtcpd_set 'prefixes=2001:db8:c0de::/48;2001:db8:beef::/48'
	dtcp_up
	has lan0 2001:db8:c0de::1/64
	kill -HUP "$(up_pid)"
	wait_for 20 has lan0 2001:db8:beef::1/64
	wait_for 15 up_is up
	[ "$(up_addresses lan0)" = 2001:db8:beef::1/64 ]
	not grep -q c0de <(up_routes)
	dtcp_up --down
	assert_nothing_left
}
