# Making and removing the network of the lab. Part of lab.bash, which see.
# shellcheck shell=bash

# lab_provider_links: the provider's links are up and have their addresses, that of IPv6 at
# once: without nodad it cannot be bound until a worker of the kernel has seen to it, even
# where there is no duplicate address detection.
lab_provider_links() {
	ip -n provider -batch - <<-END
		link set lo up
		link set acc up
		link set net0 up
		addr add $LAB_SERVER4/32 dev lo
		addr add $LAB_PROVIDER4/24 dev acc
		addr add 2001:db8:6::1/64 dev net0 nodad
	END
}

# lab_up [--nat]: a fresh network, links up, nothing running. IPv6 between
# provider and host6 works; the customer has no address on wan yet (behind NAT
# it has one).
lab_up() {
	local wan='name acc netns provider'
	if compgen -G '/run/netns/*' >/dev/null; then
		lab_down
	fi
	lab_restore_files
	[ "${1-}" != --nat ] || wan='name in0 netns nat'
	lab_boxes "$wan" "$@"
	ip -n customer -batch - <<-END
		link set lo up
		link set wan up
		link set lan0 up
		addr add 192.168.7.1/24 dev lan0
	END
	[ "${1-}" != --nat ] || lab_up_nat # brings the link to the provider
	lab_provider_links
	ip -n host6 -batch - <<-END
		link set lo up
		link set eth0 up
		addr add $LAB_HOST6/64 dev eth0 nodad
		route add default via 2001:db8:6::1
	END
	ip -n lan -batch - <<-END
		link set lo up
		link set eth0 up
		addr add 192.168.7.2/24 dev eth0
		route add default via 192.168.7.1
	END
	# A fresh customer is always the same.
	[ -e /run/lab/fresh ] || lab_state >/run/lab/fresh
	local fresh
	read -rd '' fresh </run/lab/fresh || true # to its end
	echo "$fresh" >/run/lab/snapshot
}

# lab_boxes PEER [--nat]: makes the boxes and the links between them; PEER is the
# other end of wan, as words for ip. New boxes take their settings from this one:
# routers forward, and all but the customer, whose kernel is as shipped, do
# without duplicate address detection, which takes a second.
lab_boxes() {
	local conf=/proc/sys/net/ipv6/conf
	echo 1 >/proc/sys/net/core/devconf_inherit_init_net
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >$conf/all/forwarding
	echo 1 >$conf/default/accept_dad
	ip netns add customer
	echo 0 >$conf/all/accept_dad
	echo 0 >$conf/default/accept_dad
	printf 'netns add %s\n' provider ${2:+nat} | ip -batch -
	echo 0 >$conf/all/forwarding
	ip -batch - <<-END
		netns add host6
		netns add lan
		link add wan netns customer type veth peer $1
		link add lan0 netns customer type veth peer name eth0 netns lan
		link add net0 netns provider type veth peer name eth0 netns host6
	END
}

lab_up_nat() {
	ip link add out0 netns nat type veth peer name acc netns provider
	ip -n nat -batch - <<-END
		link set lo up
		link set in0 up
		link set out0 up
		addr add 192.168.1.1/24 dev in0
		addr add 203.0.113.2/24 dev out0
		route add default via 203.0.113.1
	END
	lab_tc nat sch_ingress cls_matchall act_nat <<-END
		qdisc add dev out0 clsact
		filter add dev out0 egress protocol ip matchall action nat egress 192.168.1.2/32 203.0.113.2
		filter add dev out0 ingress protocol ip matchall action nat ingress 203.0.113.2/32 192.168.1.2
	END
	ip -n customer -batch - <<-END
		addr add 192.168.1.2/24 dev wan
		route add default via 192.168.1.1
	END
}

# lab_end: for teardown: tells what helps to understand a failed test, and ends
# everything.
lab_end() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || lab_why
	lab_down
}

# lab_down: ends every process in the boxes, and removes the boxes. A program
# that counts which lines it runs (LAB_COUNTS) writes that down only when it ends
# by itself.
lab_down() {
	local pids
	[ -z "${LAB_COUNTS-}" ] || lab_end_counted >/dev/null 2>&1
	pids=$(lab_box_pids)
	while [ -n "$pids" ]; do
		# One name a word is meant; some may have ended by now.
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null || true
		# Without this bash tells of each one that it started.
		# shellcheck disable=SC2086
		{ wait $pids || true; } 2>/dev/null
		lab_sleep 0.01
		pids=$(lab_box_pids)
	done
	local box
	for box in /run/netns/*; do
		[ ! -e "$box" ] || echo "netns del ${box##*/}"
	done | ip -batch -
}

lab_end_counted() {
	local pid name pids=()
	"$LAB_ENTER" customer -t 10 "$DTCP_UP" --down || true
	for pid in $(lab_box_pids); do
		read -r name <"/proc/$pid/comm" || continue
		[ "$name" != dtcpd ] || pids+=("$pid")
	done
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" || true
	for pid in "${pids[@]}"; do
		wait_for 10 lab_gone "$pid" || true
	done
}

# The processes that are in another network namespace than this one.
lab_box_pids() {
	local dir
	for dir in /proc/[0-9]*; do
		[[ $dir/ns/net -ef /proc/self/ns/net || ! -e $dir/ns/net ]] || echo "${dir#/proc/}"
	done
}
