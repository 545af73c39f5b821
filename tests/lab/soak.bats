#!/usr/bin/env bats
# The short form of `make soak` (tests/soak): after some sessions and moves
# nothing has grown.

load lab
load ../soak/soak

teardown() {
	lab_end
}

# even WORD...: the looks of the last part agree in these.
even() {
	local word
	for word in "$@"; do
		[ "$(grep -o " $word=[0-9]*" /run/lab/looks | sort -u | wc -l)" = 1 ] || {
			echo "$word is not always the same" >&2
			return 1
		}
	done
}

# bats test_tags=shipped
@test "40 sessions that the server ends: nothing grows" {
	soak_cycles sessions 40 1 >/run/lab/looks
	cat /run/lab/looks
	grep ^ok /run/lab/looks
	not grep ^failed /run/lab/looks
	even processes interfaces addresses routes files
}

@test "40 moves, with and without a hook: nothing grows" {
	soak_cycles moves 40 1 >/run/lab/looks
	cat /run/lab/looks
	grep ^ok /run/lab/looks
	not grep ^failed /run/lab/looks
	even processes interfaces addresses routes files
}
