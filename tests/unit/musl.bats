#!/usr/bin/env bats
# The same with the C library of OpenWrt and Alpine: the program builds and
# starts, and its pure parts pass their unit tests.

project=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# Other files may make unit programs at the same time.
setup_file() {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	flock "$project/build/.unit-lock" timeout 300 make -s -j2 -C "$project" musl unit-musl \
		3>&- >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
}

@test "it builds without a warning, and is musl's" {
	[ ! -s "$BATS_FILE_TMPDIR/log" ]
	readelf -l "$project/build/musl/dtcp-up" | grep 'interpreter: /lib/ld-musl'
	timeout 5 "$project/build/musl/dtcp-up" --version
	(umask 077 && echo 'server 20200 user password ttl=7' >"$BATS_TEST_TMPDIR/conf")
	timeout 5 "$project/build/musl/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf" | grep ' ttl=7 '
	(umask 077 && echo 'server 20200 user' >"$BATS_TEST_TMPDIR/conf")
	run timeout 5 "$project/build/musl/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 78 ]
}

@test "the unit tests pass" {
	local test name case count=0
	for test in "$project"/tests/unit/*_test.c; do
		name=$(basename "$test" _test.c)
		# Not here: there is no libcrypto for musl on this machine.
		[ "$name" != digest ] || continue
		"$project/build/musl/$name" >"$BATS_TEST_TMPDIR/cases"
		while IFS= read -r case; do
			echo "$name: $case"
			timeout -k 5 60 "$project/build/musl/$name" "$case" 3>&-
			count=$((count + 1))
		done <"$BATS_TEST_TMPDIR/cases"
	done
	[ "$count" -ge 100 ]
}
