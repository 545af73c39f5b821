#!/usr/bin/env bats
# Which answers count in the path check.

load unit

@test "answers to small and big echoes count" { unit; }
@test "late answers of the same check count, others do not" { unit; }
@test "an answer is compared bit by bit" { unit; }
@test "an answer has the length of its echo" { unit; }
@test "an answer has a number that was sent" { unit; }
@test "a far end that stops answering, and one that never did" { unit; }
@test "an MTU that does not pass is named" { unit; }
@test "nobody is listened to without an echo that waits, nor for ever" { unit; }
@test "an answer to the check before is none to this one" { unit; }
@test "a new session knows nothing of the path" { unit; }
@test "a socket goes with its interface" { unit; }

@test "every case of probe has a test here, and every test a case" { unit_complete; }
