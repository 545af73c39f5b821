#!/usr/bin/env bats
# Signals and --down, in every state: over within 2 s, and nothing is left.

load lab
load stay

setup() {
	lab_up
	lab_static
	lab_account lan=lan0 ping=1
}

teardown() {
	lab_end
}

# in_state FUNCTION [END...]: FUNCTION brings a keeper into a state, each END
# (default: --down and TERM) ends it there.
in_state() {
	local reach=$1 how
	shift
	[ $# -gt 0 ] || set -- down TERM
	for how in "$@"; do
		$reach
		[ "$(lab_processes | wc -l)" -gt 0 ]
		stay_end "$how"
	done
}

server_saw() { [ "$(lab_dtcpd_count "$1")" -gt "$2" ]; }

# server_sees EVENT COMMAND...: COMMAND makes the server see EVENT once more.
server_sees() {
	local event=$1 before
	shift
	before=$(lab_dtcpd_count "$event")
	"$@"
	wait_for 10 server_saw "$event" "$before"
}

@test "waiting for an address" {
	waiting() {
		stay_later -l wan 203.0.113.60
		stay_is connecting
	}
	ip -n customer addr flush dev wan
	in_state waiting
}

@test "resolving with a dead name server" {
	: >/run/lab/resolv.conf
	mount --bind /run/lab/resolv.conf /etc/resolv.conf
	(umask 077 && echo 'dtcp.example.net 20200 foo bar' >"$ACCOUNTS")
	resolving() {
		lab_dns_dead
		stay_later "$LAB_CLIENT4"
		wait_for 5 lab_dns_asked
		stay_is connecting
	}
	in_state resolving
	umount /etc/resolv.conf
}

@test "connecting to a silent address" {
	lab_dtcpd_start
	lab_silence on
	connecting() {
		stay_later "$LAB_CLIENT4"
		wait_for 5 syn_sent
		stay_is connecting
	}
	syn_sent() { customer ss -Htn state syn-sent dport = 20200 | grep -q .; }
	in_state connecting
}

@test "waiting for the greeting, and for the answer to the login" {
	lab_dtcpd_start --set greeting=silent
	silent() {
		server_sees accepted stay_later "$LAB_CLIENT4"
		stay_is connecting
	}
	in_state silent
	lab_dtcpd_set greeting= login=silent
	logging_in() {
		server_sees received stay_later "$LAB_CLIENT4"
		stay_is connecting
	}
	in_state logging_in
}

@test "backing off from a server that refuses" {
	lab_dtcpd_start --set 'login=err no such user'
	backing_off() {
		server_sees login stay_later "$LAB_CLIENT4"
		wait_for 5 no_session
		stay_is connecting
	}
	no_session() { [ "$(lab_processes | wc -l)" = 1 ]; }
	in_state backing_off
}

@test "up: the server hears quit, once, and the tunnel carries nothing any more" {
	lab_dtcpd_start
	in_state stay_up down TERM INT
	wait_for 5 heard_quit 3
	wait_for 5 no_far_end
}
heard_quit() { [ "$(lab_dtcpd_log received | grep -c quit)" = "$1" ]; }
no_far_end() { not lab_far_interfaces; }

@test "up, and the server does not answer quit, or is silent altogether" {
	lab_dtcpd_start --set quit=silent
	in_state stay_up
	unheard() {
		lab_silence off
		stay_up
		lab_silence on
	}
	in_state unheard
}

@test "in the foreground: Ctrl-C, TERM and --down end it with 0" {
	lab_dtcpd_start
	local how
	for how in INT TERM down; do
		lab_spawn up bash -c 'nsenter --net=/run/netns/customer -- "$@"; echo "status $?"' \
			bash "$DTCP_UP" -f "$LAB_CLIENT4"
		wait_for 10 stay_is up
		stay_end $how
		wait_for 5 grep -x 'status 0' /run/lab/up.log
	done
}

@test "a caller that still waits hears of the end, and does not begin anew" {
	lab_dtcpd_start --set greeting=silent
	local how
	for how in down TERM; do
		lab_spawn up bash -c 'nsenter --net=/run/netns/customer -- "$@"; echo "status $?"' \
			bash "$DTCP_UP" -w 30 "$LAB_CLIENT4"
		wait_for 5 test -e "$RUN_DIR/dtcp0.state"
		lab_sleep 0.3
		kill_or_down $how
		wait_for 5 grep -x 'status 71' /run/lab/up.log
		grep 'ended while it was coming up' /run/lab/up.log
		assert_nothing_left
	done
}
kill_or_down() {
	if [ "$1" = down ]; then dtcp_up --down; else kill "-$1" "$(stay_pid)"; fi
}

@test "moving: logging in from the new address, the tunnel there" {
	lab_dtcpd_start
	ip -n customer addr add 203.0.113.51/24 dev wan
	moving() {
		lab_dtcpd_set login=
		stay_up
		lab_dtcpd_set login=silent
		server_sees login stay_later 203.0.113.51
		stay_is connecting
		lab_state | grep 'link dtcp0'
	}
	in_state moving
}

@test "moving: the server does not answer the quit from the old address" {
	lab_dtcpd_start --set quit=silent
	ip -n customer addr add 203.0.113.51/24 dev wan
	leaving() {
		stay_up
		stay_later 203.0.113.51
	}
	in_state leaving
}

@test "a script that hangs is ended after a second" {
	lab_dtcpd_start
	cat >/run/lab/script <<-'END'
		#!/bin/sh
		echo "$1" >>/run/lab/script.ran
		exec sleep 1000
	END
	chmod +x /run/lab/script
	lab_account script=/run/lab/script
	in_script() {
		rm -f /run/lab/script.ran
		stay_up
		wait_for 5 grep up /run/lab/script.ran
	}
	in_state in_script
	[ "$(tr '\n' ' ' </run/lab/script.ran)" = 'up down ' ]
	not pgrep -fx 'sleep 1000'
}
