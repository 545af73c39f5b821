#!/usr/bin/env bats
# The traps of pppd: within 10 s the kernel holds exactly what the address
# calls for that the link has now, and there is one keeper at most.

load lab
load up
load stay

setup() {
	lab_up
	up_install pppd
	lab_account lan=lan0 ping=1
	lab_pppoe_server_start
	lab_dtcpd_start
}

teardown() {
	lab_end
}

dial() { lab_pppoe_dial defaultroute persist holdoff 0; }

# slow_hook SECONDS: one that comes before ours and takes its time.
slow_hook() {
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\necho "$4" >>/run/lab/slow\nsleep %s\n' "$1" >/etc/ppp/ip-up.d/0slow
	chmod +x /etc/ppp/ip-up.d/0slow
	rm -f /run/lab/slow
}

# whole ADDRESS: the kernel holds exactly what ADDRESS calls for.
whole() {
	stay_is up &&
		[ "$(lab_address ppp0)" = "$1" ] &&
		[ "$(up_tunnel)" = "$LAB_SERVER4 $1 ttl 64 mtu 1472" ] &&
		[ "$(lab_state | grep -v ^rule | sort)" = "$(expected)" ] &&
		[ "$(lab_processes | grep -c .)" = 2 ]
}
expected() {
	sort <<-END
		link dtcp0
		address dtcp0 ${LAB_PREFIX%/48}1/128
		address lan0 ${LAB_PREFIX%/48}1/64
		route ${LAB_PREFIX%/48}1 dev dtcp0 proto kernel metric 256 pref medium
		route ${LAB_PREFIX%/48}/64 dev lan0 proto kernel metric 256 pref medium
		route default dev dtcp0 proto 202 metric 4096 pref medium
		route default from $LAB_PREFIX dev dtcp0 proto 202 metric 1024 pref medium
		route unreachable $LAB_PREFIX dev lo proto 202 metric 1024 pref medium
		route unreachable default from $LAB_PREFIX dev lo proto 202 metric 4294967295 pref medium
	END
}

# withdrawn: a keeper waits, and no route leads into the tunnel.
withdrawn() {
	stay_is connecting && ! ip -n customer -6 route show table all | grep -q '^default.* dev dtcp0' &&
		[ "$(lab_processes | grep -c .)" -le 2 ]
}

@test "the link bounces while ip-up still runs, before our hook" {
	# pppd runs no ip-down and no second ip-up then.
	slow_hook 4
	dial
	wait_for 5 grep 192.0.2.101 /run/lab/slow
	lab_pppoe_bounce
	lab_sleep 1
	bounced() { [ "$(lab_address ppp0)" = 192.0.2.102 ]; }
	wait_for 10 bounced
	wait_for 14 whole 192.0.2.102 # the slow hook's 4 s, and ours
	# Its ip-down names an address that ip-up never announced.
	lab_pppoe_hangup
	assert_gone_within 10
}

@test "the link bounces while ip-up still runs, after our hook" {
	slow_hook 12
	mv /etc/ppp/ip-up.d/0slow /etc/ppp/ip-up.d/zslow
	dial
	wait_for 10 whole 192.0.2.101
	lab_pppoe_bounce
	wait_for 10 whole 192.0.2.102
	[ "$(wc -l </run/lab/slow)" = 1 ] # ip-up was not run again
}

@test "the link bounces twice within a second" {
	dial
	wait_for 10 whole 192.0.2.101
	lab_pppoe_bounce
	lab_sleep 0.3
	lab_pppoe_bounce
	settled() { [ "$(lab_address ppp0)" != 192.0.2.101 ] && whole "$(lab_address ppp0)"; }
	wait_for 15 settled
	lab_pppoe_hangup
	assert_gone_within 10
}

@test "pppd is killed and dials anew; killed for good, and --down" {
	dial
	wait_for 10 whole 192.0.2.101
	lab_pppoe_hangup 0 KILL
	wait_for 10 withdrawn
	dial
	wait_for 10 whole 192.0.2.102
	lab_pppoe_hangup 0 KILL
	wait_for 10 withdrawn
	customer /etc/ppp/ip-down.d/dtcp-up ppp0 wan 0 192.0.2.102 192.0.2.1
	assert_nothing_left
}

# twice COMMAND...: at the same time.
twice() {
	lab_spawn twice nsenter --net=/run/netns/customer -- "$@"
	customer "$@"
	wait_for 5 lab_gone "$(</run/lab/twice.pid)"
}

@test "ip-down for an address that was never announced; ip-up twice; for IPv6" {
	dial
	wait_for 10 whole 192.0.2.101
	local hook=/etc/ppp/ip-up.d/dtcp-up pid
	pid=$(stay_pid)
	twice $hook ppp0 wan 0 192.0.2.101 192.0.2.1
	whole 192.0.2.101
	customer $hook ppp0 wan 0 fe80::1 fe80::2
	customer /etc/ppp/ip-down.d/dtcp-up ppp0 wan 0 fe80::1 fe80::2
	# A late hook of an address that is gone.
	customer $hook ppp0 wan 0 192.0.2.99 192.0.2.1
	lab_sleep 1
	whole 192.0.2.101
	[ "$(stay_pid)" = "$pid" ]
	[ "$(lab_dtcpd_count login)" = 1 ]
	# Late: the link has a usable address.
	customer /etc/ppp/ip-down.d/dtcp-up ppp0 wan 0 192.0.2.99 192.0.2.1
	whole 192.0.2.101
	dtcp_up --down
	assert_nothing_left
	# Twice, from nothing.
	twice $hook ppp0 wan 0 192.0.2.101 192.0.2.1
	wait_for 10 whole 192.0.2.101
	[ "$(lab_dtcpd_count login)" = 2 ]
}

# dials: how often pppd has.
dials() { grep -c 'Starting link' /run/lab/pppd.log; }
dialled() { [ "$(dials)" = "$1" ]; }

@test "demand: when the line has ended for want of traffic nothing of ours dials again" {
	lab_account ping=240
	lab_spawn pppd ip netns exec customer pppd plugin rp-pppoe.so wan unit 0 user customer \
		linkname lab0 nodetach demand idle 6 noipdefault ipcp-accept-local \
		ipcp-accept-remote 10.112.112.112:10.64.64.64 defaultroute persist holdoff 0
	waits() { ip -n customer link show ppp0 | grep -q UP; }
	wait_for 10 waits
	customer ping -c 1 -W 3 "$LAB_SERVER4" || true # the first packet dials
	wait_for 20 stay_is up
	wait_for 60 grep -q 'lack of activity' /run/lab/pppd.log
	lab_sleep 25
	dialled 1
	# Whoever wants something dials, and has IPv6 again.
	customer ping -c 1 -W 3 "$LAB_SERVER4" || true
	wait_for 10 dialled 2
	wait_for 30 stay_is up
}
