#!/usr/bin/env bats
# What a tunnel is made of in the kernel, for each type, in which order, and
# what of others is not touched.

load lab
load up

setup() {
	lab_up
}

teardown() {
	up_unwrap_ip
	lab_end
}

# sysctls DEV: accept_ra, autoconf and accept_redirects.
sysctls() {
	# shellcheck disable=SC2016 # is for the other shell
	customer bash -c 'cd "/proc/sys/net/ipv6/conf/$1" &&
		echo $(cat accept_ra autoconf accept_redirects)' - "$1"
}

@test "network: interface, address, routes; made in this order, removed in the reverse one" {
	up_ready
	# The settings are looked at when the interface is about to come up.
	: >/run/lab/ip-lines
	# shellcheck disable=SC2016 # is for the script
	up_feed_ip 'echo "run $*" >>/run/lab/ip-lines' <<-'END'
		conf=/proc/sys/net/ipv6/conf/dtcp0
		while IFS= read -r line; do
			case $line in
			'link set'*) echo "accept" $(cat $conf/accept_ra $conf/autoconf $conf/accept_redirects) ;;
			esac >>/run/lab/ip-lines
			echo "$line" >>/run/lab/ip-lines
			echo "$line"
		done
	END
	dtcp_up
	diff - /run/lab/ip-lines <<-'END'
		run -batch -
		tunnel add name dtcp0 mode sit remote 198.51.100.1 local 203.0.113.50 ttl 64 dev wan
		accept 0 0 0
		link set dev dtcp0 mtu 1480 up
		addr add 2001:db8:c0de::1/128 dev dtcp0
		route append unreachable 2001:db8:c0de::/48 metric 1024 proto 202
		route append unreachable ::/0 from 2001:db8:c0de::/48 metric 4294967295 proto 202
		link show dev dtcp0
		route append ::/0 from 2001:db8:c0de::/48 dev dtcp0 metric 1024 proto 202
		route append ::/0 dev dtcp0 metric 4096 proto 202
	END
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	[ "$(up_addresses dtcp0)" = 2001:db8:c0de::1/128 ]
	[ "$(sysctls dtcp0)" = '0 0 0' ]
	diff - <(up_routes) <<-'END'
		default dev dtcp0 metric 4096
		default from 2001:db8:c0de::/48 dev dtcp0 metric 1024
		unreachable 2001:db8:c0de::/48 dev lo metric 1024
		unreachable default from 2001:db8:c0de::/48 dev lo metric 4294967295
	END
	lab_ping6 customer "$LAB_HOST6"
	lab_ping6 host6 2001:db8:c0de::1
	# An unused part of the prefix is refused, not sent round.
	host6 ping -6 -c 1 -W 2 2001:db8:c0de:7::1 | grep 'From 2001:db8:c0de::1 .*unreachable: No route'
	: >/run/lab/ip-lines
	dtcp_up --down
	diff - <(grep -v ^accept /run/lab/ip-lines) <<-'END'
		run -force -batch -
		route del ::/0 dev dtcp0 metric 4096 proto 202
		route del unreachable ::/0 from 2001:db8:c0de::/48 metric 4294967295 proto 202
		route del ::/0 from 2001:db8:c0de::/48 dev dtcp0 metric 1024 proto 202
		route del unreachable 2001:db8:c0de::/48 metric 1024 proto 202
		tunnel del name dtcp0
	END
	assert_nothing_left
}

@test "host: two addresses, and the routes of a host" {
	up_ready type=host
	dtcp_up
	[ "$(up_addresses dtcp0)" = '2001:db8:c0de::6 peer 2001:db8:c0de::5/128' ]
	dtcp_up --status | grep -x '  address      2001:db8:c0de::6, peer 2001:db8:c0de::5'
	[ "$(sysctls dtcp0)" = '0 0 0' ]
	diff - <(up_routes) <<-'END'
		default dev dtcp0 metric 4096
		default from 2001:db8:c0de::6 dev dtcp0 metric 1024
		unreachable default from 2001:db8:c0de::6 dev lo metric 4294967295
	END
	lab_ping6 customer 2001:db8:c0de::5
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	assert_nothing_left
}

@test "tunnelonly: no address, no route, and the far end may assign them" {
	up_ready type=tunnelonly
	dtcp_up
	[ -z "$(up_addresses dtcp0)$(up_routes)" ]
	[ "$(sysctls dtcp0)" = "$(sysctls default)" ]
	[ "$(sysctls dtcp0)" = '1 1 1' ]
	lab_ping6 customer fe80::c633:6401 -I dtcp0
	dtcp_up --down
	assert_nothing_left
}

@test "more than one prefix: each has its unreachable and its source route" {
	up_ready
	lab_dtcpd_set prefixes=2001:db8:c0de::/48,fd00:1234::/56 links=2001:db8:1::1,2001:db8:1::2 trailing=extra
	run dtcp_up
	[ "$status" = 0 ]
	up_says extra
	[ "$(up_addresses dtcp0)" = 2001:db8:c0de::1/128 ]
	diff - <(up_routes) <<-'END'
		default dev dtcp0 metric 4096
		default from 2001:db8:c0de::/48 dev dtcp0 metric 1024
		default from fd00:1234::/56 dev dtcp0 metric 1024
		unreachable 2001:db8:c0de::/48 dev lo metric 1024
		unreachable default from 2001:db8:c0de::/48 dev lo metric 4294967295
		unreachable default from fd00:1234::/56 dev lo metric 4294967295
		unreachable fd00:1234::/56 dev lo metric 1024
	END
	dtcp_up --down
	assert_nothing_left
}

@test "what others made stays: sit0, default routes, addresses, rules" {
	up_ready lan=lan0 interface=v6
	ip -n customer -batch - <<-END
		link set sit0 up
		tunnel add name theirs mode sit remote 192.0.2.9 local $LAB_CLIENT4 ttl 64
		link set theirs up
		addr add fd00:7::1/64 dev lan0 nodad
		route add ::/0 dev theirs
		route add ::/0 dev lan0 metric 4097
		route add unreachable 2001:db8:c0de::/48 metric 2000
		route add ::/0 from 2001:db8:c0de::/48 dev theirs metric 1025
	END
	ip -n customer -6 rule add from fd00:7::/64 table 77
	lab_snapshot
	local sit0
	sit0=$(ip -n customer -d addr show sit0)
	dtcp_up
	wait_for 15 lab_ping6 customer "$LAB_HOST6" -I 2001:db8:c0de::1
	# All that was there is there still, beside ours.
	[ -z "$(comm -23 <(sort /run/lab/snapshot) <(lab_state | sort))" ]
	dtcp_up --down
	assert_nothing_left
	[ "$(ip -n customer -d addr show sit0)" = "$sit0" ]
}

@test "an interface of the name that is no sit tunnel: 71, and it stays" {
	up_ready
	ip -n customer link add dtcp0 type veth peer name other0
	local before
	before=$(ip -n customer -o link show dtcp0)
	up_fails 71 'dtcp0: an interface of this name exists that is no sit tunnel'
	[ "$(ip -n customer -o link show dtcp0)" = "$before" ]
}

@test "a sit tunnel of the name that a crash left is taken over" {
	up_ready
	ip -n customer -batch - <<-END
		tunnel add name dtcp0 mode sit remote 192.0.2.9 local 192.0.2.1 ttl 3
		link set dev dtcp0 mtu 1300 up
		addr add 2001:db8:bad::1/64 dev dtcp0
		route add ::/0 dev dtcp0 metric 77
	END
	run dtcp_up
	[ "$status" = 0 ]
	up_says 'dtcp0: a sit tunnel of this name is left from before; it is taken over'
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	[ "$(up_addresses dtcp0)" = 2001:db8:c0de::1/128 ]
	not grep -q 'metric 77' <(ip -n customer -6 route)
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	assert_nothing_left
}

@test "after SIGKILL of every process, the next dtcp-up or --down puts all right" {
	up_ready lan=lan0
	dtcp_up
	killall -KILL dtcp-up
	wait_for 15 not lab_any_process
	up_is down
	dtcp_up
	up_is up
	wait_for 15 lab_ping6 customer "$LAB_HOST6"
	killall -KILL dtcp-up
	wait_for 15 not lab_any_process
	dtcp_up --down
	assert_nothing_left
}
lab_any_process() { lab_processes | grep -q .; }

@test "another tunnel with the same ends: 71, with a message that says so" {
	up_ready
	ip -n customer tunnel add name theirs mode sit remote "$LAB_SERVER4" local "$LAB_CLIENT4" \
		ttl 9 dev wan
	lab_snapshot
	up_fails 71 'interface theirs has the same ends: ip: exit status'
}

@test "a state that cannot be written: 71, before anything is made" {
	up_ready
	mkdir /run/small
	mount -t tmpfs -o mode=755,nr_inodes=3 small /run/small # the pidfile, the socket
	up_note_ip
	up_fails 71 'the state cannot be written to /run/small' --run-dir /run/small
	not grep -q add /run/lab/ip-lines
	[ -z "$(ls -A /run/small)" ]
	umount /run/small
}

@test "a native default by router advertisement stays, and is preferred; our addresses leave by the tunnel" {
	lab_native
	up_ready lan=lan0
	dtcp_up
	ip -n customer -6 route show default proto ra | grep -q .
	customer ip -6 route get "$LAB_HOST6" | grep 'dev wan'
	customer ip -6 route get "$LAB_HOST6" from 2001:db8:c0de::1 | grep 'dev dtcp0'
	lab_ping6 customer "$LAB_HOST6"
	wait_for 15 lab_ping6 customer "$LAB_HOST6" -I 2001:db8:c0de::1
	dtcp_up --down
	assert_nothing_left
}
