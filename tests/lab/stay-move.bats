#!/usr/bin/env bats
# A TCP connection from a LAN host through the tunnel lives on when the address
# changes, and when the DTCP server is restarted.

load lab
load up
load stay

setup() {
	lab_up
	lab_account lan=lan0 ping=1
	stay_lan
}

teardown() {
	lab_end
}

# moved_to ADDRESS: the tunnel is up from there.
moved_to() { stay_is up && [ "$(stay_json local)" = "$1" ] && [[ $(up_tunnel) == *" $1 "* ]]; }

# link_local ADDRESS: the tunnel's one link-local address is that of ADDRESS.
link_local() {
	local a
	# Its numbers, as words.
	# shellcheck disable=SC2086
	a=$(printf 'fe80::%x%02x:%x%02x' ${1//./ })
	[ "$(ip -n customer -6 -o addr show dev dtcp0 scope link | awk '{ print $4 }')" = "${a/:0/:}/64" ]
}

@test "dtcp-up NEW-ADDRESS while up" {
	lab_static
	lab_dtcpd_start
	stay_up
	stay_transfer_begins
	ip -n customer addr add 203.0.113.51/24 dev wan
	dtcp_up 203.0.113.51
	moved_to 203.0.113.51
	link_local 203.0.113.51
	stay_flows
	dtcp_up "$LAB_CLIENT4"
	moved_to "$LAB_CLIENT4"
	stay_flows
	stay_transfer_ends
	stay_undisturbed
	[ "$(lab_dtcpd_log received | grep -c quit)" = 2 ]
}

@test "an address that no link has yet, named by a caller that persists: the tunnel moves when one has it" {
	lab_static
	lab_dtcpd_start
	stay_up
	local how
	run dtcp_up 203.0.113.51
	[ "$status" = 69 ]
	ip -n customer addr add 203.0.113.51/24 dev wan
	for how in '-w 0' '-p -w 1'; do
		# shellcheck disable=SC2086 # options and a value
		run dtcp_up $how 203.0.113.52
		[ "$status" = 75 ]
		moved_to "$LAB_CLIENT4"
		ip -n customer addr add 203.0.113.52/24 dev wan
		wait_for 10 moved_to 203.0.113.52
		ip -n customer addr del 203.0.113.52/24 dev wan
		wait_for 10 moved_to "$LAB_CLIENT4"
	done
}

@test "a new address without any hook" {
	lab_static
	lab_dtcpd_start
	stay_up
	stay_transfer_begins
	lab_static 203.0.113.77
	wait_for 10 moved_to 203.0.113.77
	link_local 203.0.113.77
	stay_flows 20
	# Away for some seconds, and another MTU when it comes back.
	ip -n customer addr flush dev wan
	wait_for 5 stay_is connecting
	ip -n customer link set wan mtu 1400
	ip -n provider link set acc mtu 1400
	lab_sleep 2
	lab_static 203.0.113.78
	wait_for 10 moved_to 203.0.113.78
	[ "$(stay_json mtu)" = 1380 ]
	[[ $(up_tunnel) == *' mtu 1380' ]]
	stay_flows 20
	stay_transfer_ends
	stay_undisturbed
}

@test "the line bounces without any hook" {
	lab_pppoe_server_start
	lab_dtcpd_start
	lab_pppoe_dial defaultroute persist holdoff 0
	dtcp_up 192.0.2.101
	stay_transfer_begins
	lab_pppoe_bounce
	wait_for 20 moved_to 192.0.2.102
	stay_flows 20
	stay_transfer_ends
	stay_undisturbed
}

@test "a redial by hooks" {
	up_install
	lab_pppoe_server_start
	lab_dtcpd_start
	lab_pppoe_dial defaultroute persist holdoff 0
	wait_for 10 stay_is up
	stay_transfer_begins
	lab_pppoe_bounce
	wait_for 20 moved_to 192.0.2.102
	stay_flows 20
	lab_pppoe_hangup
	lab_pppoe_dial defaultroute persist holdoff 0
	wait_for 20 moved_to 192.0.2.103
	stay_flows 30
	stay_transfer_ends
}

ppp_index() { ip -n customer -o link show ppp0 | cut -d : -f 1; }

# The tunnel that is bound to the old ppp0 is dead, and the kernel says nothing of it.
@test "a redial with the same address, without any hook: ppp0 is another link" {
	lab_pppoe_server_start 192.0.2.101 192.0.2.101 # two slots
	lab_dtcpd_start
	lab_pppoe_dial defaultroute
	dtcp_up 192.0.2.101
	stay_transfer_begins
	local before
	before=$(ppp_index)
	lab_pppoe_hangup
	lab_pppoe_dial defaultroute
	[ "$(ppp_index)" != "$before" ]
	wait_for 20 moved_to 192.0.2.101
	stay_flows 30
	stay_transfer_ends
	stay_undisturbed
}

@test "the server ends the session, and is restarted" {
	lab_static
	lab_dtcpd_start
	stay_up
	stay_transfer_begins
	lab_dtcpd_command 'do all close'
	wait_for 8 reconnected 1
	lab_sleep 3
	# It was mended before routes had to go.
	not grep '^Deleted default' /run/lab/monitor.log
	lab_dtcpd_stop
	lab_dtcpd_start
	wait_for 20 reconnected 2
	stay_flows 20
	stay_transfer_ends
	stay_undisturbed
}
reconnected() { [ "$(stay_json reconnects)" -ge "$1" ] && moved_to "$LAB_CLIENT4"; }
