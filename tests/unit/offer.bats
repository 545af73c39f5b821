#!/usr/bin/env bats
# What is refused of an offer, at the bounds.

load unit

@test "a far end in 0/8, 127/8, 224/4, 240/4 is refused, at the bounds" { unit; }
@test "the far end is checked for every type" { unit; }
@test "a prefix outside 2000::/3 and fc00::/7 is refused, at the bounds" { unit; }
@test "a prefix is /32 to /64" { unit; }
@test "the last prefix is checked like the first" { unit; }
@test "a network has 1 to 49 prefixes" { unit; }
@test "bits beyond the length are cleared and counted" { unit; }
@test "a prefix that is offered twice is one, and the order stays" { unit; }
@test "behind NAT is who is seen as another address" { unit; }
@test "link addresses lie in 2000::/3 or fc00::/7 and differ" { unit; }

@test "every case of offer has a test here, and every test a case" { unit_complete; }
