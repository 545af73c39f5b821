#!/usr/bin/env bats
# A run directory that is full or read-only, from the start or while the tunnel
# is up.
bats_require_minimum_version 1.5.0

load lab
load up
load stay

setup() {
	lab_up
	up_ready lan=lan0 ping=1
	ip -n customer addr add 203.0.113.51/24 dev wan
	mkdir "$RUN_DIR"
	mount -t tmpfs -o size=64k,mode=755 run "$RUN_DIR"
}

teardown() {
	lab_end
	umount -l "$RUN_DIR"
}

# fill: no room for another page. roomy: all of it again.
fill() { cat /dev/zero >"$RUN_DIR/filler" 2>/dev/null || true; }
roomy() { rm -f "$RUN_DIR/filler"; }

kill_all() {
	# One word a process is meant.
	# shellcheck disable=SC2046
	kill -KILL $(lab_processes | cut -d ' ' -f 1)
	wait_for 5 not lab_processes_live
	stay_is down
}
lab_processes_live() { lab_processes | grep -q .; }

nothing_in_kernel() {
	[ "$(lab_state)" = "$(</run/lab/snapshot)" ]
	not lab_processes_live
}

@test "full from the start: 71, which says so, and nothing is left" {
	fill
	run -71 dtcp_up "$LAB_CLIENT4"
	[[ $output == *'No space left on device'* ]]
	roomy
	assert_nothing_left
	stay_up
	stay_end down
}

@test "read-only from the start: 71, which says so, and nothing is left" {
	mount -o remount,ro "$RUN_DIR"
	run -71 dtcp_up "$LAB_CLIENT4"
	[[ $output == *'Read-only file system'* ]]
	assert_nothing_left
	dtcp_up --down
	mount -o remount,rw "$RUN_DIR"
	stay_up
	stay_end down
}

@test "full while up: the tunnel moves, --status tells the truth, --down works" {
	stay_up
	fill
	dtcp_up 203.0.113.51
	stay_is up
	[ "$(stay_json local)" = 203.0.113.51 ]
	lab_dtcpd_stop KILL
	wait_for 5 stay_is connecting
	dtcp_up --down
	roomy
	assert_nothing_left
}

@test "full while up, then all killed: --down and dtcp-up both put it right" {
	local next
	for next in down up; do
		stay_up
		fill
		kill_all
		if [ $next = up ]; then
			stay_up
			[ "$(lab_state | grep -c dtcp0)" = 5 ] # as is_whole of stay-kill
			[ "$(lab_state | grep -c unreachable)" = 2 ]
		fi
		dtcp_up --down
		roomy
		assert_nothing_left
	done
}

# As a service sees it that may not write to /run (ProtectSystem=strict).
@test "read-only for the caller while up: asked again, moved, ended" {
	stay_up
	mount --bind "$RUN_DIR" "$RUN_DIR"
	mount -o remount,bind,ro "$RUN_DIR"
	not touch "$RUN_DIR/x"
	dtcp_up "$LAB_CLIENT4"
	dtcp_up 203.0.113.51
	stay_is up
	stay_end down
	umount "$RUN_DIR"
	assert_nothing_left
}

@test "read-only once all are killed: --down removes what is in the kernel" {
	stay_up
	kill_all
	mount -o remount,ro "$RUN_DIR"
	run dtcp_up "$LAB_CLIENT4"
	[ "$status" = 71 ]
	dtcp_up --down
	nothing_in_kernel
	mount -o remount,rw "$RUN_DIR"
	dtcp_up --down
	assert_nothing_left
}

# A boot script that tidies /run up, say.
@test "emptied once all are killed: the next dtcp-up takes over what is in the kernel" {
	lab_account
	stay_up
	kill_all
	rm -f "$RUN_DIR"/*
	dtcp_up "$LAB_CLIENT4"
	lab_ping6 customer "$LAB_HOST6"
	stay_end down
	assert_nothing_left
}
