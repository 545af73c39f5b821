#!/usr/bin/env bats
# What is installed and unpacked before tests (tests/deps.sh), by an apt that only notes
# what it was told.

load ../where
bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

# A machine that has all but what the file `missing` names, and a tree of its own.
setup() {
	T=$BATS_TEST_TMPDIR
	LAYER=$T/build/lab-layer
	mkdir -p "$T/tests" "$T/bin"
	cp "$ROOT/tests/deps.sh" "$T/tests"
	: >"$T/missing"
	fake id 'echo 0'
	# shellcheck disable=SC2016 # are the program's own, here and below
	fake dpkg-query 'case $* in
		*Package*) sed -nE "s/^\t\t(build|demo|check) +([^ ]+) .*/installed \2/p; s/.*(demo|check) (user-mode-linux|patchelf) .*/installed \2/p" '"$T/tests/deps.sh
			echo 'installed user-mode-linux'; echo 'installed patchelf' ;;
		esac | grep -vxFf <(sed 's/^/installed /' $T/missing) || :"
	# shellcheck disable=SC2016
	fake apt-get 'echo "$*" >>'"$T/told"'
		[[ ! -e '"$T"'/dead || $* != *update* ]] || { echo "Err: no such archive" >&2; exit 100; }
		[[ $* != *download* ]] || : >"${*: -1}.deb"'
	# As Debian says it in German, unless it is asked for the language that programs read.
	# shellcheck disable=SC2016
	fake apt-cache '[ "$1" = depends ] || exit 0
		[ ! -e '"$T"'/nothing ] || exit 100
		word="Hängt ab von"
		[ "${LC_ALL-}" != C ] || word=Depends
		printf "%s\n" "$2" "  $word: libyang9" "  $word: adduser"'
	# shellcheck disable=SC2016
	fake dpkg-deb 'name=${2##*/}
		mkdir -p "$3/sbin"
		: >"$3/sbin/${name%.deb}"'
}

# fake NAME LINES: a program of that name.
fake() {
	printf '#!/bin/bash\n%s\n' "$2" >"$T/bin/$1"
	chmod 755 "$T/bin/$1"
}

deps() {
	: >"$T/told"
	env -u LC_ALL LANG=de_DE.UTF-8 PATH="$T/bin:$PATH" timeout 60 "$T/tests/deps.sh" "$@" 3>&-
}

@test "with all there nothing is done" {
	deps demo
	[ ! -s "$T/told" ]
	deps check
	deps check
	[ ! -s "$T/told" ]
}

@test "a DHCP client is unpacked, never installed: ifup would take it in place of the machine's own" {
	printf 'jq\nisc-dhcp-client\n' >"$T/missing"
	deps check
	grep -E 'install .*jq' "$T/told"
	run ! grep -E 'install .*(dhcp|ifupdown)' "$T/told"
	# As on a Debian whose /sbin is a link, which the lab sees through.
	[ -e "$LAYER/.unpacked/isc-dhcp-client" ]
	if [ -L /sbin ]; then
		[ -e "$LAYER/usr/sbin/isc-dhcp-client" ]
		[ ! -e "$LAYER/sbin" ]
	fi
}

@test "the libraries of frr are found in any language; where they are not known it is not done" {
	deps check
	[ -e "$LAYER/.unpacked/libyang9" ] && [ -e "$LAYER/.unpacked/frr" ]
	[ ! -e "$LAYER/.unpacked/adduser" ]
	rm -r "$LAYER"
	# Apt knows nothing of it, or says it in words that are not known here.
	: >"$T/nothing"
	run -100 deps check
	[ ! -e "$LAYER/.unpacked/frr" ]
	rm "$T/nothing"
	fake apt-cache 'echo "  Needs: libyang9"'
	run -1 deps check
	[ ! -e "$LAYER/.unpacked/frr" ]
	[[ $output = *'which libraries frr needs'* ]]
}

@test "an archive that is away does not keep it from what the others have, and is said" {
	: >"$T/dead"
	echo jq >"$T/missing"
	run -0 deps check
	[[ $output = *'deps: some package lists could not be refreshed; going on with what is there'* ]]
	grep -E 'install jq' "$T/told"
	[ -e "$LAYER/.unpacked/frr" ]
}
