#!/usr/bin/env bats
# Netlink messages, whole, cut, and crafted.

load unit

@test "links that come and go" { unit; }
@test "IPv4 addresses, and IPv6 addresses that go" { unit; }
@test "routes of our own that go" { unit; }
@test "other messages are passed over" { unit; }
@test "names of every length" { unit; }
@test "messages cut anywhere" { unit; }
@test "wrong lengths everywhere" { unit; }
@test "an attribute that ends before its padding" { unit; }
@test "of sit tunnels a keeper hears of its own only" { unit; }
@test "a keeper hears of IPv4 addresses, and of what goes" { unit; }

@test "every case of watch has a test here, and every test a case" { unit_complete; }
