#!/usr/bin/env bats
# What a message shows of bytes from outside.

load unit

@test "every byte outside printable ASCII is shown as a number" { unit; }
@test "escaping stays within every size" { unit; }
@test "a message is escaped" { unit; }
@test "a line of 512 bytes outside ASCII is shown whole" { unit; }
@test "a message that is too long is cut" { unit; }
@test "what nobody wants to hear reaches nobody" { unit; }

@test "every case of log has a test here, and every test a case" { unit_complete; }
