#!/usr/bin/env bats
# The commands of both READMEs, run as they are printed, in their order: those
# that are the same in both (docs.bats) from the blocks, and those in the text.

load lab
load up

setup() {
	lab_up
}

teardown() {
	lab_end
}

# block NUMBER: the NUMBERth block of commands of README.md.
block() { awk -v n="$1" '/^```sh/ { i++; on = 1; next } /^```/ { on = 0 } on && i == n' "$LAB_PROJECT/README.md"; }

# runs NUMBER: that block runs to its end, in the project's folder, as root of
# the customer.
runs() {
	block "$1" >/run/lab/commands
	cat /run/lab/commands
	[ -s /run/lab/commands ]
	customer env -C "$LAB_PROJECT" PATH="/run/lab/bin:$PATH" timeout 60 bash -e /run/lab/commands 3>&-
}

# instead NAME: what must not run here does nothing but note what it is told.
instead() {
	mkdir -p /run/lab/bin
	printf '#!/bin/sh\necho "%s $*" >>/run/lab/told\n' "$1" >"/run/lab/bin/$1"
	chmod 755 "/run/lab/bin/$1"
}

@test "from nothing to a ping, and back" {
	lab_static
	lab_dtcpd_start
	rm -f "$ACCOUNTS"
	# The packages are there; whether they are all is seen where this machine
	# was set up with what tests/deps.sh names.
	instead apt-get
	runs 2
	local package
	while read -r package; do
		grep -qE "^	+$package +" "$LAB_PROJECT/tests/deps.sh"
	done < <(sed -n 's/^apt-get install //p' /run/lab/told | tr ' ' '\n')
	[ "$(stat -c '%a %U' "$ACCOUNTS")" = '600 root' ]
	# Its owner writes the account, among the comments.
	echo "$LAB_SERVER4 20200 foo bar" >>"$ACCOUNTS"
	echo "$LAB_HOST6 www.kame.net" >>/etc/hosts
	runs 3 2>&1 | tee /run/lab/said
	for word in 'S: +OK' '<digest>' 'dtcp0: up' '3 received'; do
		grep -F "$word" /run/lab/said
	done
	# How it is looked at when it fails, where there is a journal; and how it
	# is watched, until Ctrl-C.
	instead journalctl
	runs 5
	block 6 | grep -x 'dtcp-up --down'
	block 6 | grep -x 'dtcp-up --verbose --foreground'
	dtcp_up --down
	assert_nothing_left
	lab_spawn watched ip netns exec customer sh -c "$(block 6)"
	wait_for 15 up_is up
	pkill -INT -x -P "$(cat /run/lab/watched.pid)" dtcp-up
	assert_gone_within 5
	grep 'C: quit' /run/lab/watched.log
}

@test "every block is one that these tests know, and each of make's targets exists" {
	[ "$(grep -c '^```sh' "$LAB_PROJECT/README.md")" = 6 ]
	local target
	while read -r make target; do
		[ "$make" = make ]
		make -C "$LAB_PROJECT" -n -o deps "$target" >/dev/null
	done < <(block 1)
	runs 4
	[ -x /etc/NetworkManager/dispatcher.d/90-dtcp-up ]
	# In the text.
	local page
	for page in README.md README.ja.md; do
		# shellcheck disable=SC2016 # as it is printed
		grep -F '`sysctl -w net.ipv6.conf.all.forwarding=1`' "$LAB_PROJECT/$page"
		# shellcheck disable=SC2016 # as it is printed
		grep -F '`systemctl enable dtcp-up@ppp0`' "$LAB_PROJECT/$page"
	done
	customer sysctl -w net.ipv6.conf.all.forwarding=1
}
