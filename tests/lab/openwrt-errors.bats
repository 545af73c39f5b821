#!/usr/bin/env bats
# OpenWrt's `proto dtcp`: what will not do, or does not come up, is an error in ifstatus,
# and no loop. tests/lab/netifd.py stands in for netifd.

load lab
load up
load netifd

setup() { lab_up; }
teardown() { lab_end; }

# refused CODE JQ-OBJECT [INTERFACE]: these options are refused with that error, nothing
# is tried again, and nothing is left.
refused() {
	local i=${3:-d6}
	echo "$1: $2"
	netifd_config "$i=$(netifd_words "$2")"
	: >"$NETIFD_DIR"/calls
	netifd reload
	netifd ifup "$i"
	wait_for 30 grep -F "\"error\", \"$1\"" "$NETIFD_DIR"/calls
	wait_for 10 netifd_gave_up "$i"
	netifd_has_error "$i" "$1"
	netifd_is "$i" 'len(errors) == 1'
	netifd_nothing_left
}

@test "options that will not do are errors in ifstatus, and no loop" {
	netifd_begin '{auto: false}'
	refused MISSING_SERVER '{server: ""}'
	refused MISSING_USERNAME '{username: ""}'
	refused MISSING_PASSWORD '{password: ""}'
	for word in server username password type path; do
		refused LINE_BREAK "{$word: \"a\\n$LAB_SERVER4 20200 foo bar\"}"
	done
	# What dtcp-up itself refuses, and no word more than one.
	refused CONFIG_ERROR '{type: "bridge"}'
	refused CONFIG_ERROR '{type: "network\" script=\"/run/lab/script"}'
	refused CONFIG_ERROR '{path: "trust route=default"}'
	refused CONFIG_ERROR '{mtu: 100}'
	refused CONFIG_ERROR '{username: "a b"}'
	refused CONFIG_ERROR "{password: \"$(printf 'x%.0s' {1..1100})\"}"
	refused CONFIG_ERROR '{server: "a b"}'
	refused NAME_TOO_LONG '{}' eleven_char
	netifd_is eleven_char '"10 characters" in errors[0]["data"][0]'
	grep -E '^eleven_char \([0-9]+\): .*10 characters' /run/lab/netifd.log
	[ "$(lab_dtcpd_count accepted)" = 0 ]
	# An interface that was refused comes up when it is right.
	netifd_config "d6=$(netifd_words)"
	netifd reload
	wait_for 30 netifd_whole
	netifd_ends
}

# program_is <TEXT: from now on dtcp-up is this script, by a rename: netifd may start it at
# any time, and is to find the old one or the new one.
program_is() {
	cat >"$DTCP_UP.new"
	chmod 755 "$DTCP_UP.new"
	mv "$DTCP_UP.new" "$DTCP_UP"
}

# ends_with STATUS CODE: a dtcp-up that ends so, and nothing that is tried again.
ends_with() {
	program_is < <(printf '#!/bin/sh\ncase $* in *--foreground*) exit %s ;; esac\nexit 0\n' "$1")
	netifd ifup d6
	wait_for 20 netifd_has_error d6 "$2"
	wait_for 10 netifd_gave_up
}

@test "a dtcp-up that ends with 64, 76, 77, 78 or 127: the error in ifstatus, and no loop" {
	netifd_begin '{auto: false}'
	cp -a "$DTCP_UP" /run/lab/program
	ends_with 64 USAGE_ERROR
	ends_with 76 PROTOCOL_ERROR
	ends_with 77 PERMISSION_DENIED
	ends_with 78 CONFIG_ERROR
	ends_with 127 PROGRAM_MISSING
	[ "$(grep -c '^setup' "$NETIFD_DIR"/events)" = 5 ]
	# A status that may be another one next time: it begins anew, and not in a hurry.
	program_is <<<$'#!/bin/sh\nexit 71'
	: >"$NETIFD_DIR"/events
	lab_clock
	netifd ifup d6
	began_again() { [ "$(grep -c '^setup' "$NETIFD_DIR"/events)" -ge 4 ]; }
	wait_for 30 began_again
	not lab_took 3000
	netifd_has_error d6 SYSTEM_ERROR
	program_is <<<$'#!/bin/sh\nexit 69'
	wait_for 10 netifd_has_error d6 UNREACHABLE
	rm "$DTCP_UP"
	wait_for 10 netifd_has_error d6 PROGRAM_MISSING
	wait_for 10 netifd_gave_up
	cp -a /run/lab/program "$DTCP_UP"
	netifd ifup d6
	wait_for 30 netifd_whole
	netifd_ends
}

@test "a wrong password: pending, AUTH_FAILED in ifstatus, tried once a minute, then right" {
	netifd_begin '{password: "wrong"}'
	wait_for 30 netifd_has_error d6 AUTH_FAILED
	netifd_is d6 'pending and "foo" in errors[0]["data"][0]'
	# A login is two answers to the challenge, in both letter cases.
	local first
	first=$(lab_dtcpd_count accepted)
	[ "$first" = 1 ]
	wait_for 200 asked 2
	a_minute_apart 1
	netifd_config "d6=$(netifd_words)"
	netifd reload
	wait_for 30 netifd_whole
	netifd_is d6 'errors == []'
	netifd_ends
}

# The times at which the server was asked, from the Nth on, are a minute apart.
asked() { [ "$(lab_dtcpd_count accepted)" -ge "$1" ]; }
a_minute_apart() {
	lab_dtcpd_log accepted | tail -n "+$1" | tee /dev/stderr |
		awk 'NR > 1 && $1 < last + 59 { exit 1 } { last = $1 }'
}
# The keeper knows that it was refused.
knows() { grep -q '^login_after=[1-9]' "$RUN_DIR/dtcp-d6.state"; }
# The handler has begun to wait for the Nth time of this netifd.
waits() { [ "$(grep -c 'next login in' /run/lab/netifd.log)" = "$1" ]; }
# No part of the handler is at work.
idle() { ! pgrep -x sleep && ! pgrep -f 'dtcp\.sh dtcp'; }

@test "a refused login: its minute outlives dtcp-up, whatever ends that, but not other words" {
	netifd_begin '{tunlink: "wan"}'
	wait_for 30 netifd_whole
	# It was up, so dtcp-up says nothing to the event script any more.
	lab_dtcpd_set 'login=err expired'
	lab_dtcpd_command 'do all close'
	wait_for 20 asked 2
	wait_for 10 knows
	# Its line goes and comes back.
	netifd ifdown wan
	wait_for 10 netifd_is d6 'state == "down"'
	netifd ifup wan
	wait_for 20 waits 1
	wait_for 5 netifd_has_error d6 AUTH_FAILED
	netifd_is d6 'pending and re.search("next login in [1-6]?[0-9] s", errors[0]["data"][0])'
	[ "$(stat -c '%a %U' /var/run/dtcp-netifd/d6.turn)" = '600 root' ]
	# Down and up again, and nothing is left meanwhile but what is left of the minute.
	lab_clock
	netifd ifdown d6
	wait_for 10 netifd_is d6 'state == "down"'
	lab_took 5000
	wait_for 5 idle
	assert_nothing_left
	[ "$(ls /var/run/dtcp-netifd)" = d6.turn ]
	netifd ifup d6
	wait_for 20 waits 2
	# netifd is killed, and what waits for it does not disturb the next one.
	netifd_stop KILL
	: >"$NETIFD_DIR"/calls
	netifd_start
	wait_for 20 waits 1
	not asked 3
	wait_for 100 asked 3
	wait_for 10 idle
	[ "$(netifd_calls | grep -c '"run"')" = 1 ]
	# dtcp-up is killed, then all of it.
	wait_for 10 knows
	kill -KILL "$(cat "$RUN_DIR/dtcp-d6.pid")"
	wait_for 100 asked 4
	wait_for 10 knows
	netifd_stop KILL
	netifd_start
	wait_for 100 asked 5
	a_minute_apart 2
	# What was changed is tried at once, with nothing left of the minute.
	wait_for 10 knows
	lab_dtcpd_set login=ok
	netifd_config "d6=$(netifd_words '{tunlink: "wan", mtu: 1400}')"
	netifd reload
	wait_for 30 netifd_whole
	[ ! -e /var/run/dtcp-netifd/d6.turn ]
	netifd_ends
}

try_now() { kill -USR1 "$(cat "$RUN_DIR/dtcp-d6.pid")"; }

@test "no server: pending, UNREACHABLE in ifstatus, and up when there is one" {
	lab_static
	netifd_up
	netifd_config "d6=$(netifd_words)"
	netifd_start
	wait_for 60 netifd_has_error d6 UNREACHABLE
	netifd_is_pending
	# Nor is one that speaks something else for good.
	lab_dtcpd_start --set 'greeting=line HTTP/1.1 400 Bad Request'
	lab_sleep 60 # it tells of failures once a minute
	try_now
	wait_for 30 netifd_has_error d6 PROTOCOL_ERROR
	netifd_is_pending
	lab_dtcpd_set greeting=ok
	try_now
	wait_for 30 netifd_whole
	netifd_ends
}
