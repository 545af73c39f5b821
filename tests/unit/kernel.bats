#!/usr/bin/env bats
# What ip(8) cannot be told, and what the kernel does not say.

load unit

@test "over what cannot be looked at nothing is built" { unit; }
@test "what cannot be looked at is not gone" { unit; }
@test "lines that ip is not given: it is killed, and that is said once" { unit; }
@test "lines that ip does not read: it has its say" { unit; }
@test "a tunnel of half of the lines is none, though ip is content" { unit; }
@test "what cannot be set under /proc is said once" { unit; }
@test "one that hangs afterwards is said to have hung" { unit; }
@test "a route that goes while more is made is not forgotten" { unit; }
@test "a route that is withdrawn is nobody else's doing" { unit; }
@test "an interface that goes while more is made is not forgotten" { unit; }
@test "without routes there is nothing to withdraw, without a tunnel nothing to remove" { unit; }
@test "what goes of others, or goes twice, makes no difference" { unit; }
@test "without source routes it is built anew, and that is said once" { unit; }
@test "an address on a LAN that cannot be made ends nothing" { unit; }
@test "messages were lost: routes are made again" { unit; }
@test "messages were lost: an interface that went, or came, is seen" { unit; }
@test "messages were lost, and the kernel does not answer: later" { unit; }
@test "messages were lost: an address that went is seen" { unit; }
@test "messages were lost: a LAN's address and interface are looked at" { unit; }

@test "every case of kernel has a test here, and every test a case" { unit_complete; }
