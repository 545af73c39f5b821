#!/usr/bin/env bats
# shellcheck source-path=SCRIPTDIR
# The runner: a run that tested less than it should never passes.

# In these single quotes are tests for another bats; $output is run's.
# shellcheck disable=SC2016,SC2030,SC2031

load ../where
bats_require_minimum_version 1.5.0

# For what takes seconds: it ends what hangs, on any machine.
PATIENCE=900

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
	run "-$status" --separate-stderr timeout "$PATIENCE" \
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

@test "of a long story its beginning and its end are between the failure and the counts" {
	file one <<<'test "bad" { echo once; seq 100; echo and then; false; }'
	run_tests 1 one.bats
	local short=${output#*In short:}
	[[ $short == *bad*once*'# ['*' lines]'*99*'and then'* && $short != *50* ]]
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
	local began limit
	file good <<<'test "good" { true; }'
	file one <<<'test "good" { true; }
test "hangs" { sleep 1000; }'
	# Its first test is to have ended by then: ten times what that takes now.
	began=${EPOCHREALTIME/./}
	run_tests 0 good.bats
	limit=$((5 + (${EPOCHREALTIME/./} - began) / 100000))
	run_tests 1 -t $limit one.bats
	[[ $output == *"time limit of $limit s"* ]]
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

# program NAME: an executable script of what is on standard input.
program() {
	mkdir -p "$(dirname "$1")"
	{ echo '#!/bin/bash' && cat; } >"$1"
	chmod +x "$1"
}

@test "a program that prints results itself is counted as a BATS file is" {
	program one.tap <<<'echo "1..2"; echo "ok 1 first $*"; echo "not ok 2 second"; echo "# why"; exit 1'
	run_tests 1 -f some one.tap
	[[ $output == *'one.tap: first -f some'*Failures:*second*'# why'* ]]
	[ "$last" = '1 passed, 1 failed, 0 skipped' ]
	program short.tap <<<'echo "1..2"; echo "ok 1 first"'
	run_tests 1 short.tap
	[[ $output == *'ran 1 of 2 tests'* ]]
	program hangs.tap <<<'echo "1..1"; sleep 60'
	run_tests 1 -t 1 hangs.tap
	[[ $output == *'time limit of 1 s'* ]]
}

# unit_project: a project of its own with two unit test programs, whose second
# case fails, and one without cases.
unit_project() {
	mkdir -p tests/unit
	cp "$BATS_TEST_DIRNAME"/../unit/unit.{bash,tap} tests/unit
	touch tests/unit/{good,bad,empty}_test.c
	printf 'unit:\n' >Makefile
	program build/unit/good <<<'[ $# -gt 0 ] || echo "all is well"'
	program build/unit/bad <<-'END'
		[ $# -gt 0 ] || printf 'one: of two\nthe other\n'
		[ "${1-}" != 'the other' ] || { echo the reason; exit 1; }
	END
	program build/unit/empty <<<'[ $# = 0 ]'
}

@test "unit tests: each case of each program is a test, and none may have no case" {
	unit_project
	run_tests 1 tests/unit/unit.tap
	[[ $output == *'ok - unit/unit.tap: bad: one: of two'*'ok - unit/unit.tap: good: all is well'* ]]
	[[ $output == *Failures:*'bad: the other'*'# the reason'*'empty: has cases'* ]]
	[ "$last" = '2 passed, 2 failed, 0 skipped' ]
	run_tests 0 -f '^good:|of two$' tests/unit/unit.tap
	[ "$last" = '2 passed, 0 failed, 0 skipped' ]
}

@test "unit tests that cannot be built fail the run" {
	unit_project
	printf 'unit:\n\tfalse\n' >Makefile
	run_tests 1 tests/unit/unit.tap
	[ "$last" = '0 passed, 1 failed, 0 skipped' ]
}

@test "how long all files take is said before the first, and goes by the machine" {
	local boot
	mkdir -p tests/lab tests/some
	cp "$BATS_TEST_DIRNAME/../run" "$BATS_TEST_DIRNAME/../speed.bash" tests
	file tests/some/one <<<'test "a" { true; }'
	for boot in 'sleep 0.01' 'sleep 6' 'exit 1'; do
		printf '%s\n' '#!/bin/sh' "$boot" >tests/lab/boot
		chmod 755 tests/lab/boot
		run -0 timeout "$PATIENCE" tests/run 3>&-
		echo "${lines[0]}" >>said
	done
	about() { sed -n "$1s/^# 1 files, about \([0-9]*\) minutes on this machine.*/\1/p" said; }
	# By the lab's 10 ms, and by its 6 s, which are more than a moment of a busy machine: of a
	# slow machine more.
	[ "$(about 1)" -ge 3 ]
	[ "$(about 1)" -lt "$(about 2)" ]
	[ "$(about 2)" -ge 45 ]
	sed -n 3p said | grep '^ok' # a lab that does not start is for its tests to tell
	run_tests 0 tests/some/one.bats
	[[ $output != *minutes* ]]
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
	run -125 timeout "$PATIENCE" "$BATS_TEST_DIRNAME/../lab/boot" \
		sh -c 'echo c >/proc/sysrq-trigger' 3>&-
	[[ $output == *'without writing down a status'* ]]
}

@test "the lab passes on the status and both outputs" {
	run -7 --separate-stderr timeout "$PATIENCE" "$BATS_TEST_DIRNAME/../lab/boot" \
		sh -c 'echo out; echo err >&2; exit 7' 3>&-
	[ "$output" = out ]
	# Set by run.
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
}

@test "the lab ends at its time limit, and leaves nothing on the machine" {
	mkdir tmp shared
	# It is to be up by then: ten times what that takes now.
	lab_time -r true
	TMPDIR=$PWD/tmp run -124 timeout "$PATIENCE" "$BATS_TEST_DIRNAME/../lab/boot" \
		-r -t $((15 + here / 100)) -o shared sh -c \
		'echo x >/etc/lab-was-here; echo y >shared/file; sync; sleep 10000' 3>&-
	[ "$(cat shared/file)" = y ]
	[ ! -e /etc/lab-was-here ]
	[ -z "$(ls tmp)" ]
	# The kernel's processes have the folder in their arguments.
	local end=$((SECONDS + PATIENCE))
	while pgrep -f "init=$PWD/tmp"; do
		[ $SECONDS -lt $end ]
	done
}

# lab_time OPTION... COMMAND: runs a shell command in the lab; how long it took there
# and here, in milliseconds, is in $there and $here.
lab_time() {
	local began=${EPOCHREALTIME/./} command=${*: -1}
	run -0 timeout "$PATIENCE" "$BATS_TEST_DIRNAME/../lab/boot" "${@:1:$#-1}" bash -c '
		began=${EPOCHREALTIME/./}
		eval "$1"
		echo $(((${EPOCHREALTIME/./} - began) / 1000))' - "$command" 3>&-
	here=$(((${EPOCHREALTIME/./} - began) / 1000))
	there=$output
	echo "$command: $there ms in the lab, $here ms here"
}
user_mode() { [ "$("$BATS_TEST_DIRNAME/../lab/boot" -n)" = uml ] || skip 'this machine has the kernel'; }

@test "waits of the lab take no time here, and go by its own clock there" {
	local kernel
	user_mode
	for kernel in uml installed; do
		lab_time -k "$kernel" 'sleep 3000'
		[ "$there" -ge 3000000 ]
		[ "$there" -lt 3010000 ]
		[ "$here" -lt 1500000 ]
	done
}

@test "the lab's clock is slow while it works: no limit passes because a machine is slow" {
	local work='for ((i = 0; i < 300000; i++)); do :; done' slow
	user_mode
	LAB_CLOCK=50 lab_time "$work"
	slow=$there
	lab_time -r "$work"
	[ "$there" -gt $((slow * 2)) ]
}

@test "the machine's clock can be had in the lab, to measure" {
	lab_time -r 'sleep 2'
	[ "$there" -ge 2000 ]
	[ "$here" -ge 2000 ]
}

@test "limits grow with the time that a program takes to start" {
	measure() { run -0 bash -c '. "$1/speed.bash"; measure_speed; echo "$SLOW"' - "$BATS_TEST_DIRNAME/.."; }
	measure
	[ "$output" -ge 1 ]
	program bin/true <<<'sleep 0.03'
	PATH=$PWD/bin:$PATH measure
	[ "$output" -ge 30 ]
}

@test "the lab runs on the installed kernel, too, where there is a newer one" {
	run -0 timeout "$PATIENCE" "$BATS_TEST_DIRNAME/../lab/boot" -k installed \
		bash -c 'uname -r && ip tunnel add t mode sit remote 192.0.2.1 && ip link show t' 3>&-
	[[ $output == "$(linux.uml --version)"*"link/sit"* ]]
}

# fetch_kernel VERSION: tests/lab/fetch-kernel in a project of its own, where the
# installed kernel is of VERSION and no package can be had.
fetch_kernel() {
	mkdir -p tests/lab bin
	cp "$BATS_TEST_DIRNAME"/../lab/{fetch-kernel,boot} tests/lab
	cp "$BATS_TEST_DIRNAME/../speed.bash" tests
	cp "$BATS_TEST_DIRNAME"/../apt.bash tests
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
