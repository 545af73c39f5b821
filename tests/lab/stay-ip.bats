#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# An ip(8) that hangs or fails: one that has all its lines gets 5 s, and once more 5 s;
# what could not be removed then is named, and removed by the next call.

load lab
load up
load stay

setup() {
	lab_up
	up_ready lan=lan0 ping=1
	stay_fake_ip
}

teardown() { lab_end; }

ip_runs() { pgrep -fx 'sleep 1000' >/dev/null; }

# faked_later [OPTION...]: as stay_later, with the fake ip.
faked_later() {
	local code=0
	stay_faked -w 0 "$@" || code=$?
	[ $code = 75 ]
}

@test "ip hangs while it builds: killed, and what it had made is removed" {
	local does end
	for does in hang hang-after; do
		for end in down TERM; do
			stay_ip_does $does
			faked_later "$LAB_CLIENT4"
			wait_for 5 ip_runs
			stay_is connecting
			stay_ip_does work
			stay_end $end 8000
			not ip_runs
		done
	done
}

@test "ip hangs while the tunnel moves" {
	ip -n customer addr add 203.0.113.51/24 dev wan
	local end
	for end in down TERM; do
		stay_faked "$LAB_CLIENT4"
		stay_ip_does hang
		faked_later 203.0.113.51
		wait_for 5 ip_runs
		stay_is connecting
		stay_ip_does work
		stay_end $end 8000
	done
}

@test "ip hangs whenever it is run: 71, what is left is named, and goes with the next call" {
	local end code
	for end in down TERM; do
		stay_faked "$LAB_CLIENT4"
		pid=$(stay_pid)
		stay_ip_does hang
		lab_clock
		if [ $end = down ]; then
			code=0
			dtcp_up --down 2>/run/lab/down.log || code=$?
			lab_took 15000
			[ $code = 71 ]
			grep 'dtcp0: could not be removed' /run/lab/down.log
		else
			kill -TERM "$pid"
			wait_for 20 lab_gone "$pid"
			lab_took 15000
			wait_for 5 lab_log 'dtcp0: could not be removed'
		fi
		lab_state | grep 'link dtcp0'
		[ "$(stay_json state)" = down ]
		[ -z "$(lab_processes)" ]
		not ip_runs
		stay_ip_does work
		dtcp_up --down
		assert_nothing_left
	done
}

@test "what a hanging ip left is in nobody's way: the next start takes it over" {
	stay_faked "$LAB_CLIENT4"
	stay_ip_does hang
	run -71 dtcp_up --down
	stay_up
	[ "$(lab_processes | grep -c .)" -le 2 ]
	dtcp_up --down
	assert_nothing_left
}

@test "ip fails: 71 with what it said, and nothing is left" {
	stay_ip_does fail-add
	run -71 stay_faked "$LAB_CLIENT4"
	[[ $output == *'Out of cheese'* ]]
	assert_gone_within 5
}

@test "ip fails once the tunnel is up: all is built anew" {
	ip -n customer addr add 203.0.113.51/24 dev wan
	stay_faked "$LAB_CLIENT4"
	stay_ip_does fail-change
	faked_later 203.0.113.51
	wait_for 5 lab_log 'Out of cheese'
	wait_for 20 stay_is up
	[ "$(stay_json local)" = 203.0.113.51 ]
	wait_for 5 lab_ping6 customer "$LAB_HOST6"
	stay_end down
}
