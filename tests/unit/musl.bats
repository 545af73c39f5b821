#!/usr/bin/env bats
# The unit tests once more with another C library: musl, as on OpenWrt.

# $project, $build and $limit are set by unit.bash.
# shellcheck disable=SC2154
load unit

bats_require_minimum_version 1.5.0

setup_file() {
	# A compiler, so it is there or it is not; in CI a skip is a failure.
	command -v musl-gcc >/dev/null || skip "musl-gcc is not installed"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	built unit-musl
}

@test "every case holds with musl" {
	local test program count=0
	for test in "$project"/tests/unit/*_test.c; do
		program=$build/musl/$(basename "$test" _test.c)
		case $program in
		*/digest | */wall) continue ;; # see unit.mk
		esac
		timeout -k 5 "$limit" "$program" --all 3>&- || {
			echo "failed: $program"
			return 1
		}
		count=$((count + 1))
	done
	[ "$count" -ge 20 ]
	# They are musl's: the loader says so.
	readelf -l "$build/musl/line" | grep -q ld-musl
}
