#!/usr/bin/env bats
# The path check: what --status and the log say of a path that is filtered or
# narrow; the session goes on.

load lab
load stay

setup() {
	lab_up
	lab_static
	lab_account ping=1
	lab_dtcpd_start
}

teardown() {
	lab_end
}

# warned PATTERN: the log has it, as a warning.
warned() { lab_log "$1" | grep -F daemon.warn; }

path_is() { [ "$(stay_json path_ok)" = "$1" ]; }

status_says() { (dtcp_up --status || true) | grep "$1"; }

@test "protocol 41 is filtered from the start: a warning that names it, and all is well when it passes" {
	lab_proto41 both
	stay_up
	path_is null
	wait_for 8 warned 'does not answer through the tunnel.*protocol 41'
	path_is false
	status_says 'protocol 41'
	stay_is up # it never answered, so nothing is known to be bad
	lab_proto41 pass
	wait_for 8 path_is true
	lab_log 'answers through the tunnel again'
	[ "$(lab_dtcpd_count login)" = 1 ]
	[ "$(lab_log 'does not answer through' | wc -l)" = 1 ]
}

@test "protocol 41 is filtered later: a warning, --status, and the word when it passes again" {
	stay_up
	wait_for 5 path_is true
	lab_proto41 out
	wait_for 10 warned 'no longer answers through the tunnel.*protocol 41'
	wait_for 5 path_is false
	stay_is connecting
	status_says 'protocol 41'
	lab_proto41 pass
	wait_for 8 stay_is up
	path_is true
	lab_log 'answers through the tunnel again'
	[ "$(lab_dtcpd_count login)" = 1 ]
}

@test "a smaller MTU on the way, without ICMP: a warning that names the MTU and mtu=" {
	lab_path_mtu 1400
	stay_up
	wait_for 10 warned 'MTU 1480 .*mtu='
	path_is true
	stay_is up
	dtcp_up --down
	lab_account ping=1 mtu=1380
	: >/run/lab/syslog
	stay_up
	lab_sleep 5
	not lab_log 'mtu='
}

# flood COUNT: as many answers to the keeper's first small echo, into the tunnel.
flood() {
	provider /usr/bin/python3 -E -s -S - "$(lab_far_interfaces | head -n 1)" "$(stay_pid)" "$1" <<-'END'
		import socket, struct, sys
		name, identifier = sys.argv[1], int(sys.argv[2]) & 0xffff
		s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
		to = ("ff02::1", 0, 0, socket.if_nametoindex(name))
		for _ in range(int(sys.argv[3])):
		    s.sendto(struct.pack("!BBH", 129, 0, 0) + struct.pack("=H", identifier)
		             + struct.pack("!H", 8) + b"dtcp-up\n", to)
	END
}
woken() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$(stay_pid)/status"; }
# shellcheck disable=SC2016 # awk's
received() { customer awk '/dtcp0:/ { print $3 }' /proc/net/dev; }

@test "answers that nobody asked for do not keep the keeper busy" {
	lab_account ping=240
	stay_up
	wait_for 5 path_is true
	lab_sleep 1 # the echo that fills the MTU was answered, too
	local before packets
	packets=$(received)
	before=$(woken)
	flood 2000
	# All have come: what is woken was woken by then.
	[ $(($(received) - packets)) -ge 2000 ]
	echo "woken $(($(woken) - before)) times"
	[ $(($(woken) - before)) -lt 5 ]
	# What waits in the socket is no answer to the next check.
	lab_proto41 out
	kill -USR1 "$(stay_pid)"
	wait_for 10 path_is false
}
