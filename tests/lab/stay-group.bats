#!/usr/bin/env bats
# SIGTERM to the whole process group at once, as `systemctl stop` does, and
# four processes that start and stop the tunnel at random.

load lab
load up
load stay

setup() { lab_up && up_ready lan=lan0 ping=1; }
teardown() { lab_end; }

all_pids() { lab_processes | cut -d ' ' -f 1; }
all_gone() {
	local pid
	for pid in $pids; do
		lab_gone "$pid" || return
	done
}

@test "SIGTERM to all at once, as by systemctl stop: one clean end" {
	local pids
	stay_up
	pids=$(all_pids)
	lab_clock
	# One word a process is meant.
	# shellcheck disable=SC2086
	kill -TERM $pids
	wait_for 5 all_gone
	lab_took 2000
	not lab_processes_live
	assert_nothing_left
	[ "$(lab_dtcpd_log received | grep -c quit)" = 1 ]
	[ "$(lab_log 'ends by SIGTERM' | wc -l)" = 1 ]
	# What pppd's ip-down then finds.
	dtcp_up --down
	assert_nothing_left
}
lab_processes_live() { lab_processes | grep -q .; }

@test "SIGTERM to all at once in the foreground, and while it logs in" {
	lab_dtcpd_set login=silent
	local pids
	lab_spawn up nsenter --net=/run/netns/customer -- "$DTCP_UP" -f "$LAB_CLIENT4"
	wait_for 5 logging_in
	pids=$(all_pids)
	# shellcheck disable=SC2086
	kill -TERM $pids
	wait_for 5 not lab_processes_live
	assert_nothing_left
}
logging_in() { [ "$(lab_dtcpd_count login)" = 1 ]; }

@test "four processes start and stop it at random: never two keepers, the truth from every call" {
	lab_spawn storm nsenter --net=/run/netns/customer -- /usr/bin/python3 -E -s -S \
		"$LAB_TESTS/lab/storm.py" "$DTCP_UP" "$LAB_CLIENT4" "${STAY_STORM:-60}"
	wait_for "${STAY_STORM_SECONDS:-60}" grep -E '^(ok|failed)' /run/lab/storm.log
	tail -n 20 /run/lab/storm.log
	[[ $(tail -n 1 /run/lab/storm.log) == 'ok '* ]]
	dtcp_up --down
	assert_nothing_left
}
