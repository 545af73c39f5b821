#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# System calls that fail, and processes killed as they make one: a sample of
# what `make faults` tries. What that found once has unit and loopback tests.

load lab
load ../faults/faults

setup() { lab_up; }

teardown() {
	lab_end
}

# bats test_tags=shipped
@test "a call fails, or a process is killed: all is right, or the status says why and nothing is left" {
	faults_ready
	faults_run "$DTCP_UP" --part 3/200 --traces 2
}

@test "the same of dtcpd" {
	faults_far_ready
	faults_far_run --part 7/600 --traces 1 --phase login --phase end
}

@test "a leak on the way back from a failure is found" {
	faults_ready
	run -1 faults_run "$FAULTS/leaky" --traces 2 --phase up --only ':keeper:socketpair:[0-9]:EMFILE'
	# shellcheck disable=SC2154 # set by run
	echo "$output"
	grep -E "WRONG up keeper:socketpair:[0-9] EMFILE: waited 3 s in vain for nothing to be left.*files \['dtcp0.state'\]" <<<"$output"
}
