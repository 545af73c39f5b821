#!/usr/bin/env bats
# The response to a challenge: both vectors that are known, and RFC 1321's.

load unit

@test "the seed page's vector" { unit; }
@test "KAME's vector" { unit; }
@test "RFC 1321's vectors, cut into three" { unit; }

@test "every case of digest has a test here, and every test a case" { unit_complete; }
