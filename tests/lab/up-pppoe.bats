#!/usr/bin/env bats
# A real pppd dials a real pppoe-server, and the installed hooks bring IPv6 up
# and down with the link.

load lab
load up

setup() {
	lab_up
	up_install
	lab_account
}

teardown() {
	lab_end
}

# dial [-n UNIT] [PPPD-OPTION...]: and the tunnel is up.
dial() {
	lab_pppoe_dial "$@"
	wait_for 20 up_is up
}

# provider_ready: pppoe-server and DTCP server.
provider_ready() {
	lab_pppoe_server_start
	lab_dtcpd_start
}

@test "link up: the hook, IPv6 to the host behind the provider, ff02::2; link down: nothing left" {
	provider_ready
	dial defaultroute
	[ "$(up_tunnel)" = "$LAB_SERVER4 192.0.2.101 ttl 64 mtu 1472" ]
	[ "$(dtcp_up --status --json | jq -r '.[0] | .link, .local, .seen_as, .mtu')" = \
		$'ppp0\n192.0.2.101\n192.0.2.101\n1472' ]
	lab_ping6 customer "$LAB_HOST6"
	lab_ping6 customer "$LAB_HOST6" -s 1424 -M 'do' # fills the MTU
	lab_ping6 host6 2001:db8:c0de::1
	customer timeout $((10 * LAB_SLOW)) ping -6 -c 1 -W 2 -I dtcp0 ff02::2
	lab_log 'up: 192.0.2.101 to 198.51.100.1'
	lab_pppoe_hangup
	assert_gone_within 15
	not lab_ping6 customer "$LAB_HOST6"
}

@test "a redial with a new address: the tunnel moves, and works again" {
	provider_ready
	dial defaultroute persist holdoff 0
	lab_pppoe_bounce
	moved() { up_is up && [[ $(up_tunnel) == *" 192.0.2.102 "* ]]; }
	wait_for 15 moved
	lab_ping6 customer "$LAB_HOST6"
	lab_pppoe_hangup
	assert_gone_within 15
}

@test "a second pppd, a VPN's, comes and goes: the tunnel stays as it is" {
	provider_ready
	dial defaultroute
	local before
	before=$(up_tunnel; ip -n customer -o link show dtcp0; up_routes; up_pid)
	lab_pppoe_dial -n 1 nodefaultroute
	wait_for 15 lab_log 'is kept for link ppp0; link ppp1 is not used'
	lab_ping6 customer "$LAB_HOST6"
	lab_pppoe_hangup 1
	[ "$(up_tunnel; ip -n customer -o link show dtcp0; up_routes; up_pid)" = "$before" ]
	lab_ping6 customer "$LAB_HOST6"
	[ "$(lab_dtcpd_count login)" = 1 ]
	lab_pppoe_hangup
	assert_gone_within 15
}

@test "the hang-up of a killed pppd, which runs no hook, withdraws the routes" {
	provider_ready
	dial defaultroute
	lab_pppoe_hangup 0 KILL
	withdrawn() { [ -z "$(ip -n customer -6 route show default dev dtcp0 table all)" ]; }
	wait_for 15 withdrawn
	wait_for 15 up_is connecting
	dtcp_up --down
	assert_nothing_left
}

@test "pppd's hooks for IPv6 addresses start nothing, those for NetworkManager's links nothing twice" {
	lab_static
	lab_dtcpd_start
	local up=/etc/ppp/ip-up.d/dtcp-up down=/etc/ppp/ip-down.d/dtcp-up pid
	customer $up wan /dev/ppp 0 fe80::1 fe80::2 ''
	lab_sleep 1
	assert_nothing_left
	[ "$(lab_dtcpd_count accepted)" = 0 ]
	# The dispatcher's hook tells of the same link, before it, after it, and again.
	local dispatcher=/etc/NetworkManager/dispatcher.d/90-dtcp-up by=/org/freedesktop/NetworkManager/PPP/1
	lab_make_install /run/lab/with-dispatcher HOOKS='pppd networkmanager'
	customer env IP4_ADDRESS_0="$LAB_CLIENT4/24 0.0.0.0" $dispatcher wan up
	customer $up wan /dev/ppp 0 "$LAB_CLIENT4" 203.0.113.1 $by
	customer env IP4_ADDRESS_0="$LAB_CLIENT4/24 0.0.0.0" $dispatcher wan up
	wait_for 20 up_is up
	pid=$(up_pid)
	customer env IP4_ADDRESS_0="$LAB_CLIENT4/24 0.0.0.0" $dispatcher wan up
	[ "$(lab_dtcpd_count login) $(up_pid)" = "1 $pid" ]
	rm $dispatcher /etc/NetworkManager/dispatcher.d/pre-down.d/90-dtcp-up
	# The end of IPv6 on the link is not the end of the link.
	customer $down wan /dev/ppp 0 fe80::1 fe80::2 ''
	up_is up
	# Nor is one that comes late: the link has a usable address.
	customer $down wan /dev/ppp 0 192.0.2.77 203.0.113.1 ''
	up_is up
	ip -n customer addr flush dev wan
	customer $down wan /dev/ppp 0 "$LAB_CLIENT4" 203.0.113.1 ''
	assert_gone_within 10
}

@test "no program, or no account file: the link comes up and down all the same" {
	provider_ready
	mv "$ACCOUNTS" "$ACCOUNTS.away"
	lab_pppoe_dial defaultroute
	wait_for 20 customer ping -c 1 -W 2 "$LAB_SERVER4"
	lab_pppoe_hangup
	mv "$ACCOUNTS.away" "$ACCOUNTS"
	mv /usr/local/sbin/dtcp-up /usr/local/sbin/away
	lab_pppoe_dial defaultroute
	wait_for 20 customer ping -c 1 -W 2 "$LAB_SERVER4"
	lab_pppoe_hangup
	mv /usr/local/sbin/away /usr/local/sbin/dtcp-up
	assert_nothing_left
	[ "$(lab_dtcpd_count accepted)" = 0 ]
	not lab_log
}

@test "an account for another link is none for this one" {
	provider_ready
	lab_account link=ppp7
	lab_pppoe_dial defaultroute
	wait_for 15 lab_log 'link ppp0 leads to no server of its accounts: nothing to do'
	assert_nothing_left
	lab_pppoe_hangup
	assert_nothing_left
}
