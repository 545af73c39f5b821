#!/usr/bin/env bats
# The end of a dialogue, as a server's behaviour draws it out; all else that it
# says is in loopback/dialogue.bats.

load unit

@test "quit waits for the server to close, not only to answer" { unit; }
@test "quit waits no longer than told" { unit; }
@test "quit does not read a flood to its end" { unit; }

@test "every case of dialogue has a test here, and every test a case" { unit_complete; }
