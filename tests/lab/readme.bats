#!/usr/bin/env bats
# The commands of both READMEs, run as they are printed, in their order: those
# that are the same in both (docs.bats) from the blocks, and those in the text. "Your own
# other end" is readme-far.bats.

load lab
load up
load readme

setup() {
	lab_up
}

teardown() {
	lab_end
}

# runs NUMBER: that block runs to its end, in the project's folder, as root of
# the customer.
runs() {
	block "$1" >/run/lab/commands
	cat /run/lab/commands
	[ -s /run/lab/commands ]
	customer env -C "$LAB_PROJECT" PATH="/run/lab/bin:$PATH" timeout 60 bash -e /run/lab/commands 3>&-
}

# shape FILE: what --status printed there, without what differs from machine to machine.
shape() {
	sed -nE '/^dtcp0: up/,/^  path/p' "$1" | sed -E \
		-e 's/^(  server +).*, user .*, type/\1SERVER, user USER, type/' -e 's/^(  link +).*/\1LINK/' \
		-e 's/ on (eth1|lan0)$/ on LAN/' -e 's/[0-9a-f]+[.:][0-9a-f]*[.:][0-9a-f.:]+/ADDRESS/g' \
		-e 's/just now|[0-9]+ s ago/WHEN/' -e 's/[0-9]+( min|\.[0-9]+ ms| s)/TIME/g' -e 's/[0-9]+/NUMBER/g'
}

@test "from nothing to a ping, and back" {
	lab_static
	lab_dtcpd_start
	rm -f "$ACCOUNTS"
	# The packages are there; whether they are all is seen where this machine
	# was set up with what tests/deps.sh names.
	instead apt-get
	runs 1
	local package
	[ "$(sed -n 's/^apt-get install //p' /run/lab/told | wc -w)" -ge 6 ]
	while read -r package; do
		grep -qE "^	+build +$package +" "$LAB_PROJECT/tests/deps.sh"
	done < <(sed -n 's/^apt-get install //p' /run/lab/told | tr ' ' '\n')
	runs 2
	# The user of the session.
	getent passwd dtcp-up | grep nologin
	[ "$(stat -c '%a %U' "$ACCOUNTS")" = '600 root' ]
	# Its owner writes the account, among the comments.
	echo "$LAB_SERVER4 20200 foo bar lan=lan0" >>"$ACCOUNTS"
	echo "$LAB_HOST6 www.kame.net" >>/etc/hosts
	runs 3 2>&1 | tee /run/lab/said
	for word in 'S: +OK' '<digest>' 'dtcp0: up'; do
		grep -F "$word" /run/lab/said
	done
	grep '3 received' /run/lab/said
	# What is shown as good is what there is, once the server was asked for an answer.
	dtcp_up
	answered() { dtcp_up --status | tee /run/lab/status | grep 'last pong'; }
	wait_for 15 answered
	local page
	for page in README.md README.ja.md; do
		diff <(shape "$LAB_PROJECT/$page") <(shape /run/lab/status)
	done
	# How it is looked at when it fails, where there is a journal; and how it
	# is watched, until Ctrl-C.
	instead journalctl
	runs 4
	block 5 | grep -x 'dtcp-up --down'
	block 5 | grep -x 'dtcp-up --verbose --foreground'
	dtcp_up --down
	assert_nothing_left
	lab_spawn watched ip netns exec customer sh -c "$(block 5)"
	wait_for 15 up_is up
	pkill -INT -x -P "$(cat /run/lab/watched.pid)" dtcp-up
	assert_gone_within 5
	grep 'C: quit' /run/lab/watched.log
}

@test "uninstalled under a tunnel: it is ended, nothing is left but the accounts" {
	make_it() { customer timeout 60 make -s -C "$LAB_PROJECT" "$@" 3>&-; }
	make_it install
	up_ready ping=1
	DTCP_UP=/usr/local/sbin/dtcp-up dtcp_up
	make_it uninstall >/run/lab/said
	assert_nothing_left
	[ ! -e /usr/local/sbin/dtcp-up ] && [ ! -e /etc/ppp/ip-up.d/dtcp-up ]
	grep "left: $ACCOUNTS" /run/lab/said
	grep 'userdel dtcp-up' /run/lab/said
	grep foo "$ACCOUNTS"
	# One that cannot be ended stays, and with it the program.
	make_it install
	DTCP_UP=/usr/local/sbin/dtcp-up dtcp_up
	mkdir /run/lab/broken
	printf '#!/bin/sh\nexit 1\n' >/run/lab/broken/ip
	chmod 755 /run/lab/broken/ip
	mount --bind /run/lab/broken/ip "$(readlink -f "$(command -v ip)")"
	run make_it uninstall
	umount "$(readlink -f "$(command -v ip)")"
	echo "$output"
	[ "$status" != 0 ]
	[[ $output = *'nothing was removed'* ]]
	[ -x /usr/local/sbin/dtcp-up ] && [ -e /etc/ppp/ip-up.d/dtcp-up ]
	make_it uninstall
	assert_nothing_left
}

@test "every block is one that these tests know, and each of make's targets exists" {
	[ "$(grep -c '^```sh' "$LAB_PROJECT/README.md")" = 8 ]
	local target
	while read -r make target; do
		[ "$make" = make ]
		make -C "$LAB_PROJECT" -n -o deps-demo -o deps-check "$target" >/dev/null
	done < <(block 8)
	# In the text.
	local page install
	for page in README.md README.ja.md; do
		# shellcheck disable=SC2016 # as it is printed
		grep -F '`sysctl -w net.ipv6.conf.all.forwarding=1`' "$LAB_PROJECT/$page"
		# shellcheck disable=SC2016 # as it is printed
		grep -F '`systemctl enable dtcp-up@ppp0`' "$LAB_PROJECT/$page"
		install=$(grep -oE 'make install HOOKS="[^"]+"' "$LAB_PROJECT/$page")
	done
	customer env -C "$LAB_PROJECT" timeout 60 bash -c "$install" 3>&-
	[ -x /etc/ppp/ip-up.d/dtcp-up ]
	[ -e /lib/systemd/system/dtcp-up.service ]
	customer sysctl -w net.ipv6.conf.all.forwarding=1
}
