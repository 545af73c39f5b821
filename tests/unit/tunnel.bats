#!/usr/bin/env bats
# Tunnels: the exact lines for ip(8), built, moved, and undone.

load unit

@test "build: network" { unit; }
@test "build: network with LANs, two prefixes, and numbers of the account" { unit; }
@test "build: host" { unit; }
@test "build: tunnelonly, with and without a route" { unit; }
@test "build: a list of routes, and none" { unit; }
@test "build and undo without source routes" { unit; }
@test "routes are withdrawn and return, the plain one first and last" { unit; }
@test "move: near end, link-local address, MTU, and nothing else" { unit; }
@test "undo: each step once, in the reverse order" { unit; }
@test "undo: parts, and nothing that is not ours" { unit; }
@test "the largest tunnel fits" { unit; }
@test "lines that do not fit are left out whole" { unit; }

@test "every case of tunnel has a test here, and every test a case" { unit_complete; }
