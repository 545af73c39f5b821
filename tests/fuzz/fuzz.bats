#!/usr/bin/env bats
# The corpus of the fuzzers, replayed under AddressSanitizer and UBSan with
# what must hold. `make fuzz` looks for more.

# $project, $build and $limit are set by unit.bash.
# shellcheck disable=SC2154
load ../unit/unit

bats_require_minimum_version 1.5.0

setup_file() {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	built fuzz-replay
}

# replay NAME: runs the whole corpus of a fuzzer.
replay() {
	local corpus=$BATS_TEST_DIRNAME/corpus/$1 n
	n=$(find "$corpus" -type f | wc -l)
	[ "$n" -ge 3 ]
	run -0 timeout -k 5 "$limit" "$build/fuzz/replay/$1" "$corpus" 3>&-
	echo "$output"
	[ "${lines[-1]}" = "$n files" ]
}

@test "replies of a server, in pieces" { replay reply; }
@test "whole sessions" { replay dialogue; }
@test "account files" { replay account; }
@test "state files" { replay state; }
@test "messages between the session and the root part" { replay message; }
@test "netlink messages" { replay netlink; }
@test "what dtcpd reads" { replay server; }

@test "every fuzzer is replayed here" {
	diff <(printf '%s\n' "$BATS_TEST_DIRNAME"/*_fuzz.c | sed 's|.*/\(.*\)_fuzz.c|\1|' | sort) \
		<(sed -n 's/^@test .* { replay \(.*\); }$/\1/p' "$BATS_TEST_FILENAME" | sort)
}

# What the fuzzers hold the program to is checked at all: with a check of
# offers that lets everything pass, this corpus ends them.
@test "an offer that must not be built is found" {
	local bin=$build/fuzz/replay objects=() name
	cat >"$BATS_TEST_TMPDIR/lax.c" <<-'END_OF_C'
		#include <stdbool.h>
		struct offer;
		bool offer_check(struct offer *o, char *why);
		bool offer_behind_nat(const struct offer *o, char *why);
		bool offer_check(struct offer *o, char *why) { return o && why; }
		bool offer_behind_nat(const struct offer *o, char *why) { return o && why; }
	END_OF_C
	for name in reply message; do
		objects=("$bin/obj/${name}_fuzz.o" "$bin/obj/rules.o" "$bin/obj/replay.o")
		timeout "$limit" cc -fsanitize=address,undefined -o "$BATS_TEST_TMPDIR/$name" \
			"$BATS_TEST_TMPDIR/lax.c" "${objects[@]}" "$build/unit/src.a" 3>&-
		run ! timeout "$limit" "$BATS_TEST_TMPDIR/$name" \
			"$BATS_TEST_DIRNAME/corpus/$name" 3>&-
		echo "$output"
		[[ $output == *'does not hold'* ]]
	done
}
