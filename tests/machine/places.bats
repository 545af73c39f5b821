#!/usr/bin/env bats
# Where and by whom it may be built: in a path with blanks, by an ordinary user, with
# the flags of Debian's packages (those of Fedora's: tests/install/packages.bats).

load ../where
bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

# A clone for an ordinary user, to whom everything on the way is open.
setup() {
	clone="$BATS_TEST_TMPDIR/with blanks/dtcp up"
	mkdir -p "$clone"
	(cd "$ROOT" && tar -c Makefile README.md README.ja.md CHANGES LICENSE src hooks etc tests) | tar -x -C "$clone"
	within=()
	[ "$(id -u)" != 0 ] || {
		chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*
		chown -R 65534:65534 "$clone"
		within=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)
	}
	# Inside the run of another make its settings count, not its jobs.
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# there COMMAND...: in the clone, as that user.
there() { (cd "$clone" && timeout 1200 "${within[@]}" "$@" 3>&-); }

# debian FIELD: flags of Debian's packages, where this is a Debian.
debian() { ! command -v dpkg-buildflags >/dev/null || dpkg-buildflags --get "$1"; }

@test "a clone in a path with blanks, an ordinary user, Debian's flags: it builds without a word, and works" {
	there make -s all build/unit/wall CFLAGS="$(debian CFLAGS)" CPPFLAGS="$(debian CPPFLAGS)" \
		LDFLAGS="$(debian LDFLAGS)" >"$BATS_TEST_TMPDIR/said" 2>&1
	diff /dev/null "$BATS_TEST_TMPDIR/said"
	there build/unit/wall --all
	there sh -c 'umask 077; echo "server 20200 user password" >accounts'
	there build/dtcp-up --check --config accounts | grep '^server 20200 user'
	there make -s install DESTDIR="$clone/installed" HOOKS=pppd CFLAGS="$(debian CFLAGS)"
	there installed/usr/local/sbin/dtcp-up --version
}
