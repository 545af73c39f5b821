#!/usr/bin/env bats
# The keeper's state machine: what is promised, told as stories of events.

load unit

@test "routes outlive the session by five seconds" { unit; }
@test "routes stay when the session is back in time" { unit; }
@test "routes go with the near end's address, at once" { unit; }
@test "routes go with a path that is bad, and return" { unit; }
@test "a bad path stays bad when the session is lost" { unit; }
@test "accounts in order, the one that was up last first" { unit; }
@test "accounts share what is left of the wait, ten seconds at most" { unit; }
@test "an account that is silent is followed by the next" { unit; }
@test "a refused login is tried at most once a minute" { unit; }
@test "asking while nothing may be tried makes no delay longer" { unit; }
@test "passing and permanent failures, with and without persist" { unit; }
@test "no address at first: wait or end" { unit; }
@test "delays grow, and start anew after a session of a minute" { unit; }
@test "a pong later than ten seconds ends the session" { unit; }
@test "a session lost while building is no tunnel that is up" { unit; }
@test "building ends with the caller's patience" { unit; }
@test "the exit status of the end" { unit; }
@test "routes go five seconds after a reload, and return with a session alone" { unit; }
@test "a permanent failure later on ends nothing" { unit; }
@test "delays start anew with another address" { unit; }
@test "a pong makes room for the next ping" { unit; }

@test "every case of fsm_rules has a test here, and every test a case" { unit_complete; }
