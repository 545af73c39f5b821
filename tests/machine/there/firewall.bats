#!/usr/bin/env bats
# What the lab's kernel cannot do and a stock kernel can: the firewall samples around a
# tunnel, by nf_tables. `make check-machine` runs it (tests/machine/stories).

bats_require_minimum_version 1.5.0
load ../../lab/lab
load ../../lab/up
load ../../lab/far

forwards() { customer sysctl -q -w net.ipv6.conf.all.forwarding=1; }

teardown() { lab_end; }

# firewall: the sample, its four names changed as it says.
firewall() {
	sed -e "s/192\.0\.2\.1 }/$LAB_SERVER4 }/" -e 's/"eth1"/"lan0"/' \
		-e "s|2001:db8:1::/48|$LAB_PREFIX|" "$LAB_PROJECT/etc/nftables.example.nft" >/run/lab/nft
	customer nft -f /run/lab/nft
	customer nft list table inet dtcp_up | grep -F "$LAB_SERVER4"
}

@test "the firewall sample: the tunnel comes up behind it, and lets out, not in" {
	lab_up
	forwards
	firewall
	up_ready lan=lan0
	dtcp_up
	lab_lan_address 2001:db8:c0de:0
	wait_for 60 lab_ping6 lan "$LAB_HOST6"
	up_is up
	[ "$(dtcp_up --status --json | jq '.[0].path_ok')" = true ]
	lab_tcp_serve host6 "$LAB_HOST6"
	lab_tcp_serve lan 2001:db8:c0de::2
	TIMEOUT=60 lab_tcp_once lan "$LAB_HOST6" | grep ok
	# Without the firewall one gets in: it is what keeps others out.
	not env TIMEOUT=3 bash -c ". '$LAB_TESTS/lab/lab.bash'; lab_tcp_once host6 2001:db8:c0de::2 | grep ^ok"
	customer nft delete table inet dtcp_up
	TIMEOUT=60 lab_tcp_once host6 2001:db8:c0de::2 | grep ok
	dtcp_up --down
	assert_nothing_left
}

# mss_seen: the segment size that the LAN's host is heard to offer, at host6.
mss_seen() {
	lab_spawn tcpdump ip netns exec host6 tcpdump -n -l --immediate-mode -c 1 -i eth0 \
		'ip6 proto 6 and ip6[53] = 2'
	wait_for 15 grep -q listening /run/lab/tcpdump.log
	TIMEOUT=60 lab_tcp_once lan "$LAB_HOST6" | grep ok >&2
	wait_for 15 grep -q mss /run/lab/tcpdump.log
	sed -nE 's/.*\[mss ([0-9]+),.*/\1/p' /run/lab/tcpdump.log
}

# server_serves_user: whether a user gets at a service of the server's own machine.
server_serves_user() { TIMEOUT=3 lab_tcp_once customer 2001:db8:6::1 | grep '^ok'; }

@test "dtcpd's firewall sample: users come in and get out, and not at this machine" {
	far_up
	forwards
	lab_account lan=lan0
	dtcp_up "$LAB_CLIENT4"
	lab_lan_address 2001:db8:c0de:0
	lab_tcp_serve host6 "$LAB_HOST6"
	lab_tcp_serve provider 2001:db8:6::1
	# Without it all of it passes, and segments of the LAN's hosts do not fit.
	server_serves_user
	[ "$(mss_seen)" = 1440 ]
	dtcp_up --down
	sed 's/"eth0"/"acc"/' "$LAB_PROJECT/etc/dtcpd.nftables.example.nft" >/run/lab/nft
	provider nft -f /run/lab/nft
	provider nft list table inet dtcpd | grep -F 'iifname "acc" tcp dport 20200'
	# The login, and the path check, for which routes into the tunnel wait.
	dtcp_up "$LAB_CLIENT4"
	[ "$(dtcp_up --status --json | jq '.[0].path_ok')" = true ]
	wait_for 60 lab_ping6 customer "$LAB_HOST6"
	lab_ping6 customer 2001:db8:6::1
	not server_serves_user
	# What goes through, and segments fit; the user's firewall is the user's business.
	[ "$(mss_seen)" = 1420 ]
	lab_tcp_serve lan 2001:db8:c0de::2
	TIMEOUT=60 lab_tcp_once host6 2001:db8:c0de::2 | grep ok
	dtcp_up --down
	assert_nothing_left
}
