#!/usr/bin/env bats
# Where a test failed: told, without anything done before each command for it.

# In these single quotes are tests for another bats; $output is run's.
# shellcheck disable=SC2016,SC2030,SC2031

load ../where
bats_require_minimum_version 1.5.0

# file: a BATS file of what is on standard input, its tests written `test`, since BATS
# would take them for tests of this file; and what bats says of it.
file() {
	{
		echo "load $BATS_TEST_DIRNAME/../where"
		sed 's/^test /@test /'
	} >"$BATS_TEST_TMPDIR/a.bats"
	run timeout 900 bats --tap "$BATS_TEST_TMPDIR/a.bats" 3>&-
	echo "$output"
}

# told PATTERN...: each is in a line of what bats said, in this order.
told() {
	local line
	while IFS= read -r line; do
		# shellcheck disable=SC2053 # it is a pattern
		[ $# = 0 ] || [[ $line != *$1* ]] || shift
	done <<<"$output"
	[ $# = 0 ]
}

@test "a test that fails says which command, and who called it" {
	file <<-'END'
		outer() { inner; }
		inner() {
			[ 1 = 2 ]
		}
		test "by a function" {
			true
			outer
			true
		}
		test "by itself" {
			((1 == 2))
		}
		test "in a subshell" {
			(
				false
			)
		}
		test "in a substitution" {
			local x
			x=$(inner)
		}
		test "by run" {
			run true
			[ "$status" = 3 ]
		}
	END
	[ "$status" = 1 ]
	told 'not ok 1 by a function' "function \`inner' in file *, line 4" \
		"function \`outer' in file *, line 2" 'test file *, line 8' "\`outer' failed" \
		'not ok 2 by itself' 'test file *, line 12' "\`((1 == 2))' failed" \
		'not ok 3 in a subshell' 'test file *, line 17' \
		'not ok 4 in a substitution' 'test file *, line 21' "\`x=\$(inner)' failed" \
		'not ok 5 by run' 'test file *, line 25'
}

@test "so does one whose setup fails; one that exits or whose teardown fails does fail" {
	file <<-'END'
		setup() {
			[ "$BATS_TEST_DESCRIPTION" != setup ]
		}
		teardown() { [ "$BATS_TEST_DESCRIPTION" != teardown ]; }
		test "setup" { true; }
		test "teardown" { true; }
		test "exit" { exit 3; }
		test "good" { true; }
		test "skipped" { skip because; }
	END
	[ "$status" = 1 ]
	told 'not ok 1 setup' 'line 3' 'not ok 2 teardown' 'not ok 3 exit' 'ok 4 good' \
		'ok 5 skipped # skip because'
}

@test "no function is called before each command" {
	file <<-'END'
		counted() { local i; for i in 1 2 3; do :; done; trap -p DEBUG; }
		test "none" { [ "$(counted)" = '' ]; }
		test "nor after one" { counted; [ "$(trap -p DEBUG)" = '' ]; }
	END
	[ "$status" = 0 ]
}

@test "each file of tests loads it, itself or with its helper" {
	local file helper
	cd "$BATS_TEST_DIRNAME/.."
	for file in */*.bats; do
		helper=$(sed -n 's/^ *load //p' "$file" | head -n 1)
		if [ "$helper" = ../where ]; then
			continue
		fi
		echo "$file: $helper"
		grep -E '^(load \.\./where|\. "\$LAB_TESTS/where\.bash")$' "$(dirname "$file")/$helper.bash"
	done
}
