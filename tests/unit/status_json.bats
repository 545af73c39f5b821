#!/usr/bin/env bats
# What --status --json prints, read by a parser of JSON. What it prints for
# people is in status_test.c.

# $project, $build and $limit are set by unit.bash.
# shellcheck disable=SC2154
load unit

bats_require_minimum_version 1.5.0

setup_file() {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	built unit
}

# json NAME EXPRESSION: parses the JSON of a state, and evaluates a Python
# expression about its object s, which must be true.
json() {
	timeout "$limit" "$build/unit/status" --json "$1" 3>&- | timeout "$limit" python3 -c '
import json, re, sys
s = json.load(sys.stdin)
print(s)
sys.exit(0 if eval("(" + sys.argv[1] + ")") else 1)' "$2" 3>&-
}

@test "JSON: up, every value" {
	json up 's == {"interface": "dtcp0", "state": "up", "pid": 4711,
		"server": "dtcp.example.net", "user": "foo", "type": "network",
		"link": "ppp0", "local": "198.51.100.7", "remote": "192.0.2.1",
		"seen_as": "198.51.100.8", "prefixes": ["2001:db8:1::/48", "fd00::/40"],
		"mtu": 1472, "since": "2023-11-14T22:13:20Z", "reconnects": 3,
		"last_pong": "2023-11-14T22:14:20Z", "dtcp_rtt_ms": 12.345,
		"path_ok": True, "path_rtt_ms": 23.456, "lan": [], "last_error": None}'
}

@test "JSON: down and connecting, where what is unknown is null" {
	json down 's.pop("interface") == "dtcp0" and s.pop("state") == "down" and
		s.pop("prefixes") == [] and s.pop("lan") == [] and len(s) == 16 and
		all(v is None for v in s.values())'
	json connecting 's["state"] == "connecting" and s["pid"] == 4711 and
		s["since"] == "2023-11-14T22:13:20Z" and s["server"] is None and
		s["local"] is None and s["last_pong"] is None and s["path_ok"] is None'
}

@test "JSON: tunnel=none has no MTU and no path" {
	json none 's["path_ok"] is None and s["mtu"] is None and s["state"] == "up"'
}

@test "JSON: a bad path is false, not null" {
	json bad-path 's["path_ok"] is False'
}

@test "JSON: names in UTF-8 are themselves, other bytes are shown as in messages" {
	json names 's["link"] == "w\u00e4n\U0001f600\"\\" and
		s["lan"] == ["\u6771=::/64", r"w\xff\xc3n=::/64"] and
		s["user"] == r"\xc2\x9b\xe0\x80\xa2\xed\xa0\x80" + "\u00a0" + r"\xc3"'
}

@test "JSON: a hostile state parses, and its times are times or null" {
	json hostile 's["since"] is None and s["last_pong"] is None and
		s["path_rtt_ms"] is None and s["server"].startswith("a\"b\\c") and
		s["reconnects"] == 4294967295 and
		all(c.isprintable() for c in s["server"] + s["user"])'
}
