#!/usr/bin/env bats
# The short form of `make soak` (tests/soak): after some sessions and moves
# nothing has grown, and an hour of a day on a bad line.

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

@test "an hour on a bad line: after each of 40 events all is right" {
	soak_day 40 7
}

@test "a day on a bad line may end while the server is away" {
	soak_day 1 86 >/run/lab/looks
	cat /run/lab/looks
	grep ' 0: server_stops' /run/lab/looks
	grep '^ok' /run/lab/looks
}

@test "a day on a bad line finds a keeper that does nothing" {
	soak_day 12 7 4 >/run/lab/looks || true
	cat /run/lab/looks
	grep '^failed: seed 7: ' /run/lab/looks
	[ "$(grep -c 'after' /run/lab/looks)" -ge 5 ]
}
