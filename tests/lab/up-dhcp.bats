#!/usr/bin/env bats
# A real dhclient gets, renews, changes and loses a lease, and the installed
# hooks bring IPv6 up and down with it.

load lab
load up

setup() {
	lab_up
	up_install
	lab_account
	lab_dtcpd_start
	cat >/etc/dhcp/dhclient-exit-hooks.d/zz-note <<-'END'
		echo "$reason $new_ip_address" >>/run/lab/leases.log
	END
}

teardown() {
	up_unwrap_ip
	lab_end
}

# leases REASON: how often dhclient told of it.
leases() { grep -c "^$1" /run/lab/leases.log; }

renewed_again() { [ "$(leases RENEW)" -ge "$1" ]; }

@test "bound: IPv6 works; renewed twice: no login, no ip; released: the server is told, nothing is left" {
	lab_dhcp_server_start -l 4 203.0.113.101
	lab_dhclient
	wait_for 20 up_is up
	[ "$(up_tunnel)" = "$LAB_SERVER4 203.0.113.101 ttl 64 mtu 1480" ]
	lab_ping6 customer "$LAB_HOST6"
	local pid
	pid=$(up_pid)
	up_note_ip
	wait_for 15 renewed_again 2
	# The hook has told the keeper, and the keeper has asked the server.
	wait_for 15 grep -q 'received.*ping' /run/lab/dtcpd-events.log
	[ ! -s /run/lab/ip-lines ]
	[ "$(lab_dtcpd_count login)" = 1 ]
	[ "$(up_pid)" = "$pid" ]
	up_unwrap_ip
	lab_dhclient_release
	[ "$(lab_dtcpd_log received | tail -n 1 | grep -c quit)" = 1 ]
	assert_nothing_left
	[ -z "$(lab_far_interfaces)" ]
}

@test "taken down by hand: the next renewal starts it again, but where the account file is away" {
	lab_dhcp_server_start -l 4 203.0.113.101
	lab_dhclient
	wait_for 20 up_is up
	dtcp_up --down
	wait_for 20 up_is up
	[ "$(lab_dtcpd_count login)" = 2 ]
	# Just after a renewal: a hook that has read the file would start it again.
	wait_for 15 renewed_again $(($(leases RENEW) + 1))
	mv "$ACCOUNTS" "$ACCOUNTS.away"
	dtcp_up --down
	wait_for 15 renewed_again $(($(leases RENEW) + 2))
	assert_nothing_left
	[ "$(lab_dtcpd_count login)" = 2 ]
	mv "$ACCOUNTS.away" "$ACCOUNTS"
	wait_for 20 up_is up
	lab_dhclient_release
	assert_nothing_left
}

@test "another lease moves the tunnel; an expired one takes it down" {
	lab_dhcp_server_start -l 4 203.0.113.101
	lab_dhclient
	wait_for 20 up_is up
	lab_dhcp_server_stop --forget
	lab_dhcp_server_start -l 4 203.0.113.102
	moved() { up_is up && [[ $(up_tunnel) == *" 203.0.113.102 "* ]]; }
	wait_for 20 moved
	lab_ping6 customer "$LAB_HOST6"
	lab_dhcp_server_stop
	expired() { [ -z "$(lab_address)" ]; }
	wait_for 15 expired
	assert_gone_within 15
}

@test "what hooks say of sit0 and of the tunnel itself is no news, also before there is a lease" {
	local link
	run dtcp_up --wait 0
	[ "$status" = 75 ]
	wait_for 10 up_is connecting
	for link in sit0 dtcp0; do
		dtcp_up --down --event $link
		dtcp_up --event $link
	done
	up_is connecting
	lab_dhcp_server_start 203.0.113.101
	lab_dhclient
	wait_for 20 up_is up
	for link in sit0 dtcp0; do
		dtcp_up --down --event $link
		dtcp_up --event $link
	done
	up_is up
	[ "$(lab_dtcpd_count login)" = 1 ]
	lab_dhclient_release
	assert_nothing_left
	dtcp_up --event dtcp0
	assert_nothing_left
}

@test "no program, no account file, a broken one: the lease is taken all the same" {
	lab_dhcp_server_start 203.0.113.101
	mv "$ACCOUNTS" "$ACCOUNTS.away"
	lab_dhclient
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_dhclient_release
	[ -z "$(lab_address)" ]
	echo 'half an account' >"$ACCOUNTS"
	lab_dhclient
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_dhclient_release
	mv "$ACCOUNTS.away" "$ACCOUNTS"
	mv /usr/local/sbin/dtcp-up /usr/local/sbin/away
	lab_dhclient
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_dhclient_release
	mv /usr/local/sbin/away /usr/local/sbin/dtcp-up
	assert_nothing_left
	[ "$(lab_dtcpd_count accepted)" = 0 ]
}

@test "dhclient goes to the background at once: the hook leaves it no descriptor to wait for" {
	lab_dhcp_server_start 203.0.113.101
	lab_dtcpd_set accept=silent
	local said
	lab_clock
	# The end of this pipe comes when nobody holds it any more.
	said=$(customer timeout 30 dhclient -1 -cf /dev/null -lf /run/lab/dhclient.leases \
		-pf /run/lab/dhclient.pid wan 2>&1 3>&-)
	echo "$said"
	lab_took 20000
	wait_for 15 lab_processes_run
	lab_dhclient_release
	assert_gone_within 15
}

lab_processes_run() { lab_processes | grep -q .; }

@test "dhclient is killed: the tunnel goes on, and follows the address without it" {
	lab_dhcp_server_start 203.0.113.101
	lab_dhclient
	wait_for 20 up_is up
	local dhclient pid
	dhclient=$(</run/lab/dhclient.pid)
	pid=$(up_pid)
	kill -KILL "$dhclient"
	wait_for 5 lab_gone "$dhclient"
	lab_sleep 1
	up_is up
	lab_ping6 customer "$LAB_HOST6"
	[ "$(lab_dtcpd_count login)" = 1 ]
	# Nobody runs a hook any more.
	ip -n customer addr flush dev wan
	withdrawn() { up_is connecting && ! customer ip -6 route show default | grep -q dtcp0; }
	wait_for 5 withdrawn
	lab_static 203.0.113.101
	wait_for 10 up_is up
	lab_ping6 customer "$LAB_HOST6"
	lab_dhclient
	wait_for 10 up_is up
	[ "$(up_pid)" = "$pid" ]
	lab_dhclient_release
	assert_gone_within 10
}

@test "whatever our hook comes upon, the lease is not declined, and later hooks run" {
	lab_dhcp_server_start 203.0.113.101
	local helper=/usr/local/libexec/dtcp-up-hook does
	[ -e "$helper" ]
	cp "$helper" /run/lab/helper
	for does in 'exit 1' 'kill -KILL $$' 'return 1' missing; do
		: >/run/lab/leases.log
		if [ "$does" = missing ]; then
			rm "$helper"
		else
			printf '#!/bin/sh\n%s\n' "$does" >"$helper"
		fi
		lab_dhclient
		[ "$(lab_address)" = 203.0.113.101 ]
		wait_for 5 noted
		not grep -iE 'DHCPDECLINE' /run/lab/dhclient*.log /run/lab/syslog
		lab_dhclient_release
	done
	install -m 755 /run/lab/helper "$helper"
	assert_nothing_left
}
noted() { [ "$(leases BOUND)" = 1 ]; }
