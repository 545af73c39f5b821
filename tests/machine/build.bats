#!/usr/bin/env bats
# Building with other compilers, with a distribution's flags, and for other
# processors; what is said of a Debian that cannot be had.

load ../where
bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

# build COMPILER [NAME=VALUE...]: compiles a file, with no warning allowed, and says
# how.
build() {
	local compiler=$1
	shift
	rm -rf "$BATS_TEST_TMPDIR/out"
	timeout 1200 make -C "$ROOT" BUILD="$BATS_TEST_TMPDIR/out" CC="$compiler" "$@" \
		"$BATS_TEST_TMPDIR/out/obj/$(object)" 3>&- 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	[ "${PIPESTATUS[0]}" = 0 ]
	run ! grep -i -E 'warning|error' "$BATS_TEST_TMPDIR/said"
}

# An object whose source includes much of the C library.
object() { (cd "$ROOT/src" && find . -name rundir.c -printf '%P\n' | sed 's|\.c$|.o|'); }

# compiled_with WORD: it stood in the compiler's line.
compiled_with() { grep -qF -e " $1 " "$BATS_TEST_TMPDIR/said"; }

@test "hardening that this compiler knows is used" {
	build cc
	compiled_with -fstack-protector-strong
	compiled_with -D_FORTIFY_SOURCE=2
	compiled_with -fPIE
}

@test "hardening that a compiler does not know, or warns of, is left out" {
	cat >"$BATS_TEST_TMPDIR/cc" <<-'END'
		#!/bin/sh
		for word; do
			case $word in
			-fcf-protection) echo "error: '$word' is not for this target" >&2; exit 1 ;;
			-fstack-clash-protection) echo "argument unused: $word" >&2 ;;
			esac
		done
		exec cc "$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/cc"
	build "$BATS_TEST_TMPDIR/cc"
	run ! compiled_with -fcf-protection
	run ! compiled_with -fstack-clash-protection
	compiled_with -fstack-protector-strong
}

@test "a distribution's _FORTIFY_SOURCE is taken as it is, without a warning" {
	build cc CFLAGS='-O2 -D_FORTIFY_SOURCE=3'
	run ! compiled_with -D_FORTIFY_SOURCE=2
	build cc CFLAGS=-O1 CPPFLAGS='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=1'
	build cc CFLAGS='-O2 -Wp,-U_FORTIFY_SOURCE -Wp,-D_FORTIFY_SOURCE=3'
}

# would_run GOAL [NAME=VALUE...]: the command that make has for it.
would_run() { timeout 60 make -n -s --no-print-directory -C "$ROOT" "$@" 3>&- | grep -o 'tests/machine/.*'; }

@test "ARCH is the processor, of make check-arch one or several; ARCHS is the same" {
	[ "$(would_run check-arch)" = 'tests/machine/arch ' ]
	[ "$(would_run check-arch ARCH=mips)" = 'tests/machine/arch mips' ]
	[ "$(would_run check-arch ARCHS='mips armhf')" = 'tests/machine/arch mips armhf' ]
	[ "$(would_run check-machine)" = "tests/machine/machine -s '' 'arm64' ''" ]
	[ "$(would_run check-machine ARCH=armhf STORIES=jail)" = "tests/machine/machine -s '' 'armhf' 'jail'" ]
	[ "$(would_run check-machine ARCHS=amd64 SUITE=trixie)" = "tests/machine/machine -s 'trixie' 'amd64' ''" ]
	[ "$(would_run deb-cross ARCHS=armhf)" = "tests/machine/deb 'armhf'" ]
	# Nobody's processor.
	run timeout 60 make -s -C "$ROOT" check-machine ARCH='arm64 armhf' 3>&-
	[ "$status" != 0 ]
	grep -F "no processor 'arm64 armhf', but: amd64 arm64" <<<"$output"
	run timeout 60 make -s -C "$ROOT" check-arch ARCH=vax 3>&-
	[ "$status" != 0 ]
	grep -F "no processor 'vax'" <<<"$output"
}

# lists ARCH SUITE: what is said when its packages are wanted, of an archive that has
# bookworm, for amd64, and trixie, for both.
lists() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-'END'
		#!/bin/sh
		case $* in
		*indextargets*) echo http://archive.example/debian/ ;;
		*update*)
			dir=${APT_CONFIG%/conf}
			: >"$dir/lists/lock"
			echo fetched >>"$dir/updates"
			grep -E 'debian/ (bookworm|trixie) main' "$dir/sources" ;;
		esac
	END
	cat >"$BATS_TEST_TMPDIR/bin/apt-cache" <<-'END'
		#!/bin/sh
		case ${APT_CONFIG%/conf} in *-riscv64-bookworm) exit 100 ;; esac
	END
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" bash -c ". '$ROOT/tests/machine/machines.bash'
		project=$BATS_TEST_TMPDIR arch=$1; machine_lists $2 >/dev/null"
}

@test "a Debian that the archive does not have, or not for that processor, is said, each time" {
	local of
	for of in 'amd64 sarge' 'amd64 sarge' 'riscv64 bookworm' 'riscv64 bookworm'; do
		# Two words.
		# shellcheck disable=SC2086
		lists $of
		echo "$of: $status: $output"
		[ "$status" = 1 ]
		[ "$output" = "no Debian '${of#* }' for ${of% *} could be had from http://archive.example/debian/" ]
	done
	lists riscv64 trixie
	[ "$status/$output" = 0/ ]
	lists amd64 bookworm
	[ "$status/$output" = 0/ ]
	# What there was yesterday may be gone, what there was just now is not.
	updates() { wc -l <"$BATS_TEST_TMPDIR/build/machine/apt-amd64-bookworm/updates"; }
	lists amd64 bookworm
	[ "$(updates)" = 1 ]
	touch -d '25 hours ago' "$BATS_TEST_TMPDIR/build/machine/apt-amd64-bookworm/fetched"
	lists amd64 bookworm
	[ "$status" = 0 ]
	[ "$(updates)" = 2 ]
}

# fetch: packages one and two, of an archive that always has a list, where a caller goes on
# after a failure, as one does who counts it; `.deb`s whose name is in the file `broken` do
# not unpack, and where there is a file `away` nothing can be had.
fetch() {
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-END
		#!/bin/sh
		case \$* in
		*indextargets*) echo http://archive.example/debian/ ;;
		*print-uris*) ;;
		*download*)
			[ ! -e "$BATS_TEST_TMPDIR/away" ] || exit 100
			: >one.deb; : >two.deb ;;
		esac
	END
	cat >"$BATS_TEST_TMPDIR/bin/dpkg-deb" <<-END
		#!/bin/sh
		name=\${2##*/}
		! grep -qx "\$name" "$BATS_TEST_TMPDIR/broken" || exit 2
		mkdir -p "\$3/bin" && : >"\$3/bin/\${name%.deb}"
	END
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/apt-cache"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	env PATH="$BATS_TEST_TMPDIR/bin:$PATH" bash -euc ". '$ROOT/tests/machine/machines.bash'
		project=$BATS_TEST_TMPDIR arch=amd64 work=$BATS_TEST_TMPDIR/work
		mkdir -p \$work
		machine_fetch some bookworm one two || { echo failed; exit 1; }"
}

@test "packages that could not be fetched or unpacked are no packages, and are fetched again" {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	: >"$BATS_TEST_TMPDIR/away"
	run -1 fetch
	[ ! -e "$BATS_TEST_TMPDIR/work/some/.packages" ]
	rm "$BATS_TEST_TMPDIR/away"
	# Whichever it is.
	for name in one two; do
		echo $name.deb >"$BATS_TEST_TMPDIR/broken"
		run -1 fetch
		[ ! -e "$BATS_TEST_TMPDIR/work/some/.packages" ]
	done
	: >"$BATS_TEST_TMPDIR/broken"
	fetch
	[ -e "$BATS_TEST_TMPDIR/work/some/usr/bin/one" ] && [ -e "$BATS_TEST_TMPDIR/work/some/usr/bin/two" ]
	[ "$(cat "$BATS_TEST_TMPDIR/work/some/.packages")" = 'bookworm one two' ]
	# No `.deb` is left lying about.
	[ -z "$(find "$BATS_TEST_TMPDIR/build" -name '*.deb')" ]
}
