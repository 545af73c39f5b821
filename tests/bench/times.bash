# How long: bring-ups at three distances, and a redial without a hook. Needs
# peers.bash.
# shellcheck shell=bash

peer=() # set by peer

# time_up FIGURE NAME: one bring-up, until an ordinary ping is answered.
time_up() {
	local us
	peer "$2"
	us=$(customer timeout -k 1 60 "$BENCH/stopwatch" -p "$LAB_HOST6" "${peer[@]}") || return
	sample "$1" "$2" "$us"
}

measure_times() {
	local rtt
	bench_network
	# The round trip is made of the delay on one link alone.
	for rtt in 0.2 20 200; do
		lab_delay "$rtt"
		# Fills the caches of what the round trip is measured with.
		customer ping -c 3 -i 0.2 -q "$LAB_SERVER4" >/dev/null
		for ((round = 0; round < RUNS + WARM_UP; round++)); do
			for name in floor floor-path roles roles-path dtcp-up perl; do
				time_up "up-$rtt" $name || return
				peer_down $name || return
			done
		done
	done
}

# The link keeps its routes while it has no global address, by one that
# nobody may use: the new address is then the only thing that is missing.
redial_link() {
	ip -n customer -batch - <<-END
		addr add 169.254.7.7/16 dev wan scope link
		route replace default via $LAB_PROVIDER4 dev wan onlink
	END
}

no_unconditional_route() {
	[ -z "$(ip -n customer -6 route show default dev dtcp0)" ]
}

# One redial: the link has $1, loses it, and gets $2.
redial_dtcp_up() {
	ip -n customer addr del "$1/24" dev wan
	wait_for 5 no_unconditional_route || return
	lab_sleep 0.2 # what the keeper does about it is done
	customer "$BENCH/redial" wan "$2" 2001:db8:c0de::1 "$LAB_HOST6"
}

# These end each time, so they are started anew and wait.
redial_floor() { redial_once "$@" floor -w; }
redial_floor_path() { redial_once "$@" floor -p -w; }
redial_roles() { redial_once "$@" roles -W; }
redial_roles_path() { redial_once "$@" roles -p -W; }

# redial_once FROM TO PROGRAM OPTION...
redial_once() {
	ip -n customer -batch - <<-END
		addr del $1/24 dev wan
		route del ::/0 dev dtcp0 metric 4096
		route del ::/0 from $LAB_PREFIX dev dtcp0
	END
	lab_spawn floor ip netns exec customer "$BENCH/$3" "${@:4}" wan "$LAB_SERVER4" "$1"
	wait_for 5 grep -q waiting /run/lab/floor.log || return
	lab_sleep 0.2
	customer "$BENCH/redial" wan "$2" 2001:db8:c0de::1 "$LAB_HOST6" || return
	wait_for 5 lab_gone "$(cat /run/lab/floor.pid)"
}

# redials NAME: brings it up once, then RUNS redials between two addresses.
redials() {
	local from=$LAB_CLIENT4 to=$BENCH_CLIENT4_B swap us
	lab_static
	redial_link
	peer "$1"
	customer timeout -k 1 60 "${peer[@]}" || return
	lab_ping6 customer "$LAB_HOST6" || return
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		us=$("redial_${1//-/_}" "$from" "$to") || return
		sample redial "$1" "$us"
		swap=$from from=$to to=$swap
		lab_sleep 0.2
	done
	peer_down "$1"
}

measure_redial() {
	local name
	bench_network
	lab_delay 2
	for name in floor floor-path roles roles-path dtcp-up; do
		redials $name || return
	done
}
