#!/usr/bin/env bats
# Tunnels: what is planned, and what ip(8) says of things that were gone.

load unit

@test "the MTU is the link's less 20, from 1280 to 1480" { unit; }
@test "an MTU of the account is taken as it is" { unit; }
@test "a subnet that does not fit is a warning that names both" { unit; }
@test "tunnels are the same but for near end and MTU" { unit; }
@test "what ip says of things that were gone before" { unit; }
@test "what ip says of things that are still there" { unit; }

@test "every case of tunnel_plan has a test here, and every test a case" { unit_complete; }
