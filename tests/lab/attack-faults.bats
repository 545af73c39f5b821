#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# System calls that fail, and processes killed as they make one: a sample of
# what `make faults` tries.

load lab
load ../faults/faults

setup() {
	lab_up
	faults_ready
}

teardown() {
	lab_end
}

@test "a call fails, or a process is killed: all is right, or the status says why and nothing is left" {
	faults_run "$DTCP_UP" --part 3/80 --seconds 25 --traces 2
}

# Faults of which one or the other was not survived once.
@test "what dtcp-up once took for a success, or for the end of a link" {
	faults_run "$DTCP_UP" --traces 2 --phase up --only '^up:keeper:(recvfrom:1.:EINTR|write:.*:ENOSPC)'
	faults_run "$DTCP_UP" --traces 2 --phase move --only '^move:keeper:sendto:[4-9]:EAGAIN'
	faults_run "$DTCP_UP" --traces 2 --phase down --only '^down:(command:fcntl|keeper:(newfstatat|unlinkat)):.*:E'
	faults_run "$DTCP_UP" --traces 2 --phase ping --only '^ping:keeper:sendto:.*:EPIPE'
	faults_run "$DTCP_UP" --traces 2 --phase clean --only '^clean:command:openat:.*:EMFILE'
}

@test "a leak on the way back from a failure is found" {
	run -1 faults_run "$FAULTS/leaky" --traces 2 --phase up --only ':keeper:write:[56]:EIO'
	# shellcheck disable=SC2154 # set by run
	echo "$output"
	grep -E 'WRONG up keeper:write:[0-9] EIO: waited 3 s in vain for nothing to be left.*more \[.dtcp0.\]' <<<"$output"
}
