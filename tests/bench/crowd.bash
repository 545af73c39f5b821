# dtcpd with a crowd: what it takes to hold very many sessions, to have them all come
# back at once, and to drop what they forge. Beside it, in a box of its own, stands
# another dtcpd that has one session at most, so that what is dearer in a crowd is
# measured in turn with the same without one. Needs lab.bash, peers.bash and stays.bash.
# shellcheck shell=bash

CROWD=${BENCH_FAR:-1000}
LONE4=198.51.100.2   # the other dtcpd
NOBODY4=198.51.100.3 # packets for there are thrown away
declare -A crowd_orders crowd_answers

# The addresses of all clients (wire.h) are the customer's.
crowd_network() {
	lab_static
	ip netns add lone
	"$LAB_ENTER" lone sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n customer -batch - <<-END
		link add wan2 type veth peer name acc netns lone
		link set wan2 up
		addr add 192.0.2.50/24 dev wan2
		route add local 32.0.0.0/3 dev lo
		route add $LONE4 via 192.0.2.1
	END
	ip -n lone -batch - <<-END
		link set lo up
		link set acc up
		addr add $LONE4/32 dev lo
		addr add 192.0.2.1/24 dev acc
		route add 32.0.0.0/3 via 192.0.2.50
	END
	ip -n provider -batch - <<-END
		route add 32.0.0.0/3 via $LAB_CLIENT4
		route add blackhole $NOBODY4
	END
}

# crowd_dtcpd BOX ADDRESS: dtcpd there; returns when it listens.
crowd_dtcpd() {
	local n
	{
		echo "listen $2"
		for ((n = 1; n <= CROWD + 1; n++)); do
			printf 'user u%d bar prefix=2001:db8:%x::/48\n' $n $((4096 + n))
		done
	} >"/run/lab/$1.conf"
	chmod 600 "/run/lab/$1.conf"
	lab_spawn "$1" ip netns exec "$1" "$BENCH/dtcpd" -c "/run/lab/$1.conf" --run-dir "/run/lab/$1-run"
	wait_for 60 grep -q 'listening at' "/run/lab/$1.log"
}

# crowd_pids BOX: the processes of that dtcpd.
crowd_pids() {
	local root
	root=$(cat "/run/lab/$1-run/dtcpd.pid")
	echo "$root"
	pgrep -P "$root" -x dtcpd
}

# crowd_clients NAME ADDRESS PORT [bare]: a program of clients, which waits for orders.
crowd_clients() {
	local name=$1 in=/run/lab/$1.orders out=/run/lab/$1.answers orders answers
	shift
	rm -f "$in" "$out"
	mkfifo "$in" "$out"
	exec {orders}<>"$in" {answers}<>"$out"
	crowd_orders[$name]=$orders crowd_answers[$name]=$answers
	lab_spawn "$name" "$LAB_ENTER" customer sh -c "exec \"\$@\" <$in >$out" - "$BENCH/crowd" "$@"
}

# crowd_order NAME ORDER: has it carried out; the answer is in `answer`.
crowd_order() {
	echo "$2" >&"${crowd_orders[$1]}"
	read -rt 310 answer <&"${crowd_answers[$1]}" && [[ $answer != failed ]] && return
	echo "bench: $1: $2: ${answer:-no answer}" >&2
	tail -n 5 "/run/lab/$1.log" >&2
	return 1
}

# crowd_up: both dtcpds and programs of clients for them.
crowd_up() {
	round=$WARM_UP
	sample far-crowd dtcpd "$CROWD"
	crowd_network
	crowd_dtcpd provider "$LAB_SERVER4" && crowd_dtcpd lone "$LONE4" || return
	crowd_clients crowd "$LAB_SERVER4" 20200
	crowd_clients single "$LONE4" 20200
}

# forks: how many processes this kernel has started so far, in `forked`.
forks() {
	local name value
	while read -r name value; do
		[ "$name" != processes ] || forked=$value
	done </proc/stat
}

# crowd_switches PID...: how often they were woken up so far.
crowd_switches() {
	local pid name value total=0
	for pid; do
		while read -r name value; do
			[ "$name" != voluntary_ctxt_switches: ] || total=$((total + value))
		done <"/proc/$pid/status"
	done
	echo "$total"
}

# crowd_pings FIGURE SUBJECT NAME COUNT PID...: processor time of the PIDs for a ping, of
# which each client says one.
crowd_pings() {
	local before after
	before=$(cpu "${@:5}")
	crowd_order "$3" "ping $4" || return
	[ "$2" = bare ] || lab_sleep $((CROWD / 100 + 4)) # what it does about them later is done
	after=$(cpu "${@:5}")
	sample "$1" "$2" "$(((after - before) * 1000 / $4))"
}

# Sessions that are there: memory, processor time of a ping, wake-ups.
measure_held() {
	local pids bare before answer
	crowd_up && crowd_order crowd "up 1 $CROWD 3000" || return
	lab_spawn bare ip netns exec provider "$BENCH/bare" "$LAB_SERVER4"
	wait_for 5 grep -q ready /run/lab/bare.log || return
	crowd_clients plain "$LAB_SERVER4" 7 bare
	crowd_order plain "up 1 $CROWD 1000" || return
	lab_sleep 5
	mapfile -t pids < <(crowd_pids provider)
	bare=$(cat /run/lab/bare.pid)
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		before=$(crowd_switches "${pids[@]}")
		lab_sleep 1
		sample far-wake-ups dtcpd $(($(crowd_switches "${pids[@]}") - before))
		crowd_pings far-ping dtcpd crowd "$CROWD" "${pids[@]}" &&
			crowd_pings far-ping bare plain "$CROWD" "$bare" || return
		sample far-dirty dtcpd $((1024 * $(dirty "${pids[@]}") / CROWD))
		sample far-dirty bare $((1024 * $(dirty "$bare") / CROWD))
	done
}

# crowd_back HOW: they all come within three seconds.
crowd_back() {
	local before
	# The kernel's own helpers, of which it starts one for each interface, are not to count.
	echo >/proc/sys/kernel/modprobe
	[ ! -e /sys/kernel/uevent_helper ] || echo >/sys/kernel/uevent_helper
	forks
	before=$forked
	crowd_order crowd "up 1 $CROWD 3000" || return
	forks
	echo "bench: $CROWD clients, $1: $answer, $((forked - before)) programs" >&2
	sample far-back "$1" "$(cut -d ' ' -f 2 <<<"$answer")"
	sample far-programs "$1" $((forked - before))
	sample far-lost "$1" "$(cut -d ' ' -f 3 <<<"$answer")"
}

# crowd_one FIGURE SUBJECT NAME CLIENT: the time of one login.
crowd_one() {
	crowd_order "$3" "up $4 1 0" || return
	sample "$1" "$2" "$(cut -d ' ' -f 2 <<<"$answer")"
	crowd_order "$3" "down $4 1"
}

# hand_lines N...: into /run/lab/hand.1 to .3, what dtcpd's programs are told for a session,
# for interfaces handN whose other ends are of many networks.
hand_lines() {
	local n name prefix number words
	for n; do
		name=hand$n
		printf -v prefix '2001:db8:%x::/48' "$n"
		echo "link add name $name type sit mode ip6ip local 198.51.100.9 remote $((33 + n % 28)).2.$((n / 250)).$((n % 250 + 1)) ttl 64" >&3
		echo "qdisc add dev $name clsact" >&4
		number=1
		for words in fe80::/10:pass "$prefix:pass" ::/128:drop; do
			echo "filter add dev $name ingress pref $((number++)) protocol ipv6 u32 match ip6 src ${words%:*} action ${words##*:}" >&4
		done
		echo "filter add dev $name ingress pref $number protocol all u32 match u32 0 0 action drop" >&4
		echo "link set dev $name mtu 1480 up" >&5
		echo "route add $prefix dev $name proto 203 metric 1024" >&5
	done 3>/run/lab/hand.1 4>/run/lab/hand.2 5>/run/lab/hand.3
}

# crowd_hand FIGURE SUBJECT BOX N...: by hand, the programs that dtcpd runs for these
# sessions, with the same lines.
crowd_hand() {
	local figure=$1 subject=$2 box=$3 began
	shift 3
	hand_lines "$@"
	began=${EPOCHREALTIME/./}
	"$LAB_ENTER" "$box" ip -force -batch - </run/lab/hand.1
	"$LAB_ENTER" "$box" tc -force -batch - </run/lab/hand.2
	"$LAB_ENTER" "$box" ip -force -batch - </run/lab/hand.3
	sample "$figure" "$subject" $((${EPOCHREALTIME/./} - began))
}

# The same for all: the least time in which so many tunnels can be made here.
crowd_hands() {
	local n
	mapfile -t n < <(seq 1 "$CROWD")
	ip netns add hands
	crowd_hand far-back hand hands "${n[@]}"
	ip netns del hands
	lab_sleep 3 # the kernel removes them
}

# All come back: to a dtcpd that has just begun, as after a reboot; without a word from
# the addresses that they had, as after an outage of their line; and one more.
measure_back() {
	local answer forked box
	crowd_up || return
	round=$WARM_UP
	crowd_hands
	crowd_back new || return
	lab_sleep 3
	crowd_order crowd "vanish 1 $CROWD" && crowd_back again || return
	lab_sleep 3
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		crowd_one far-one crowd crowd $((CROWD + 1)) || return
		lab_sleep 1
		crowd_one far-one alone single 1 || return
		lab_sleep 1
		for box in provider:crowd lone:alone; do
			crowd_hand far-one-floor "${box#*:}" "${box%:*}" 0
			ip -n "${box%:*}" link del dev hand0
			lab_sleep 1
		done
	done
}

# Packets with a source that is not the client's, sent by all of them in turn, and by one.
measure_forged() {
	local answer
	crowd_up && crowd_order crowd "up 1 $CROWD 3000" && crowd_order single "up 1 1 0" || return
	lab_sleep 3
	for ((round = 0; round < RUNS + WARM_UP; round++)); do
		sample far-forged crowd "$(customer "$BENCH/forger" "$LAB_SERVER4" "$CROWD" 20000)"
		sample far-forged alone "$(customer "$BENCH/forger" "$LONE4" 1 20000)"
		sample far-forged nobody "$(customer "$BENCH/forger" "$NOBODY4" "$CROWD" 20000)"
	done
}
