#!/usr/bin/env bats
# The state file: written and read again, cut, and hostile.

load unit

@test "what is written is read again, every value" { unit; }
@test "nothing known is written and read again" { unit; }
@test "the largest state fits its file" { unit; }
@test "only LAN addresses of our own are read as ours" { unit; }
@test "a state knows no password" { unit; }
@test "a file cut anywhere is no harm" { unit; }
@test "lists stop at their bounds" { unit; }
@test "lines that mean nothing change nothing" { unit; }
@test "values out of range, long, with NUL bytes or CR" { unit; }
@test "the words for how it stands" { unit; }

@test "every case of state has a test here, and every test a case" { unit_complete; }
