#!/usr/bin/env bats
# The keeper's state machine: random walks, and the table in fsm.h.

# $program and $project are set by unit.bash.
# shellcheck disable=SC2154
load unit

@test "what must hold after every step of 20,000 random walks" { unit; }
@test "STOP and the clock alone end it within 2 s from anywhere" { unit; }

@test "every case of fsm_walk has a test here, and every test a case" { unit_complete; }

@test "the table in fsm.h is what the code does" {
	"$program" --transitions >"$BATS_TEST_TMPDIR/transitions" 3>&-
	run -0 timeout 30 "$BATS_TEST_DIRNAME/fsm_table.py" "$project/src/fsm.h" \
		<"$BATS_TEST_TMPDIR/transitions"
	echo "$output"
}

# The comparison can fail: with a row changed, and with a row too many.
@test "a wrong table in fsm.h is found" {
	"$program" --transitions >"$BATS_TEST_TMPDIR/transitions" 3>&-
	for edit in 's/NOADDR: WAIT/NOADDR: LOGIN/' 's/OFFER: BUILD/OFFER: UP/' \
		's/TIMER: DONE/TIMER: DONE. PONG: UP/'; do
		sed "$edit" "$project/src/fsm.h" >"$BATS_TEST_TMPDIR/fsm.h"
		! cmp -s "$BATS_TEST_TMPDIR/fsm.h" "$project/src/fsm.h"
		run -1 timeout 30 "$BATS_TEST_DIRNAME/fsm_table.py" "$BATS_TEST_TMPDIR/fsm.h" \
			<"$BATS_TEST_TMPDIR/transitions"
		echo "$output"
	done
}
