#!/usr/bin/env bats
# The keeper's state machine: every pair of state and event.

load unit

@test "every pair of state and event: next state and actions" { unit; }
@test "no timer acts before its time" { unit; }
@test "how long each state lasts" { unit; }
@test "each state has a name" { unit; }

@test "every case of fsm has a test here, and every test a case" { unit_complete; }
