#!/usr/bin/env bats
# DHCP clients and ifupdown with their hooks: the real programs of Debian's
# packages, from link-up to link-down. (dhclient: up-dhcp.bats.)

load lab
load up

setup() {
	lab_up
	rm -rf /run/lab/installed # up_install goes by what the file's tests want
	up_install 'dhcpcd udhcpc ifupdown'
	lab_dtcpd_start
	lab_account ping=1
}

teardown() {
	lab_end
}

@test "dhcpcd: a lease brings IPv6 up, its end takes it down" {
	getent passwd dhcpcd >/dev/null || useradd -r -d /usr/lib/dhcpcd dhcpcd
	lab_dhcp_server_start 203.0.113.101
	printf 'ipv4only\nnoarp\nnohook resolv.conf, hostname, timesyncd\n' >/etc/dhcpcd.conf
	lab_spawn dhcpcd ip netns exec customer dhcpcd -B wan
	wait_for 15 up_is up
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_ping6 customer "$LAB_HOST6"
	# Binding again changes nothing.
	local pid
	pid=$(up_pid)
	kill -HUP "$(cat /run/lab/dhcpcd.pid)"
	wait_for 10 bound_twice
	[ "$(up_pid)" = "$pid" ]
	up_is up
	# It releases the lease.
	lab_kill dhcpcd ALRM
	assert_gone_within 5
	[ -z "$(lab_address)" ]
}
bound_twice() { [ "$(grep -c 'leased 203.0.113.101' /run/lab/dhcpcd.log)" -ge 2 ]; }

@test "dhcpcd gives a LAN interface the address that we would, and takes it away at its end" {
	getent passwd dhcpcd >/dev/null || useradd -r -d /usr/lib/dhcpcd dhcpcd
	lab_static
	lab_account lan=lan0 ping=1
	printf '%s\n' 'interface lan0' "static ip6_address=${LAB_PREFIX%/*}1/64" noarp \
		'nohook resolv.conf, hostname, timesyncd, dtcp-up' >/etc/dhcpcd.conf
	lab_spawn dhcpcd ip netns exec customer dhcpcd -B lan0
	has_it() { [ "$(up_addresses lan0)" = "${LAB_PREFIX%/*}1/64" ]; }
	wait_for 15 has_it
	dtcp_up
	lab_monitor -6 monitor address
	# As long as it is starting it does not hear that it is to end.
	wait_for 30 grep 'soliciting a DHCP lease' /run/lab/dhcpcd.log
	lab_kill dhcpcd
	wait_for 15 grep -h 'Deleted.*lan0' /run/lab/monitor.log
	wait_for 15 has_it # ours now
	up_is up
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	[ -z "$(up_addresses lan0)" ]
}

@test "udhcpc: a lease brings IPv6 up, a release takes it down, another lease brings it up" {
	lab_dhcp_server_start -l 60 203.0.113.101
	lab_spawn udhcpc ip netns exec customer busybox udhcpc -f -i wan -s /etc/udhcpc/dtcp-up.script
	wait_for 10 up_is up
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_ping6 customer "$LAB_HOST6"
	kill -USR2 "$(cat /run/lab/udhcpc.pid)"
	assert_gone_within 5
	# While the address was still there: the server was told.
	lab_dtcpd_log ended | grep quit
	lab_dhcp_server_stop --forget
	lab_dhcp_server_start -l 60 203.0.113.102
	kill -USR1 "$(cat /run/lab/udhcpc.pid)"
	wait_for 10 up_is up
	[[ $(up_tunnel) = "$LAB_SERVER4 203.0.113.102 "* ]]
}

@test "ifupdown: ifup with a static address brings IPv6 up, ifdown takes it down" {
	cat >/etc/network/interfaces <<-END
		auto lo wan lan0
		iface lo inet loopback
		iface wan inet static
			address $LAB_CLIENT4/24
			gateway $LAB_PROVIDER4
		iface lan0 inet static
			address 192.168.7.1/24
	END
	mkdir -p /run/network
	ip -n customer addr flush dev lan0
	# The LAN's interface is no way out, whichever comes first.
	customer timeout 20 ifup lan0 3>&-
	[ -z "$(lab_processes)" ]
	customer timeout 20 ifup wan 3>&-
	wait_for 10 up_is up
	lab_ping6 customer "$LAB_HOST6"
	customer timeout 20 ifdown lan0 3>&-
	up_is up
	customer timeout 20 ifdown wan 3>&-
	assert_gone_within 5
	# While the address was still there: the server was told.
	lab_dtcpd_log ended | grep quit
}
