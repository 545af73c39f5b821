# How many: programs started and system calls, by strace, and wake-ups. Needs
# peers.bash.
# shellcheck shell=bash

trace=/run/lab/trace
peer=() # set by peer

# count MODE FILE: what count.py finds in a trace.
count() { /usr/bin/python3 -E -s -S "$LAB_TESTS/bench/count.py" "$@"; }

measure_counts() {
	bench_network
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		count_up floor && peer_down floor || return
		# Without strace's brake on what ends.
		count_up dtcp-up && count_renewal && lab_kill strace &&
			peer_down dtcp-up || return
	done
	# Long pings first: nothing is to happen in between.
	lab_account ping=240
	count_wake_ups || return
	lab_account ping=1
	count_keepalives
}

# The command, the first process, has returned; strace still follows what stays behind.
traced_has_returned() {
	local first _
	read -r first _ <$trace && grep -q "^$first .*+++ exited with 0 +++" $trace
}

count_up() {
	local calls programs
	rm -f $trace
	peer "$1"
	lab_spawn strace ip netns exec customer strace -I 2 -f -q -ttt -s 16 -o $trace \
		"${peer[@]}"
	wait_for 60 traced_has_returned || return
	read -r calls programs <<<"$(count up $trace)"
	sample calls-up "$1" "$calls"
	sample programs-up "$1" "$programs"
}

# The same address once more: what the command starts, and the keeper.
count_renewal() {
	local before after own
	lab_sleep 0.3 # what follows the bring-up is over
	before=$(count programs $trace)
	peer dtcp-up
	customer strace -I 2 -f -q -ttt -o $trace.renewal "${peer[@]}" || return
	lab_sleep 0.3
	after=$(count programs $trace)
	own=$(count programs $trace.renewal)
	sample programs-renew dtcp-up $((after - before + own - 1))
}

# switches: how often each process of dtcp-up was woken up so far, added up.
switches() {
	local pid name value total=0
	for pid in $(peer_pids dtcp-up); do
		while read -r name value; do
			case $name in
			voluntary_ctxt_switches:) total=$((total + value)) ;;
			esac
		done <"/proc/$pid/status"
	done
	echo "$total"
}

count_wake_ups() {
	local before
	peer dtcp-up
	customer timeout -k 1 60 "${peer[@]}" || return
	lab_sleep 6 # the path check and the time that routes outlive a session
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		before=$(switches)
		lab_sleep 1
		sample wake-ups dtcp-up $(($(switches) - before))
	done
	peer_down dtcp-up
}

count_keepalives() {
	local pid attach=() calls all
	peer dtcp-up
	customer timeout -k 1 60 "${peer[@]}" || return
	lab_sleep 3
	for pid in $(peer_pids dtcp-up); do
		attach+=(-p "$pid")
	done
	round=0
	lab_spawn strace strace -I 2 -f -q -ttt -s 16 -o $trace "${attach[@]}"
	lab_sleep $((RUNS + WARM_UP + 4))
	lab_kill strace
	while read -r calls all; do
		sample calls-keepalive dtcp-up "$calls"
		sample calls-keepalive-all dtcp-up "$all"
		round=$((round + 1))
		[ $round -lt $((RUNS + WARM_UP)) ] || break
	done < <(count keepalives $trace)
	peer_down dtcp-up
	[ $round = $((RUNS + WARM_UP)) ] || echo "bench: only $round keepalives seen" >&2
}
