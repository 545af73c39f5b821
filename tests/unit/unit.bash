# What the unit tests' BATS files share. shellcheck shell=bash
#
# A file NAME.bats stands for the C program NAME_test.c. Each of its tests is
# called as the C case that it runs, and says `unit`; the last one says
# `unit_complete`.

bats_require_minimum_version 1.5.0

project=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
build=${BUILD:-$project/build}
name=$(basename "$BATS_TEST_FILENAME" .bats)
program=$build/unit/$name

# built TARGET...: makes what is to be tested. Files run side by side, and one
# make is enough.
built() {
	mkdir -p "$build"
	flock "$build/.unit-lock" timeout 300 make -s -C "$project" "$@" 3>&- >&2
}

setup_file() {
	# Inside the run of another make its settings count, not its jobs.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	built unit
}

# Runs the case that is called as the test is.
unit() {
	timeout -k 5 60 "$program" "$BATS_TEST_DESCRIPTION" 3>&-
}

# No case without a test, and no test without a case.
unit_complete() {
	local cases tests
	cases=$("$program" | sort)
	tests=$(sed -n 's/^@test "\(.*\)" { unit; }$/\1/p' "$BATS_TEST_FILENAME" | sort)
	[ -n "$cases" ]
	diff <(echo "$cases") <(echo "$tests")
}
