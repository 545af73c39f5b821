#!/usr/bin/env bats
# OpenWrt's `proto dtcp`: kills, ifdown in each state, netifd that is not there, hooks and
# others beside it. tests/lab/netifd.py stands in for netifd.

load lab
load up
load netifd

setup() { lab_up; }
teardown() { lab_end; }

logins_are() { [ "$(lab_dtcpd_count login-ok)" = "$1" ]; }
keeper() { cat "$RUN_DIR/dtcp-d6.pid"; }
one_keeper() { [ "$(lab_processes | grep -c -e '--foreground')" -le 2 ]; } # and its session

@test "a keeper that is killed: routes go at once, it begins anew" {
	netifd_begin
	wait_for 30 netifd_whole
	local was
	was=$(keeper)
	lab_clock
	kill -KILL "$was"
	wait_for 10 netifd_lost
	lab_took 1500
	wait_for 30 netifd_whole
	[ "$(keeper)" != "$was" ]
	logins_are 2
	# And one that is killed just before an end: that finds what it left.
	kill -KILL "$(keeper)"
	netifd_ends
}

@test "netifd is killed, or ended without a teardown: the next one takes all over" {
	netifd_begin
	wait_for 30 netifd_whole
	local was
	was=$(keeper)
	netifd_stop KILL
	[ "$(keeper)" = "$was" ]
	: >"$NETIFD_DIR"/events
	netifd_start
	wait_for 30 netifd_whole
	[ "$(keeper)" != "$was" ]
	lab_gone "$was"
	one_keeper
	[ "$(grep -c '^setup d6' "$NETIFD_DIR"/events)" = 1 ]
	logins_are 2
	netifd_stop TERM # its children are killed, and nothing is torn down
	: >"$NETIFD_DIR"/events
	netifd_start
	wait_for 30 netifd_whole
	one_keeper
	[ "$(grep -c '^setup d6' "$NETIFD_DIR"/events)" = 1 ]
	logins_are 3
	netifd_ends
}

@test "without netifd, and while it takes the interface down, the event script is quiet" {
	netifd_begin '{ping: 1}'
	wait_for 30 netifd_whole
	local was
	was=$(keeper)
	netifd_stop KILL
	lab_dtcpd_set prefixes=2001:db8:beef::/48
	lab_dtcpd_command 'do all close'
	wait_for 20 logins_are 2
	event() {
		customer env DTCP_INTERFACE=dtcp-d6 DTCP_TYPE=network DTCP_PREFIXES="$LAB_PREFIX" \
			DTCP_ADDRESS=2001:db8:c0de::1 DTCP_SERVER=x DTCP_REMOTE=x DTCP_STATUS=69 DTCP_ERROR=x \
			/lib/netifd/dtcp-event "$1"
	}
	for name in up change lost fail down other; do
		run event $name
		[ "$status" = 0 ]
		[ -z "$output" ]
	done
	dtcp_up --down
	lab_gone "$was"
	# All that netifd had in the kernel is left by it.
	ip -n customer -6 route del unreachable "$LAB_PREFIX" metric 2147483647
	netifd_start
	wait_for 30 netifd_whole 2001:db8:beef::/48
	not grep 'dtcp-event' /run/lab/netifd.log
	netifd_ends
}

# slow WHAT: the program, or the event script, takes 3 s more, once.
slow() {
	touch /run/lab/slow
	local code='[ ! -e /run/lab/slow ] || { rm /run/lab/slow; sleep 3; }'
	case $1 in
	event) sed -i "2i $code" /lib/netifd/dtcp-event ;;
	program)
		cp -a "$DTCP_UP" /run/lab/program
		rm "$DTCP_UP"
		printf '%s\n' '#!/bin/sh' "$code" 'exec /run/lab/program "$@"' >"$DTCP_UP"
		chmod 755 "$DTCP_UP"
		;;
	esac
}
slept() { [ ! -e /run/lab/slow ]; }

@test "ifdown in the midst of setup, while it connects, in an event, and while it is pending" {
	netifd_begin '{auto: false, ping: 1}'
	slow program
	netifd ifup d6
	wait_for 10 slept
	netifd_ends
	cp -a --remove-destination /run/lab/program "$DTCP_UP"
	lab_dtcpd_set greeting=silent
	netifd ifup d6
	accepted() { [ "$(lab_dtcpd_count accepted)" -ge 1 ]; }
	wait_for 30 accepted
	netifd_ends
	lab_dtcpd_set greeting=ok
	slow event
	netifd ifup d6
	wait_for 30 slept
	netifd_ends
	netifd ifup d6
	wait_for 30 netifd_whole
	lab_proto41 both
	wait_for 30 netifd_no_routes
	netifd_ends
	# Again and again, with no time between.
	lab_proto41 pass
	for _ in 1 2 3; do
		netifd ifup d6
		netifd ifdown d6
	done
	wait_for 20 netifd_is d6 'state == "down"'
	netifd_nothing_left
}

@test "the hotplug hook with accounts of its own leaves netifd's keeper alone" {
	netifd_begin '{tunlink: "wan", auto: false}'
	lab_dtcpd_stop
	lab_dtcpd_start --listen 0.0.0.0 --user other secret 2001:db8:77::/48
	(umask 077 && echo "$LAB_PROVIDER4 20200 other secret route=none" >"$ACCOUNTS")
	netifd ifup d6
	wait_for 30 netifd_whole
	# The hook has begun the other one when wan came up, or does so now.
	netifd ifdown wan
	netifd ifup wan
	wait_for 30 netifd_whole
	wait_for 30 up_is up dtcp0
	local was
	was=$(keeper)
	# Late, twice, of the tunnel itself: d6 stays.
	for link in wan dtcp-d6 dtcp0; do
		customer /usr/local/libexec/dtcp-up-hook down $link
		customer /usr/local/libexec/dtcp-up-hook up $link "$LAB_CLIENT4"
	done
	[ "$(keeper)" = "$was" ]
	netifd_whole
	# Who ends all of them by hand ends this one as well, and netifd begins anew; likewise
	# all on its link.
	began() { [ -e "$RUN_DIR/dtcp-d6.pid" ] && [ "$(keeper)" != "$was" ]; }
	for option in '' '--link wan'; do
		# shellcheck disable=SC2086 # words
		dtcp_up --down $option
		wait_for 30 began
		wait_for 30 netifd_whole
		was=$(keeper)
	done
	rm "$ACCOUNTS"
	netifd_ends
}

@test "another interface's default route from the same prefix, with another metric, stays" {
	netifd_begin '{auto: false}'
	ip -n customer link add other type dummy
	ip -n customer link set other up
	ip -n customer -6 route add default from "$LAB_PREFIX" dev other metric 1023
	lab_snapshot
	netifd ifup d6
	wait_for 30 netifd_whole
	netifd_ends
}
