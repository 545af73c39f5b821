#!/usr/bin/env bats
# FRR's zebra and staticd, the real ones, beside a tunnel: routes of theirs into it, an
# address that both want, a default route that is worse, and their ends.

load lab
load up

FRR=/run/frr

setup() {
	lab_up
	up_ready lan=lan0 ping=1
	id frr >/dev/null 2>&1 || useradd -r -U frr
	getent group frrvty >/dev/null || groupadd -r frrvty
	usermod -aG frrvty frr
	mkdir -p $FRR /etc/frr
	rm -f /etc/frr/frr.conf # beside which a program's own file is not read
	printf 'interface lan0\n ipv6 address %s\n' "${LAB_PREFIX%/*}1/64" >/etc/frr/zebra.conf
	printf '%s\n' 'ipv6 route 2001:db8:77::/48 dtcp0' 'ipv6 route ::/0 fe80::1 wan 250' \
		>/etc/frr/staticd.conf
	chown -R frr $FRR /etc/frr
}

teardown() {
	local pid
	for pid in "$FRR"/*.pid; do
		kill "$(cat "$pid")" 2>/dev/null || true
	done
	lab_end
}

# Each reads /etc/frr/NAME.conf; from FRR 10 on (Debian 13) mgmtd reads them for all.
frr_start() {
	local name names='zebra staticd'
	[ ! -x /usr/lib/frr/mgmtd ] || names="mgmtd $names"
	for name in $names; do
		customer "/usr/lib/frr/$name" -d -i "$FRR/$name.pid" -A 127.0.0.1 3>&-
	done
}

# FRR has a protocol number of its own, of the name that another one has already.
frr_route() { ip -n customer -6 route show 2001:db8:77::/48 dev dtcp0 | grep 'proto static'; }

# tunnel_works: all of the account's tunnel is there, and was all the while.
tunnel_works() {
	up_is up && [ "$(up_routes | wc -l)" = 4 ] && lab_ping6 customer "$LAB_HOST6" &&
		[ "$(up_addresses lan0)" = "${LAB_PREFIX%/*}1/64" ]
}

@test "the tunnel is there first: FRR adds to it, and takes with it what is its own" {
	dtcp_up
	frr_start
	wait_for 20 frr_route
	lab_sleep 5
	tunnel_works
	# Routes that FRR lost with the interface are FRR's to make again.
	ip -n customer link set dtcp0 down
	wait_for 10 tunnel_works
	kill "$(cat $FRR/staticd.pid)" "$(cat $FRR/zebra.pid)"
	wait_for 20 not frr_route
	lab_sleep 3
	wait_for 5 tunnel_works
	[ "$(lab_dtcpd_count login)" = 1 ]
	dtcp_up --down
	[ -z "$(up_routes)" ]
}

@test "FRR is there first: its address stays, and its route comes with the tunnel" {
	frr_start
	has_address() { [ "$(up_addresses lan0)" = "${LAB_PREFIX%/*}1/64" ]; }
	wait_for 20 has_address
	dtcp_up
	wait_for 20 frr_route
	tunnel_works
	dtcp_up --down
	has_address # it was there before
	[ -z "$(up_routes)" ]
}
