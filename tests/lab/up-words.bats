#!/usr/bin/env bats
# What the words of an account do: route=, metric=, mtu=, ttl=, interface=,
# tunnel=none; and accounts that are tried in their order.

load lab
load up

setup() {
	lab_up
}

teardown() {
	lab_end
}

@test "route=none and a list, metric=, mtu=, ttl=, interface=" {
	up_ready route=2001:db8:6::/48,fd00:99::/32 metric=77 mtu=1300 ttl=5 interface=t-6.x
	dtcp_up
	[ "$(up_tunnel t-6.x)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 5 mtu 1300" ]
	diff - <(up_routes) <<-'END'
		2001:db8:6::/48 dev t-6.x metric 77
		fd00:99::/32 dev t-6.x metric 77
		unreachable 2001:db8:c0de::/48 dev lo metric 1024
	END
	lab_ping6 customer "$LAB_HOST6"
	# The outer TTL, and that packets come in pieces of the MTU.
	lab_ping6 customer "$LAB_HOST6" -s 1252 -M 'do'
	customer ping -6 -c 1 -W 2 -s 1253 -M 'do' "$LAB_HOST6" 2>&1 | grep -i 'too long'
	lab_spawn tcpdump ip netns exec provider tcpdump -U -v -n -c 1 -i acc \
		"ip proto 41 and src $LAB_CLIENT4" # and not what the far end's kernel says by itself
	wait_for 15 grep -q listening /run/lab/tcpdump.log
	lab_ping6 customer "$LAB_HOST6"
	wait_for 15 grep -q 'ttl 5,.*proto IPv6' /run/lab/tcpdump.log
	dtcp_up --down
	assert_nothing_left
	lab_account route=none
	dtcp_up
	[ "$(up_routes)" = 'unreachable 2001:db8:c0de::/48 dev lo metric 1024' ]
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	dtcp_up --down
	assert_nothing_left
}

# guarded: nothing leads into the tunnel, and nothing of ours past it.
guarded() {
	diff - <(up_routes) <<-'END'
		unreachable 2001:db8:c0de::/48 dev lo metric 1024
		unreachable default from 2001:db8:c0de::/48 dev lo metric 4294967295
	END
}

@test "route=guard: no route into the tunnel, and packets with its source leave by no other line" {
	up_ready route=guard ping=1
	# A native line, over which what has the tunnel's source would leave.
	ip -n customer -6 route add default via fe80::1 dev wan
	lab_snapshot
	dtcp_up
	guarded
	run ip -n customer -6 route get "$LAB_HOST6" from 2001:db8:c0de::1
	[ "$status" != 0 ]
	up_says '(unreachable|No route)'
	# Whoever sets the routes relies on it.
	ip -n customer -6 route add default from 2001:db8:c0de::/48 dev dtcp0
	wait_for 5 lab_settled customer dtcp0
	customer ping -6 -c 3 -i 0.2 -W 2 -I 2001:db8:c0de::1 "$LAB_HOST6"
	# State and path are as if there were routes of ours.
	lab_proto41 both
	wait_for 30 up_is connecting
	guarded
	lab_proto41 pass
	wait_for 30 up_is up
	guarded
	dtcp_up --down
	assert_nothing_left
}

@test "mtu=auto follows the link: 1400 gives 1380, 9000 gives 1480, 1290 gives 1280" {
	up_ready
	local link want
	for link in 1400:1380 9000:1480 1290:1280; do
		want=${link#*:}
		ip -n customer link set wan mtu "${link%:*}"
		dtcp_up
		[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu $want" ]
		[ "$(dtcp_up --status --json | jq '.[0].mtu')" = "$want" ]
		dtcp_up --down
	done
	assert_nothing_left
}

@test "a link of any name: with #, =, quotes, backslash, dash first, not ASCII, not UTF-8" {
	local name was=wan
	up_ready
	for name in 'wan#1' '#wan' 'w=n' '"wan' "'w'n" $'wan\\' -wan wän $'w\xffn'; do
		ip -n customer link set dev "$was" down
		ip -n customer link set dev "$was" name "$name"
		was=$name
		ip -n customer link set dev "$name" up
		ip -n customer route add default via "$LAB_PROVIDER4"
		dtcp_up
		ip -n customer -d link show dev dtcp0 | grep -aF " dev $name ttl 64 "
		dtcp_up --event "$name"
		dtcp_up --down --link "$name"
		lab_account "link=$name"
		dtcp_up
		[ "$name" = $'w\xffn' ] || [ "$(dtcp_up -S -j | jq -r '.[0].link')" = "$name" ]
		dtcp_up --down
		lab_account
	done
	assert_nothing_left
}

# mtu_is MTU: of the tunnel, and --status says so.
mtu_is() {
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu $1" ] &&
		[ "$(dtcp_up --status --json | jq -c '.[0] | [.state, .mtu]')" = "[\"up\",$1]" ]
}

@test "mtu=auto follows a link that changes below the tunnel, mtu=1300 does not" {
	local was
	up_ready
	dtcp_up
	was=$(ip -n customer -o link show dtcp0 | cut -d : -f 1)
	for link in 1400:1380 1290:1280 1500:1480; do
		ip -n customer link set wan mtu "${link%:*}"
		wait_for 5 mtu_is "${link#*:}"
	done
	[ "$(ip -n customer -o link show dtcp0 | cut -d : -f 1)" = "$was" ]
	[ "$(lab_dtcpd_count login)" = 1 ]
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	lab_account mtu=1300
	dtcp_up
	ip -n customer link set wan mtu 1400
	# What comes after it has been heard of as well.
	ip -n customer link del dtcp0
	wait_for 5 lab_log 'built anew'
	wait_for 5 mtu_is 1300
	dtcp_up --down
	ip -n customer link set wan mtu 1500
}

@test "a path that loses big packets: a warning names the MTU and mtu=" {
	up_ready
	lab_path_mtu 1400
	dtcp_up
	wait_for 20 lab_log 'packets of the MTU 1480 are lost.*mtu='
	up_is up
	dtcp_up --down
}

@test "a far end behind a filter: a warning names protocol 41, and path_ok is false" {
	up_ready
	lab_proto41 both
	up_fails 69 'does not answer through the tunnel.*protocol 41.*path=trust'
	: >/run/lab/syslog
	run -75 dtcp_up -p -w 1
	[ "$(dtcp_up --status --json | jq '.[0].path_ok')" = null ]
	wait_for 20 lab_log 'does not answer through the tunnel.*protocol 41'
	lab_sleep 1
	[ "$(dtcp_up --status --json | jq '.[0].path_ok')" = false ]
	up_is connecting
	dtcp_up --down
	assert_nothing_left
	# One that answers ff02::1 alone is as good as any.
	lab_proto41 pass
	lab_dtcpd_set allrouters=off
	dtcp_up
	path_is_good() { [ "$(dtcp_up --status --json | jq '.[0].path_ok')" = true ]; }
	wait_for 15 path_is_good
	dtcp_up --down
}

@test "tunnel=none: the session, its files and the script alone" {
	cat >/run/lab/script <<-'END'
		#!/bin/sh
		echo "$1 $DTCP_INTERFACE $DTCP_PREFIX" >>/run/lab/script.log
	END
	chmod 755 /run/lab/script
	up_ready tunnel=none interface=far ping=1 script=/run/lab/script
	dtcp_up
	[ "$(lab_state)" = "$(</run/lab/snapshot)" ] # the kernel is as before
	[ ! -e /sys/class/net/far ]
	up_is up far
	[ "$(dtcp_up -S -j | jq -c '.[0] | [.interface, .state, .path_ok, .mtu, .prefixes[0]]')" = \
		'["far","up",null,null,"2001:db8:c0de::/48"]' ]
	wait_for 15 grep -q 'received.*ping' /run/lab/dtcpd-events.log
	dtcp_up --down
	[ "$(cat /run/lab/script.log)" = $'up far 2001:db8:c0de::/48\ndown far 2001:db8:c0de::/48' ]
	lab_dtcpd_log received | tail -n 1 | grep quit
	assert_nothing_left
}

@test "several accounts: in order until one comes up; -s and -i choose" {
	up_ready
	cat >"$ACCOUNTS" <<-END
		# nothing listens there
		$LAB_SERVER4 20201 foo bar
		$LAB_SERVER4 20200 foo wrong
		$LAB_SERVER4 20200 foo bar ttl=9
		$LAB_PROVIDER4 20200 foo bar interface=other
	END
	run dtcp_up
	echo "$output"
	[ "$status" = 0 ]
	up_says 'port 20201.*(refused|Connection)'
	up_says 'authentication failed'
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 9 mtu 1480" ]
	dtcp_up --down
	assert_nothing_left
	run dtcp_up -s nobody.example
	[ "$status" = 78 ]
	up_says 'no account matches --server nobody.example'
	assert_nothing_left
	# Of another interface, so no alternative for the first three.
	up_fails 69 "$LAB_PROVIDER4.*(refused|Connection)" -i other
}

@test "without an address on the link, or with one that nobody has: 69" {
	up_ready
	up_fails 69 'no interface has the address 192.0.2.99' 192.0.2.99
	ip -n customer -4 addr flush dev wan
	ip -n customer addr add 169.254.1.1/16 dev wan
	up_fails 69 'link wan has no global IPv4 address' -l wan
	# With --link, what the link has now counts, and the address is a hint.
	lab_static
	run dtcp_up -l wan 192.0.2.99
	[ "$status" = 0 ]
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	dtcp_up --down
	assert_nothing_left
}

@test "behind NAT: a notice, the near end is our own address, IPv6 works both ways" {
	lab_up --nat
	lab_dtcpd_start
	lab_account
	run dtcp_up
	[ "$status" = 0 ]
	up_says 'sees us as 203.0.113.2, not as 192.168.1.2: this host is behind NAT.* protocol 41'
	[ "$(up_tunnel)" = "$LAB_SERVER4 192.168.1.2 ttl 64 mtu 1480" ]
	[ "$(dtcp_up -S -j | jq -r '.[0] | .local, .seen_as')" = $'192.168.1.2\n203.0.113.2' ]
	lab_ping6 customer "$LAB_HOST6"
	lab_ping6 host6 2001:db8:c0de::1
	dtcp_up --down
	assert_nothing_left
	[ -z "$(lab_far_interfaces)" ]
}

@test "with -p an address that nobody has yet is waited for: 0 when the tunnel ends there" {
	up_ready ping=1
	dtcp_up
	# That the tunnel is up with another address is no answer, at no keepalive either.
	run dtcp_up -p -w 4 203.0.113.60
	[ "$status" = 75 ]
	up_says 'no interface has the address 203.0.113.60'
	up_says 'not up within 4 s'
	lab_spawn waits ip netns exec customer "$DTCP_UP" -p -w 50 203.0.113.60
	wait_for 5 grep -q 'no interface has' /run/lab/waits.log
	ip -n customer addr add 203.0.113.60/24 dev wan
	wait_for 20 lab_gone "$(</run/lab/waits.pid)"
	[ "$(up_tunnel)" = "$LAB_SERVER4 203.0.113.60 ttl 64 mtu 1480" ]
	not grep -q 'not up within' /run/lab/waits.log
	dtcp_up --down
	assert_nothing_left
}

@test "while it is up: the link's own address counts; another link is not used, which is success only where it is up" {
	up_ready
	dtcp_up
	# Of the link that it is kept for, what that has now.
	run dtcp_up -l wan 192.0.2.99
	[ "$status" = 0 ]
	run dtcp_up 192.0.2.99
	[ "$status" = 69 ]
	up_says 'no interface has the address 192.0.2.99'
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	run dtcp_up -l lan0
	[ "$status" = 0 ]
	up_says 'is kept for link wan; link lan0 is not used'
	ip -n customer -4 addr flush dev wan
	wait_for 5 up_is connecting
	local link
	for link in sit0 lan0; do
		run dtcp_up -l $link
		[ "$status" = 69 ]
		up_says "is kept for link wan; link $link is not used"
		run dtcp_up -w 0 -l $link
		[ "$status" = 75 ]
	done
	lab_static
	wait_for 20 up_is up
	dtcp_up --down
	assert_nothing_left
}
