#!/usr/bin/env bats
# systemd-networkd and networkd-dispatcher, the real ones, under a real systemd.

load lab
load up
load bus
load systemd

setup() {
	lab_up
	# An administrator with this umask must not get other modes: what is not
	# exactly 0755 is not run.
	umask 077
	lab_make_install /run/lab/with-unit UNITDIR="$SYSTEMD_UNITS" HOOKS='systemd networkd'
	umask 022
	systemd-sysusers dtcp-up.conf
	export DTCP_UP=/usr/local/sbin/dtcp-up
	bus_note_calls
	lab_dtcpd_start
	lab_account ping=1
	lab_dhcp_server_start 203.0.113.101
	networkd_start
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat "$BUS_CALLS" /run/lab/units.log /run/lab/systemd.log || true
	lab_end
}

networkd_start() {
	bus_files
	rm -rf /etc/systemd/network /run/systemd/netif
	mkdir -p /etc/systemd/network
	printf '[Match]\nName=wan\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n' \
		>/etc/systemd/network/wan.network
	echo 'networkd_dispatcher_args="--run-startup-triggers -v"' >/etc/default/networkd-dispatcher
	systemd_start systemd-networkd.service networkd-dispatcher.service
	printf '[Service]\nExecStart=%s\n' /run/lab/bus >/run/lab/units/dbus.service
	booted systemctl daemon-reload
	booted systemctl start dbus
	wait_for 10 test -S "$BUS_SOCKET"
	booted systemctl start systemd-networkd
	# A dispatcher that asks earlier gives up on a link without a state (Debian 13).
	wait_for 20 link_is_routable lan0
	booted systemctl start networkd-dispatcher
}
link_is_routable() { booted networkctl --no-legend list "$1" | grep -w routable; }

@test "a link that is routable brings IPv6 up, one that is off takes it down" {
	wait_for 30 up_is up
	lab_ping6 customer "$LAB_HOST6"
	# The tunnel becomes routable too, and the LAN's interface is.
	wait_for 20 invoked routable dtcp0
	invoked routable lan0
	grep -x -e '--event wan' "$BUS_CALLS"
	booted networkctl down wan
	assert_gone_within 10
	grep -x -e '--down --event wan' "$BUS_CALLS"
	# With the unit, the tunnel outlives the dispatcher.
	booted systemctl enable dtcp-up@wan
	booted networkctl up wan
	wait_for 40 unit_is active
	up_is up
	local pid
	pid=$(unit_says MainPID)
	booted systemctl restart networkd-dispatcher
	lab_ping6 customer "$LAB_HOST6"
	[ "$(unit_says MainPID)" = "$pid" ]
	booted networkctl down wan
	assert_gone_within 10
	wait_for 20 unit_is inactive
}

# Its unit has a condition on the files in its folders.
@test "networkd-dispatcher, which did not start without hooks, is started by make install" {
	local folder=/etc/networkd-dispatcher
	booted systemctl enable networkd-dispatcher
	booted systemctl stop networkd-dispatcher
	mv $folder/routable.d/dtcp-up /run/lab
	rm -f $folder/*/*
	booted systemctl start networkd-dispatcher
	unit_is inactive networkd-dispatcher
	booted "$LAB_PROJECT/etc/install/reload-units" dtcp-up dtcpd >/run/lab/said
	unit_is inactive networkd-dispatcher
	mv /run/lab/dtcp-up $folder/routable.d
	booted "$LAB_PROJECT/etc/install/reload-units" dtcp-up dtcpd >/run/lab/said
	grep '^install: started networkd-dispatcher' /run/lab/said
	wait_for 20 unit_is active networkd-dispatcher
}
invoked() { grep "Invoking '/etc/networkd-dispatcher/$1.d/dtcp-up' for interface $2" /run/lab/units.log; }

# networkd removes from an interface of its own what it does not know, also what has come
# since it looked last.
@test "what networkd takes from an interface that it manages comes back" {
	wait_for 30 up_is up
	booted systemctl stop networkd-dispatcher
	dtcp_up --down
	lab_account lan=lan0 ping=240 # no keepalive finds it out
	printf '[Match]\nName=lan0\n[Network]\nAddress=fd00:7::1/64\nIPv6AcceptRA=no\n' \
		>/etc/systemd/network/lan0.network
	printf '[Match]\nName=dtcp0\n[Network]\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n' \
		>/etc/systemd/network/dtcp0.network
	dtcp_up
	lab_monitor -6 monitor address route
	booted networkctl reload
	booted networkctl reconfigure lan0 dtcp0
	wait_for 20 grep -h 'Deleted.*dtcp0' /run/lab/monitor.log
	back() {
		up_is up && [ "$(up_routes | wc -l)" = 4 ] && lab_ping6 customer "$LAB_HOST6" &&
			up_addresses lan0 | grep "^${LAB_PREFIX%/*}1/64" && up_addresses lan0 | grep fd00:7::1/64
	}
	wait_for 20 back
	[ "$(lab_dtcpd_count login)" = 2 ]
	cat /run/lab/monitor.log
	dtcp_up --down
	[ "$(up_addresses lan0)" = fd00:7::1/64 ]
	[ -z "$(up_routes)" ]
}
