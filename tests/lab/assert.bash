# Looking at the customer. Part of lab.bash, which see.
# shellcheck shell=bash

# lab_state: what dtcp-up could have left in the customer's kernel: tunnel
# interfaces, IPv6 addresses and routes beyond link-local ones, rules.
lab_state() {
	ip -n customer -6 -o -batch - <<-'END' | awk -f "$LAB_TESTS/lab/state.awk"
		link show type sit
		addr show scope global
		rule show
		route show table all
	END
}

# lab_snapshot: what lab_state says now is what assert_nothing_left wants.
lab_snapshot() { lab_state >/run/lab/snapshot; }

# lab_processes: dtcp-up's processes in the customer: number and arguments.
lab_processes() {
	local dir comm arguments
	for dir in /proc/[0-9]*; do
		read -r comm <"$dir/comm" || continue
		# A zombie has no namespace any more.
		[[ $comm = dtcp-up && $dir/ns/net -ef /run/netns/customer ]] || continue
		lab_dying "$dir" && continue
		arguments=$(tr '\0' ' ' <"$dir/cmdline")
		# Nor arguments, a moment before.
		[ -z "$arguments" ] || echo "${dir#/proc/} $arguments"
	done 2>/dev/null
}

# lab_dying DIR: whether the process of /proc was killed and has only not had its turn
# to end. A session's helper is killed by the kernel when the session ends.
lab_dying() {
	local word value
	while read -r word value; do
		[[ $word == S[hi][dg]P*nd: ]] || continue
		! ((16#$value >> 8 & 1)) || return 0
	done <"$1/status"
	return 1
}

# assert_nothing_left: the customer's kernel is as at the last lab_snapshot
# (lab_up takes one), no dtcp-up runs, the run directory is empty or missing.
assert_nothing_left() {
	local now left=''
	now=$(lab_state)
	if [ "$now" != "$(</run/lab/snapshot)" ]; then
		left+=$(diff /run/lab/snapshot - <<<"$now" | grep '^[<>]') || true
	fi
	left+=$(lab_processes)$(shopt -s nullglob dotglob && echo "$RUN_DIR"/*)
	if [ -n "$left" ]; then
		echo "left behind, or missing (<):" >&2
		echo "$left" >&2
		return 1
	fi
}

# assert_gone_within SECONDS: assert_nothing_left, at the latest after SECONDS.
assert_gone_within() {
	wait_for "$1" assert_nothing_left || assert_nothing_left
}

# ping6 BOX ADDRESS [PING-OPTION...]: whether one of three echoes is answered.
lab_ping6() {
	local box=$1 address=$2
	shift 2
	"$box" timeout $((10 * LAB_SLOW)) ping -6 -q -c 3 -i 0.2 -W 1 "$@" "$address" >/dev/null 2>&1
}

# lab_tcp_serve BOX ADDRESS [PORT]: an echo service there (port 7).
lab_tcp_serve() {
	lab_python "tcp-$1" "$1" stream serve "$2" "${3:-7}"
	wait_for 10 grep -q listening "/run/lab/tcp-$1.log"
}

# lab_tcp_once BOX ADDRESS [PORT]: one connection from BOX; prints `ok SECONDS`
# or `failed SECONDS WHY`. TIMEOUT=SECONDS limits it (10).
lab_tcp_once() {
	ip netns exec "$1" /usr/bin/python3 -E -s -S "$LAB_TESTS/lab/stream.py" \
		once "$2" "${3:-7}"
}

# lab_tcp_run BOX ADDRESS [PORT]: begins a long connection from BOX with data on
# the way both ways throughout. lab_tcp_stop BOX ends it and fails unless all
# bytes came back in order.
lab_tcp_run() {
	rm -f "/run/lab/stop-$1"
	lab_python "run-$1" "$1" stream run "$2" "${3:-7}" "/run/lab/stop-$1"
	wait_for 15 grep -q running "/run/lab/run-$1.log"
}
lab_tcp_stop() {
	touch "/run/lab/stop-$1"
	wait_for "${2:-200}" lab_gone "$(cat "/run/lab/run-$1.pid")"
	cat "/run/lab/run-$1.log"
	grep -q '^ok [1-9]' "/run/lab/run-$1.log"
}

# lab_lan_address PREFIX64 (`2001:db8:c0de:0`): gives the host lan ::2 in it,
# with ::1 as its router. Without a delay the first ICMPv6 error on a veth comes
# before connect() is ready for it, which then takes a second.
lab_lan_address() {
	tc -n lan qdisc replace dev eth0 root netem delay 2ms
	ip -n lan -6 addr flush dev eth0 scope global
	ip -n lan -batch - <<-END
		addr add $1::2/64 dev eth0 nodad
		route replace default via $1::1
	END
}

# lab_log [PATTERN]: what dtcp-up told syslog; lines look like
# `Jan  1 00:00:00 lab daemon.info dtcp-up[7]: text`.
lab_log() { lab_lines " dtcp-up(\[[0-9]+\])?: .*${1-}" /run/lab/syslog; }

# lab_why: prints what helps to understand a failure; for teardown.
lab_why() {
	[ -e /run/netns/customer ] || return 0
	echo '--- customer'
	ip -n customer addr
	ip -n customer -6 route show table all
	lab_processes
	echo '--- syslog'
	tail -n 40 /run/lab/syslog
	echo '--- dtcpd'
	tail -n 40 /run/lab/*.log || true # there may be none
}
