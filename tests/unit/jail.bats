#!/usr/bin/env bats
# The filter of system calls of a session.

load unit

@test "a session goes on" { unit; }
@test "every other system call is the end" { unit; }
@test "the entry for 32-bit programs is closed" { unit; }

@test "every case of jail has a test here, and every test a case" { unit_complete; }
