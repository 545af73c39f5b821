#!/usr/bin/env bats
# `make musl`: the program with the C library of OpenWrt and Alpine builds and
# starts. Its unit tests are in tests/unit/musl.bats.

load ../where

project=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# Other files may make unit programs at the same time.
setup_file() {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	mkdir -p "$project/build"
	flock "$project/build/.unit-lock" timeout 1200 make -s -j2 -C "$project" musl \
		3>&- >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" && return 1; }
}

@test "it builds without a warning, and is musl's" {
	diff /dev/null "$BATS_FILE_TMPDIR/log"
	readelf -l "$project/build/musl/dtcp-up" | grep 'interpreter: /lib/ld-musl'
}

@test "it reads an account file and refuses a bad one" {
	timeout 300 "$project/build/musl/dtcp-up" --version
	(umask 077 && echo 'server 20200 user password ttl=7' >"$BATS_TEST_TMPDIR/conf")
	timeout 300 "$project/build/musl/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf" | grep ' ttl=7 '
	(umask 077 && echo 'server 20200 user' >"$BATS_TEST_TMPDIR/conf")
	run timeout 300 "$project/build/musl/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf"
	[ "$status" = 78 ]
}
