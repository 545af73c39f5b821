#!/usr/bin/env bats
# Questions to the kernel that it does not answer.

load unit

@test "answers, lists, and what is not there" { unit; }
@test "what fails once is asked again" { unit; }
@test "what fails each time is an error, with a message" { unit; }
@test "an interface that cannot be asked for is not absent" { unit; }

@test "every case of netlink has a test here, and every test a case" { unit_complete; }
