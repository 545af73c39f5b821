#!/usr/bin/env bats
# `make check-slow` (tests/slow): the machine is slow, every round counts, and nothing
# of it is left. In place of the lab this machine itself runs the files.

load ../where
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p tests/lab tests/slow
	cp "$BATS_TEST_DIRNAME"/../{run,speed.bash} tests
	cp "$BATS_TEST_DIRNAME"/../slow/{held,slow} tests/slow
	cat >tests/lab/boot <<-'END'
		#!/bin/bash
		[ "$1" != -t ] || shift 2
		exec "$@"
	END
	chmod +x tests/lab/boot
	unset CI
}

# file: tests/lab/one.bats of what is on standard input, its tests written `test`.
file() { sed 's/^test /@test /' >tests/lab/one.bats; }

# held_here: whether this machine lets a group of processes be held.
held_here() { tests/slow/held 50 true 2>/dev/null; }

# held WORD...: tests/slow/held, whose number is noted: others may have something held, too.
held() { bash -c 'echo $$ >>numbers; exec tests/slow/held "$@"' - "$@"; }
# held_left: the control groups that those have left.
held_left() {
	local number
	while read -r number; do
		find /sys/fs/cgroup -maxdepth 2 -name "dtcp-up-held.$number" 2>/dev/null
	done <numbers
}

@test "what is held has its part of a processor; where that cannot be had it is said" {
	if ! held_here; then
		run -125 tests/slow/held 50 echo ran
		[[ $output == held:* && $output != *ran* ]]
		return
	fi
	local used wall=$SECONDS
	# shellcheck disable=SC2016 # for the inner bash
	used=$(held 10 bash -c 'timeout 4 bash -c "while :; do :; done"; times' 3>&- |
		sed -nE '2s/0m([0-9]+)\.([0-9]{3})s .*/\1\2/p')
	echo "$used ms in $((SECONDS - wall)) s"
	[ "$used" -gt 0 ]
	[ "$used" -lt $(((SECONDS - wall + 1) * 200)) ]
	run -7 held 50 bash -c 'exit 7'
	[ "$(wc -l <numbers)" = 2 ]
	[ -z "$(held_left)" ]
}

@test "three rounds, of which each can fail all; the loops of two are ended" {
	local round
	held_here || sed -i 's/^percent=.*/exec "${@:2}"/' tests/slow/held
	for round in 0 1 2 3; do
		file <<-END
			test "patient" {
				echo . >>rounds
				pgrep -fc "while :; do :; done $PWD/tests" >>loops || true
				[ "\$(wc -l <rounds)" != $round ]
			}
		END
		rm -f rounds loops
		run timeout 300 "$PWD/tests/slow/slow" 3>&-
		echo "$output"
		[ "$status" = $((round > 0)) ]
		[ "$(wc -l <rounds)" = 3 ]
		[ "$(grep -c '^.* busy loops.*: [01] passed, [01] failed, 0 skipped, [0-9]* min$' <<<"$output")" = 2 ]
		[[ ${lines[-1]} == 'each lab on a quarter of a processor: '*', '[0-9]*' min' ]]
		[ "$(xargs <loops)" = "$((2 * $(nproc))) $((2 * $(nproc))) 0" ]
	done
}
