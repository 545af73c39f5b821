#!/usr/bin/env bats
# DTCP: greeting, command, and the offers of every type, good and malformed.

load unit

@test "+OK and -ERR, with and without text" { unit; }
@test "other services' greetings are no DTCP" { unit; }
@test "a greeting's challenge is its first word" { unit; }
@test "the challenge's letter case" { unit; }
@test "only a failed authentication is tried in the other case" { unit; }
@test "the command of every type, in both letter cases" { unit; }
@test "a user as long as an account file allows fits a command" { unit; }
@test "network: both ends and a prefix with leading zeros" { unit; }
@test "network: several prefixes" { unit; }
@test "network: as many prefixes as a line can hold" { unit; }
@test "network: link addresses before the prefix are ignored" { unit; }
@test "words after an offer are counted and ignored" { unit; }
@test "host: both link addresses, and others ignored" { unit; }
@test "tunnelonly: both ends alone" { unit; }
@test "an offer starts clean, and leaves the near end alone" { unit; }
@test "every malformed offer is refused and quoted" { unit; }

@test "every case of dtcp has a test here, and every test a case" { unit_complete; }
