#!/usr/bin/env bats
# Deadlines.

load unit

@test "the time until a deadline, as poll takes it" { unit; }
@test "a wait ends at its deadline, and not before" { unit; }

@test "every case of clock has a test here, and every test a case" { unit_complete; }
