#!/usr/bin/env bats
# The account file as a whole.

load unit

@test "accounts in the order of the file, with their lines" { unit; }
@test "an error names the file, the line and the reason" { unit; }
@test "a file without an account is an error" { unit; }
@test "a NUL byte and a line of 1,025 bytes name their line" { unit; }
@test "which accounts a call is about" { unit; }
@test "a file is read, and a missing one named" { unit; }
@test "a file that others may read or write is refused, with the remedy" { unit; }
@test "a FIFO is refused at once" { unit; }
@test "a file of more than a mebibyte is refused" { unit; }

@test "every case of config has a test here, and every test a case" { unit_complete; }
