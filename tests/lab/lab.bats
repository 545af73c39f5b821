#!/usr/bin/env bats
# The lab itself: that its parts work, and that its assertions can fail. The
# client is a throw-away one, so that this needs no dtcp-up.

load lab

setup() {
	lab_up
}

teardown() {
	lab_end
}

# client [TYPE]: logs in and builds a tunnel; the session lives until
# `lab_kill client`, which leaves the interface.
client() {
	lab_spawn client ip netns exec customer /usr/bin/python3 -E -S \
		"$LAB_TESTS/lab/client.py" "$LAB_SERVER4" "${1:-network}"
	wait_for 10 grep -q '^built' /run/lab/client.log
}

@test "the customer dials, with hooks, gets a new address when the link bounces, hangs up" {
	cat >/etc/ppp/ip-up.d/note <<-'END'
		#!/bin/sh
		echo "$PPP_IFACE $PPP_LOCAL" >>/run/lab/note
	END
	chmod +x /etc/ppp/ip-up.d/note
	rm -f /run/lab/note
	lab_pppoe_server_start
	lab_pppoe_dial defaultroute persist holdoff 0
	[ "$(lab_address ppp0)" = 192.0.2.101 ]
	customer ping -c 1 -W 2 "$LAB_SERVER4"
	lab_drop in 50 'u8 9 eq 1' # is found inside PPPoE, too
	not customer ping -c 1 -W 1 "$LAB_SERVER4"
	lab_drop in 50
	customer ping -c 1 -W 2 "$LAB_SERVER4"
	ip -n customer link show ppp0 | grep 'mtu 1492'
	wait_for 5 test -s /run/lab/note
	[ "$(</run/lab/note)" = 'ppp0 192.0.2.101' ] # and not the provider's
	lab_pppoe_bounce
	bounced() { [ "$(lab_address ppp0)" = 192.0.2.102 ]; }
	wait_for 15 bounced
	wait_for 5 grep -qx 'ppp0 192.0.2.102' /run/lab/note
	lab_pppoe_hangup
	[ -z "$(lab_address ppp0)" ]
}

@test "what a test writes to /etc/ppp is gone in the next one" {
	[ ! -e /etc/ppp/ip-up.d/note ]
	[ -x /etc/ppp/ip-up.d/0000usepeerdns ]
}

@test "dhclient is bound, renews, loses its lease and gets another" {
	cat >/etc/dhcp/dhclient-exit-hooks.d/note <<-'END'
		echo "$reason $old_ip_address $new_ip_address" >>/run/lab/note
	END
	rm -f /run/lab/note
	lab_dhcp_server_start -l 4 203.0.113.101
	lab_dhclient
	[ "$(lab_address)" = 203.0.113.101 ]
	wait_for 10 grep -q 'RENEW 203.0.113.101 203.0.113.101' /run/lab/note
	lab_dhcp_server_stop --forget
	wait_for 10 grep -q 'EXPIRE 203.0.113.101' /run/lab/note
	lab_dhcp_server_start 203.0.113.102
	wait_for 15 grep -q 'BOUND .*203.0.113.102' /run/lab/note
}

@test "dhclient releases its lease, with the hooks" {
	cat >/etc/dhcp/dhclient-exit-hooks.d/note <<-'END'
		echo "$reason $old_ip_address $new_ip_address" >>/run/lab/note
	END
	rm -f /run/lab/note
	lab_dhcp_server_start 203.0.113.102
	lab_dhclient
	[ "$(lab_address)" = 203.0.113.102 ]
	lab_dhclient_release
	grep -q 'RELEASE 203.0.113.102' /run/lab/note
	[ -z "$(lab_address)" ]
	wait_for 5 grep -q DHCPRELEASE /run/lab/dhcpd.log
}

@test "a tunnel carries IPv6 both ways, ff02::2 answers if it is told to; types host and tunnelonly" {
	lab_static
	lab_dtcpd_start
	client
	lab_ping6 customer "$LAB_HOST6"
	lab_ping6 host6 2001:db8:c0de::1
	lab_ping6 customer ff02::2 -I dtcp0
	[ "$(lab_far_interfaces)" = dtcp1 ]
	lab_dtcpd_command 'do all close'
	wait_for 5 not lab_far_interfaces
	not lab_ping6 customer "$LAB_HOST6"
	client_again() {
		lab_kill client || true # it ends when the server closes
		ip -n customer link del dtcp0
		client "$@"
	}
	lab_dtcpd_set allrouters=off
	client_again
	not lab_ping6 customer ff02::2 -I dtcp0
	lab_ping6 customer ff02::1 -I dtcp0
	lab_ping6 customer "$LAB_HOST6"
	client_again host
	lab_ping6 customer 2001:db8:c0de::5
	client_again tunnelonly
	lab_ping6 customer fe80::c633:6401 -I dtcp0
}

@test "protocol 41 is filtered either way, and a smaller MTU; a silent server keeps the connection" {
	lab_static
	lab_dtcpd_start
	client
	lab_proto41 in
	not lab_ping6 customer "$LAB_HOST6"
	lab_proto41 out
	not lab_ping6 customer "$LAB_HOST6"
	lab_proto41 pass
	lab_ping6 customer "$LAB_HOST6" -s 1400
	lab_path_mtu 1400
	not lab_ping6 customer "$LAB_HOST6" -s 1400
	lab_ping6 customer "$LAB_HOST6" -s 1300
	lab_path_mtu off
	lab_ping6 customer "$LAB_HOST6" -s 1400
	lab_silence on
	client_pings() { kill -USR1 "$(cat /run/lab/client.pid)"; lab_sleep 1; }
	client_pings
	not grep pong /run/lab/client.log
	lab_silence off
	wait_for 5 grep pong /run/lab/client.log
}

@test "two logins from one address at the same time: the later one has the tunnel" {
	lab_static
	lab_dtcpd_start
	# shellcheck disable=SC2016 # is for that bash
	run -0 customer bash -c '
		says() {
			local digest
			read -r _ digest _ <&"$1"
			digest=$(printf "foo%sbar" "$digest" | md5sum | tr a-f A-F)
			echo "tunnel foo ${digest:0:32} network"
		}
		exec 5<>"/dev/tcp/$0/20200" 6<>"/dev/tcp/$0/20200"
		one=$(says 5) other=$(says 6)
		echo "$one" >&5
		echo "$other" >&6
		read -r <&5 && echo "$REPLY"
		read -r <&6 && echo "$REPLY"' "$LAB_SERVER4"
	echo "$output"
	[ "$(grep -c '^+OK' <<<"$output")" = 2 ]
	lab_dtcpd_log displaced
	[ "$(lab_dtcpd_count tunnel-up)" = 2 ]
}

@test "the server's 60 s before a login are silence, and within a line there is no limit" {
	lab_static
	lab_dtcpd_start
	# shellcheck disable=SC2016 # is for that bash
	lab_spawn asks ip netns exec customer bash -c '
		exec 5<>"/dev/tcp/$0/20200"
		for pause in 50 50 50; do
			sleep $pause
			echo ping >&5
		done
		sleep 50
		printf pi >&5
		sleep 400
		echo ng >&5
		cat <&5' "$LAB_SERVER4"
	lab_sleep 600 # without looking
	wait_for 300 lab_gone "$(</run/lab/asks.pid)"
	cat /run/lab/asks.log
	[ "$(grep -c 'happy to hear' /run/lab/asks.log)" = 4 ]
	tail -n 1 /run/lab/asks.log | grep 'timed out'
	lab_dtcpd_log | awk '$3 == "received" { at = $1 } $3 == "timeout" { took = $1 - at }
		END { exit took < 59.9 }'
}

@test "through NAT: the tunnel works both ways" {
	lab_up --nat
	lab_dtcpd_start
	client
	grep '203.0.113.2' /run/lab/client.log
	lab_ping6 host6 2001:db8:c0de::1 # first: nothing went out yet
	lab_ping6 customer "$LAB_HOST6"
}

@test "native IPv6 by router advertisement, foreign sources dropped" {
	lab_static
	lab_native
	lab_ping6 customer "$LAB_HOST6"
	ip -n customer addr add 2001:db8:bad::1/128 dev lo nodad
	not lab_ping6 customer "$LAB_HOST6" -I 2001:db8:bad::1
}

@test "a name server that answers, and one that is dead" {
	lab_static
	lab_dns_start
	resolve() { customer timeout 2 getent ahostsv4 dtcp.example; }
	resolve | grep "^$LAB_SERVER4 "
	lab_dns_dead
	local status=0
	resolve || status=$?
	[ $status = 124 ]
}

@test "lab_delay is the round trip time; the LAN host's to the customer is longer than nothing" {
	lab_static
	lab_delay 30
	customer ping -q -c 5 -i 0.2 "$LAB_SERVER4" |
		awk -F '[ /]' '/^rtt/ { exit !($7 > 29 && $7 < 60) }' # the least: others may wait for their turn
	ip -n customer addr add 2001:db8:c0de::1/64 dev lan0 nodad
	lab_lan_address 2001:db8:c0de:0
	lab_ping6 lan 2001:db8:c0de::1
	lan ping -6 -q -c 5 -i 0.2 2001:db8:c0de::1 |
		awk -F / '/^rtt/ { exit !($5 > 1.5) }'
}

@test "a TCP connection is watched byte by byte, and lives through a cut" {
	lab_static
	lab_tcp_serve host6 "$LAB_HOST6"
	lab_dtcpd_start
	client
	lab_tcp_once customer "$LAB_HOST6" | grep '^ok'
	lab_tcp_run customer "$LAB_HOST6"
	lab_proto41 both
	TIMEOUT=1 lab_tcp_once customer "$LAB_HOST6" >/run/lab/once.log || true
	grep '^failed [01]' /run/lab/once.log
	lab_proto41 pass
	lab_tcp_stop customer 30
}

@test "a TCP connection that is reset, or gets other bytes, fails" {
	lab_tcp_serve host6 "$LAB_HOST6"
	lab_tcp_run provider "$LAB_HOST6"
	lab_kill tcp-host6 KILL
	not lab_tcp_stop provider 5
	lab_spawn liar ip netns exec host6 busybox nc -l -p 7 -e \
		sed -u s/000000000000005/000000000000006/
	liar_listens() { host6 ss -Hltn sport = 7 | grep .; }
	wait_for 10 liar_listens
	lab_tcp_run provider "$LAB_HOST6"
	lab_sleep 1
	not lab_tcp_stop provider 10
	grep 'other bytes' /run/lab/run-provider.log
}

@test "assert_nothing_left notices each thing that may be left" {
	assert_nothing_left
	local made part
	made=$(ip -n customer -batch - 2>&1 <<-'END'
		tunnel add name dtcp0 mode sit remote 192.0.2.9
		addr add fd00::1/64 dev lan0
		route add unreachable 2001:db8::/48
		route add ::/0 dev lan0
	END
	)
	[ -z "$made" ]
	ip -n customer -6 rule add from fd00::/8 table 7
	mkdir -p /run/dtcp-up && touch /run/dtcp-up/dtcp0.pid
	cp /bin/sleep /run/lab/dtcp-up
	lab_spawn fake ip netns exec customer /run/lab/dtcp-up 60
	wait_for 5 lab_processes_exist
	# Each is told, so each alone would be enough.
	run assert_nothing_left
	echo "$output"
	[ "$status" = 1 ]
	for part in 'link dtcp0' 'fd00::1/64' 'unreachable 2001:db8::/48' 'default dev lan0' \
		'from fd00::/8' /run/dtcp-up/dtcp0.pid '/run/lab/dtcp-up 60'; do
		[[ $output == *"$part"* ]] || { echo "not told: $part" && return 1; }
	done
	ip -n customer -batch - <<-'END'
		link del dtcp0
		addr flush dev lan0 to fd00::/64
		route del unreachable 2001:db8::/48
		route del ::/0 dev lan0
	END
	ip -n customer -6 rule del from fd00::/8 table 7
	lab_kill fake KILL
	rm /run/dtcp-up/dtcp0.pid
	assert_nothing_left
	# What is missing is noticed, too.
	ip -n customer addr add fd00::2/64 dev lan0
	lab_snapshot
	ip -n customer addr del fd00::2/64 dev lan0
	not assert_nothing_left
}

lab_processes_exist() { lab_processes | grep -q .; }
