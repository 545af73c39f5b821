#!/usr/bin/env bats
# The TCP connection to the server.

load unit

@test "a connection is made, or refused and closed" { unit; }
@test "an address that cannot be bound yet is waited for" { unit; }
@test "what the keeper has to say ends that wait" { unit; }

@test "every case of net has a test here, and every test a case" { unit_complete; }
