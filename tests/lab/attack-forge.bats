#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# A session that was taken over and speaks to the root part: no message makes
# it build anything but a tunnel that a server might have offered.

load lab
load attack
load up

setup_file() { attack_puppet; }

setup() {
	lab_up
	lab_static
	lab_account path=trust # no far end answers what is forged
	lab_dtcpd_start
}

teardown() {
	lab_end
}

# ends_with STATUS PATTERN: the command that connects ends so, with a message,
# and nothing was built.
ends_with() {
	local status=0
	wait "$(cat /run/lab/command.pid)" || status=$?
	cat /run/lab/command.log
	[ "$status" = "$1" ] || return 1
	grep -E "$2" /run/lab/command.log || return 1
	assert_nothing_left
}

# silent: the server does not greet from now on.
silent() { lab_dtcpd_set 'greeting=silent | delay 30000'; }

# lies PATTERN WHAT VALUE...: a forged offer is refused, with the reason.
lies() {
	local pattern=$1
	shift
	echo "offer $*"
	attack_connecting
	attack_forge offer "$@"
	ends_with 76 "$pattern"
}

@test "a forged offer that a server might have made is built: that is all it can do" {
	silent
	attack_connecting
	attack_forge offer far 198.51.100.9 prefix 2001:db8:f00d::/48
	wait "$(cat /run/lab/command.pid)"
	lab_state | grep -x 'link dtcp0'
	dtcp_up --status | grep '2001:db8:f00d::/48'
	dtcp_up --down
	assert_nothing_left
}

@test "a forged offer that no server may make: 76, with the reason" {
	silent
	lies 'the far end 203.0.113.50 is an address of this host' far 203.0.113.50
	lies 'the far end 192.168.7.1 is an address of this host' far 192.168.7.1
	lies 'the far end 203.0.113.255 is an address of this host' far 203.0.113.255
	lies 'the far end 127.0.0.1 is no unicast' far 127.0.0.1
	lies 'is not in 2000::/3 or fc00::/7' prefix fe80::/48
	lies 'is not from /32 to /64' length 0
	lies 'is not from /32 to /64' length 255
	lies 'not bound to the address' near 192.168.7.1
	lies 'of another type' type 1
	lies 'with 0 prefixes' count 0
}

@test "what is no message, or not the session's to send: 71" {
	silent
	local what
	for what in 'offer count 50' 'offer type 77' 'offer case 2' 'size 0' 'size 100' \
		'size 2000' 'text 1 0 x' 'text 99 0 x' 'text 3 0 emergency' 'text 6 0 x' 'text 6 75 x'; do
		echo "$what"
		attack_connecting
		# Words are meant.
		# shellcheck disable=SC2086
		attack_forge $what
		ends_with 71 'the session process (sends what it may not|ended by itself)'
	done
}

@test "a session that says again and again that it has asked: one ip, no more" {
	silent
	up_note_ip
	attack_connecting
	for _ in 1 2 3 4; do
		attack_forge text 10 0 x
		sleep 1.2 # one that waits in vain has ended by then
	done
	cat /run/lab/ip-lines
	[ "$(grep -c '^run' /run/lab/ip-lines)" = 1 ]
	[ "$(wc -l </run/lab/ip-lines)" = 1 ]
	dtcp_up --down
	wait_for 10 lab_gone "$(cat /run/lab/command.pid)" # it waited for the keeper
	up_unwrap_ip
	assert_nothing_left
}

@test "a second offer: the session is ended, the tunnel stays as it is" {
	local session before
	dtcp_up "$LAB_CLIENT4"
	session=$(attack_session)
	before=$(lab_state)
	attack_forge offer prefix 2001:db8:f00d::/48
	wait_for 5 lab_gone "$session"
	wait_for 5 lab_log 'offers twice'
	# A true session follows, for the same tunnel.
	attack_session
	wait_for 10 attack_up
	[ "$(lab_state)" = "$before" ]
	not grep f00d <<<"$before"
}

@test "a flood of lines for the log ends the session" {
	local session lines
	dtcp_up "$LAB_CLIENT4"
	session=$(attack_session)
	attack_forge flood
	wait_for 5 lab_gone "$session"
	lines=$(lab_log 'a lie of the session' | wc -l)
	echo "$lines lines"
	[ "$lines" -le 200 ]
	attack_session
}

@test "one that says it is over, and stays, is ended and keeps nobody from ending" {
	dtcp_up "$LAB_CLIENT4"
	session=$(attack_session)
	lab_spawn stay "$PUPPET" "$session" forge stay
	wait_for 5 lab_gone "$session"
	dtcp_up --down
	assert_nothing_left
}

@test "what it says reaches log and terminal without control characters" {
	silent
	attack_connecting
	attack_forge text 3 3 $'\e]0;owned\a\e[2J line\nJan  1 00:00:00 lab daemon.err forged: x'
	attack_forge text 6 76 $'\e[31m\nforged: y'
	ends_with 76 'x1b\[31m'
	not grep -q $'[\e\a]' /run/lab/command.log
	not grep -q '^forged' /run/lab/command.log
	not grep -q ' forged:' <(grep -v 'dtcp-up' /run/lab/syslog)
	lab_log 'x1b]0;owned'
}
