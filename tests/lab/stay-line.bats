#!/usr/bin/env bats
# Which line: the one that leads to the server, kept while it works, then the next.

load lab
load up

setup() { lab_up; }
teardown() { lab_end; }

# on LINK ADDRESS: session and tunnel are there, and packets get through.
on() {
	[[ $(up_tunnel) == *" $2 "* ]] && up_is up &&
		dtcp_up --status --json | grep -q "\"link\": *\"$1\"" &&
		lab_ping6 customer "$LAB_HOST6"
}

start() {
	lab_dtcpd_start
	lab_account ping=1 "$@"
}

# event LINK ADDRESS: a hook's call that starts a keeper, which goes on trying.
event() { dtcp_up --event "$@" || [ $? = 75 ]; }

# logged_in N: so many logins have worked.
logged_in() { [ "$(lab_dtcpd_count login-ok)" = "$1" ]; }

@test "a second line that was up all the while takes over, and keeps the tunnel" {
	lab_static
	lab_second_line
	start
	dtcp_up
	on wan "$LAB_CLIENT4"
	ip -n customer addr flush dev wan
	dtcp_up --down --event wan
	wait_for 20 on wan2 203.0.114.50
	# The better line comes back: what works is kept.
	lab_static
	dtcp_up --event wan "$LAB_CLIENT4"
	lab_sleep 2
	on wan2 203.0.114.50
	[ "$(lab_dtcpd_count login)" = 2 ]
	# Now without any hook.
	ip -n customer addr flush dev wan2
	wait_for 20 on wan "$LAB_CLIENT4"
	dtcp_up --down
	assert_nothing_left
}

@test "path=trust: a far end that never answers leaves the tunnel on its line, also after a loss" {
	lab_static
	lab_second_line
	start path=trust
	lab_proto41 both
	dtcp_up
	wait_for 20 lab_log 'does not answer through the tunnel'
	[ "$(lab_log 'path=trust is for' | wc -l)" = 0 ]
	[ "$(dtcp_up --status --json | jq '.[0].last_error')" = null ]
	lab_dtcpd_command 'do all close'
	wait_for 20 logged_in 2
	wait_for 10 up_is up
	[[ $(up_tunnel) == *" $LAB_CLIENT4 "* ]]
	[ "$(lab_dtcpd_log accepted | grep -vc "$LAB_CLIENT4")" = 0 ]
	dtcp_up --down
	assert_nothing_left
}

@test "a better default route beside a line that works, sources checked: nothing happens" {
	lab_second_line
	start
	dtcp_up
	on wan2 203.0.114.50
	lab_static
	lab_source_checks
	lab_sleep 3
	on wan2 203.0.114.50
	[ "$(lab_dtcpd_count login)" = 1 ]
}

@test "a VPN takes the default route and gives it back: nothing happens" {
	lab_static
	start
	dtcp_up
	ip -n customer -batch - <<-END
		link add vpn0 type dummy
		link set vpn0 up
		addr add 10.8.0.2/24 dev vpn0
		route add 0.0.0.0/1 via 10.8.0.1
		route add 128.0.0.0/1 via 10.8.0.1
	END
	lab_sleep 3
	on wan "$LAB_CLIENT4"
	ip -n customer link del vpn0
	lab_sleep 2
	on wan "$LAB_CLIENT4"
	[ "$(lab_dtcpd_count login)" = 1 ]
}

@test "an interface that leads nowhere gets its address first" {
	ip -n customer -batch - <<-END
		link add dead0 type dummy
		link set dead0 up
		addr add 10.9.0.2/24 dev dead0
		route add default via 10.9.0.1 metric 50
	END
	start
	event dead0 10.9.0.2
	lab_static
	ip -n customer route del default
	ip -n customer route add default via "$LAB_PROVIDER4" metric 100
	dtcp_up --event wan "$LAB_CLIENT4"
	wait_for 60 on wan "$LAB_CLIENT4"
}

@test "a modem's private address beside the public one, which changes" {
	start link=wan
	printf 'addr add %s dev wan\n' 192.168.100.2/24 203.0.113.50/24 | ip -n customer -batch -
	ip -n customer route add default via "$LAB_PROVIDER4"
	dtcp_up
	on wan 203.0.113.50
	ip -n customer addr del 203.0.113.50/24 dev wan
	ip -n customer addr add 203.0.113.60/24 dev wan
	ip -n customer route replace default via "$LAB_PROVIDER4"
	wait_for 20 on wan 203.0.113.60
}

@test "the address moves to a bridge" {
	lab_static
	start
	dtcp_up
	ip -n customer addr flush dev wan
	ip -n customer -batch - <<-END
		link add br0 type bridge
		link set br0 up
		link set wan master br0
		addr add $LAB_CLIENT4/24 dev br0
		route add default via $LAB_PROVIDER4
	END
	wait_for 30 on br0 "$LAB_CLIENT4"
}

@test "a link that is renamed is the same line, also for an account that names it" {
	lab_static
	start link=wan
	dtcp_up
	ip -n customer link set wan name cat5
	wait_for 10 on cat5 "$LAB_CLIENT4"
	lab_sleep 3
	[ "$(lab_dtcpd_count login)" = 1 ]
	kill -HUP "$(up_pid)"
	wait_for 10 logged_in 2
	wait_for 10 on cat5 "$LAB_CLIENT4"
	# As it has to be done before Linux 6.2.
	ip -n customer -batch - <<-END
		link set cat5 down
		link set cat5 name cat6
		link set cat6 up
		route add default via $LAB_PROVIDER4
	END
	dtcp_up --event cat6 "$LAB_CLIENT4"
	wait_for 20 on cat6 "$LAB_CLIENT4"
	# Its end is what its hook says.
	ip -n customer addr flush dev cat6
	dtcp_up --down --event cat6
	assert_gone_within 10
}

@test "link= and --event by an alternative name of the interface" {
	lab_static
	lab_second_line
	ip -n customer link property add dev wan2 altname enp9s0
	start link=enp9s0
	event enp9s0 203.0.114.50
	wait_for 20 on wan2 203.0.114.50
	dtcp_up --event wan2 203.0.114.50
	ip -n customer addr flush dev wan2
	dtcp_up --down --event enp9s0
	assert_gone_within 10
}

@test "rp_filter=1 on the line that is not the best: said, and the other one is taken" {
	lab_static
	lab_second_line
	customer bash -c 'echo 1 >/proc/sys/net/ipv4/conf/wan2/rp_filter'
	start
	dtcp_up
	on wan "$LAB_CLIENT4"
	lab_log 'link wan2: rp_filter is 1'
	dtcp_up --down
	lab_account link=wan2
	run dtcp_up -w 3
	[ "$status" = 69 ]
	up_says 'link wan2: rp_filter is 1'
	run dtcp_up -n -w 3
	[ "$status" = 69 ]
	up_says 'link wan2: rp_filter is 1'
}

@test "--down --event with the address that is about to go: quit is said, the tunnel moves" {
	lab_static
	lab_second_line
	start
	dtcp_up
	dtcp_up --down --event wan 203.0.113.51 # not ours
	on wan "$LAB_CLIENT4"
	dtcp_up --down --event wan # late: the address is there
	on wan "$LAB_CLIENT4"
	dtcp_up --down --event wan "$LAB_CLIENT4"
	wait_for 20 on wan2 203.0.114.50
	[ "$(lab_dtcpd_log received | grep -c quit)" = 1 ]
	dtcp_up --down --event wan "$LAB_CLIENT4" # not on it
	on wan2 203.0.114.50
	ip -n customer addr flush dev wan
	dtcp_up --down --event wan2 203.0.114.50
	assert_gone_within 10
}

@test "three lines: each takes over in turn, also by source routing" {
	lab_static
	lab_second_line
	ip link add wan3 netns customer type veth peer name acc3 netns provider
	ip -n provider link set acc3 up
	ip -n provider addr add 203.0.115.1/24 dev acc3
	ip -n customer -batch - <<-END
		link set wan3 up
		addr add 203.0.115.50/24 dev wan3
		rule add from 203.0.115.50 lookup 77
		route add default via 203.0.115.1 table 77
	END
	start
	dtcp_up
	on wan "$LAB_CLIENT4"
	lab_link customer wan down
	ip -n customer route del default dev wan2
	wait_for 20 on wan3 203.0.115.50
	dtcp_up --down
	assert_gone_within 10
}

no_routes() { ! ip -n customer -6 route show table all | grep -q '^default.* dev dtcp0'; }
path_bad() { dtcp_up --status --json | grep -q '"path_ok": *false'; }

@test "a carrier that goes is asked about at once, and the other line taken" {
	lab_static
	lab_dtcpd_start
	lab_account # a keepalive a minute
	dtcp_up
	lab_link provider acc down
	lab_clock
	wait_for 20 no_routes
	lab_took 12000
	lab_link provider acc up
	wait_for 20 on wan "$LAB_CLIENT4"
	lab_second_line
	lab_link provider acc down
	lab_clock
	wait_for 30 on wan2 203.0.114.50
	lab_took 15000
}

@test "a line whose path is bad, for want of another: one that comes up is taken, also later" {
	lab_static
	start
	lab_proto41 both
	run -75 dtcp_up -p -w 0
	wait_for 15 path_bad
	lab_second_line
	wait_for 10 on wan2 203.0.114.50
	# Nothing but bad ones again; then one of them works, of which nobody tells.
	lab_link provider acc2 down
	wait_for 30 path_bad
	lab_sleep 15
	no_routes
	lab_proto41 pass
	wait_for 90 on wan "$LAB_CLIENT4"
}

@test "who asks while all paths are bad has the others tried at once" {
	lab_static
	lab_second_line
	lab_account ping=240
	lab_dtcpd_start
	lab_proto41 both
	lab_tc provider sch_ingress cls_basic em_cmp act_gact <<-END
		qdisc replace dev acc2 clsact
		filter add dev acc2 ingress pref 10 protocol ip basic match $(lab_match 0 'u8 9 eq 41') action drop
	END
	run -75 dtcp_up -p -w 0
	wait_for 20 path_bad
	# Whichever it stays with: the other one works now.
	if dtcp_up --status --json | grep -q '"link": *"wan"'; then
		tc -n provider qdisc del dev acc2 clsact
	else
		lab_proto41 pass
	fi
	kill -USR1 "$(up_pid)"
	wait_for 15 up_is up
	lab_ping6 customer "$LAB_HOST6"
}

@test "an address that comes back, a route that flaps" {
	lab_static
	start
	dtcp_up
	local pid i
	pid=$(up_pid)
	ip -n customer addr flush dev wan
	wait_for 5 no_routes
	lab_sleep 20
	lab_static
	wait_for 10 on wan "$LAB_CLIENT4"
	[ "$(up_pid)" = "$pid" ]
	for ((i = 0; i < 10; i++)); do
		echo "route del default via $LAB_PROVIDER4"
		echo "route add default via $LAB_PROVIDER4"
	done | ip -n customer -batch -
	wait_for 10 on wan "$LAB_CLIENT4"
	for ((i = 0; i < 5; i++)); do
		ip -n customer route del default
		lab_sleep 0.3
		ip -n customer route add default via "$LAB_PROVIDER4"
		lab_sleep 0.3
	done
	wait_for 10 on wan "$LAB_CLIENT4"
	[ "$(up_pid)" = "$pid" ]
	[ "$(lab_dtcpd_count login)" -le 17 ] # one for each time, at most
}

@test "a hook of a link that nobody uses ends no keeper that waits for a line" {
	start
	run -75 dtcp_up -p -w 0
	dtcp_up --down --event lan0
	dtcp_up --down --event wan
	up_is connecting
	lab_static
	wait_for 10 on wan "$LAB_CLIENT4"
	# Late: the address is there, though nothing leads to the server at this moment.
	ip -n customer route del default
	dtcp_up --down --event wan
	up_is connecting
	ip -n customer addr flush dev wan
	dtcp_up --down --event wan
	assert_gone_within 10
}

@test "an address that is named by hand is its link's, whatever the better line is" {
	lab_static
	lab_second_line
	lab_source_checks
	start
	dtcp_up 203.0.114.50
	on wan2 203.0.114.50
	dtcp_up "$LAB_CLIENT4"
	on wan "$LAB_CLIENT4"
	dtcp_up 203.0.114.50
	on wan2 203.0.114.50
	dtcp_up --down
	[ "$(dtcp_up -n 203.0.114.50 | grep -c 'local 203.0.114.50 ttl 64 dev wan2')" = 1 ]
	# The one of another link is a hint to who is pinned.
	dtcp_up -l wan 203.0.114.50
	on wan "$LAB_CLIENT4"
	dtcp_up --down
	assert_nothing_left
}

@test "a named line and accounts that are pinned to several: that one, and the others when it goes" {
	lab_static
	lab_second_line
	lab_dtcpd_start
	(umask 077 && printf "%s 20200 foo bar ping=1 link=%s\n" "$LAB_SERVER4" wan "$LAB_SERVER4" wan2 >"$ACCOUNTS")
	dtcp_up 203.0.114.50
	on wan2 203.0.114.50
	lab_link customer wan2 down
	wait_for 20 on wan "$LAB_CLIENT4"
}

@test "a line that swallows all leaves the one after it half of the caller's wait" {
	lab_static
	lab_second_line
	start
	lab_silence on
	lab_clock
	dtcp_up
	lab_took 9000
	on wan2 203.0.114.50
}
