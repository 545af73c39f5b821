# What the programs of the system bus share (env-nm.bats, env-networkd.bats): a
# bus of their own, and a note of what the hooks call. Load it after up.
# shellcheck shell=bash

BUS_SOCKET=/run/dbus/system_bus_socket
BUS_CALLS=/run/lab/calls

# bus_files: makes /run/lab/bus, a program that is the bus (everything is
# allowed there), for whoever is to start it.
bus_files() {
	rm -rf /run/dbus
	mkdir -p /run/dbus
	cat >/run/lab/bus.conf <<-END
		<busconfig>
			<type>system</type>
			<listen>unix:path=$BUS_SOCKET</listen>
			<auth>EXTERNAL</auth>
			<policy context="default">
				<allow user="*"/>
				<allow own="*"/>
				<allow send_destination="*"/>
				<allow send_type="error"/>
				<allow receive_sender="*"/>
			</policy>
		</busconfig>
	END
	printf '#!/bin/sh\nexec dbus-daemon --nofork --config-file=/run/lab/bus.conf\n' >/run/lab/bus
	chmod 755 /run/lab/bus
}

# bus_has NAME: somebody has that name on the bus. What is sent there before that is lost.
bus_has() {
	customer timeout 30 python3 - "$1" 3>&- <<-'END'
		import dbus, sys
		sys.exit(not dbus.SystemBus().name_has_owner(sys.argv[1]))
	END
}

# bus_note_calls: from now on what $DTCP_UP is called with by hooks and units
# is in $BUS_CALLS, a line a call. dtcp_up's own calls are not.
bus_note_calls() {
	[ -e /run/lab/dtcp-up ] || mv "$DTCP_UP" /run/lab/dtcp-up
	: >$BUS_CALLS
	chmod 666 $BUS_CALLS
	printf '#!/bin/sh\necho "$*" >>%s\nexec /run/lab/dtcp-up "$@"\n' $BUS_CALLS >"$DTCP_UP"
	chmod 755 "$DTCP_UP"
	DTCP_UP=/run/lab/dtcp-up
}
