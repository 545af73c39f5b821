#!/usr/bin/env bats
# NetworkManager and its dispatcher, the real ones, with every hook that it may
# run: its own, those of its pppd, and ifupdown's by Debian's 01-ifupdown.

load lab
load up
load bus

setup() {
	lab_up
	up_install 'networkmanager pppd ifupdown'
	lab_dtcpd_start
	lab_account ping=1
	bus_note_calls
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat "$BUS_CALLS" /run/lab/nm*.log || true
	lab_end
}

# nm_start <PROFILE: starts it with a profile for wan; it has sit0 and the
# LAN's interface for others to manage, and what appears later for its own.
nm_start() {
	rm -rf /run/NetworkManager /run/lab/profiles /var/lib/NetworkManager/*
	mkdir -m 700 /run/lab/profiles
	(umask 077 && cat >/run/lab/profiles/wan.nmconnection)
	cat >/run/lab/nm.conf <<-'END'
		[main]
		plugins=keyfile
		dns=none
		systemd-resolved=false
		dhcp=internal
		auth-polkit=false
		hostname-mode=none
		no-auto-default=*
		[device]
		match-device=interface-name:lan0,interface-name:sit0
		managed=0
		[keyfile]
		path=/run/lab/profiles
	END
	cat >/run/lab/nm-start <<-'END'
		#!/bin/sh
		mount -o remount,ro,bind /sys # says that there is no udev
		exec NetworkManager --debug --config=/run/lab/nm.conf --log-level=INFO
	END
	chmod 755 /run/lab/nm-start
	bus_files
	lab_spawn nm-bus ip netns exec customer /run/lab/bus
	wait_for 10 test -S "$BUS_SOCKET"
	lab_spawn nm-dispatcher ip netns exec customer \
		/usr/lib/NetworkManager/nm-dispatcher --debug --persist
	lab_spawn nm ip netns exec customer /run/lab/nm-start
}

# nm_event ACTION IFACE: the dispatcher has been through with it.
nm_event() {
	local request
	request=$(grep -o "req:[0-9]* '$1' \[$2\]: new" /run/lab/nm-dispatcher.log | tail -n 1)
	[ -n "$request" ] && grep -F "${request%: new}: completed" /run/lab/nm-dispatcher.log
}

# nm_says ACTION IFACE ADDRESS: has the dispatcher run its scripts as
# NetworkManager would ask it to: IFACE is activated and has ADDRESS.
nm_says() {
	customer timeout 30 python3 - "$@" 3>&- <<-'END'
		import dbus, socket, struct, sys
		action, iface, address = sys.argv[1:]
		number = lambda text: dbus.UInt32(struct.unpack('=I', socket.inet_aton(text))[0])
		none = dbus.Dictionary(signature='sv')
		activated, prefix = dbus.UInt32(100), dbus.UInt32(24)
		dispatcher = dbus.SystemBus().get_object('org.freedesktop.nm_dispatcher', '/org/freedesktop/nm_dispatcher')
		dispatcher.Action(
		    action, {'connection': {'uuid': '1', 'id': 'wan'}}, {'path': dbus.ObjectPath('/1')},
		    {'interface': iface, 'ip-interface': iface, 'type': dbus.UInt32(1), 'state': activated,
		     'path': dbus.ObjectPath('/1')}, none,
		    {'addresses': dbus.Array([[number(address), prefix, number('203.0.113.1')]], signature='au')},
		    none, none, none, '', '', none, none, none, False,
		    dbus_interface='org.freedesktop.nm_dispatcher', signature='sa{sa{sv}}a{sv}a{sv}a{sv}a{sv}a{sv}a{sv}a{sv}ssa{sv}a{sv}a{sv}b')
	END
}

@test "DHCP: a lease brings IPv6 up, another moves it, down takes it down" {
	chmod -x /etc/NetworkManager/dispatcher.d/01-ifupdown # a second for each event
	lab_dhcp_server_start -l 4 203.0.113.101
	nm_start <<-'END'
		[connection]
		id=wan
		type=ethernet
		interface-name=wan
		[ipv4]
		method=auto
		[ipv6]
		method=disabled
	END
	wait_for 30 up_is up
	lab_ping6 customer "$LAB_HOST6"
	# The tunnel is a link too, whose coming up is told.
	wait_for 20 nm_event up dtcp0
	[ "$(cat "$BUS_CALLS")" = '--wait 0 --link wan 203.0.113.101' ]
	# This NetworkManager (1.42.4) tells nothing when another lease follows
	# one that ended: dtcp-up sees the address itself.
	lab_dhcp_server_stop --forget
	lab_dhcp_server_start -l 40 203.0.113.102
	moved() { [[ $(up_tunnel) = "$LAB_SERVER4 203.0.113.102 "* ]] && up_is up; }
	wait_for 40 moved
	lab_ping6 customer "$LAB_HOST6"
	# Where it tells, that is dhcp4-change and not `up`.
	pkill -KILL -x dtcp-up # the lab's own, there are no others in here
	wait_for 10 up_dead
	nm_says dhcp4-change wan 203.0.113.102
	wait_for 20 moved
	tail -n 1 "$BUS_CALLS" | grep -x -e '--wait 0 --link wan 203.0.113.102'
	customer timeout 30 nmcli connection down wan 3>&-
	assert_gone_within 10
	# While the address was still there: the server was told.
	lab_dtcpd_log ended | tail -n 1 | grep quit
	wait_for 10 nm_event down wan
	[ "$(grep -c -x -e '--down --link wan' "$BUS_CALLS")" = 2 ] # pre-down and down
}
up_dead() { [ -z "$(lab_processes)" ]; }

@test "PPPoE: its pppd runs the hooks of ppp as well, and IPv6 comes up once" {
	local folder
	for folder in ppp/ip-up.d ppp/ip-down.d network/if-up.d; do
		printf '#!/bin/sh\necho "%s" >>/run/lab/others\n' "$folder" >/etc/$folder/dtcp-lab
		chmod 755 /etc/$folder/dtcp-lab
	done
	chmod +x /etc/NetworkManager/dispatcher.d/01-ifupdown
	: >/run/lab/others
	lab_pppoe_server_start
	nm_start <<-'END'
		[connection]
		id=dsl
		type=pppoe
		interface-name=ppp0
		[pppoe]
		username=customer
		password=secret
		parent=wan
		[ipv4]
		method=auto
		[ipv6]
		method=disabled
	END
	wait_for 40 up_is up
	lab_ping6 customer "$LAB_HOST6"
	wait_for 30 nm_event up dtcp0
	customer timeout 30 nmcli connection down dsl 3>&-
	assert_gone_within 10
	lab_dtcpd_log ended | tail -n 1 | grep quit
	wait_for 30 nm_event down ppp0
	wait_for 20 grep ip-down.d /run/lab/others
	grep ppp/ip-up.d /run/lab/others
	grep network/if-up.d /run/lab/others
	# pre-down and down.
	[ "$(cat "$BUS_CALLS")" = $'--wait 0 --link ppp0 192.0.2.101\n--down --link ppp0\n--down --link ppp0' ]
}
