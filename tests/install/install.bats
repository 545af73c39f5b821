#!/usr/bin/env bats
# `make install` and `make uninstall`, as a packager or an administrator uses
# them: into a DESTDIR, with other paths, with flags of their own.

load ../where
bats_require_minimum_version 1.5.0
ROOT=$BATS_TEST_DIRNAME/../..

setup_file() {
	export OUT=$BATS_FILE_TMPDIR/out
	touch "$BATS_FILE_TMPDIR/before"
	make_it all >"$BATS_FILE_TMPDIR/build.log" 2>&1
}

setup() {
	D=$BATS_TEST_TMPDIR/dest
	UNITDIR=/lib/systemd/system
	[ ! /lib -ef /usr/lib ] || UNITDIR=/usr$UNITDIR
}

# One build for all tests, out of the source folder, with a packager's flags.
make_it() {
	timeout 1200 make --no-print-directory -C "$ROOT" BUILD="$OUT" CFLAGS='-O1 -frecord-gcc-switches' \
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
		sed "s|LIBEXECDIR|/usr/local/libexec|; s|UNITDIR|$UNITDIR|
			s|SYSUSERSDIR|/usr/lib/sysusers.d|"
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
	diff - <(tree "$D" | sed "s|${UNITDIR#/}|UNITDIR|") <<-'END'
		600 etc/ppp/dtcp.conf
		600 usr/local/share/doc/dtcp-up/dtcp.conf.example
		600 usr/local/share/doc/dtcp-up/dtcpd.conf.example
		644 etc/dhcp/dhclient-enter-hooks.d/dtcp-up
		644 etc/dhcp/dhclient-exit-hooks.d/dtcp-up
		644 UNITDIR/dtcpd.service
		644 usr/lib/sysusers.d/dtcpd.conf
		644 usr/local/share/bash-completion/completions/dtcp-up
		644 usr/local/share/bash-completion/completions/dtcpd
		644 usr/local/share/doc/dtcp-up/CHANGES
		644 usr/local/share/doc/dtcp-up/LICENSE
		644 usr/local/share/doc/dtcp-up/README.ja.md
		644 usr/local/share/doc/dtcp-up/README.md
		644 usr/local/share/doc/dtcp-up/dnsmasq.example.conf
		644 usr/local/share/doc/dtcp-up/dtcp-event.example.sh
		644 usr/local/share/doc/dtcp-up/dtcpd.nftables.example.nft
		644 usr/local/share/doc/dtcp-up/dtcpd.sysctl.example.conf
		644 usr/local/share/doc/dtcp-up/hooks.md
		644 usr/local/share/doc/dtcp-up/nftables.example.nft
		644 usr/local/share/doc/dtcp-up/radvd.conf.example
		644 usr/local/share/doc/dtcp-up/security.ja.md
		644 usr/local/share/doc/dtcp-up/security.md
		644 usr/local/share/doc/dtcp-up/trouble.ja.md
		644 usr/local/share/doc/dtcp-up/trouble.md
		644 usr/local/share/man/man5/dtcp.conf.5
		644 usr/local/share/man/man5/dtcpd.conf.5
		644 usr/local/share/man/man8/dtcp-up.8
		644 usr/local/share/man/man8/dtcpd.8
		755 etc/ppp/ip-down.d/dtcp-up
		755 etc/ppp/ip-up.d/dtcp-up
		755 usr/local/libexec/dtcp-up-hook
		755 usr/local/sbin/dtcp-up
		755 usr/local/sbin/dtcpd
	END
	"$D/usr/local/sbin/dtcp-up" --version | grep "$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")"
}

# links_resolve DIR: each link of the pages there leads to a file there. Prints them.
links_resolve() {
	local page target
	for page in "$1"/*.md; do
		grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | while read -r target; do
			echo "$target"
			[ -f "$1/$target" ] || { echo "${page##*/}: there is no $target"; return 1; }
		done || return
	done
}

@test "the links of the pages that are installed lead to what is installed" {
	local program
	for program in dtcp-up dtcpd; do
		rm -rf "$D"
		make_it install DESTDIR="$D" PROGRAMS=$program
		run -0 links_resolve "$D/usr/local/share/doc/dtcp-up"
		[ "$(sort -u <<<"$output" | wc -l)" -ge 10 ]
	done
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
		HOOKS='pppd dhclient dhclient-fedora dhcpcd udhcpc networkmanager networkd ifupdown openwrt systemd'
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
		SBINDIR=/opt/bin RUNDIR=/var/run HOOKS='pppd systemd'
	[ ! -e "$D/usr/local" ] && [ ! -e "$D/etc" ]
	"$D/opt/bin/dtcp-up" --help | grep '(/opt/etc/ppp/dtcp.conf)'
	grep -q '^program=/opt/bin/dtcp-up$' "$D$prefix/libexec/dtcp-up-hook"
	grep -q '^account_file=/opt/etc/ppp/dtcp.conf$' "$D$prefix/libexec/dtcp-up-hook"
	grep -qF "exec $prefix/libexec/dtcp-up-hook up " "$D$etc/ppp/ip-up.d/dtcp-up"
	grep -q '^ExecStart=/opt/bin/dtcp-up ' "$D$UNITDIR/dtcp-up@.service"
	grep -q /opt/etc/ppp/dtcp.conf "$D$prefix/share/man/man8/dtcp-up.8"
	not_there cat "$D$prefix/share/man/man8/dtcp-up.8" -e ' /etc/ppp/dtcp'
	"$D/opt/bin/dtcp-up" --help | grep '(/var/run/dtcp-up)'
	"$D/opt/bin/dtcpd" --help | grep '(/var/run/dtcpd)'
	grep -q '/var/run/dtcp-up/ Ns Ar interface' "$D$prefix/share/man/man8/dtcp-up.8"
	# The pages name the hook and the program where they are.
	cd "$D$prefix/share/doc/dtcp-up"
	grep -qF "\`$prefix/libexec/dtcp-up-hook up " trouble.md
	grep -qF "\`$prefix/libexec/dtcp-up-hook up " trouble.ja.md
	grep -qF "\`/opt/bin\`" trouble.md
	grep -qF "| \`$prefix/libexec/dtcp-up-hook\` |" hooks.md
	grep -qF "| \`$UNITDIR/dtcp-up.service\` |" hooks.md
	grep -q "^$prefix/libexec/dtcp-up-hook down " "$D$prefix/share/man/man8/dtcp-up.8"
	not_there grep -rE '/usr/local|[A-Z]DIR/' . "$D$prefix/share/man" -ve 'script[= ]/usr/local\|install it (0755) as'
	cd "$ROOT"
	grep -q 'run_dir=/var/run/dtcp-up' "$D$prefix/share/bash-completion/completions/dtcp-up"
	not_there grep -r /run/dtcp "$D" -e '[ =]/run/dtcp'
}

@test "paths that shell scripts cannot hold, and unknown hooks, are refused" {
	local bad
	# shellcheck disable=SC2016 # is for make and the shell below it
	for bad in 'PREFIX=/opt/my dir' PREFIX=opt 'PREFIX=/a$$(id)' 'PREFIX=/a"' 'SYSCONFDIR=/a;b' \
		'SBINDIR=/a|b' 'LIBEXECDIR=/a&b' HOOKS=ppd PROGRAMS=dtcp-down; do
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
	run make_it install HOOKS="pppd pppd-arch pppd-fedora dhclient dhclient-fedora dhcpcd udhcpc networkmanager networkd ifupdown openwrt systemd" DESTDIR="$D"
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

@test "uninstall removes each program and hook, also where HOOKS and PROGRAMS name a few" {
	make_it install HOOKS='pppd dhclient networkmanager systemd' DESTDIR="$D"
	make_it uninstall HOOKS=pppd PROGRAMS=dtcp-up DESTDIR="$D"
	tree "$D" | not_any
}

not_any() { ! grep .; }

# But for pppd-fedora's, which is none where another has it.
all_hooks='pppd pppd-arch dhclient dhclient-fedora dhcpcd udhcpc networkmanager networkd ifupdown openwrt systemd'

@test "uninstall leaves what is an installation's with another PREFIX, and says so" {
	local others other
	for others in 'PREFIX=/usr LIBEXECDIR=/usr/libexec/dtcp-up' PREFIX=/opt/usr/local; do
		rm -rf "$D"
		read -ra other <<<"$others"
		make_it install "${other[@]}" HOOKS="$all_hooks" DESTDIR="$D"
		tree "$D" >"$BATS_TEST_TMPDIR/before"
		# As when nobody has installed hooks of ours, or the other came later.
		make_it install HOOKS='pppd networkd' ACCOUNTS= DESTDIR="$D"
		make_it install "${other[@]}" HOOKS=networkd DESTDIR="$D"
		make_it uninstall DESTDIR="$D" ACCOUNTS= >"$BATS_TEST_TMPDIR/said"
		diff <(grep -v 'etc/ppp/ip-[a-z]*\.d/dtcp-up$' "$BATS_TEST_TMPDIR/before") <(tree "$D")
		grep -xF "uninstall: $D/etc/networkd-dispatcher/off.d/dtcp-up is another installation's and stays" "$BATS_TEST_TMPDIR/said"
		grep -xF "uninstall: $D$UNITDIR/dtcp-up@.service is another installation's and stays" "$BATS_TEST_TMPDIR/said"
		grep -xF "uninstall: $D/usr/lib/sysusers.d/dtcpd.conf is another installation's and stays" "$BATS_TEST_TMPDIR/said"
		make_it uninstall "${other[@]}" DESTDIR="$D" >"$BATS_TEST_TMPDIR/said"
		tree "$D" | not_any
		not_there cat "$BATS_TEST_TMPDIR/said" -e another
	done
}

@test "the file for a program's user stays where another installation has the program, without a unit too" {
	make_it install HOOKS=systemd DESTDIR="$D"
	has /usr/sbin/dtcpd
	make_it uninstall DESTDIR="$D"
	tree "$D" | diff - <(printf '%s\n' '644 usr/lib/sysusers.d/dtcpd.conf' '755 usr/sbin/dtcpd')
}

@test "an ip-up.local of the user's own that calls our hook stays, and is said to be left; ours goes" {
	mkdir -p "$D/etc/ppp"
	# shellcheck disable=SC2016 # is the script's
	printf '%s\n' '#!/bin/sh' 'logger "$1 is up"' '/usr/local/libexec/dtcp-up-hook up "$1" "$4"' >"$D/etc/ppp/ip-up.local"
	cp "$D/etc/ppp/ip-up.local" "$BATS_TEST_TMPDIR/mine"
	make_it install HOOKS=pppd-fedora DESTDIR="$D" 2>"$BATS_TEST_TMPDIR/said"
	grep -xF "install: $D/etc/ppp/ip-up.local is not ours and stays: call from it: /usr/local/libexec/dtcp-up-hook up \"\$1\" \"\$4\"" "$BATS_TEST_TMPDIR/said"
	cmp "$BATS_TEST_TMPDIR/mine" "$D/etc/ppp/ip-up.local"
	# What we have put there before, we replace.
	echo '# of an older version' >>"$D/etc/ppp/ip-down.local"
	make_it install HOOKS=pppd-fedora DESTDIR="$D"
	not_there cat "$D/etc/ppp/ip-down.local" -e older
	# Without the address, which the link may have got anew by then.
	echo '#!/bin/sh' >"$D.ip-down" && cp "$D.ip-down" "$D/etc/ppp/ip-down.local"
	make_it install HOOKS=pppd-fedora DESTDIR="$D" 2>"$BATS_TEST_TMPDIR/said"
	grep -xF "install: $D/etc/ppp/ip-down.local is not ours and stays: call from it: /usr/local/libexec/dtcp-up-hook down \"\$1\"" "$BATS_TEST_TMPDIR/said"
	rm "$D/etc/ppp/ip-down.local"
	make_it install HOOKS=pppd-fedora DESTDIR="$D"
	make_it uninstall DESTDIR="$D" >"$BATS_TEST_TMPDIR/said"
	cmp "$BATS_TEST_TMPDIR/mine" "$D/etc/ppp/ip-up.local"
	grep -F "left: $D/etc/ppp/ip-up.local, which calls /usr/local/libexec/dtcp-up-hook" "$BATS_TEST_TMPDIR/said"
	[ ! -e "$D/etc/ppp/ip-down.local" ]
}

@test "uninstall says that a udhcpc with our script gets no address any more, if that was there" {
	make_it install HOOKS=udhcpc DESTDIR="$D"
	make_it uninstall DESTDIR="$D" >"$BATS_TEST_TMPDIR/said"
	grep -E "^uninstall: a udhcpc .* -s /etc/udhcpc/dtcp-up.script gets no address .*: start it without -s$" "$BATS_TEST_TMPDIR/said"
	make_it uninstall DESTDIR="$D" >"$BATS_TEST_TMPDIR/said"
	not_there cat "$BATS_TEST_TMPDIR/said" -e udhcpc
}

@test "an account file that is there is never touched, where none is the example goes there" {
	make_it install DESTDIR="$D"
	cmp "$D/usr/local/share/doc/dtcp-up/dtcp.conf.example" "$D/etc/ppp/dtcp.conf"
	echo 'server 20200 user secret' >>"$D/etc/ppp/dtcp.conf"
	chmod 400 "$D/etc/ppp/dtcp.conf"
	cp -a "$D/etc/ppp/dtcp.conf" "$BATS_TEST_TMPDIR/mine"
	make_it install DESTDIR="$D" | grep "$D/etc/ppp/dtcp.conf is there and stays as it is"
	cmp "$BATS_TEST_TMPDIR/mine" "$D/etc/ppp/dtcp.conf"
	[ "$(stat -c %a "$D/etc/ppp/dtcp.conf")" = 400 ]
	make_it uninstall DESTDIR="$D" | grep "left: $D/etc/ppp/dtcp.conf"
	cmp "$BATS_TEST_TMPDIR/mine" "$D/etc/ppp/dtcp.conf"
	# A link that leads nowhere is somebody's, too.
	ln -sf /nowhere/dtcp.conf "$D/etc/ppp/dtcp.conf"
	make_it install DESTDIR="$D"
	[ "$(readlink "$D/etc/ppp/dtcp.conf")" = /nowhere/dtcp.conf ]
	# And packages bring none.
	rm -r "$D"
	make_it install DESTDIR="$D" ACCOUNTS=
	[ ! -e "$D/etc/ppp/dtcp.conf" ]
}

@test "an account file that nobody has written to goes with the rest" {
	make_it install DESTDIR="$D"
	run make_it uninstall DESTDIR="$D"
	[ "$status" = 0 ]
	[ -z "$(tree "$D")" ]
	[[ $output != *'left:'* ]]
}

# has FILE...: the machine below $D has these programs.
has() {
	local file
	for file in "$@"; do
		mkdir -p "$D$(dirname "$file")"
		printf '#!/bin/sh\n' >"$D$file"
		chmod 755 "$D$file"
	done
}

# hooks_are HOOK...: found for the machine below $D.
hooks_are() {
	local found
	found=$("$ROOT/etc/install/find-hooks" "$D" /etc | cut -d : -f 1 | xargs)
	echo "found: $found"
	[ "$found" = "$*" ]
}

@test "which hooks a machine wants is found out: Debian, Arch, Fedora, OpenWrt, Alpine, none" {
	mkdir -p "$D/etc/ppp" "$D/etc/network/if-up.d" "$D/etc/dhcp/dhclient-exit-hooks.d"
	hooks_are # folders that other packages make say nothing
	has /usr/sbin/pppd /sbin/dhclient /usr/sbin/ifup /usr/lib/systemd/systemd /usr/bin/networkd-dispatcher
	printf '%s\n' 'exec /etc/ppp/ip-up.local' 'run-parts /etc/ppp/ip-up.d' >"$D/etc/ppp/ip-up"
	hooks_are pppd dhclient networkd systemd # an ifup that has nothing to go by
	: >"$D/etc/network/interfaces"
	hooks_are pppd dhclient networkd ifupdown systemd
	rm "$D/etc/network/interfaces"
	mkdir "$D/etc/network/interfaces.d"
	hooks_are pppd dhclient networkd ifupdown systemd
	rm -r "$D" && mkdir -p "$D/etc/ppp"
	has /usr/bin/pppd /usr/bin/NetworkManager /usr/bin/dhcpcd
	# shellcheck disable=SC2016 # is the other system's
	echo 'for ipup in /etc/ppp/ip-up.d/*.sh; do [ -x $ipup ] && "$ipup" "$@"; done' >"$D/etc/ppp/ip-up"
	hooks_are pppd-arch dhcpcd networkmanager
	rm -r "$D" && mkdir -p "$D/etc/ppp"
	has /usr/sbin/pppd /usr/sbin/NetworkManager /usr/sbin/ifup # NetworkManager's
	# shellcheck disable=SC2016 # is the other system's
	echo '[ -x /etc/ppp/ip-up.local ] && /etc/ppp/ip-up.local "$@"' >"$D/etc/ppp/ip-up"
	hooks_are pppd-fedora networkmanager
	has /usr/sbin/dhclient
	# shellcheck disable=SC2016 # is the other system's
	echo 'for f in ${ETCDIR}/dhclient.d/*.sh; do' >"$D/usr/sbin/dhclient-script"
	hooks_are pppd-fedora dhclient-fedora networkmanager
	rm -r "$D" && mkdir -p "$D/etc"
	has /usr/sbin/pppd /sbin/udhcpc /sbin/ifup
	mkdir "$D/etc/network"
	: >"$D/etc/network/interfaces"
	hooks_are pppd udhcpc ifupdown
	: >"$D/etc/openwrt_release"
	hooks_are pppd openwrt # whose ifup is netifd's
}

@test "without HOOKS those that were found are installed, and it says so" {
	has /usr/sbin/NetworkManager /usr/sbin/dhclient
	make_it install DESTDIR="$D" >"$BATS_TEST_TMPDIR/log"
	# Last, where a person looks.
	tail -n 2 "$BATS_TEST_TMPDIR/log" | diff - <(
		echo 'install: found here dhclient (/usr/sbin/dhclient) networkmanager (/usr/sbin/NetworkManager); HOOKS="..." chooses others'
		echo "install: next: an account in $D/etc/ppp/dtcp.conf, and dtcp-up --check"
	)
	[ -x "$D/etc/NetworkManager/dispatcher.d/90-dtcp-up" ]
	[ -e "$D/etc/dhcp/dhclient-exit-hooks.d/dtcp-up" ]
	[ ! -e "$D/etc/ppp/ip-up.d" ]
	make_it install DESTDIR="$D" HOOKS=pppd >"$BATS_TEST_TMPDIR/log"
	not_there cat "$BATS_TEST_TMPDIR/log" -e 'found'
	make_it install DESTDIR="$D/nothing" | grep 'nothing found here that would run a hook: pppd dhclient'
	make_it install DESTDIR="$D.far" PROGRAMS=dtcpd >"$BATS_TEST_TMPDIR/log"
	not_there cat "$BATS_TEST_TMPDIR/log" -e 'found\|dtcp-up --check'
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/log")" = "install: next: users in $D.far/etc/dtcpd.conf (mode 600), and dtcpd --check" ]
}

# would_install ARGUMENT...: the files that an installation to the running system has.
would_install() {
	make_it -n install ACCOUNTS= "$@" | grep -o ' [0-7]*:[^:]*:/[^ ;]*' | sed 's/.*://' >"$BATS_TEST_TMPDIR/files"
	grep -qx /usr/local/libexec/dtcp-up-hook "$BATS_TEST_TMPDIR/files" || grep -qx /usr/local/share/man/man8/dtcpd.8 "$BATS_TEST_TMPDIR/files"
}

@test "dtcpd's unit and its user's file are for machines with systemd, as those of dtcp-up are" {
	local found of='/(dtcpd\.service|sysusers\.d/dtcpd\.conf)$'
	would_install FOUND_HOOKS=pppd:/usr/sbin/pppd
	not_there cat "$BATS_TEST_TMPDIR/files" -E "/(dtcp.*\.service|sysusers\.d/.*)$"
	for found in 'FOUND_HOOKS=pppd:/usr/sbin/pppd systemd:/lib/systemd/systemd' HOOKS=systemd; do
		would_install FOUND_HOOKS= "$found"
		[ "$(grep -cE "$of" "$BATS_TEST_TMPDIR/files")" = 2 ]
	done
	# Whatever hooks are wanted, and where dtcp-up is not.
	would_install FOUND_HOOKS=systemd:/lib/systemd/systemd HOOKS=pppd
	[ "$(grep -cE "$of" "$BATS_TEST_TMPDIR/files")" = 2 ]
	would_install FOUND_HOOKS=systemd:/lib/systemd/systemd PROGRAMS=dtcpd
	[ "$(grep -cE "$of" "$BATS_TEST_TMPDIR/files")" = 2 ]
}

@test "install-strip installs the same without what debuggers need" {
	make_it install-strip DESTDIR="$D"
	make_it install DESTDIR="$D.not"
	diff <(tree "$D.not") <(tree "$D")
	readelf -S "$D.not/usr/local/sbin/dtcp-up" | grep '\.symtab'
	not_there readelf -S "$D/usr/local/sbin/dtcp-up" -e '\.symtab'
	"$D/usr/local/sbin/dtcp-up" --version
}

# program NAME LINE...: a program of that name in $BATS_TEST_TMPDIR, of these lines.
program() {
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$BATS_TEST_TMPDIR/$1"
	chmod 755 "$BATS_TEST_TMPDIR/$1"
}

@test "nothing is removed while a tunnel or the server cannot be ended" {
	local status end="$ROOT/etc/install/end-running"
	"$end" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" # nothing is there
	for status in 0 126 127; do
		program dtcp-up "echo \"\$*\" >$BATS_TEST_TMPDIR/told; exit $status"
		"$end" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"
		grep -x -e --down "$BATS_TEST_TMPDIR/told"
	done
	program dtcp-up 'exit 71'
	run -1 "$end" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"
	[[ $output = *'nothing was removed'*'(status 71)'* ]]
	program dtcp-up 'exit 0'
	# A server that serves as long as its process lives.
	sleep 600 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/dtcpd.pid"
	program dtcpd "kill -0 $! && [ \"\$*\" = '--run-dir $BATS_TEST_TMPDIR --status' ]"
	"$end" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"
	wait $! || [ $? = 143 ]
	: >"$BATS_TEST_TMPDIR/dtcpd.pid"
	program dtcpd 'exit 0'
	run -1 "$end" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"
	[[ $output = *'nothing was removed'*'could not be told to end'* ]]
}

@test "networkd-dispatcher, which does not start without hooks, is started when the first one comes" {
	[ "$(id -u)" = 0 ] || skip 'wants root, who installs to the running system'
	local reload=$BATS_TEST_TMPDIR/reload-units
	mkdir -p "$BATS_TEST_TMPDIR"/{systemd,bin,hooks/routable.d}
	sed "s|/run/systemd/system|$BATS_TEST_TMPDIR/systemd|; s|/etc/networkd-dispatcher|$BATS_TEST_TMPDIR/hooks|" \
		"$ROOT/etc/install/reload-units" >"$reload"
	# shellcheck disable=SC2016 # is the program's own
	program bin/systemctl "cd $BATS_TEST_TMPDIR" \
		'case $* in *is-enabled*) exec test -e enabled ;; *is-active*) cat active ;;' \
		'*" start "*) echo "$*" >>told; exec test ! -e broken ;; esac'
	reload() { : >"$BATS_TEST_TMPDIR/told"; PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 sh "$reload" "$@"; }
	told() { [ "$(cat "$BATS_TEST_TMPDIR/told")" = "$1" ]; }
	: >"$BATS_TEST_TMPDIR/enabled"
	echo inactive >"$BATS_TEST_TMPDIR/active"
	reload dtcp-up dtcpd
	told ''
	program hooks/routable.d/dtcp-up
	reload dtcpd
	told ''
	reload dtcp-up dtcpd
	told '--no-block start networkd-dispatcher.service'
	[[ $output = 'install: started networkd-dispatcher, '* ]]
	: >"$BATS_TEST_TMPDIR/broken"
	reload dtcp-up dtcpd
	[ "$output" = 'install: next: systemctl start networkd-dispatcher' ]
	# Somebody has disabled it; it runs; it has failed.
	rm "$BATS_TEST_TMPDIR/enabled"
	reload dtcp-up
	told ''
	: >"$BATS_TEST_TMPDIR/enabled"
	for state in active activating failed; do
		echo $state >"$BATS_TEST_TMPDIR/active"
		reload dtcp-up
		told ''
	done
}

@test "another installation's units, keepers and server go on" {
	local end=$BATS_TEST_TMPDIR/install/end-running name
	mkdir -p "$BATS_TEST_TMPDIR"/{install,other,ours,run,systemd,bin}
	cp "$ROOT"/etc/install/{end-running,is-ours} "$BATS_TEST_TMPDIR/install"
	sed -i "s|/run/systemd/system|$BATS_TEST_TMPDIR/systemd|" "$end"
	for name in dtcp-up@.service dtcp-up.service; do
		sed "s|@SBINDIR@|$BATS_TEST_TMPDIR/other|" "$ROOT/etc/$name" >"$BATS_TEST_TMPDIR/$name"
	done
	sed "s|@SBINDIR@|$BATS_TEST_TMPDIR/ours|" "$ROOT/etc/dtcpd.service" >"$BATS_TEST_TMPDIR/dtcpd.service"
	# shellcheck disable=SC2016 # is the program's own
	program bin/systemctl 'case $1 in' \
		'list-units) printf "%s loaded active running What it is\n" dtcp-up@pppoe\\\\x2dwan.service dtcp-up.service dtcpd.service ;;' \
		"show) file=\${5%%@*}; [ \$file = \$5 ] || file=\$file@.service; echo $BATS_TEST_TMPDIR/\$file ;;" \
		"*) echo \"systemctl \$*\" >>$BATS_TEST_TMPDIR/told ;; esac"
	program ours/dtcp-up "echo \"dtcp-up \$*\" >>$BATS_TEST_TMPDIR/told"
	program ours/dtcpd 'exit 0'
	for name in dtcp-up dtcpd; do
		cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/other/$name"
		"$BATS_TEST_TMPDIR/other/$name" 600 3>&- &
		echo $! >"$BATS_TEST_TMPDIR/run/$name.pid"
	done
	mv "$BATS_TEST_TMPDIR/run/dtcp-up.pid" "$BATS_TEST_TMPDIR/run/dtcp0.pid"
	echo $$ >"$BATS_TEST_TMPDIR/run/dtcp1.pid"
	mkdir "$BATS_TEST_TMPDIR/far" && mv "$BATS_TEST_TMPDIR/run/dtcpd.pid" "$BATS_TEST_TMPDIR/far"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 "$end" "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/far" "$BATS_TEST_TMPDIR/run"
	echo "$output"
	diff "$BATS_TEST_TMPDIR/told" - <<-'END'
		systemctl stop dtcpd.service
		dtcp-up --down --interface dtcp1
	END
	grep -xF "uninstall: another installation's dtcp-up has dtcp0 and goes on" <<<"$output"
	grep -xF "uninstall: another installation's dtcpd goes on" <<<"$output"
	kill "$(cat "$BATS_TEST_TMPDIR/run/dtcp0.pid")" "$(cat "$BATS_TEST_TMPDIR/far/dtcpd.pid")"
	# Where none is another's, all are told at once.
	rm "$BATS_TEST_TMPDIR/run/dtcp0.pid" "$BATS_TEST_TMPDIR/told"
	program ours/dtcpd 'exit 1'
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$end" "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/far" "$BATS_TEST_TMPDIR/run"
	grep -x 'dtcp-up --down' "$BATS_TEST_TMPDIR/told"
}

@test "what uninstall leaves is said: what calls the hook, what is enabled" {
	mkdir -p "$D/etc/ppp" "$D/etc/systemd/system/x.wants"
	# shellcheck disable=SC2016 # is the script's
	echo '/usr/local/libexec/dtcp-up-hook up "$1" "$4"' >"$D/etc/ppp/ip-up.local"
	echo '#!/bin/sh' >"$D/etc/ppp/ip-down.local"
	ln -s /lib/systemd/system/dtcp-up@.service "$D/etc/systemd/system/x.wants/dtcp-up@ppp0.service"
	"$ROOT/etc/install/say-left" "$D" /etc /etc/ppp/dtcp.conf /usr/local/libexec >"$BATS_TEST_TMPDIR/said"
	grep -F "left: $D/etc/ppp/ip-up.local, which calls" "$BATS_TEST_TMPDIR/said"
	grep -F 'systemctl disable dtcp-up@ppp0.service' "$BATS_TEST_TMPDIR/said"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" = 2 ]
	ln -s /lib/systemd/system/dtcpd.service "$D/etc/systemd/system/x.wants/dtcpd.service"
	: >"$D/etc/dtcpd.conf"
	"$ROOT/etc/install/say-left" "$D" /etc /etc/ppp/dtcp.conf /usr/local/libexec >"$BATS_TEST_TMPDIR/said"
	grep -F 'systemctl disable dtcpd.service' "$BATS_TEST_TMPDIR/said"
	grep -F "left: $D/etc/dtcpd.conf" "$BATS_TEST_TMPDIR/said"
}
