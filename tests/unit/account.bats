#!/usr/bin/env bats
# The account file's fields, quoting, comments, and errors.

load unit

@test "four fields, separated by blanks" { unit; }
@test "a CR before the line end is no part of the line" { unit; }
@test "fields in double quotes" { unit; }
@test "a hash sign inside a word is an ordinary character" { unit; }
@test "empty lines and comments" { unit; }
@test "a missing field is named" { unit; }
@test "bad servers, ports and users are quoted" { unit; }
@test "1,024 bytes are a line and 1,025 are not" { unit; }
@test "a NUL byte is an error, in a comment too" { unit; }
@test "no reason shows a password" { unit; }
@test "a forgotten password is nowhere in the account" { unit; }
@test "accounts differ by every word" { unit; }

@test "every case of account has a test here, and every test a case" { unit_complete; }
