#!/usr/bin/env bats
# What CI runs (.ci/run), in trees whose targets pass and fail as told.

load ../where
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# ci STATUS LAST: .ci/run in a tree whose targets are on standard input; every other
# one passes.
ci() {
	local status=$1 wanted=$2
	rm -rf tree
	mkdir -p tree/.ci tree/tests/some
	cp "$BATS_TEST_DIRNAME/../../.ci/run" tree/.ci
	# shellcheck disable=SC2016 # are make's
	printf '%s\n' '%:' '	@echo $@ $(SUITE) $(WHAT) $(ARCH)' 'include tests/some/some.mk' >tree/Makefile
	cat >tree/tests/some/some.mk
	run "-$status" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL bash tree/.ci/run 3>&-
	echo "$output"
	[ "${lines[-1]}" = "$wanted" ]
}

@test "CI ends with the counts of make check, and each of its parts can fail it" {
	ci 0 '5 passed, 0 failed, 0 skipped' <<-'END'
		check:; @echo ok; echo '5 passed, 0 failed, 0 skipped'
		check-arch:; @echo '7 passed, 0 failed, 0 skipped'
		check-machine:; @echo '6 passed, 0 failed, 0 skipped of $(ARCH)'
	END
	[[ $output == *'lint'*'fresh trixie demo'*'7 passed'*'6 passed'*'of arm64'*'5 passed'* ]]
	ci 1 '4 passed, 1 failed, 0 skipped' <<-'END'
		check:; @echo '4 passed, 1 failed, 0 skipped'; false
	END
	ci 1 '0 passed, 1 failed, 0 skipped' <<-'END'
		check:; @false
	END
	local target
	for target in deps lint fresh check-arch check-machine check-long; do
		ci 1 '5 passed, 0 failed, 0 skipped' <<-END
			$target:; @false
			check:; @echo '5 passed, 0 failed, 0 skipped'
		END
		[[ $output == *"failed: make $target"* ]]
	done
}

@test "CI on a slow machine: what takes minutes is left out, and that is said" {
	ci 0 '5 passed, 0 failed, 0 skipped' <<-'END'
		check:; @echo '5 passed, 0 failed, 0 skipped'
	END
	[[ $output == *'== make check-long'*', check-long 0 min'* ]]
	export SECONDS=4801
	ci 0 '5 passed, 0 failed, 0 skipped' <<-'END'
		check:; @echo '5 passed, 0 failed, 0 skipped'
		check-long:; @false
	END
	[[ $output != *'== make check-long'* && $output == *', check-long left out'* ]]
}
