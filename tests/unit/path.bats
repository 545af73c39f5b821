#!/usr/bin/env bats
# The path check's state machine: every pair of state and event.

load unit

@test "every pair of state and event" { unit; }
@test "an echo has a second to be answered" { unit; }
@test "three echoes without an answer make a path bad" { unit; }
@test "each check starts anew" { unit; }

@test "every case of path has a test here, and every test a case" { unit_complete; }
