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
	netifd_nothing_left
}

@test "options that will not do are errors in ifstatus, and no loop" {
	netifd_begin '{auto: false}'
	refused MISSING_SERVER '{server: ""}'
	refused MISSING_USERNAME '{username: ""}'
	refused MISSING_PASSWORD '{password: ""}'
	for word in password type; do
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
	[ "$(lab_dtcpd_count accepted)" = 0 ]
	# An interface that was refused comes up when it is right.
	netifd_config "d6=$(netifd_words)"
	netifd reload
	wait_for 30 netifd_whole
	netifd_ends
}

# ends_with STATUS CODE: a dtcp-up that ends so, and nothing that is tried again.
ends_with() {
	printf '#!/bin/sh\ncase $* in *--foreground*) exit %s ;; esac\nexit 0\n' "$1" >"$DTCP_UP"
	netifd ifup d6
	wait_for 20 netifd_has_error d6 "$2"
	wait_for 10 netifd_gave_up
}

@test "a dtcp-up that ends with 64, 76, 77, 78 or 127: the error in ifstatus, and no loop" {
	netifd_begin '{auto: false}'
	cp -a "$DTCP_UP" /run/lab/program
	rm "$DTCP_UP"
	printf '' >"$DTCP_UP"
	chmod 755 "$DTCP_UP"
	ends_with 64 USAGE_ERROR
	ends_with 76 PROTOCOL_ERROR
	ends_with 77 PERMISSION_DENIED
	ends_with 78 CONFIG_ERROR
	ends_with 127 PROGRAM_MISSING
	[ "$(grep -c '^setup' "$NETIFD_DIR"/events)" = 5 ]
	# A status that may be another one next time: it begins anew, and not in a hurry.
	printf '#!/bin/sh\nexit 71\n' >"$DTCP_UP"
	: >"$NETIFD_DIR"/events
	lab_clock
	netifd ifup d6
	began_again() { [ "$(grep -c '^setup' "$NETIFD_DIR"/events)" -ge 4 ]; }
	wait_for 30 began_again
	not lab_took 3000
	netifd_has_error d6 SYSTEM_ERROR
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
	netifd_is d6 '.pending and (.errors[0].data[0] | test("foo"))'
	# A login is two answers to the challenge, in both letter cases.
	local first
	first=$(lab_dtcpd_count accepted)
	[ "$first" = 1 ]
	lab_clock
	second() { [ "$(lab_dtcpd_count accepted)" -ge 2 ]; }
	wait_for 200 second
	not lab_took 59000
	netifd_config "d6=$(netifd_words)"
	netifd reload
	wait_for 30 netifd_whole
	netifd_is d6 '.errors == []'
	netifd_ends
}

@test "no server: pending, UNREACHABLE in ifstatus, and up when there is one" {
	lab_static
	netifd_up
	netifd_config "d6=$(netifd_words)"
	netifd_start
	wait_for 60 netifd_has_error d6 UNREACHABLE
	netifd_is_pending
	lab_dtcpd_start
	wait_for 400 netifd_whole
	netifd_ends
}
