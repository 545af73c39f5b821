# The bench's server and the clients that are compared: how each brings the
# tunnel up, and how it is taken down again. Needs lab.bash.
# shellcheck shell=bash

BENCH=$LAB_PROJECT/build/bench
export BENCH_CLIENT4_B=203.0.113.51 # the other address of a redial

# bench_network: an address, the account, the server and its end of the tunnel.
bench_network() {
	lab_static
	lab_account "$@"
	ip -n provider -batch - <<-END
		tunnel add name far0 mode sit local $LAB_SERVER4 remote $LAB_CLIENT4 ttl 64
		link set dev far0 mtu 1480 up
		route replace $LAB_PREFIX dev far0
	END
	bench_server far0
}

bench_server() {
	lab_spawn server ip netns exec provider "$BENCH/server" "$LAB_SERVER4" "$@"
	wait_for 5 grep -q ready /run/lab/server.log
}

# peer NAME: the command that brings the tunnel up and returns then, as words
# in `peer`, which the caller reads.
# shellcheck disable=SC2034
peer() {
	case $1 in
	dtcp-up) peer=("$BENCH/dtcp-up" -q "$LAB_CLIENT4") ;;
	roles) peer=("$BENCH/roles" -r "$LAB_SERVER4" "$LAB_CLIENT4") ;;
	roles-path) peer=("$BENCH/roles" -p -r "$LAB_SERVER4" "$LAB_CLIENT4") ;;
	floor) peer=("$BENCH/floor" "$LAB_SERVER4" "$LAB_CLIENT4") ;;
	floor-path) peer=("$BENCH/floor" -p "$LAB_SERVER4" "$LAB_CLIENT4") ;;
	perl) peer=(/usr/bin/perl "$LAB_TESTS/bench/client.pl" "$LAB_SERVER4" "$LAB_CLIENT4") ;;
	sleeper) peer=("$BENCH/sleeper") ;;
	esac
}

# peer_pids NAME: what of it stays behind.
peer_pids() {
	local dir comm line
	for dir in /proc/[0-9]*; do
		read -r comm <"$dir/comm" || continue
		case $1:$comm in
		dtcp-up:dtcp-up | sleeper:sleeper | pinger:pinger) echo "${dir#/proc/}" ;;
		perl:client.pl) echo "${dir#/proc/}" ;;
		perl:perl)
			line=$(tr '\0' ' ' <"$dir/cmdline")
			[[ $line != *client.pl* ]] || echo "${dir#/proc/}"
			;;
		esac
	done 2>/dev/null
}

# peer_down NAME: ends it and removes its tunnel.
peer_down() {
	local pids
	case $1 in
	dtcp-up)
		customer timeout 10 "$BENCH/dtcp-up" -q --down
		return
		;;
	perl)
		pids=$(peer_pids perl)
		# One number a word is meant.
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill $pids
		;;
	esac
	# What is already gone is no failure.
	ip -n customer -6 -force -batch - <<-END >/dev/null 2>&1
		tunnel del name dtcp0
		route del unreachable $LAB_PREFIX proto 202
		route del unreachable ::/0 from $LAB_PREFIX metric 4294967295 proto 202
	END
	return 0
}
