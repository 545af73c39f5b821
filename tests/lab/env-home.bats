#!/usr/bin/env bats
# A home network behind the tunnel, with the samples of etc/ as people take
# them, but for the name of the LAN's interface: a host there gets its address
# by router advertisement, reaches the world, and hears at once that a prefix
# is no longer good (RFC 9096).

load lab
load up

OLD=2001:db8:c0de:: NEW=2001:db8:beef::

setup() {
	lab_up
	rm -rf /run/dtcp-radvd /run/radvd.pid
	lab_static
	# Each login gets the next.
	lab_dtcpd_start --set "prefixes=$OLD/48;$NEW/48"
}

teardown() {
	lab_end
}

# sample FILE: as installed, the LAN's interface being lan0.
sample() { sed 's/\beth1\b/lan0/g' "$LAB_PROJECT/etc/$1"; }

# What the LAN host has: `ADDRESS`, or `ADDRESS deprecated`, one a line.
lan_addresses() {
	ip -n lan -6 -o addr show dev eth0 scope global dynamic |
		awk '{ split($4, a, "/"); print a[1], ($0 ~ / deprecated /) ? "deprecated" : "good" }'
}
lan_has() { lan_addresses | grep -q "^${1%::}:.* $2\$"; }
lan_lacks() { ! lan_addresses | grep -q " $1\$"; }
lan_has_router() { ip -n lan -6 route show default proto ra | grep -q .; }

# from_lan PREFIX: the LAN host reaches host6, from an address in PREFIX that
# it chose itself.
from_lan() {
	lan ip -6 route get "$LAB_HOST6" | grep " src ${1%::}:"
	lab_ping6 lan "$LAB_HOST6"
}

# another_prefix: the session ends, and the next one brings another prefix.
another_prefix() {
	lab_dtcpd_command 'do all close'
	wait_for 15 has_prefix "$NEW"
}
has_prefix() { ip -n customer -6 addr show dev lan0 | grep -q " ${1}1/64 "; }

@test "radvd, told by the event script: a prefix that changes, and the end" {
	install -m 755 "$LAB_PROJECT/etc/dtcp-event.example.sh" /usr/local/sbin/dtcp-event
	lab_account ping=1 lan=lan0 script=/usr/local/sbin/dtcp-event
	dtcp_up
	wait_for 20 lan_has "$OLD" good
	from_lan "$OLD"
	another_prefix
	wait_for 20 lan_has "$NEW" good
	wait_for 20 lan_has "$OLD" deprecated
	from_lan "$NEW"
	# The world reaches the host, too.
	lab_ping6 host6 "$(lan_addresses | sed -n 's/ good//p' | head -n 1)"
	dtcp_up --down
	wait_for 20 lan_lacks good
	wait_for 20 not lan_has_router
}

@test "radvd, told by the event script: without a way out it is no router, and comes back" {
	install -m 755 "$LAB_PROJECT/etc/dtcp-event.example.sh" /usr/local/sbin/dtcp-event
	lab_account ping=1 lan=lan0 script=/usr/local/sbin/dtcp-event
	dtcp_up
	wait_for 20 lan_has "$OLD" good
	lab_dtcpd_set prefixes="$OLD/48"
	lab_proto41 both
	wait_for 60 not lan_has_router
	lan_has "$OLD" good
	lab_proto41 pass
	wait_for 30 lan_has_router
	from_lan "$OLD"
}

@test "radvd with the sample, for a prefix that stays" {
	sample radvd.conf.example >/run/lab/radvd.conf
	lab_account ping=1 lan=lan0
	dtcp_up
	lab_spawn radvd ip netns exec customer radvd -n -C /run/lab/radvd.conf -p /run/lab/radvd.own -m stderr
	wait_for 20 lan_has "$OLD" good
	from_lan "$OLD"
}

@test "dnsmasq with the sample: a prefix that changes" {
	sample dnsmasq.example.conf >/run/lab/dnsmasq.conf
	lab_account ping=1 lan=lan0
	dtcp_up
	lab_spawn dnsmasq ip netns exec customer dnsmasq --keep-in-foreground --log-facility=- \
		--conf-file=/run/lab/dnsmasq.conf --port=0 --interface=lan0 --bind-interfaces \
		--dhcp-leasefile=/run/lab/dnsmasq.leases
	wait_for 20 lan_has "$OLD" good
	from_lan "$OLD"
	another_prefix
	wait_for 20 lan_has "$NEW" good
	wait_for 20 lan_has "$OLD" deprecated
	from_lan "$NEW"
}

@test "--check says that this host does not forward, and only then" {
	lab_account lan=lan0
	run dtcp_up --check
	[ "$status" = 0 ]
	[[ $output != *forward* ]]
	customer sysctl -q net.ipv6.conf.all.forwarding=0
	run dtcp_up --check
	[ "$status" = 0 ]
	up_says 'does not forward IPv6: sysctl net.ipv6.conf.all.forwarding=1'
	# Nor does bringing the tunnel up switch it on.
	dtcp_up
	[ "$(customer sysctl -n net.ipv6.conf.all.forwarding)" = 0 ]
	lab_account
	run dtcp_up --check
	[[ $output != *forward* ]]
}
