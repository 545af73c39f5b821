#!/usr/bin/env bats
# Messages between the session and the root part.

load unit

@test "the kinds of message that a session may send" { unit; }
@test "the priorities that a session may log with" { unit; }
@test "the exit statuses that a session may end with" { unit; }
@test "the bounds of an offer" { unit; }
@test "messages arrive whole, and the end is seen" { unit; }
@test "a text without an end gets one" { unit; }
@test "what has another size is no message" { unit; }
@test "a full socket is an error, not a wait" { unit; }

@test "every case of msg has a test here, and every test a case" { unit_complete; }
