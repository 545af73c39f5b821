#!/usr/bin/env bats
# Delays before reconnecting.

load unit

@test "each delay's bounds" { unit; }
@test "the delay stops growing at five minutes" { unit; }
@test "each delay is longer than the one before" { unit; }
@test "the first delays are spread evenly over three seconds" { unit; }
@test "1,000 clients that lose one server do not come back in the same second" { unit; }

@test "every case of backoff has a test here, and every test a case" { unit_complete; }
