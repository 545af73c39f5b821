#!/usr/bin/env bats
# OpenWrt's `proto dtcp`: what handler and event script tell netifd, a stand-in for
# which is tests/lab/netifd.py, and each option.

load lab
load up
load netifd

setup() { lab_up; }
teardown() { lab_end; }

# handler ARGUMENT...: as netifd runs it.
handler() { (cd /lib/netifd/proto && customer busybox ash -eu ./dtcp.sh "$@"); }

@test "dump: all options, as netifd reads them, and nothing where the program is missing" {
	netifd_up
	handler '' dump | tee /run/lab/dump
	jq -e '.name == "dtcp" and ."no-device" == 1 and .available == 1 and .lasterror == 1' /run/lab/dump
	[ "$(jq -r '.config[] | "\(.[0])=\(.[1])"' /run/lab/dump | sort | xargs)" = \
		'defaultroute=7 metric=5 mtu=5 password=3 path=3 ping=5 port=5 server=3 sourceroutes=7 ttl=5 tunlink=3 type=3 username=3' ]
	mv "$DTCP_UP" /run/lab/away
	run handler '' dump
	mv /run/lab/away "$DTCP_UP"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "up: the calls in their order, the account file, IPv6; down: nothing is left within 5 s" {
	netifd_begin
	wait_for 30 netifd_whole
	diff - <(netifd_calls) <<-END
		["depend","0.0.0.0",""]
		["run","/usr/local/sbin/dtcp-up","--foreground","--persist","--config","/var/run/dtcp-netifd/d6.conf","--interface","dtcp-d6"]
		["update","ifname=dtcp-d6","link-up=1","address-external=1","ip6addr=2001:db8:c0de::1/128","ip6prefix=2001:db8:c0de::/48","route6=::/0||2001:db8:c0de::/48","route6=::/0|4096|","data=server=$LAB_SERVER4","data=remote=$LAB_SERVER4"]
	END
	[ "$(stat -c '%a %U' /var/run/dtcp-netifd/d6.conf)" = '600 root' ]
	[ "$(stat -c '%a %U' /var/run/dtcp-netifd)" = '700 root' ]
	echo "\"$LAB_SERVER4\" \"20200\" \"foo\" \"bar\" interface=dtcp-d6 route=guard script=/lib/netifd/dtcp-event" |
		diff - /var/run/dtcp-netifd/d6.conf
	lab_ping6 customer "$LAB_HOST6"
	# What other interfaces of netifd's may depend on.
	netifd way "$LAB_HOST6"
	netifd_ends
	[ "$(netifd_events)" = 'ifup wan setup d6 ifup d6 ifdown d6 teardown d6' ]
	not netifd way "$LAB_HOST6"
	netifd ifup d6
	wait_for 30 netifd_whole
	netifd_ends
}

@test "user and password of any characters; no password in arguments, calls or the log" {
	# Both ways of quoting, what a shell or sed might take for its own, and a blank.
	# shellcheck disable=SC2016 # as they stand
	local user='"\#$(id)`&/|' password=' q"u\o#te $x `id` & '\''%s\n ;'
	lab_static
	lab_dtcpd_start --user "$user" "$password" 2001:db8:77::/48
	netifd_up
	netifd_config "d6=$(jq -cn --arg u "$user" --arg p "$password" \
		"{proto: \"dtcp\", server: \"$LAB_SERVER4\", username: \$u, password: \$p}")"
	netifd_start
	wait_for 30 netifd_whole 2001:db8:77::/48
	for file in /proc/"$(netifd_is d6 task)"/{cmdline,environ} "$NETIFD_DIR"/calls \
		/run/lab/syslog /run/lab/netifd.log $RUN_DIR/dtcp-d6.state; do
		not grep -aqF 'q"u' "$file"
	done
	netifd_ends
}

@test "a name of ten characters, and two interfaces side by side" {
	lab_static
	lab_dtcpd_start
	# Another far end, since no two tunnels have the same ends; it builds nothing.
	lab_python dtcpd2 provider dtcpd --listen "$LAB_PROVIDER4" --no-tunnel \
		--log /run/lab/dtcpd2-events.log
	wait_for 10 grep port /run/lab/dtcpd2.log
	netifd_up
	netifd_config "abcdefghij=$(netifd_words)" "_2=$(netifd_words "{server: \"$LAB_PROVIDER4\",
		username: \"user1\", password: \"secret\", metric: 5000, path: \"trust\"}")"
	netifd_start
	wait_for 30 netifd_whole "$LAB_PREFIX" abcdefghij
	wait_for 30 netifd_is_up _2
	netifd_routes _2 | grep -x 'default metric 5000'
	netifd ifdown _2
	wait_for 10 netifd_is _2 'state == "down"'
	netifd_whole "$LAB_PREFIX" abcdefghij
	[ "$(netifd_calls abcdefghij | grep -c '"update"')" = 1 ]
	lab_ping6 customer "$LAB_HOST6"
	netifd ifdown abcdefghij
	wait_for 10 netifd_is abcdefghij 'state == "down"'
	netifd_nothing_left
}

# up_with JQ-OBJECT LINE...: with these options it comes up, and LINEs are the routes.
up_with() {
	netifd_config "d6=$(netifd_words "$1")"
	netifd reload
	wait_for 30 netifd_routes_are "$(printf '%s\n' "${@:2}" | sort)"
	wait_for 30 netifd_is_up
}

@test "metric, defaultroute, sourceroutes, mtu, ttl, ping, port, path" {
	netifd_begin
	up_with '{metric: 99, mtu: 1300, ttl: 5, ping: 7, port: 20200, path: "trust"}' \
		"default from $LAB_PREFIX metric 99" 'default metric 99'
	[ "$(up_tunnel dtcp-d6)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 5 mtu 1300" ]
	grep -F ' "mtu=1300" "ttl=5" "ping=7" "path=trust"' /var/run/dtcp-netifd/d6.conf
	# Without the source route there is no guard, which would be in the other's way.
	up_with '{sourceroutes: false}' 'default metric 4096'
	[ "$(up_routes)" = "unreachable $LAB_PREFIX dev lo metric 1024" ]
	lab_ping6 customer "$LAB_HOST6"
	up_with '{defaultroute: false}'
	[ "$(up_routes)" = "unreachable $LAB_PREFIX dev lo metric 1024" ]
	netifd_ends
}

@test "type=host, tunnelonly, several prefixes" {
	netifd_begin '{type: "host"}'
	wait_for 30 netifd_is_up
	netifd status d6
	netifd_is d6 'prefixes == [] and len(addresses) == 1'
	local own
	own=$(netifd_is d6 'addresses[0]')
	netifd_routes_are "$(printf '%s\n' "default from ${own%/*} metric 1024" 'default metric 4096')"
	lab_ping6 customer "$LAB_HOST6"
	up_with '{type: "tunnelonly"}'
	netifd_is d6 'prefixes == addresses == routes == []'
	lab_dtcpd_set prefixes=2001:db8:beef::/56,2001:db8:f00::/64
	up_with '{type: "network"}' 'default from 2001:db8:beef::/56 metric 1024' \
		'default from 2001:db8:f00::/64 metric 1024' 'default metric 4096'
	netifd_is d6 'prefixes == ["2001:db8:beef::/56", "2001:db8:f00::/64"]'
	netifd_ends
}

@test "tunlink: waits for that interface, goes by its device, ends and begins with it" {
	netifd_begin '{tunlink: "wan", auto: false}'
	netifd ifdown wan
	netifd ifup d6
	wait_for 10 netifd_is d6 'not available and state == "down"'
	netifd_nothing_left
	netifd ifup wan
	wait_for 30 netifd_whole
	netifd_calls | grep -F '"--link","wan"'
	netifd ifdown wan
	wait_for 10 netifd_is d6 'state == "down"'
	netifd_nothing_left
	netifd ifup wan
	wait_for 30 netifd_whole
	netifd_ends
	# One that is not there is waited for.
	netifd_config "d6=$(netifd_words '{tunlink: "wan2"}')"
	netifd reload
	netifd ifup d6
	wait_for 10 netifd_is d6 'not available and state == "down"'
	[ "$(lab_dtcpd_count login-ok)" = 2 ]
	netifd_nothing_left
	# Nor is one without a device taken for none, and it is not asked for in a hurry.
	netifd_config 'wan3={"proto": "static"}' "d6=$(netifd_words '{tunlink: "wan3"}')"
	: >"$NETIFD_DIR"/events
	netifd reload
	lab_clock
	setups() { [ "$(grep -c '^setup' "$NETIFD_DIR"/events)" -ge "$1" ]; }
	wait_for 30 setups 3
	not lab_took 9000
	grep 'wan3 has no device' /run/lab/netifd.log
	lab_sleep 1 # in the midst of its pause
	lab_clock
	netifd ifdown d6
	wait_for 10 netifd_is d6 'state == "down"'
	lab_took 2000
	not pgrep -x sleep
	[ "$(lab_dtcpd_count login-ok)" = 2 ]
	netifd_nothing_left
}

@test "reload: the same words do nothing; other ones begin anew, once" {
	netifd_begin
	wait_for 30 netifd_whole
	netifd reload
	lab_sleep 2
	[ "$(netifd_events)" = 'ifup wan setup d6 ifup d6' ]
	netifd_config "d6=$(netifd_words '{mtu: 1400}')"
	netifd reload
	mtu_is() { [[ $(up_tunnel dtcp-d6) = *' mtu 1400' ]]; }
	wait_for 30 mtu_is
	wait_for 30 netifd_whole
	[ "$(netifd_events)" = 'ifup wan setup d6 ifup d6 ifdown d6 teardown d6 setup d6 ifup d6' ]
	[ "$(lab_dtcpd_count login-ok)" = 2 ]
	# Taken out of the configuration.
	netifd_config
	netifd reload
	wait_for 10 netifd_nothing_left
}

@test "a LAN with ip6assign gets its part of the prefix; after a loss its address is deprecated" {
	lab_static
	lab_dtcpd_start
	netifd_up
	netifd_config 'lan={"proto": "static", "device": "lan0", "ip6assign": 60}' "d6=$(netifd_words)"
	netifd_start
	wait_for 30 netifd_whole
	[ "$(up_addresses lan0)" = 2001:db8:c0de::1/60 ]
	lab_lan_address 2001:db8:c0de:0
	wait_for 10 lab_ping6 lan "$LAB_HOST6" # its router's address was tentative
	lab_ping6 host6 2001:db8:c0de::2
	netifd ifdown d6
	wait_for 10 netifd_is d6 'state == "down"'
	ip -n customer -6 addr show dev lan0 | grep -A 1 2001:db8:c0de::1/60 | grep 'preferred_lft 0sec'
	ip -n customer -6 addr del 2001:db8:c0de::1/60 dev lan0
	netifd_nothing_left
}

# What the LAN host has by router advertisement.
lan_has() { ip -n lan -6 addr show dev eth0 scope global dynamic | grep -A 1 "${1%::/48}:" | grep -q "$2"; }
lan_has_router() { ip -n lan -6 route show default proto ra | grep -q .; }
# no_way PREFIX: it has no way out, and programs there hear that at once.
no_way() {
	wait_for 60 not lan_has_router
	wait_for 10 lan_has "$1" 'preferred_lft 0sec'
	lab_clock
	[[ $(lan ping -6 -c 1 "$LAB_HOST6" 2>&1) = *unreachable* ]]
	lab_took 1000
}
way_by() {
	wait_for 60 lan_has_router
	wait_for 20 lan_has "$1" 'preferred_lft [1-9]'
	wait_for 10 lab_ping6 lan "$LAB_HOST6"
	lan ip -6 route get "$LAB_HOST6" | grep " src ${1%::/48}:"
}

@test "a LAN host, told by router advertisements: it has a way out only while there is one" {
	local new=2001:db8:beef::/48
	lab_static
	lab_dtcpd_start
	netifd_up
	netifd_config 'lan={"proto": "static", "device": "lan0", "ip6assign": 60}' \
		"d6=$(netifd_words '{ping: 1, mtu: 1400}')"
	netifd_start
	netifd_announce
	wait_for 30 netifd_whole
	way_by "$LAB_PREFIX"
	lan_mtu_is() { [ "$(lan cat /proc/sys/net/ipv6/conf/eth0/mtu)" = "$1" ]; }
	wait_for 20 lan_mtu_is 1400 # told by a later advertisement than the prefix, it may be
	# The path, then the session.
	lab_proto41 both
	no_way "$LAB_PREFIX"
	lab_proto41 pass
	way_by "$LAB_PREFIX"
	lab_dtcpd_set accept=close
	lab_dtcpd_command 'do all close'
	no_way "$LAB_PREFIX"
	# It is back with another prefix.
	lab_dtcpd_set prefixes=$new
	lab_dtcpd_set accept=ok
	wait_for 60 netifd_whole $new
	way_by $new
	lan_has "$LAB_PREFIX" 'preferred_lft 0sec'
	kill -KILL "$(cat "$RUN_DIR/dtcp-d6.pid")"
	way_by $new
	netifd ifdown d6
	wait_for 10 netifd_is d6 'state == "down"'
	no_way $new
	ip -n customer -6 addr flush dev lan0 scope global
	netifd_nothing_left
}
