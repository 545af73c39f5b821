# The customer's ways to an IPv4 address: by hand, PPPoE, DHCP; native IPv6; and
# what others have in its kernel. Part of lab.bash, which see.
# shellcheck shell=bash

# lab_static [ADDRESS]: an address on wan and a default route, at once: for
# tests that are not about links. Replaces one given before.
lab_static() {
	local address=${1:-$LAB_CLIENT4}
	ip -n customer -4 addr flush dev wan
	ip -n customer -batch - <<-END
		addr add $address/24 dev wan
		route replace default via $LAB_PROVIDER4
	END
}

# Both pppd's settings; called once in a lab.
lab_ppp_files() {
	local dir=/etc/netns/provider/ppp
	mkdir -p $dir
	echo 'customer * secret *' | tee $dir/chap-secrets >/etc/ppp/chap-secrets
	chmod 600 $dir/chap-secrets /etc/ppp/chap-secrets
	: >$dir/options
	# Short timers: a lost first packet would cost 3 s.
	cat >$dir/pppoe-server-options <<-END
		require-chap
		name provider
		lcp-echo-interval 20
		lcp-echo-failure 3
		lcp-restart 1
		ipcp-restart 1
		noipv6
		noccp
		novj
		nodefaultroute
		ktune
	END
	cat >/etc/ppp/options <<-END
		noauth
		lcp-restart 1
		ipcp-restart 1
		chap-restart 1
		noipv6
		noccp
		novj
	END
}

# lab_pppoe_server_start [ADDRESS...]: the provider's pppoe-server. Sessions
# get these addresses in turn; default 192.0.2.101, .102, ...
lab_pppoe_server_start() {
	local pool=/run/lab/pppoe-pool
	if [ $# = 0 ]; then
		set -- 192.0.2.{101..120}
	fi
	printf '%s\n' "$@" >$pool
	lab_spawn pppoe-server ip netns exec provider pppoe-server -F -I acc \
		-L 192.0.2.1 -p $pool -N $# -O /etc/ppp/pppoe-server-options \
		-q /usr/sbin/pppd
}

# lab_pppoe_server_stop: the sessions that it began are lost without a word.
lab_pppoe_server_stop() {
	local pid
	for pid in $(ip netns pids provider); do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		pppd | pppoe-server) kill -KILL "$pid" 2>/dev/null || true ;;
		esac
	done
}

# lab_pppoe_dial [-n UNIT] [PPPD-OPTION...]: the customer dials, and pppUNIT
# (ppp0) is up with its address when this returns. Hooks run beside that.
lab_pppoe_dial() {
	local unit=0
	if [ "${1-}" = -n ]; then
		unit=$2
		shift 2
	fi
	customer timeout $((20 * LAB_SLOW)) pppd plugin rp-pppoe.so wan unit "$unit" \
		user customer linkname "lab$unit" updetach "$@" \
		>"/run/lab/pppd$unit.log" 2>&1 3>&- || {
		cat "/run/lab/pppd$unit.log" >&2
		return 1
	}
}

lab_pppd_pid() { head -n 1 "/run/ppp-lab${1:-0}.pid"; }

# lab_pppoe_hangup [UNIT] [SIGNAL]: ends the customer's pppd (TERM, or KILL)
# and waits until it is gone, with its ip-down.
lab_pppoe_hangup() {
	local pid
	pid=$(lab_pppd_pid "${1:-0}")
	kill "-${2:-TERM}" "$pid"
	wait_for 15 lab_gone "$pid"
}

# lab_pppoe_bounce [UNIT]: the link goes down and comes up again; needs a dial
# with `persist holdoff 0`. Returns at once.
lab_pppoe_bounce() { kill -HUP "$(lab_pppd_pid "${1:-0}")"; }

# lab_dhcp_server_start [-l SECONDS] [FIRST [LAST]]: the provider's DHCP
# server; default 203.0.113.100 to .150, and dnsmasq, which leases for 120 s
# at least; busybox's udhcpd for shorter leases. Clients renew at half of it.
lab_dhcp_server_start() {
	local lease=120 first last
	if [ "${1-}" = -l ]; then
		lease=$2
		shift 2
	fi
	first=${1:-203.0.113.100} last=${2:-${1:-203.0.113.150}}
	if [ "$lease" -lt 120 ]; then
		cat >/run/lab/udhcpd.conf <<-END
			start $first
			end $last
			interface acc
			min_lease 1
			lease_file /run/lab/udhcpd.leases
			option subnet 255.255.255.0
			option router $LAB_PROVIDER4
			option lease $lease
		END
		touch /run/lab/udhcpd.leases
		lab_spawn dhcpd ip netns exec provider busybox udhcpd -f -a 50 \
			/run/lab/udhcpd.conf
		wait_for 5 grep -q started /run/lab/dhcpd.log
	else
		lab_spawn dhcpd ip netns exec provider dnsmasq \
			--keep-in-foreground --conf-file=/dev/null --port=0 \
			--interface=acc --bind-interfaces --no-ping \
			--dhcp-authoritative --log-facility=- --log-dhcp \
			--dhcp-range="$first,$last,$lease" \
			--dhcp-leasefile=/run/lab/dnsmasq.leases \
			--dhcp-option="option:router,$LAB_PROVIDER4"
		wait_for 5 grep -q 'DHCP, IP range' /run/lab/dhcpd.log
	fi
}

# lab_dhcp_server_stop [--forget]: with --forget its leases are lost too.
lab_dhcp_server_stop() {
	lab_kill dhcpd
	if [ "${1-}" = --forget ]; then
		rm -f /run/lab/dnsmasq.leases /run/lab/udhcpd.leases
	fi
}

# lab_dhclient [LINE...]: gets the customer a lease on wan; LINEs are added to
# dhclient.conf (`reject 203.0.113.1;`). Returns when bound.
lab_dhclient() {
	{
		cat <<-END
			initial-delay 0;
			initial-interval 1;
			backoff-cutoff 2;
			timeout 10;
			retry 1;
			reboot 2;
			request subnet-mask, broadcast-address, routers;
		END
		printf '%s\n' "$@"
	} >/run/lab/dhclient.conf
	customer timeout $((30 * LAB_SLOW)) dhclient -1 -cf /run/lab/dhclient.conf \
		-lf /run/lab/dhclient.leases -pf /run/lab/dhclient.pid wan \
		>/run/lab/dhclient.log 2>&1 3>&- || {
		cat /run/lab/dhclient.log >&2
		return 1
	}
}

# lab_dhclient_release: as ifdown does.
lab_dhclient_release() {
	customer timeout $((30 * LAB_SLOW)) dhclient -r -cf /run/lab/dhclient.conf \
		-lf /run/lab/dhclient.leases -pf /run/lab/dhclient.pid wan \
		>>/run/lab/dhclient.log 2>&1 3>&-
}

# lab_address [DEV]: the customer's IPv4 address on DEV (wan).
lab_address() {
	ip -n customer -4 -o addr show dev "${1:-wan}" 2>/dev/null |
		sed -n 's/.*inet \([0-9.]*\).*/\1/p' | head -n 1
}

# lab_native [SECONDS]: native IPv6 on the access link: the provider announces
# a prefix and itself as router, and lets no foreign source in. Returns when
# the customer has the default route.
lab_native() {
	ip -n customer addr flush dev wan scope link
	customer bash -c 'echo 2 >/proc/sys/net/ipv6/conf/wan/accept_ra
		echo 0 >/proc/sys/net/ipv6/conf/wan/accept_dad'
	lab_link customer wan down
	lab_link customer wan up
	ip -n provider addr add "$LAB_NATIVE::1/64" dev acc nodad
	lab_tc provider sch_ingress cls_flower cls_matchall act_gact <<-END
		qdisc replace dev acc clsact
		filter add dev acc ingress pref 1 protocol ipv6 flower src_ip fe80::/10 action pass
		filter add dev acc ingress pref 2 protocol ipv6 flower src_ip ::/128 action pass
		filter add dev acc ingress pref 3 protocol ipv6 flower src_ip $LAB_NATIVE::/64 action pass
		filter add dev acc ingress pref 4 protocol ipv6 matchall action drop
	END
	cat >/run/lab/radvd.conf <<-END
		interface acc {
			AdvSendAdvert on;
			MinRtrAdvInterval 3;
			MaxRtrAdvInterval 4;
			AdvDefaultLifetime ${1:-1800};
			prefix $LAB_NATIVE::/64 { };
		};
	END
	lab_spawn radvd ip netns exec provider radvd -n -C /run/lab/radvd.conf \
		-p /run/lab/radvd.own-pid -m stderr
	wait_for 10 lab_has_native
	lab_snapshot
}

lab_has_native() { ip -n customer -6 route show default proto ra | grep -q .; }

# lab_second_line [METRIC]: another line of the customer's, wan2 with 203.0.114.50, to
# acc2 of the provider, and a default route of that metric (600).
lab_second_line() {
	ip link add wan2 netns customer type veth peer name acc2 netns provider
	ip -n provider -batch - <<-END
		link set acc2 up
		addr add 203.0.114.1/24 dev acc2
	END
	ip -n customer -batch - <<-END
		link set wan2 up
		addr add 203.0.114.50/24 dev wan2
		route add default via 203.0.114.1 metric ${1:-600}
	END
}

# lab_source_checks: the provider drops what comes with another line's address.
lab_source_checks() {
	# shellcheck disable=SC2016 # $i is the inner shell's
	provider bash -c 'for i in acc acc2; do echo 1 >/proc/sys/net/ipv4/conf/$i/rp_filter; done'
}

# lab_others ROUTES TUNNELS [STEP]: so many routes of somebody else, and what other
# keepers have in the kernel; the metrics of their default routes are STEP (0) apart.
lab_others() {
	local n
	{
		for ((n = 0; n < $1; n++)); do
			printf 'route add 2001:db8:%x:%x::/64 dev wan proto bird metric 20\n' \
				$((0x4000 + n / 1000)) $((n % 1000))
		done
		for ((n = 0; n < $2; n++)); do
			printf '%s\n' "tunnel add name x$n mode sit remote 198.51.100.9 local 10.9.0.$n" \
				"link set x$n up" "route append default dev x$n metric $((5000 + n * ${3:-0})) proto 202"
			printf 'route add unreachable 2001:db8:%x::/48 proto 202\n' $((0x5000 + n))
			printf 'route append default from 2001:db8:%x::/48 dev x%d proto 202\n' \
				$((0x5000 + n)) "$n"
		done
	} | ip -n customer -batch -
}
