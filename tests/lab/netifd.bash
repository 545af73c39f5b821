# OpenWrt, as far as `proto dtcp` can tell: a stand-in for netifd in the customer's box,
# with the installed handler, event script and hotplug hook. Load it after lab and up.
# shellcheck shell=bash

NETIFD_DIR=/run/lab/netifd
NETIFD_ASK=$LAB_PROJECT/build/lab/ask

# netifd_up: OpenWrt's files are there, with the program and our files installed; the
# shell that runs them is busybox's, which stops at what fails or is not set.
netifd_up() {
	local lib=/lib/netifd
	rm -rf $NETIFD_DIR /var/run/dtcp-netifd
	mkdir -p $NETIFD_DIR $lib/proto /lib/functions
	up_install openwrt
	sed "s|@ASK@|$NETIFD_ASK|" "$LAB_TESTS/lab/netifd-proto.sh" >$lib/netifd-proto.sh
	: >/lib/functions.sh
	cp $lib/netifd-proto.sh /lib/functions/network.sh
	sed -i -e '1s|.*|#!/bin/busybox ash|' -e '2i set -eu' $lib/dtcp-event
	: >$NETIFD_DIR/events
	: >$NETIFD_DIR/calls
}

# netifd_config INTERFACE='{"proto": ...}'...: what stands in /etc/config/network, with
# the WAN that there is always; for an account there is netifd_words.
netifd_config() {
	local all='"wan": {"proto": "static", "device": "wan", "default": true}' one
	for one in "$@"; do
		all+=", \"${one%%=*}\": ${one#*=}"
	done
	echo "{$all}" >$NETIFD_DIR/config
}

# netifd_words [JQ-OBJECT]: the options of an account of lab_dtcpd_start's server, and
# others or other values.
netifd_words() {
	jq -cn "{proto: \"dtcp\", server: \"$LAB_SERVER4\", username: \"foo\", password: \"bar\"} + ${1:-{\}}"
}

# netifd_start, netifd_stop [SIGNAL]
netifd_start() {
	rm -f $NETIFD_DIR/socket
	lab_spawn netifd ip netns exec customer /usr/bin/python3 -E -s -S "$LAB_TESTS/lab/netifd.py" $NETIFD_DIR
	wait_for 20 test -S $NETIFD_DIR/socket
}
netifd_stop() { lab_kill netifd "${1:-TERM}"; }

# netifd_begin [JQ-OBJECT]: all of it, with an interface d6 that has these options.
netifd_begin() {
	lab_static
	lab_dtcpd_start
	netifd_up
	netifd_config "d6=$(netifd_words "$@")"
	netifd_start
}

# netifd_announce: odhcpd's part, as long as the test runs (see odhcpd.sh).
netifd_announce() {
	lab_spawn odhcpd ip netns exec customer bash "$LAB_TESTS/lab/odhcpd.sh" $NETIFD_DIR/radvd
}

# netifd WORD...: asks it: ifup, ifdown, status, device INTERFACE; reload; way HOST.
netifd() { "$NETIFD_ASK" $NETIFD_DIR/socket "$@"; }

# netifd_is INTERFACE EXPRESSION: what `status` says has this value, which is printed,
# and which is neither false nor empty. An expression of Python's.
netifd_is() { netifd is "$@"; }
netifd_is_up() { netifd_is "${1:-d6}" up; }
netifd_is_pending() { netifd_is "${1:-d6}" pending; }
netifd_has_error() { netifd_is "$1" "errors and errors[0]['code'] == '$2'"; }

# netifd_calls [INTERFACE]: what handler and event script have told, a JSON array a line.
netifd_calls() { jq -c "select(.[0] == \"${1:-d6}\") | .[1:]" $NETIFD_DIR/calls; }
# netifd_events: what it did and told hotplug, on one line.
netifd_events() { xargs <$NETIFD_DIR/events; }

# netifd_routes [INTERFACE]: routes into the tunnel that are in the kernel, sorted.
netifd_routes() {
	ip -n customer -6 -o route show table all dev "dtcp-${1:-d6}" proto static |
		sed 's/ *pref medium *$//; s/ *$//' | sort
}
netifd_routes_are() { [ "$(netifd_routes "${2:-d6}")" = "$1" ]; }
# netifd_lost: the kernel has none; netifd_no_routes: netifd neither.
netifd_lost() { netifd_routes_are ''; }
netifd_no_routes() { netifd_lost && netifd_is d6 'routes == [] and not up'; }

# netifd_whole [PREFIX [INTERFACE]]: it is up, and the usual routes are in the kernel.
netifd_whole() {
	local prefix=${1:-$LAB_PREFIX}
	netifd_is_up "${2:-d6}" &&
		netifd_routes_are "$(printf '%s\n' "default from $prefix metric 1024" 'default metric 4096')" "${2:-d6}"
}

# netifd_nothing_left: the kernel is as at first, no dtcp-up runs, no file is left.
netifd_nothing_left() {
	local left
	left=$(find /var/run/dtcp-netifd -type f 2>/dev/null) || true # no folder is fine
	[ -z "$left" ] || { echo "left: $left" && return 1; }
	assert_nothing_left
}

# netifd_ends: the interface is taken down within netifd's 5 s, and nothing is left.
netifd_ends() {
	local killed
	killed=$(netifd_killed)
	lab_clock
	netifd ifdown d6
	wait_for 10 netifd_is_gone
	lab_took 5000
	[ "$(netifd_killed)" = "$killed" ] || { netifd_events && false; }
}
# netifd_killed: how often it lost patience: after 5 s with a teardown, and after 1 s with
# a setup that it broke off, which may be a slow machine.
netifd_killed() { grep -c '^killed' $NETIFD_DIR/events || true; }
netifd_is_gone() { netifd_is "${1:-d6}" 'state == "down"' && netifd_nothing_left; }
# netifd_gave_up: it was taken down, and is not tried again.
netifd_gave_up() { netifd_is "${1:-d6}" 'state == "down" and not autostart'; }
