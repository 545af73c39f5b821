#!/usr/bin/env bats
# The account file's name=value words: defaults, bounds, errors.

load unit

@test "what holds without words" { unit; }
@test "type=" { unit; }
@test "link=" { unit; }
@test "interface=" { unit; }
@test "lan=" { unit; }
@test "lan= takes no name that ip -batch would read otherwise" { unit; }
@test "route=" { unit; }
@test "metric=, mtu=, ttl= and ping=, at their bounds" { unit; }
@test "tunnel=none excludes the words that build" { unit; }
@test "script=" { unit; }
@test "unknown words are named" { unit; }
@test "each word may stand once" { unit; }

@test "every case of account_word has a test here, and every test a case" { unit_complete; }
