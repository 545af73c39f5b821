# Where a test failed, asked only when one does. shellcheck shell=bash
#
# To tell where it was, bats has bash call a function before each command of a test, and
# of what the test calls: a millisecond each time, two in the lab, a third of what all
# tests took. What failed is known when it has failed, too. Every BATS file loads
# this, itself or with its helper (runner/where.bats). Not told is then the line of an
# `exit`, and which command of a teardown it was.
#
# These two take the place of functions of bats (1.8 to 1.13).

bats_debug_trap() { trap - DEBUG; }

bats_error_trap() {
	bats_check_status_from_trap
	bats_capture_stack_trace
	# It is read by bats.
	# shellcheck disable=SC2034
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}
