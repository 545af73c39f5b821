#!/usr/bin/env bats
# script=: run with each event, with an environment of its own, beside the
# keeper and never in its way.

load lab
load up

setup() {
	lab_up
	rm -f /run/lab/events /run/lab/slow /run/lab/hold
	cat >/run/lab/script <<-'END'
		#!/bin/sh
		{ echo "$#: $*"; tr '\0' '\n' </proc/$$/environ; echo "cwd $(pwd)"; } >>/run/lab/events
		echo "this is $1"
		echo "and on the other stream" >&2
		while [ -e /run/lab/hold ]; do sleep 0.1; done
		[ ! -e /run/lab/slow ] || sleep "$(cat /run/lab/slow)"
		[ ! -e /run/lab/fail ] || exit 3
	END
	chmod 755 /run/lab/script
	up_ready script=/run/lab/script lan=lan0
}

teardown() {
	lab_end
}

# event_is <TEXT: what was noted since the last time.
event_is() {
	wait_for 15 grep -q '^cwd' /run/lab/events
	diff - /run/lab/events
	: >/run/lab/events
}

index() { ip -n customer -o link show dtcp0 | cut -d : -f 1; }

events() { sed -n 's/^1: //p' /run/lab/events | xargs; }
all_events() { [ "$(events)" = "$*" ]; }

@test "up, change, down: the whole environment; what it prints is in the log" {
	ip -n customer addr add 203.0.113.60/24 dev wan
	dtcp_up "$LAB_CLIENT4"
	event_is <<-END
		1: up
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		DTCP_EVENT=up
		DTCP_INTERFACE=dtcp0
		DTCP_IFINDEX=$(index)
		DTCP_LINK=wan
		DTCP_SERVER=$LAB_SERVER4
		DTCP_TYPE=network
		DTCP_LOCAL=$LAB_CLIENT4
		DTCP_REMOTE=$LAB_SERVER4
		DTCP_ADDRESS=2001:db8:c0de::1
		DTCP_PEER=
		DTCP_PREFIX=2001:db8:c0de::/48
		DTCP_PREFIXES=2001:db8:c0de::/48
		DTCP_LAN=lan0=2001:db8:c0de::1/64
		DTCP_MTU=1480
		DTCP_OLD_LOCAL=
		DTCP_OLD_PREFIXES=
		cwd /
	END
	wait_for 5 lab_log 'dtcp0: /run/lab/script: this is up'
	wait_for 5 lab_log 'dtcp0: /run/lab/script: and on the other stream'
	lab_dtcpd_set prefixes=2001:db8:beef::/48,2001:db8:f00::/48
	dtcp_up 203.0.113.60
	event_is <<-END
		1: change
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		DTCP_EVENT=change
		DTCP_INTERFACE=dtcp0
		DTCP_IFINDEX=$(index)
		DTCP_LINK=wan
		DTCP_SERVER=$LAB_SERVER4
		DTCP_TYPE=network
		DTCP_LOCAL=203.0.113.60
		DTCP_REMOTE=$LAB_SERVER4
		DTCP_ADDRESS=2001:db8:beef::1
		DTCP_PEER=
		DTCP_PREFIX=2001:db8:beef::/48
		DTCP_PREFIXES=2001:db8:beef::/48 2001:db8:f00::/48
		DTCP_LAN=lan0=2001:db8:beef::1/64
		DTCP_MTU=1480
		DTCP_OLD_LOCAL=$LAB_CLIENT4
		DTCP_OLD_PREFIXES=2001:db8:c0de::/48
		cwd /
	END
	# At `down` all is still there.
	sed -i '2i ip -6 addr show dev lan0 | grep -o 2001:db8:beef::1/64 >/run/lab/at-down' /run/lab/script
	dtcp_up --down
	grep -q 'DTCP_EVENT=down' /run/lab/events
	grep -q 'DTCP_LOCAL=203.0.113.60' /run/lab/events
	grep -qx 2001:db8:beef::1/64 /run/lab/at-down
	assert_nothing_left
}

@test "an interface that somebody removed and that was made anew is a change" {
	local was
	dtcp_up
	wait_for 15 all_events up
	was=$(index)
	ip -n customer link del dev dtcp0
	wait_for 15 all_events up change
	[ "$(index)" != "$was" ]
	# The environment is noted after the event's name.
	wait_for 5 grep -qx "DTCP_IFINDEX=$(index)" /run/lab/events
	dtcp_up --down
}

@test "an interface that somebody set down, with all routes of others, is a change" {
	lab_account route=guard script=/run/lab/script
	dtcp_up
	wait_for 15 all_events up
	ip -n customer -6 route add 2001:db8:77::/48 dev dtcp0
	ip -n customer link set dev dtcp0 down
	wait_for 15 all_events up change
	up_is up
	not grep -q . <(ip -n customer -6 route show 2001:db8:77::/48)
	dtcp_up --down
	assert_nothing_left
}

@test "a slow script holds nothing up; of what waits, the last event remains" {
	ip -n customer addr add 203.0.113.60/24 dev wan
	ip -n customer addr add 203.0.113.61/24 dev wan
	touch /run/lab/hold # it runs as long as this is there
	dtcp_up "$LAB_CLIENT4"
	wait_for 15 all_events up
	dtcp_up 203.0.113.60
	dtcp_up 203.0.113.61
	rm /run/lab/hold
	wait_for 20 all_events up change
	lab_sleep 0.5
	[ "$(events)" = 'up change' ]
	grep -q 'DTCP_LOCAL=203.0.113.61' /run/lab/events
	not grep -q 'DTCP_LOCAL=203.0.113.60' /run/lab/events
	dtcp_up --down
}

@test "a script that hangs is ended after 1 s at the end, with all that it started" {
	echo 1000 >/run/lab/slow
	dtcp_up
	wait_for 15 all_events up # and it hangs, as will the next one
	lab_clock
	dtcp_up --down
	lab_took 2000
	all_events up down
	not pgrep -f 'sleep 1000'
	assert_nothing_left
}

@test "a script that runs at the end may finish what takes it half a second" {
	# At the end half a second: a quarter for `up`, which still runs, and one for `down`.
	# shellcheck disable=SC2016 # is for the script
	sed -i '1a echo "begin $1" >>/run/lab/order; sleep 0.25; echo "end $1" >>/run/lab/order' \
		/run/lab/script
	dtcp_up
	wait_for 15 grep -qs 'begin up' /run/lab/order
	dtcp_up --down
	cat /run/lab/order
	[ "$(xargs </run/lab/order)" = 'begin up end up begin down end down' ]
	assert_nothing_left
}

@test "a script that fails, or is missing: a warning in the log, the tunnel is up" {
	touch /run/lab/fail
	dtcp_up
	wait_for 15 lab_log 'dtcp0: script /run/lab/script up: exit status 3'
	rm /run/lab/fail /run/lab/script
	dtcp_up # the same address: still up
	kill -HUP "$(up_pid)"
	ip -n customer addr add 203.0.113.60/24 dev wan
	dtcp_up 203.0.113.60
	wait_for 15 lab_log 'script /run/lab/script change cannot be run: No such file'
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "a loss and its end are told after 5 s: lost, change; a shorter one is not" {
	lab_account ping=1 script=/run/lab/script
	dtcp_up
	lab_dtcpd_command 'do all close' # it reconnects within 3 s
	reconnected() { [ "$(lab_dtcpd_count login-ok)" = 2 ] && up_is up; }
	wait_for 20 reconnected
	[ "$(events)" = up ]
	lab_dtcpd_set accept=close
	lab_dtcpd_command 'do all close'
	wait_for 20 all_events up lost
	not grep -q . <(ip -n customer -6 route show default dev dtcp0)
	lab_dtcpd_set accept=ok
	kill -USR1 "$(up_pid)"
	wait_for 20 all_events up lost change
	up_is up
	dtcp_up --down
	[ "$(events)" = 'up lost change down' ]
}

@test "before the first up: fail, with status and message, and not more than one a minute" {
	lab_dtcpd_set accept=close
	run -75 dtcp_up -w 0 "$LAB_CLIENT4"
	wait_for 20 all_events fail
	wait_for 5 grep -q '^cwd' /run/lab/events
	grep -x DTCP_STATUS=69 /run/lab/events
	grep 'DTCP_ERROR=.*closed the connection' /run/lab/events
	wait_for 40 lab_dtcpd_tried 4
	all_events fail
	lab_dtcpd_set accept=ok
	wait_for 60 all_events fail up
}
lab_dtcpd_tried() { [ "$(lab_dtcpd_count accepted)" -ge "$1" ]; }
