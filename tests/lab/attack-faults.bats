#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# System calls that fail, and processes killed as they make one: a sample of
# what `make faults` tries. What that found once has unit and loopback tests.

load lab
load ../faults/faults

setup() {
	lab_up
	faults_ready
}

teardown() {
	lab_end
}

# bats test_tags=shipped
@test "a call fails, or a process is killed: all is right, or the status says why and nothing is left" {
	faults_run "$DTCP_UP" --part 3/120 --seconds 15 --traces 2
}

@test "a leak on the way back from a failure is found" {
	run -1 faults_run "$FAULTS/leaky" --traces 2 --phase up --only ':keeper:write:[56]:EIO'
	# shellcheck disable=SC2154 # set by run
	echo "$output"
	grep -E 'WRONG up keeper:write:[0-9] EIO: waited 3 s in vain for nothing to be left.*more \[.dtcp0.\]' <<<"$output"
}
