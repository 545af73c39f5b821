#!/usr/bin/env bats
# Lines of the server: cuts, ends, bounds, control characters.

load unit

@test "lines end in CRLF or LF" { unit; }
@test "arbitrary cuts give the same lines" { unit; }
@test "512 bytes are a line and 513 are not, however they arrive" { unit; }
@test "every control character within a line is an error" { unit; }
@test "what came is there for the message after an error" { unit; }

@test "every case of line has a test here, and every test a case" { unit_complete; }
