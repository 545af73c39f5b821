# What the tests of a tunnel's way up and down (up-*.bats) share: the installed
# program, what the kernel holds, wrappers. Load it after lab.
# shellcheck shell=bash
# shellcheck disable=SC2154 # `run` of bats sets status and output

# up_install [HOOKS]: installs the program and its hooks as an administrator
# does, and has dtcp_up run it. The first call of a file really installs.
up_install() {
	lab_make_install /run/lab/installed HOOKS="${1-pppd dhclient}"
	export DTCP_UP=/usr/local/sbin/dtcp-up
}

# up_ready [WORD...]: an address on wan, the server, and an account with WORDs.
up_ready() {
	lab_static
	lab_dtcpd_start
	lab_account "$@"
}

# up_fails STATUS PATTERN [OPTION...]: dtcp-up ends with STATUS, what it says
# matches PATTERN, and nothing is left.
up_fails() {
	local want=$1 pattern=$2
	shift 2
	run dtcp_up "$@"
	echo "dtcp-up $*: $status: $output"
	[ "$status" = "$want" ] || return 1
	grep -E "$pattern" <<<"$output" || return 1
	assert_nothing_left
}

# up_says PATTERN: what `run` ran said so.
up_says() { grep -E "$1" <<<"$output" || { echo "$output"; return 1; }; }

# up_routes: IPv6 routes that dtcp-up may have made, their details in the order
# `ip` prints them, sorted.
up_routes() {
	ip -n customer -6 -o route show table all proto 202 |
		sed 's/ *pref medium *$//; s/ *$//' | sort
}

# up_addresses DEV: its global IPv6 addresses, with their peers.
up_addresses() {
	ip -n customer -6 -o addr show dev "$1" scope global |
		sed -E 's/.* inet6 ([^ ]+( peer [^ ]+)?) .*/\1/'
}

# up_tunnel [IFACE]: how the sit interface was made.
up_tunnel() {
	ip -n customer -o -d link show "${1:-dtcp0}" |
		sed -nE 's/.* mtu ([0-9]+) .*sit ip6ip remote ([^ ]+) local ([^ ]+) (dev [^ ]+ )?ttl ([^ ]+) .*/\2 \3 ttl \5 mtu \1/p'
}

# up_is up|connecting [IFACE]: --status says so.
up_is() {
	local said
	said=$(dtcp_up --status -i "${2:-dtcp0}") || [ $? = 1 ]
	[[ $said == "${2:-dtcp0}: $1"* ]]
}

up_pid() { cat "$RUN_DIR/${1:-dtcp0}.pid"; }


# up_wrap_ip <BODY: from now on dtcp-up's ip is a shell script: BODY, then the
# real one, unless that ended it. Everybody else's stays as it is.
up_wrap_ip() {
	[ -e /run/lab/ip ] || cp -a "$(readlink -f /usr/sbin/ip)" /run/lab/ip
	{
		cat <<-'END'
			#!/bin/sh
			read -r caller </proc/$PPID/comm
			[ "$caller" = dtcp-up ] || exec /run/lab/ip "$@"
		END
		cat
		# shellcheck disable=SC2016 # is for the script
		echo 'exec /run/lab/ip "$@"'
	} >/run/lab/ip-wrapper
	chmod 755 /run/lab/ip-wrapper
	# A rename: one that runs is not disturbed.
	mv /run/lab/ip-wrapper /usr/sbin/ip
}

# up_feed_ip [FIRST] <BODY: from now on dtcp-up's ip is a shell script: FIRST, and then the
# real one, which gets what BODY makes of its lines. Each has a pipe of its own: what feeds
# one that has failed may still be at it.
up_feed_ip() {
	local body
	body=$(cat)
	up_wrap_ip <<-END
		${1-}
		fifo=/run/lab/fifo.\$\$
		mkfifo \$fifo
		exec 3<&0
		{
			$body
		} <&3 >\$fifo &
		exec /run/lab/ip "\$@" <\$fifo 3<&-
	END
}

# up_unwrap_ip: the real one again.
up_unwrap_ip() { [ ! -e /run/lab/ip ] || cp -a --remove-destination /run/lab/ip /usr/sbin/ip; }

# up_note_ip: notes in /run/lab/ip-lines what dtcp-up tells ip, line by line,
# after a line for each run of it; `link show` changes nothing, and is not noted.
up_note_ip() {
	: >/run/lab/ip-lines
	# shellcheck disable=SC2016 # is for the script
	up_feed_ip 'echo "run $*" >>/run/lab/ip-lines' \
		<<<"sed -u '/^link show/!w /dev/stderr' 2>>/run/lab/ip-lines"
}
