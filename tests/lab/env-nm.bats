#!/usr/bin/env bats
# NetworkManager and its dispatcher, the real ones, with every hook that it may
# run: its own, those of its pppd, and ifupdown's by 01-ifupdown, which Debian has
# until 12.

load lab
load up
load bus

NM_IFUPDOWN=/etc/NetworkManager/dispatcher.d/01-ifupdown

setup() {
	lab_up
	up_install 'networkmanager pppd ifupdown'
	lab_dtcpd_start
	lab_account ping=1
	bus_note_calls
	: >/run/lab/nm-events
	# shellcheck disable=SC2016 # is the script's
	printf '%s\n' '#!/bin/sh' 'echo "$2 $1" >>/run/lab/nm-events' \
		>/etc/NetworkManager/dispatcher.d/99-dtcp-lab
	chmod 755 /etc/NetworkManager/dispatcher.d/99-dtcp-lab
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat "$BUS_CALLS" /run/lab/nm*.log /run/lab/monitor.log || true
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
		"$(nm_dispatcher)" --debug --persist
	wait_for 20 bus_has org.freedesktop.nm_dispatcher
	lab_spawn nm ip netns exec customer /run/lab/nm-start
}

# nm_dhcp: starts it with DHCP on wan, and waits until IPv6 is up.
nm_dhcp() {
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
}

# Where the dispatcher is, in Debian 12 and from 13 on.
nm_dispatcher() {
	local file
	for file in /usr/lib/NetworkManager/nm-dispatcher /usr/libexec/nm-dispatcher; do
		[ ! -x "$file" ] || echo "$file"
	done
}

# nm_event ACTION IFACE: the dispatcher has been through with it, since a script
# that comes after all others has heard of it. (What it logs itself differs.)
nm_event() { grep -x "$1 $2" /run/lab/nm-events; }

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
	[ ! -e "$NM_IFUPDOWN" ] || chmod -x "$NM_IFUPDOWN" # a second for each event
	lab_dhcp_server_start -l 4 203.0.113.101
	nm_dhcp
	lab_ping6 customer "$LAB_HOST6"
	# The tunnel is a link too, whose coming up is told.
	wait_for 20 nm_event up dtcp0
	[ "$(grep wan "$BUS_CALLS" | sort -u)" = '--event wan 203.0.113.101' ]
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
	tail -n 1 "$BUS_CALLS" | grep -x -e '--event wan 203.0.113.102'
	customer timeout 30 nmcli connection down wan 3>&-
	assert_gone_within 10
	# While the address was still there: the server was told.
	lab_dtcpd_log ended | tail -n 1 | grep quit
	wait_for 10 nm_event down wan
	# pre-down, while the address was there, and down.
	grep -x -e '--down --event wan 203.0.113.102' "$BUS_CALLS"
	grep -x -e '--down --event wan' "$BUS_CALLS"
}
up_dead() { [ -z "$(lab_processes)" ]; }

@test "what NetworkManager takes from the tunnel comes back, and IPv6 is not asked for anew" {
	[ ! -e "$NM_IFUPDOWN" ] || chmod -x "$NM_IFUPDOWN"
	lab_account ping=240 # no keepalive finds it out
	lab_dhcp_server_start -l 400 203.0.113.101
	nm_dhcp
	wait_for 20 nm_event up dtcp0
	lab_monitor -6 monitor address route
	customer timeout 30 nmcli device disconnect dtcp0 3>&-
	wait_for 20 grep -h 'Deleted.*dtcp0' /run/lab/monitor.log
	back() { up_is up && [ "$(up_routes | wc -l)" = 4 ] && lab_ping6 customer "$LAB_HOST6"; }
	wait_for 20 back
	[ "$(lab_dtcpd_count login)" = 1 ]
	customer timeout 30 nmcli connection down wan 3>&-
	assert_gone_within 10
}

@test "PPPoE: its pppd runs the hooks of ppp as well, and IPv6 comes up once" {
	local folder
	for folder in ppp/ip-up.d ppp/ip-down.d network/if-up.d; do
		printf '#!/bin/sh\necho "%s" >>/run/lab/others\n' "$folder" >/etc/$folder/dtcp-lab
		chmod 755 /etc/$folder/dtcp-lab
	done
	[ ! -e "$NM_IFUPDOWN" ] || chmod +x "$NM_IFUPDOWN"
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
	[ ! -e "$NM_IFUPDOWN" ] || grep network/if-up.d /run/lab/others
	# Both told of the link; one login came of it.
	[ "$(lab_dtcpd_count login)" = 1 ]
	grep -x -e '--event ppp0 192.0.2.101' "$BUS_CALLS"
	[ "$(grep down "$BUS_CALLS" | sort -u)" = $'--down --event ppp0\n--down --event ppp0 192.0.2.101' ]
}
