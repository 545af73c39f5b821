#!/usr/bin/env bats
# `make fresh`: a machine in a folder, of which nothing gets out. In place of Debian
# it is one of busybox here, whose apt-get and make only say what they were told.

load ../where
bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

# A repository of its own with what make fresh wants, and a debootstrap.
setup() {
	unshare --mount true 2>/dev/null || skip 'wants root, who may mount'
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p project/tests/fresh bin
	cp "$ROOT/tests/fresh/fresh" project/tests/fresh
	cp "$ROOT/tests/apt.bash" project/tests
	cp "$ROOT/README.md" project
	echo /build/ >project/.gitignore
	git -C project init -q
	git -C project add .
	git -C project -c user.name=x -c user.email=x@example.net commit -q -m one
	cat >bin/debootstrap <<-'END'
		#!/bin/bash
		set -eu
		[ "$1 $2" = "--variant=minbase $SUITE_WANTED" ]
		root=$3
		[[ $4 == *://* ]] # the archive
		mkdir -p "$root"/{proc,sys,dev/pts,dev/shm,mnt,root,bin,usr/sbin,usr/bin,etc/apt/apt.conf.d}
		for file in $(ldd "$(command -v busybox)" | grep -o '/[^ ]*') "$(command -v busybox)"; do
			cp -L --parents "$file" "$root"
		done
		for name in sh env umount mount ls cat tr sleep; do
			ln -s "$(command -v busybox)" "$root/bin/$name"
		done
		printf '%s\n' '#!/bin/sh' 'echo "apt-get $*"' >"$root/usr/bin/apt-get"
		cat >"$root/usr/bin/make" <<'MAKE'
		#!/bin/sh
		echo "make $*, folders: $(ls / | tr '\n' ' ')"
		cat /root/dtcp-up/README.md >/dev/null && [ -d /proc/self ] && [ $$ -lt 1000 ] || exit 3
		: >/dev/shm/written && (sleep 600 &)
		exit ${MAKE_STATUS}
		MAKE
		sed -i -e "s/[$]{MAKE_STATUS}/$MAKE_STATUS/" -e 's/^[[:blank:]]*//' "$root/usr/bin/make"
		chmod 755 "$root"/usr/bin/*
		: >"$root/dev/null"
	END
	chmod 755 bin/debootstrap
}

# What is mounted below this test's own folder: others mount beside it.
own_mounts() {
	awk -v here="$(pwd -P)/" 'index($2, here) == 1' /proc/mounts
}

# fresh STATUS MAKE_STATUS SUITE [demo|check]
fresh() {
	local wanted=$1
	own_mounts >mounts
	run "-$wanted" env PATH="$PWD/bin:$PATH" MAKE_STATUS="$2" SUITE_WANTED="$3" \
		timeout 300 project/tests/fresh/fresh "${@:3}" 3>&-
	echo "$output"
	# Whatever became of it, nothing is left.
	diff mounts <(own_mounts)
	[ -z "$(find project/build -mindepth 2 -type d)" ]
}

@test "the README's line of prerequisites is run there, then what was asked for in a new clone" {
	fresh 0 0 trixie check
	line=$(sed -n 's/^apt-get update && apt-get install //p' "$ROOT/README.md")
	[[ $output == *'apt-get update'*"apt-get install $line"*'make -C /root/dtcp-up check'* ]]
	# Nothing of this machine's root is to be seen.
	[[ $output = *'folders: bin dev '* && $output != *folders:*' home '* ]]
	[[ ${lines[-1]} =~ ^'fresh: trixie: a minimal system '[0-9]+' s, a clone '[0-9]+' s, prerequisites '[0-9]+' s, make check '[0-9]+' s'$ ]]
	fresh 0 0 bookworm
	[[ $output == *'make -C /root/dtcp-up demo'* ]]
}

@test "what fails is named, and fails; of Debian testing it is only said" {
	fresh 1 2 trixie
	[ "${lines[-1]}" = 'fresh: trixie: FAILED: make demo' ]
	fresh 0 2 testing
	[[ $output == *'fresh: testing: FAILED: make demo'*'this fails nothing' ]]
	printf '#!/bin/sh\necho broken; exit 1\n' >bin/debootstrap
	fresh 1 0 trixie
	[[ $output == *broken*'fresh: trixie: FAILED: a minimal system' ]]
}

@test "what is not committed is said not to be there; a README without the one line is refused" {
	echo more >>project/README.md
	fresh 0 0 trixie
	[[ $output == *'what is not committed is not in the clone'* ]]
	sed -i '/^apt-get /d' project/README.md
	fresh 1 0 trixie
	[[ $output == *'README.md has 0 lines of prerequisites, not one'* ]]
}

@test "wrong usage is refused" {
	local arguments
	for arguments in '' 'trixie lint' '../trixie demo' 'trixie demo more' '-x trixie'; do
		# shellcheck disable=SC2086 # words are meant
		run -64 "$ROOT/tests/fresh/fresh" $arguments
	done
}

@test "no host of an archive is named: what is fetched comes from that of this machine's apt" {
	local files
	files=$(cd "$ROOT" && find . -type f -not -path './build/*' -not -path './.git/*' -print0 |
		xargs -0 grep -lIE '//[a-z0-9.-]*(deb|ftp|archive|snapshot|security|mirrors?|cloudfront|httpredir)[a-z0-9-]*\.[a-z0-9.-]*(debian|ubuntu|kernel)\.') || true
	echo "$files"
	[ -z "$files" ]
}
