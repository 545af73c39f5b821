# Functions for tests that run inside the lab: the network, and what runs in
# it. Load it in a BATS file with
#
#     load lab
#
# and have `setup() { lab_up; }` and `teardown() { lab_end; }`.
# shellcheck shell=bash source-path=SCRIPTDIR
#
#                     2001:db8:c0de::/48                       2001:db8:6::/64
#    +-----+ lan0      +----------+ wan        acc +----------+ net0      +-------+
#    | lan |-----------| customer |----------------| provider |-----------| host6 |
#    +-----+ eth0      +----------+                +----------+      eth0 +-------+
#            192.168.7.0/24    :     203.0.113.0/24     : 198.51.100.1 (lo)
#                              :                        : 2001:db8:6::1, ::2
#                              :..... sit tunnel .......:
#
# With `lab_up --nat` a masquerading router stands between them:
#
#    +----------+ wan       in0 +-----+ out0       acc +----------+
#    | customer |---------------| nat |----------------| provider |
#    +----------+               +-----+                +----------+
#             192.168.1.2   192.168.1.1
#                             203.0.113.2          203.0.113.1
#
# Each box is a network namespace. They share files and processes, so
# /etc/ppp, /etc/dhcp and /run are the customer's; the provider's pppd has
# /etc/netns/provider/ppp in place of /etc/ppp.

LAB_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_PROJECT=$(dirname "$LAB_TESTS")
export LAB_SERVER4=198.51.100.1      # the DTCP server, the far end of tunnels
export LAB_PROVIDER4=203.0.113.1     # the provider on the access link
export LAB_CLIENT4=203.0.113.50      # what lab_static gives the customer
export LAB_HOST6=2001:db8:6::2       # the IPv6 host behind the provider
export LAB_PREFIX=2001:db8:c0de::/48 # what the DTCP server delegates
export LAB_NATIVE=2001:db8:aaaa      # native IPv6 on the access link, a /64
DTCP_UP=${DTCP_UP:-$LAB_PROJECT/build/dtcp-up}
RUN_DIR=/run/dtcp-up
ACCOUNTS=/etc/ppp/dtcp.conf
# What is read from here and never written by anyone: a sleep without a program.
exec {LAB_NEVER}<> <(:)

# shellcheck source=links.bash
. "$LAB_TESTS/lab/links.bash"
# shellcheck source=server.bash
. "$LAB_TESTS/lab/server.bash"
# shellcheck source=assert.bash
. "$LAB_TESTS/lab/assert.bash"

# Run a command in one of the boxes.
customer() { nsenter --net=/run/netns/customer -- "$@"; }
provider() { nsenter --net=/run/netns/provider -- "$@"; }
host6() { nsenter --net=/run/netns/host6 -- "$@"; }
lan() { nsenter --net=/run/netns/lan -- "$@"; }
nat() { nsenter --net=/run/netns/nat -- "$@"; }

# dtcp-up in the customer's box.
dtcp_up() { customer timeout 60 "$DTCP_UP" "$@"; }

# lab_spawn NAME COMMAND...: starts COMMAND (no function) in the background,
# its number in /run/lab/NAME.pid, its output in /run/lab/NAME.log.
lab_spawn() {
	local name=$1
	shift
	# bats waits for whoever holds descriptor 3 (and 4, with --timing).
	(exec "$@" </dev/null >"/run/lab/$name.log" 2>&1 3>&- 4>&-) &
	echo $! >"/run/lab/$name.pid"
}

# lab_kill NAME [SIGNAL]: ends what lab_spawn started, and waits for that.
lab_kill() {
	local pid
	pid=$(cat "/run/lab/$1.pid")
	kill "-${2:-TERM}" "$pid"
	wait_for 10 lab_gone "$pid"
}

# lab_gone PID: that process has ended (it may be a zombie).
lab_gone() { ! grep -qs '^State:.[^Z]' "/proc/$1/status"; }

# lab_sleep SECONDS: without starting a program.
lab_sleep() { read -rt "$1" -u "$LAB_NEVER" || true; }

# wait_for SECONDS COMMAND...: runs COMMAND until it succeeds; fails, and says
# so, when it has not after SECONDS (an integer).
wait_for() {
	local limit=$1 end
	shift
	end=$((${EPOCHREALTIME/./} + limit * 1000000))
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/./}" -ge "$end" ]; then
			echo "waited $limit s in vain for: $*" >&2
			return 1
		fi
		lab_sleep 0.05
	done
}

# not COMMAND...: for wait_for, and since bats does not notice `!`.
not() {
	if "$@"; then
		return 1
	fi
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
	lab_boxes "$@"
	[ "${1-}" != --nat ] || wan='name in0 netns nat'
	ip -batch - <<-END
		link add wan netns customer type veth peer $wan
		link add lan0 netns customer type veth peer name eth0 netns lan
		link add net0 netns provider type veth peer name eth0 netns host6
	END
	ip -n customer -batch - <<-END
		link set lo up
		link set wan up
		link set lan0 up
		addr add 192.168.7.1/24 dev lan0
	END
	[ "${1-}" != --nat ] || lab_up_nat # brings the link to the provider
	ip -n provider -batch - <<-END
		link set lo up
		link set acc up
		link set net0 up
		addr add $LAB_SERVER4/32 dev lo
		addr add $LAB_PROVIDER4/24 dev acc
		addr add 2001:db8:6::1/64 dev net0
	END
	ip -n host6 -batch - <<-END
		link set lo up
		link set eth0 up
		addr add $LAB_HOST6/64 dev eth0
		route add default via 2001:db8:6::1
	END
	lab_up_lan
	# A fresh customer is always the same.
	[ -e /run/lab/fresh ] || lab_state >/run/lab/fresh
	echo "$(</run/lab/fresh)" >/run/lab/snapshot
}

# Makes the boxes. New ones take their settings from this one: routers
# forward, and all but the customer, whose kernel is as shipped, do without
# duplicate address detection, which takes a second.
lab_boxes() {
	local conf=/proc/sys/net/ipv6/conf
	echo 1 >/proc/sys/net/core/devconf_inherit_init_net
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >$conf/all/forwarding
	echo 1 >$conf/default/accept_dad
	ip netns add customer
	echo 0 >$conf/all/accept_dad
	echo 0 >$conf/default/accept_dad
	printf 'netns add %s\n' provider ${1:+nat} | ip -batch -
	echo 0 >$conf/all/forwarding
	printf 'netns add %s\n' host6 lan | ip -batch -
}

# Without a delay the first ICMPv6 error on a veth comes before connect() is
# ready for it, which then takes a second.
lab_up_lan() {
	tc -n lan qdisc add dev eth0 root netem delay 2ms
	ip -n lan -batch - <<-END
		link set lo up
		link set eth0 up
		addr add 192.168.7.2/24 dev eth0
		route add default via 192.168.7.1
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
	lab_filter nat 4 nat POSTROUTING masquerade '-o out0 -j MASQUERADE'
	lab_filter nat 4 nat PREROUTING forward \
		'-i out0 -p 41 -j DNAT --to-destination 192.168.1.2'
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

# lab_down: ends every process in the boxes, and removes the boxes.
lab_down() {
	local pids
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

# The processes that are in another network namespace than this one.
lab_box_pids() {
	local own inode path
	own=$(stat -L -c %i /proc/self/ns/net)
	stat -L -c '%i %n' /proc/[0-9]*/ns/net 2>/dev/null |
		while read -r inode path; do
			path=${path#/proc/}
			[ "$inode" = "$own" ] || echo "${path%%/*}"
		done
}

# Puts back the files that tests change. The first call in a lab notes what
# they are, without hooks and accounts that this machine may have of its own.
lab_restore_files() {
	local kept=/run/lab/kept
	lab_uninstall
	if [ ! -d $kept ]; then
		mkdir -p $kept
		find /etc/ppp/*.d /etc/dhcp/dhclient-*-hooks.d -type f \
			! -name 0000usepeerdns ! -name rfc3442-classless-routes -delete
		rm -f /etc/ppp/ip-up.local /etc/ppp/ip-down.local "$ACCOUNTS"
		rm -rf /etc/ppp/peers/* /etc/netns
		lab_ppp_files
		cp -a /etc/ppp /etc/dhcp $kept
	fi
	rm -rf /etc/ppp /etc/dhcp "$RUN_DIR" /run/lab/*.{pid,log,leases}
	cp -a $kept/ppp $kept/dhcp /etc
	: >/run/lab/syslog
}

# lab_install: `make install` as a distribution does it (PREFIX=/usr), hooks
# included; undone by the next lab_up.
lab_install() {
	local staged=/run/lab/staged
	if [ ! -d $staged ]; then
		timeout 60 make -s -C "$LAB_PROJECT" install PREFIX=/usr \
			DESTDIR=$staged >&2
	fi
	cp -a $staged/. /
	DTCP_UP=/usr/sbin/dtcp-up
}

# lab_uninstall: what lab_install put outside /etc/ppp and /etc/dhcp.
lab_uninstall() {
	[ -d /run/lab/staged ] || return 0
	(cd /run/lab/staged && find . -type f -printf '/%P\0') | xargs -0 rm -f
}

# lab_delay MS [BOX DEV]: round trip time on the access link, or on the link
# of DEV in BOX.
lab_delay() {
	local box=${2:-customer} dev=${3:-wan}
	ip netns exec "$box" tc qdisc replace dev "$dev" root netem delay "$1ms"
}

# lab_link BOX DEV up|down
lab_link() { ip -n "$1" link set dev "$2" "$3"; }
