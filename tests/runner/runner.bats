#!/usr/bin/env bats
# The runner: a run that tested less than it should never passes.

# In these single quotes are tests for another bats.
# shellcheck disable=SC2016

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset CI
}

# file NAME: a BATS file of what is on standard input, its tests written
# `test`, since BATS would take them for tests of this file.
file() { sed 's/^test /@test /' >"$1.bats"; }

# run_tests STATUS [ARGUMENT...]: runs the runner as `run` does.
run_tests() {
	local status=$1
	shift
	run "-$status" --separate-stderr timeout 60 \
		"$BATS_TEST_DIRNAME/../run" "$@" 3>&-
	echo "$output"
	last=${lines[-1]}
}

@test "passing tests pass, and the last line counts them" {
	file one <<<'test "a" { true; }
test "b" { true; }'
	file two <<<'test "c" { true; }'
	run_tests 0 one.bats two.bats
	[ "$last" = '3 passed, 0 failed, 0 skipped' ]
}

@test "a failed test fails the run, and its output is shown again at the end" {
	file one <<<'test "good" { true; }
test "bad" { echo the reason; false; }'
	run_tests 1 one.bats
	[ "$last" = '1 passed, 1 failed, 0 skipped' ]
	[[ $output == *Failures:*'not ok'*bad*'the reason'* ]]
}

@test "what a failure's teardown shows is not between its reason and the counts" {
	file one <<<'teardown() { echo "--- state"; seq 100; }
test "bad" { echo the reason; false; }
test "worse" { echo another reason; false; }'
	run_tests 1 one.bats
	[[ $output == *'--- state'*'In short:'*bad*'the reason'*worse*'another reason'* ]]
	local short=${output#*In short:}
	[[ $short != *state* ]]
	[ "$(wc -l <<<"$short")" -lt 15 ]
}

@test "a skipped test fails the run in CI only" {
	file one <<<'test "good" { true; }
test "later" { skip "no reason"; }'
	run_tests 0 one.bats
	[ "$last" = '1 passed, 0 failed, 1 skipped' ]
	CI=true run_tests 1 one.bats
	[ "$last" = '1 passed, 0 failed, 1 skipped' ]
}

@test "a file without tests fails the run, also beside others" {
	file one <<<'test "good" { true; }'
	: >none.bats
	run_tests 1 none.bats
	[[ $output == *'No test was run.'* ]] || [[ $last == *', 1 failed,'* ]]
	run_tests 1 -f nothing_is_called_so one.bats
	[ "$last" = '0 passed, 0 failed, 0 skipped' ]
}

@test "a file that does not exist, or does not parse, fails the run" {
	run_tests 1 missing.bats
	[ "$last" = '0 passed, 1 failed, 0 skipped' ]
	file broken <<<'test "good" { if; }'
	run_tests 1 broken.bats
	[[ $last == *' 1 failed, 0 skipped' ]]
}

@test "a file that ends before its last test fails the run" {
	file one <<<'test "good" { true; }
test "killer" { kill -KILL $PPID; sleep 5; }
test "never" { true; }'
	run_tests 1 one.bats
	[[ $output == *'ran '[12]' of 3 tests'* ]]
}

@test "a file that hangs fails the run at its time limit" {
	file one <<<'test "good" { true; }
test "hangs" { sleep 60; }'
	run_tests 1 -t 3 one.bats
	[[ $output == *'time limit of 3 s'* ]]
	[ "$last" = '1 passed, 1 failed, 0 skipped' ]
}

@test "setup_file that fails fails the run" {
	file one <<<'setup_file() { false; }
test "good" { true; }'
	run_tests 1 one.bats
	[[ $last == '0 passed, '[1-9]' failed, 0 skipped' ]]
}

@test "tests of a tag can be left out" {
	file one <<<'test "a" { true; }
# bats test_tags=slow
test "b" { false; }'
	run_tests 0 -x slow one.bats
	[ "$last" = '1 passed, 0 failed, 0 skipped' ]
	run_tests 1 -x fast one.bats
}

# run_counted ATMOST FILES [ARGUMENT...]: runs as many files, each of which waits
# for others until ATMOST run, or half a minute; the most at a time is in $most.
run_counted() {
	local want=$1 number=$2 names=()
	shift 2
	rm -rf on seen
	mkdir on
	while [ ${#names[@]} -lt "$number" ]; do
		file "file${#names[@]}" <<-'END'
			test "waits" {
				: >"on/$BASHPID"
				ls on | wc -l >>seen
				for ((i = 0; i < 300; i++)); do
					[ "$(wc -l <seen)" -lt "$WANT" ] || break
					sleep 0.1
				done
				sleep 1
				rm "on/$BASHPID"
			}
		END
		names+=("file${#names[@]}.bats")
	done
	WANT=$want run_tests 0 "$@" "${names[@]}"
	most=$(sort -n seen | tail -n 1)
}

@test "files run as many at a time as was said, two on a slow kernel" {
	run_counted 4 6 -j 4
	[ "$most" = 4 ]
	LAB_KERNEL=installed run_counted 2 4
	[ "$most" = 2 ]
}

@test "a lab that panics fails the run" {
	run -125 timeout 60 "$BATS_TEST_DIRNAME/../lab/boot" \
		sh -c 'echo c >/proc/sysrq-trigger' 3>&-
	[[ $output == *'without writing down a status'* ]]
}

@test "the lab passes on the status and both outputs" {
	run -7 --separate-stderr timeout 60 "$BATS_TEST_DIRNAME/../lab/boot" \
		sh -c 'echo out; echo err >&2; exit 7' 3>&-
	[ "$output" = out ]
	# Set by run.
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
}

@test "the lab ends at its time limit, and leaves nothing on the machine" {
	mkdir tmp shared
	TMPDIR=$PWD/tmp run -124 timeout 60 "$BATS_TEST_DIRNAME/../lab/boot" \
		-t 10 -o shared sh -c \
		'echo x >/etc/lab-was-here; echo y >shared/file; sync; sleep 60' 3>&-
	[ "$(cat shared/file)" = y ]
	[ ! -e /etc/lab-was-here ]
	[ -z "$(ls tmp)" ]
	# The kernel's processes have the folder in their arguments.
	local end=$((SECONDS + 5))
	while pgrep -f "init=$PWD/tmp"; do
		[ $SECONDS -lt $end ]
	done
}

@test "the lab runs on the installed kernel, too, where there is a newer one" {
	run -0 timeout 60 "$BATS_TEST_DIRNAME/../lab/boot" -k installed \
		bash -c 'uname -r && ip tunnel add t mode sit remote 192.0.2.1 && ip link show t' 3>&-
	[[ $output == "$(linux.uml --version)"*"link/sit"* ]]
}

# fetch_kernel VERSION: tests/lab/fetch-kernel in a project of its own, where the
# installed kernel is of VERSION and no package can be had.
fetch_kernel() {
	mkdir -p tests/lab bin
	cp "$BATS_TEST_DIRNAME"/../lab/{fetch-kernel,boot} tests/lab
	printf '%s\n' '#!/bin/sh' "echo $1" >bin/linux.uml
	printf '%s\n' '#!/bin/sh' 'exit 100' >bin/apt-get
	chmod +x bin/*
	run -0 env PATH="$PWD/bin:$PATH" LAB_KERNEL=uml tests/lab/fetch-kernel
}

@test "a newer kernel that cannot be had is said, and not tried each time" {
	fetch_kernel 6.15.9
	[[ $output == *'not to be had: the tests use the installed one'* ]]
	[ "$(ls build)" = lab-kernel ]
	fetch_kernel 6.15.9
	[ -z "$output" ]
}

@test "where the installed kernel is new enough, none is fetched" {
	fetch_kernel 6.16.0
	[ -z "$output" ]
	[ ! -e build ]
}
