#!/usr/bin/env bats
# A server that still holds the session it dropped, and refuses the login for
# a minute: a TCP connection outlives that, and nobody hammers the server.

load lab
load up
load stay

setup() {
	lab_up
	up_ready lan=lan0 ping=1
	stay_lan
}

teardown() { lab_end; }

refused() { [ "$(lab_dtcpd_count login-refused)" -ge 1 ]; }
back() { [ "$(stay_json reconnects)" = 1 ] && stay_is up; }

@test "a session that was dropped is held for a minute: TCP goes on, one login meanwhile" {
	stay_up
	stay_transfer_begins
	lab_dtcpd_set hold=58
	lab_dtcpd_command 'do all close'
	wait_for 15 refused
	wait_for 15 stay_is connecting # its routes have gone, 5 s after the loss
	[ "$(lab_dtcpd_count login-ok)" = 1 ]
	# Whoever asks meanwhile makes nothing come sooner.
	stay_later "$LAB_CLIENT4"
	kill -USR1 "$(stay_pid)"
	kill -HUP "$(stay_pid)"
	wait_for 90 back
	stay_flows 120
	stay_transfer_ends
	stay_undisturbed
	# The first session's, one that was refused, and the one that was not, at
	# least a minute later.
	lab_dtcpd_log login
	[ "$(lab_dtcpd_count login)" = 3 ]
	lab_dtcpd_log login | awk '{ if (NR == 3 && $1 - last < 60) exit 1; last = $1 }'
}
