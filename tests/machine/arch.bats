#!/usr/bin/env bats
# What `make check-arch` does, for one processor, where its compiler is there; and
# what the program says where it has no filter of system calls, as by qemu-user.

load ../loopback/helper

is_there() { type aarch64-linux-gnu-gcc qemu-aarch64-static >/dev/null 2>&1; }

setup_file() {
	! is_there || "$BATS_TEST_DIRNAME/arch" arm64 >"$BATS_FILE_TMPDIR/arch.log" 2>&1 3>&- ||
		touch "$BATS_FILE_TMPDIR/failed"
}

# In each test, since a bats of Debian 12 cannot skip in setup_file.
wants_arm64() {
	is_there || skip "no compiler for arm64, or no emulation of it (make check-arch fetches them)"
}

@test "arm64: the program builds without a warning, and the unit tests hold" {
	wants_arm64
	grep -v '^ok' "$BATS_FILE_TMPDIR/arch.log"
	[ ! -e "$BATS_FILE_TMPDIR/failed" ]
	[ "$(grep -c '^ok - arm64/[^/]*$' "$BATS_FILE_TMPDIR/arch.log")" -gt 200 ]
	[ "$(grep -c '^ok - arm64/musl/' "$BATS_FILE_TMPDIR/arch.log")" -gt 200 ]
}

# emulated ARGUMENT...: the program for arm64; as a file, since it runs others.
emulated() {
	local work=$BATS_TEST_DIRNAME/../../build/machine/arm64
	timeout 300 qemu-aarch64-static -L "$work/libraries" "$work/build/dtcp-up" "$@" 3>&-
}

@test "without a filter of system calls --check and -v say so, and others do not" {
	wants_arm64
	local says='there is no filter of system calls for the session: this kernel has none'
	serve
	# shellcheck disable=SC2154 # port is set by serve
	(umask 077 && echo "127.0.0.1 $port foo bar" >"$ACCOUNTS")
	run emulated --check -c "$ACCOUNTS"
	echo "$output"
	[ "$status" = 0 ]
	grep -F "$says" <<<"$output"
	run emulated -n -v -c "$ACCOUNTS" --run-dir "$RUN_DIR"
	echo "$output"
	grep -F "$says" <<<"$output"
	run emulated -n -c "$ACCOUNTS" --run-dir "$RUN_DIR"
	echo "$output"
	run ! grep -F "$says" <<<"$output"
	run "$DTCP_UP" --check -c "$ACCOUNTS"
	run ! grep -F 'filter' <<<"$output"
}
