#!/usr/bin/env bats
# Prefixes: reading, masking, ranges, subnets.

load unit

@test "a prefix is read and written" { unit; }
@test "what is not exactly a prefix is refused" { unit; }
@test "bits beyond every length are cleared" { unit; }
@test "prefixes are compared by address and length" { unit; }
@test "only 2000::/3 and fc00::/7 are routable" { unit; }
@test "subnets from /32 to /64, and the first that does not fit" { unit; }

@test "every case of prefix has a test here, and every test a case" { unit_complete; }
