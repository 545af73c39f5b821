# What stays behind: its memory, many of it on one machine, and its growth over
# many sessions. Needs peers.bash.
# shellcheck shell=bash

peer=() # set by peer
MANY=${BENCH_TUNNELS:-200}

# dirty PID...: their Pss_Dirty together, in KiB.
dirty() {
	local pid name value total=0
	for pid in "$@"; do
		while read -r name value _; do
			[ "$name" != Pss_Dirty: ] || total=$((total + value))
		done <"/proc/$pid/smaps_rollup"
	done
	echo "$total"
}

# descriptors PID...: how many they have together.
descriptors() {
	local pid
	for pid in "$@"; do
		echo "/proc/$pid/fd"/*
	done | wc -w
}

# cpu PID...: microseconds that they have run together.
cpu() {
	local pid ns total=0
	for pid in "$@"; do
		read -r ns _ <"/proc/$pid/schedstat"
		total=$((total + ns))
	done
	echo $((total / 1000))
}

measure_memory() {
	local name
	bench_network
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		for name in dtcp-up perl sleeper; do
			peer $name
			if [ $name = sleeper ]; then
				lab_spawn sleeper "${peer[@]}"
			else
				customer timeout -k 1 60 "${peer[@]}" || return
			fi
			lab_sleep 1.5 # the path check is over
			# One number a word is meant.
			# shellcheck disable=SC2046
			sample dirty $name "$(dirty $(peer_pids $name))"
			if [ $name = sleeper ]; then
				lab_kill sleeper
			else
				peer_down $name
			fi
		done
	done
}

# Each tunnel has an address of the link, an account and a far end of its own.
many_network() {
	local n
	lab_static
	for ((n = 1; n <= MANY; n++)); do
		echo "addr add 203.0.113.$((n + 50))/24 dev wan"
	done | ip -n customer -batch -
	for ((n = 1; n <= MANY; n++)); do
		echo "tunnel add name far$n mode sit local $LAB_SERVER4 remote 203.0.113.$((n + 50)) ttl 64"
		echo "link set dev far$n up"
		printf 'route add 2001:db8:%x::/48 dev far%d\n' $((4096 + n)) $n
	done | ip -n provider -batch -
	mkdir -p /run/lab/many
	for ((n = 1; n <= MANY; n++)); do
		(umask 077 && echo "$LAB_SERVER4 20200 u$n bar interface=t$n ping=240 metric=$((4096 + n))" \
			>/run/lab/many/$n)
	done
	bench_server
}

# many_up N: brings tunnel N up and prints the microseconds.
many_up() {
	customer timeout -k 1 60 "$BENCH/stopwatch" "$BENCH/dtcp-up" -q \
		-c "/run/lab/many/$1" -i "t$1" "203.0.113.$(($1 + 50))"
}

many_down() { customer timeout -k 1 60 "$BENCH/dtcp-up" -q --down "$@"; }

# many_dirty WHICH TUNNELS: memory for a tunnel.
many_dirty() {
	local pids
	mapfile -t pids < <(peer_pids dtcp-up)
	if [ ${#pids[@]} != $((2 * $2)) ]; then
		echo "bench: ${#pids[@]} processes for $2 tunnels" >&2
		return 1
	fi
	for ((round = WARM_UP; round < RUNS + WARM_UP; round++)); do
		sample many-dirty "$1" $((1024 * $(dirty "${pids[@]}") / $2))
	done
}

# many_cpu FIGURE WHICH NAME PID...: CPU time for a keepalive of the peer NAME,
# for which each round asks 1,000 times, the PIDs in turn. The kernel of the lab
# counts CPU time in ticks of 10 ms, so they come at odd times, and there have to
# be many.
many_cpu() {
	local figure=$1 which=$2 pids woken=("${@:4}") n before after
	mapfile -t pids < <(peer_pids "$3")
	for ((round = WARM_UP; round < RUNS + WARM_UP; round++)); do
		before=$(cpu "${pids[@]}")
		for ((n = 0; n < 1000; n++)); do
			kill -USR1 "${woken[n % ${#woken[@]}]}"
			lab_sleep 0.00$((4 + RANDOM % 6))
		done
		after=$(cpu "${pids[@]}")
		sample "$figure" "$which" $(((after - before) / 1000))
	done
}

# many_cost WHICH TUNNELS: memory and CPU time, then the CPU time of the least
# that could keep these tunnels, which stay when their keepers are killed.
many_cost() {
	local keepers=() pids n
	many_dirty "$1" "$2" || return
	for ((n = 1; n <= $2; n++)); do
		keepers+=("$(cat "$RUN_DIR/t$n.pid")")
	done
	many_cpu many-cpu "$1" dtcp-up "${keepers[@]}"
	mapfile -t pids < <(peer_pids dtcp-up)
	kill -KILL "${pids[@]}" 2>/dev/null || true # a session ends with its keeper
	keepers=()
	for ((n = 1; n <= $2; n++)); do
		lab_spawn "pinger$n" nsenter --net=/run/netns/customer -- \
			"$BENCH/pinger" "$LAB_SERVER4" "t$n"
		wait_for 5 grep -q ready "/run/lab/pinger$n.log" || return
		keepers+=("$(cat "/run/lab/pinger$n.pid")")
	done
	many_cpu many-cpu-floor "$1" pinger "${keepers[@]}"
	mapfile -t pids < <(peer_pids pinger)
	kill -KILL "${pids[@]}" 2>/dev/null || true
}

# many_times WHICH N: how long tunnel N takes, and the floor.
many_times() {
	local us
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		us=$(many_up "$2") || return
		sample many-time "$1" "$us"
		many_down -i "t$2"
		peer floor
		us=$(customer timeout -k 1 60 "$BENCH/stopwatch" "${peer[@]}") || return
		sample many-time-floor "$1" "$us"
		peer_down floor
	done
}

# many_one: what one tunnel alone takes.
many_one() {
	many_times one 1 || return
	many_up 1 >/dev/null && lab_sleep 6 && many_cost one 1 || return
	many_down # its keeper was killed
}

# One tunnel is measured before the many and after them, since the machine may
# have other things to do at one time than at another.
measure_many() {
	local n
	many_network
	many_one || return
	for ((n = 1; n < MANY; n++)); do
		many_up "$n" >/dev/null || return
	done
	many_times all "$MANY" || return
	many_up "$MANY" >/dev/null && lab_sleep 8 && many_cost all "$MANY" || return
	many_down
	many_one
}

# What looking costs where the kernel's tables are full.
measure_look() {
	local keeper
	bench_network ping=240
	peer dtcp-up
	customer timeout -k 1 60 "${peer[@]}" && lab_sleep 6 || return
	keeper=$(cat "$RUN_DIR/dtcp0.pid")
	many_cpu look empty dtcp-up "$keeper"
	lab_others 10000 200 1
	many_cpu look full dtcp-up "$keeper"
	peer_down dtcp-up
}

# sessions: how many there were so far, in `reconnects`, by the state file.
sessions() {
	local line
	reconnects=-1
	while read -r line; do
		[[ $line != reconnects=* ]] || reconnects=${line#*=}
	done <"$RUN_DIR/dtcp0.state"
}

# sessions_until N: has the keeper log in anew until it was N times.
sessions_until() {
	local keeper tries now
	keeper=$(cat "$RUN_DIR/dtcp0.pid")
	sessions
	while [ "$reconnects" -lt "$1" ]; do
		now=$reconnects tries=0
		kill -HUP "$keeper" || return
		while sessions && [ "$reconnects" = "$now" ] && [ $tries -lt 1000 ]; do
			lab_sleep 0.01
			tries=$((tries + 1))
		done
		[ $tries -lt 1000 ] || return
	done
}

# What it has after some sessions, which fill buffers that stay, and at the end.
measure_growth() {
	local start dirty_before fds_before
	start=$((SESSIONS / 100 < 20 ? 20 : SESSIONS / 100))
	round=$WARM_UP
	bench_network
	peer dtcp-up
	customer timeout -k 1 60 "${peer[@]}" || return
	sessions_until "$start" && lab_sleep 5 || return
	# One number a word is meant, here and below.
	# shellcheck disable=SC2046
	dirty_before=$(dirty $(peer_pids dtcp-up))
	# shellcheck disable=SC2046
	fds_before=$(descriptors $(peer_pids dtcp-up))
	sessions_until $((start + SESSIONS)) && lab_sleep 5 || return
	sample growth-sessions dtcp-up "$SESSIONS"
	# shellcheck disable=SC2046
	sample growth-dirty dtcp-up $((1024 * ($(dirty $(peer_pids dtcp-up)) - dirty_before)))
	# shellcheck disable=SC2046
	sample growth-descriptors dtcp-up $(($(descriptors $(peer_pids dtcp-up)) - fds_before))
	peer_down dtcp-up
}
