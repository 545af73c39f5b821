#!/usr/bin/env bats
# `make install` and `make uninstall`, as a packager or an administrator uses
# them: into a DESTDIR, with other paths, with flags of their own.

bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

setup_file() {
	export OUT=$BATS_FILE_TMPDIR/out
	touch "$BATS_FILE_TMPDIR/before"
	make_it all >"$BATS_FILE_TMPDIR/build.log" 2>&1
}

setup() {
	D=$BATS_TEST_TMPDIR/dest
}

# One build for all tests, out of the source folder, with a packager's flags.
make_it() {
	timeout 120 make -C "$ROOT" BUILD="$OUT" CFLAGS='-O1 -frecord-gcc-switches' \
		LDFLAGS=-Wl,--build-id=0xdeadbeef -s "$@" 3>&-
}

# `MODE PATH` of each file below folder $1.
tree() { (cd "$1" && find . -type f -printf '%m %P\n' | sort); }

# The rows of hooks/README.md as `HOOKS MODE PATH`.
documented() {
	awk -F '|' '/\| 0[67][0-9][0-9] \|$/ {
		gsub(/[` ]/, ""); sub(/,ifthereisnone/, "")
		if ($2 != "") hooks = $2
		print hooks, substr($5, 2), $4
	}' "$ROOT/hooks/README.md" |
		sed 's|LIBEXECDIR|/usr/local/libexec|; s|UNITDIR|/lib/systemd/system|
			s|SYSUSERSDIR|/usr/lib/sysusers.d|'
}

@test "CFLAGS and LDFLAGS are the user's, hardening is added, and src stays clean" {
	readelf -p .GCC.command.line "$OUT/dtcp-up" | grep -e '-O1'
	not_there readelf -p .GCC.command.line "$OUT/dtcp-up" -e '-O[2s]'
	readelf -n "$OUT/dtcp-up" | grep deadbeef
	readelf -h "$OUT/dtcp-up" | grep 'Type: *DYN'
	readelf -d "$OUT/dtcp-up" | grep BIND_NOW
	[ -z "$(find "$ROOT/src" "$ROOT/hooks" "$ROOT/etc" -newer "$BATS_FILE_TMPDIR/before" -name '*.[od]')" ]
	not_there cat "$BATS_FILE_TMPDIR/build.log" -i warning
}

# not_there COMMAND... PATTERN-OPTION PATTERN: what it prints lacks that.
not_there() {
	local pattern=("${@: -2}")
	"${@:1:$#-2}" >"$BATS_TEST_TMPDIR/said"
	if grep "${pattern[@]}" "$BATS_TEST_TMPDIR/said"; then
		return 1
	fi
}

@test "what is installed, and with which mode" {
	make_it install DESTDIR="$D"
	diff - <(tree "$D") <<-'END'
		600 usr/local/share/doc/dtcp-up/dtcp.conf.example
		644 etc/dhcp/dhclient-enter-hooks.d/dtcp-up
		644 etc/dhcp/dhclient-exit-hooks.d/dtcp-up
		644 usr/local/share/bash-completion/completions/dtcp-up
		644 usr/local/share/doc/dtcp-up/CHANGES
		644 usr/local/share/doc/dtcp-up/LICENSE
		644 usr/local/share/doc/dtcp-up/README.ja.md
		644 usr/local/share/doc/dtcp-up/README.md
		644 usr/local/share/doc/dtcp-up/dnsmasq.example.conf
		644 usr/local/share/doc/dtcp-up/dtcp-event.example.sh
		644 usr/local/share/doc/dtcp-up/nftables.example.nft
		644 usr/local/share/doc/dtcp-up/radvd.conf.example
		644 usr/local/share/man/man5/dtcp.conf.5
		644 usr/local/share/man/man8/dtcp-up.8
		755 etc/ppp/ip-down.d/dtcp-up
		755 etc/ppp/ip-up.d/dtcp-up
		755 usr/local/libexec/dtcp-up-hook
		755 usr/local/sbin/dtcp-up
	END
	"$D/usr/local/sbin/dtcp-up" --version | grep "$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")"
}

@test "each hook goes where hooks/README.md says, with that mode" {
	documented >"$BATS_TEST_TMPDIR/rows"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/rows")" -ge 20 ]
	make_it install HOOKS= DESTDIR="$D"
	tree "$D" >"$BATS_TEST_TMPDIR/always"
	local hooks
	cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/rows" | sort -u >"$BATS_TEST_TMPDIR/names"
	while read -r hooks; do
		echo "$hooks"
		if [ "$hooks" = always ]; then
			grep '^755 usr/local/libexec/dtcp-up-hook$' "$BATS_TEST_TMPDIR/always"
			continue
		fi
		rm -r "$D"
		make_it install HOOKS="$hooks" DESTDIR="$D" >"$BATS_TEST_TMPDIR/log"
		diff <(sed -n "s|^$hooks \([0-9]*\) /|\1 |p" "$BATS_TEST_TMPDIR/rows" | sort) \
			<(tree "$D" | comm -13 "$BATS_TEST_TMPDIR/always" -)
	done <"$BATS_TEST_TMPDIR/names"
}

@test "no installed file names DESTDIR, the source folder, or a token" {
	make_it install DESTDIR="$D" \
		HOOKS='pppd dhclient dhcpcd udhcpc networkmanager networkd ifupdown openwrt systemd'
	run grep -rEl "@[A-Z]+@|$BATS_FILE_TMPDIR|$BATS_TEST_TMPDIR|$(cd "$ROOT" && pwd)/" "$D"
	echo "$output"
	[ "$status" -eq 1 ]
	# What hooks call is there.
	grep -rhoE '/[a-z/]*/dtcp-up-hook|/[a-z/]*sbin/dtcp-up' "$D/etc" "$D/usr/local/libexec" | sort -u >"$BATS_TEST_TMPDIR/called"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/called")" -ge 2 ]
	while read -r path; do
		[ -x "$D$path" ]
	done <"$BATS_TEST_TMPDIR/called"
}

@test "installing twice is the same as once, with any umask" {
	(umask 0 && make_it install DESTDIR="$D")
	(cd "$D" && find . -printf '%m %p\n' | sort >../once && find . -type f -exec sha256sum {} + | sort >../sums)
	(umask 077 && make_it install DESTDIR="$D")
	(cd "$D" && find . -printf '%m %p\n' | sort | diff ../once - && find . -type f -exec sha256sum {} + | sort | diff ../sums -)
	rm -r "$D"
	(umask 077 && mkdir "$D" && make_it install DESTDIR="$D")
	# The DESTDIR itself is the caller's.
	(cd "$D" && find . -mindepth 1 -printf '%m %p\n' | sort | diff <(grep -v ' \.$' ../once) -)
}

@test "other paths reach the program, the hooks and the manual" {
	local prefix=/opt/dtcp+6~rc1 etc=/opt/etc
	make_it install PREFIX=$prefix SYSCONFDIR=$etc DESTDIR="$D" BUILD="$BATS_TEST_TMPDIR/out" \
		SBINDIR=/opt/bin HOOKS='pppd systemd'
	[ ! -e "$D/usr/local" ] && [ ! -e "$D/etc" ]
	"$D/opt/bin/dtcp-up" --help | grep '(/opt/etc/ppp/dtcp.conf)'
	grep -q '^program=/opt/bin/dtcp-up$' "$D$prefix/libexec/dtcp-up-hook"
	grep -q '^account_file=/opt/etc/ppp/dtcp.conf$' "$D$prefix/libexec/dtcp-up-hook"
	grep -qF "exec $prefix/libexec/dtcp-up-hook up " "$D$etc/ppp/ip-up.d/dtcp-up"
	grep -q '^ExecStart=/opt/bin/dtcp-up ' "$D/lib/systemd/system/dtcp-up@.service"
	grep -q /opt/etc/ppp/dtcp.conf "$D$prefix/share/man/man8/dtcp-up.8"
	not_there cat "$D$prefix/share/man/man8/dtcp-up.8" -e ' /etc/ppp/dtcp'
}

@test "paths that shell scripts cannot hold, and unknown hooks, are refused" {
	local bad
	# shellcheck disable=SC2016 # is for make and the shell below it
	for bad in 'PREFIX=/opt/my dir' PREFIX=opt 'PREFIX=/a$$(id)' 'PREFIX=/a"' 'SYSCONFDIR=/a;b' \
		'SBINDIR=/a|b' 'LIBEXECDIR=/a&b' HOOKS=ppd; do
		run make_it install "$bad" DESTDIR="$D"
		echo "$bad: $output"
		[ "$status" -ne 0 ]
		grep '^install: ' <<<"$output"
		[ ! -e "$D" ]
	done
}

@test "a DESTDIR with blanks is fine" {
	make_it install DESTDIR="$D with blanks"
	[ -x "$D with blanks/etc/ppp/ip-up.d/dtcp-up" ]
	make_it uninstall DESTDIR="$D with blanks"
	[ -z "$(tree "$D with blanks")" ]
}

@test "uninstall removes what any HOOKS installed, and nothing else" {
	mkdir -p "$D/etc/ppp/ip-up.d" "$D/usr/local/sbin"
	echo 'mine' >"$D/etc/ppp/ip-up.local"
	echo 'server 20200 user secret' >"$D/etc/ppp/dtcp.conf"
	touch "$D/etc/ppp/ip-up.d/other" "$D/usr/local/sbin/dtcp-up-not"
	tree "$D" >"$BATS_TEST_TMPDIR/before"
	cp -a "$D" "$BATS_TEST_TMPDIR/copy"
	run make_it install HOOKS="pppd pppd-arch pppd-fedora dhclient dhcpcd udhcpc networkmanager networkd ifupdown openwrt systemd" DESTDIR="$D"
	[ "$status" -eq 0 ]
	grep 'ip-up.local is not ours and stays' <<<"$output"
	[ "$(cat "$D/etc/ppp/ip-up.local")" = mine ]
	grep -q dtcp-up-hook "$D/etc/ppp/ip-down.local"
	make_it uninstall DESTDIR="$D"
	diff "$BATS_TEST_TMPDIR/before" <(tree "$D")
	diff -r "$BATS_TEST_TMPDIR/copy/etc/ppp" "$D/etc/ppp" | grep -v '^Only in .*: ip-down.d$' | not_any
	[ ! -e "$D/usr/local/share/doc/dtcp-up" ]
	make_it uninstall DESTDIR="$D" # once more does no harm
}

not_any() { ! grep .; }
