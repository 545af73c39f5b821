#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# The kernel as others leave it: routes of the same metric, what is there already,
# interfaces without IPv6, a namespace without sit0. And what others take away.

load lab
load up
load ../messages/messages

setup() { lab_up; }

teardown() {
	up_unwrap_ip
	lab_end
}

# is_back: all of the tunnel of up_ready's account is there, and leads somewhere.
is_back() { up_is up && [ "$(up_routes)" = "$ROUTES" ] && lab_ping6 customer "$LAB_HOST6"; }
ROUTES='default dev dtcp0 metric 4096
default from 2001:db8:c0de::/48 dev dtcp0 metric 1024
unreachable 2001:db8:c0de::/48 dev lo metric 1024
unreachable default from 2001:db8:c0de::/48 dev lo metric 4294967295'

@test "two tunnels with default settings are both up" {
	lab_static
	ip -n customer addr add 203.0.113.51/24 dev wan
	lab_dtcpd_start --user user1 secret 2001:db8:c0df::/48
	(umask 077 && printf '%s\n' "$LAB_SERVER4 20200 foo bar interface=dtcp0 ping=2" \
		"$LAB_SERVER4 20200 user1 secret interface=dtcp1 ping=2" >"$ACCOUNTS")
	dtcp_up -i dtcp0 203.0.113.50
	run -0 dtcp_up -i dtcp1 203.0.113.51
	up_says 'dtcp1: another route to ::/0 with metric 4096 \(dev dtcp0\) goes before the tunnel.s; metric='
	up_is up dtcp0
	up_is up dtcp1
	[ "$(up_routes | grep -c '^default dev')" = 2 ]
	# The end of one is none of the other.
	dtcp_up --down -i dtcp0
	up_is up dtcp1
	[ "$(up_routes | grep -c dtcp1)" = 2 ]
	dtcp_up --down
	assert_nothing_left
}

@test "a native default route of the same metric comes: ours stands beside it, also when it returns" {
	up_ready metric=1024 ping=1
	dtcp_up
	ip -n customer -6 route append default via fe80::1 dev wan metric 1024
	lab_snapshot_native() { ip -n customer -6 route show default | grep 'via fe80::1 dev wan metric 1024'; }
	lab_proto41 both
	wait_for 40 not up_is up
	lab_proto41 pass
	wait_for 40 up_is up
	lab_snapshot_native
	ip -n customer -6 route show default dev dtcp0 | grep 'metric 1024'
	wait_for 5 lab_log 'another route to ::/0 with metric 1024 .dev wan. goes before'
	[ "$(lab_dtcpd_count login)" = 1 ]
	dtcp_up --down
	lab_snapshot_native
	ip -n customer -6 route del default via fe80::1 dev wan
	assert_nothing_left
}

@test "what somebody replaces is noticed and made again, at once or at the next keepalive" {
	up_ready ping=240
	dtcp_up
	ip -n customer -6 route replace default via fe80::1 dev wan metric 4096
	again() { up_is up && [ "$(up_routes)" = "$ROUTES" ]; }
	wait_for 10 again
	lab_log 'somebody removed a route into the tunnel; it is built anew'
	ip -n customer -6 route del default via fe80::1 dev wan
	is_back
	# Of what a routing daemon does all day the keeper does not hear.
	ip -n customer -6 route replace default via fe80::1 dev wan metric 4096 proto bird
	lab_sleep 3
	[ "$(up_routes)" != "$ROUTES" ]
	dtcp_up # has it send a keepalive
	wait_for 10 again
	[ "$(lab_dtcpd_count login)" = 1 ]
	ip -n customer -6 route del default via fe80::1 dev wan
	is_back
	dtcp_up --down
	assert_nothing_left
}

@test "unreachable routes that somebody removes, or lo down and up, come back at once" {
	up_ready ping=60
	dtcp_up
	ip -n customer -6 route del unreachable "$LAB_PREFIX" proto 202
	wait_for 3 is_back
	lab_log 'somebody removed an unreachable route; it is built anew'
	ip -n customer -6 route del unreachable default from "$LAB_PREFIX" metric 4294967295 proto 202
	wait_for 3 is_back
	ip -n customer link set lo down
	ip -n customer link set lo up
	wait_for 3 is_back
	[ "$(lab_dtcpd_count login)" = 1 ]
}

@test "flushed routes and addresses, an interface set down: back within a moment" {
	up_ready ping=60
	dtcp_up
	local index command
	index=$(ip -n customer -o link show dtcp0 | cut -d : -f 1)
	for command in '-6 route flush dev dtcp0' '-6 route flush proto 202' '-6 addr flush dev dtcp0' \
		'link set dtcp0 down'; do
		echo "$command"
		# shellcheck disable=SC2086 # are words
		ip -n customer $command
		wait_for 5 is_back
		ip -n customer -6 addr show dev dtcp0 | grep 'fe80::cb00:7132/64'
		[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	done
	[ "$(ip -n customer -o link show dtcp0 | cut -d : -f 1)" = "$index" ]
	dtcp_up --down
	assert_nothing_left
}

@test "the ends that somebody changes are changed back" {
	up_ready ping=1
	dtcp_up
	ip -n customer tunnel change name dtcp0 mode sit remote 192.0.2.9 local "$LAB_CLIENT4" ttl 3
	right() { [ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ] && is_back; }
	wait_for 10 right
	ip -n customer -d link show dtcp0 | grep ' dev wan '
	ip -n customer link set dtcp0 mtu 1300
	wait_for 10 right
}

@test "a setting that somebody turns on is off at the next keepalive" {
	up_ready ping=1
	dtcp_up
	customer sh -c 'echo 2 >/proc/sys/net/ipv6/conf/dtcp0/accept_ra'
	off() { [ "$(customer cat /proc/sys/net/ipv6/conf/dtcp0/accept_ra)" = 0 ]; }
	wait_for 10 off
	is_back
}

@test "an unreachable or blackhole route of the prefix that was there stays there" {
	up_ready
	local kind
	for kind in unreachable blackhole prohibit; do
		ip -n customer -6 route add $kind "$LAB_PREFIX"
		dtcp_up
		up_is up
		[ "$(ip -n customer -6 route show "$LAB_PREFIX" | wc -l)" = 1 ]
		dtcp_up --down
		ip -n customer -6 route del $kind "$LAB_PREFIX"
		assert_nothing_left
	done
}

@test "routes and addresses of others on the interface stay while it is there" {
	up_ready ping=1
	dtcp_up
	# As zebra marks its routes, and what somebody adds by hand.
	ip -n customer -batch - <<-END
		route add 2001:db8:77::/48 dev dtcp0 proto zebra metric 20
		route add 2001:db8:78::/48 dev dtcp0
		addr add 2001:db8:79::1/128 dev dtcp0
	END
	lab_sleep 3
	ip -n customer -6 route show dev dtcp0 | grep 2001:db8:77::/48
	ip -n customer -6 route show dev dtcp0 | grep 2001:db8:78::/48
	ip -n customer -6 addr show dev dtcp0 | grep 2001:db8:79::1/128
	[ -z "$(lab_log somebody)" ]
	dtcp_up --down
	assert_nothing_left
}

@test "a LAN interface without IPv6 is a warning, and gets its address when it has it" {
	up_ready lan=lan0 ping=1
	customer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/lan0/disable_ipv6'
	run -0 dtcp_up
	up_says 'dtcp0: LAN interface lan0 takes no address, since IPv6 is off there'
	up_is up
	customer sh -c 'echo 0 >/proc/sys/net/ipv6/conf/lan0/disable_ipv6'
	has() { up_addresses lan0 | grep 2001:db8:c0de::1/64; }
	wait_for 10 has
	# And while it is up.
	customer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/lan0/disable_ipv6'
	lab_sleep 3
	up_is up
	[ "$(lab_dtcpd_count login)" = 1 ]
	dtcp_up --down
	assert_nothing_left
}

@test "the address of a LAN interface that a DHCPv6 client gave it already stays at the end" {
	up_ready lan=lan0
	ip -n customer addr add "${LAB_PREFIX%/*}1/64" dev lan0 nodad
	dtcp_up
	up_is up
	dtcp_up --down
	[ "$(up_addresses lan0)" = "${LAB_PREFIX%/*}1/64" ]
	ip -n customer addr del "${LAB_PREFIX%/*}1/64" dev lan0
	assert_nothing_left
}

@test "the router's own packets have an address of the prefix, whatever others there are" {
	up_ready lan=lan0
	ip -n customer link add wg0 type dummy
	ip -n customer link set wg0 up
	ip -n customer addr add 2606:4700:110:8027:bc2a:9580:b48:75be/128 dev wg0 nodad
	dtcp_up
	[ "$(up_addresses dtcp0)" = 2001:db8:c0de::1/128 ]
	customer ip -6 route get 2606:4700::1 | grep 'dev dtcp0 .*src 2001:db8:c0de::1 '
	lab_ping6 customer "$LAB_HOST6"
}

@test "a namespace without sit0" {
	ip -n customer link set wan netns 1
	ip netns del customer
	echo 1 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	ip netns add customer
	echo 0 >/proc/sys/net/core/fb_tunnels_only_for_init_net
	ip link set wan netns customer
	ip -n customer link set wan up
	ip -n customer link set lo up
	up_ready ping=1
	ip -n customer addr add 203.0.113.51/24 dev wan
	not ip -n customer link show sit0
	dtcp_up
	[ "$(up_tunnel)" = "$LAB_SERVER4 $LAB_CLIENT4 ttl 64 mtu 1480" ]
	is_back
	dtcp_up 203.0.113.51
	[ "$(up_tunnel)" = "$LAB_SERVER4 203.0.113.51 ttl 64 mtu 1480" ]
	dtcp_up --down
	not ip -n customer link show dtcp0
	[ -z "$(up_routes)" ]
}

@test "a read-only /proc/sys with the right values" {
	up_ready
	local setting
	for setting in accept_ra autoconf accept_redirects; do
		customer sh -c "echo 0 >/proc/sys/net/ipv6/conf/default/$setting"
	done
	# shellcheck disable=SC2016 # is for the other shell
	customer unshare --mount sh -c 'mount --bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys && exec "$@"' sh "$DTCP_UP"
	up_is up
	dtcp_up --down
	assert_nothing_left
	customer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/accept_ra'
	# shellcheck disable=SC2016 # is for the other shell
	run -71 customer unshare --mount sh -c 'mount --bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys && exec "$@"' sh "$DTCP_UP"
	up_says 'dtcp0: /proc/sys/net/ipv6/conf/dtcp0/accept_ra cannot be set to 0: Read-only'
	assert_nothing_left
}

@test "where the system gives no link-local address, the tunnel has one of ours" {
	up_ready ping=1
	customer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode'
	dtcp_up
	up_is up
	ip -n customer -6 addr show dev dtcp0 | grep 'fe80::cb00:7132/64'
	good() { dtcp_up --status --json | jq -e '.[0].path_ok'; }
	wait_for 10 good
}

@test "IPv6 is off on the tunnel: 71 for every type" {
	local type
	customer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	for type in network host tunnelonly; do
		up_ready type=$type
		up_fails 71 'dtcp0: IPv6 is off on the interface \(disable_ipv6\)'
		[ "$(grep -c 'IPv6 is off' <<<"$output")" = 1 ] # said once
		lab_dtcpd_stop
	done
}

@test "IPv6 is set off and on while up, as NetworkManager does: all comes back, without a login" {
	local pause logins=0
	up_ready ping=240
	for pause in 0 0.01 0.1 0.2; do
		dtcp_up
		customer sh -c "echo 1 >/proc/sys/net/ipv6/conf/dtcp0/disable_ipv6; sleep $pause
			echo 0 >/proc/sys/net/ipv6/conf/dtcp0/disable_ipv6"
		back() { up_is up && [ "$(up_routes | wc -l)" = 4 ] && lab_ping6 customer "$LAB_HOST6"; }
		wait_for 20 back
		[ "$(lab_dtcpd_count login)" = $((logins += 1)) ]
		dtcp_up --down
	done
}

@test "busybox has an ip that will not do" {
	up_ready
	lab_dtcpd_set tunnel=off # it would miss the real one too
	[ -e /run/lab/ip ] || cp -a "$(readlink -f /usr/sbin/ip)" /run/lab/ip
	rm -f /usr/sbin/ip
	ln -s "$(command -v busybox)" /usr/sbin/ip
	run dtcp_up
	up_unwrap_ip
	assert_nothing_left
	message 'an ip that will not do' "$status" "$output"
	as_table lab-ip
}

@test "a kernel without sit: 71 says so, and nothing is left" {
	up_ready
	lab_dtcpd_set tunnel=off # it would miss it too
	rmmod sit 2>/dev/null || skip "sit is built into this kernel, or in use"
	local modprobe
	modprobe=$(</proc/sys/kernel/modprobe)
	echo /bin/false >/proc/sys/kernel/modprobe
	run dtcp_up
	echo "$modprobe" >/proc/sys/kernel/modprobe
	modprobe sit
	assert_nothing_left
	message 'no sit in the kernel' "$status" "$output" -e 's/: ip: .*/: ip: WHAT IT SAID/'
	as_table lab-sit
}

# older WHAT: from now on dtcp-up and its ip have the kernel that older.c calls WHAT.
older() {
	export OLDER=$1 LD_PRELOAD=$LAB_PROJECT/build/lab/older.so
	up_wrap_ip <<<"export OLDER=$OLDER LD_PRELOAD=$LD_PRELOAD"
}

@test "a kernel without source routes: a warning, and all the rest is there and comes back" {
	up_ready
	older sources
	run -0 dtcp_up
	up_says 'this kernel has no source routes \(IPV6_SUBTREES\)'
	unset LD_PRELOAD
	up_is up
	local without
	without=$(grep -v ' from ' <<<"$ROUTES")
	[ "$(up_routes)" = "$without" ]
	ip -n customer -6 route flush proto 202
	without_is_back() { up_is up && [ "$(up_routes)" = "$without" ]; }
	wait_for 5 without_is_back
	dtcp_up --down
	assert_nothing_left
}

@test "a kernel that does not filter its lists (before 4.20): all is found among the others'" {
	up_ready
	lab_others 300 20
	local before
	before=$(up_routes)
	older strict
	dtcp_up
	unset LD_PRELOAD
	ours() { up_routes | grep -E 'dtcp0|c0de' || true; }
	[ "$(ours)" = "$ROUTES" ]
	ip -n customer -6 route del unreachable "$LAB_PREFIX" proto 202
	ip -n customer -6 route del default dev dtcp0 proto 202
	is_found() { up_is up && [ "$(ours)" = "$ROUTES" ] && lab_ping6 customer "$LAB_HOST6"; }
	wait_for 5 is_found
	dtcp_up --down
	[ "$(up_routes)" = "$before" ]
	not ip -n customer link show dtcp0
}

@test "it is up when the router's own packets have the tunnel's address, and not before" {
	up_ready
	older tentative
	touch /run/lab/tentative
	lab_spawn up "$LAB_ENTER" customer "$DTCP_UP"
	has_address() { ip -n customer -6 addr show dev dtcp0 | grep -q c0de::1; }
	wait_for 5 has_address
	lab_sleep 0.3
	cat /run/lab/up.log
	not grep 'dtcp0: up:' /run/lab/up.log
	not grep 'dtcp0: up:' /run/lab/syslog
	rm /run/lab/tentative
	wait_for 5 grep 'dtcp0: up:' /run/lab/up.log
	dtcp_up --down
	# A kernel that never comes to it hinders nobody for long.
	touch /run/lab/tentative
	dtcp_up
	up_is up
	wait_for 5 is_back
	dtcp_up --down
	assert_nothing_left
}

# keepalive_calls N: traces at most N keepalives of keeper and session, 4 s apart, and prints
# how many system calls they took together. Asking for the time takes none on most
# kernels.
keepalive_calls() {
	local trace=() tracer pid
	while read -r pid _; do
		trace+=(-p "$pid")
	done < <(lab_processes)
	[ ${#trace[@]} = 4 ] # keeper and session
	strace -f -o /run/lab/calls "${trace[@]}" &
	tracer=$!
	lab_sleep $(($1 * 4 - 1))
	kill -INT $tracer
	wait $tracer || true
	sed 's/^[0-9]* *//; s/(.*//' /run/lab/calls | sort | uniq -c | sort -rn >&2
	grep -vcE '^[0-9]+ +(clock_gettime|time)\(|^[0-9]+ +<\.\.\. ' /run/lab/calls
}

@test "a keepalive with its look starts no program, and takes few system calls" {
	up_ready ping=4
	lab_delay 20 # answers come one by one
	dtcp_up
	up_note_ip
	lab_sleep 6
	local calls
	calls=$(keepalive_calls 5)
	echo "$calls calls for five keepalives"
	[ "$calls" -le 175 ]
	not grep run /run/lab/ip-lines
}

@test "nor more of them with three LANs" {
	ip -n customer link add lan1 type dummy
	ip -n customer link add lan2 type dummy
	ip -n customer link set lan1 up
	ip -n customer link set lan2 up
	up_ready ping=4 lan=lan0,lan1,lan2
	lab_delay 20
	dtcp_up
	[ "$(up_addresses lan2)" != '' ]
	lab_sleep 6
	local calls
	calls=$(keepalive_calls 5)
	echo "$calls calls for five keepalives"
	[ "$calls" -le 180 ]
	# What is amiss is found all the same.
	ip -n customer addr flush dev lan1 scope global
	lan1_is_back() { [ "$(up_addresses lan1)" != '' ]; }
	wait_for 5 lan1_is_back
}

@test "nor more of them beside 10,000 routes of others and 200 tunnels" {
	up_ready ping=4
	lab_delay 20
	lab_others 10000 200
	dtcp_up
	up_is up
	lab_sleep 6
	local calls
	calls=$(keepalive_calls 5)
	echo "$calls calls for five keepalives"
	[ "$calls" -le 175 ]
	# What is amiss is found all the same.
	ip -n customer -6 route del unreachable "$LAB_PREFIX" proto 202
	unreachable_is_back() { up_routes | grep '^unreachable 2001:db8:c0de::/48'; }
	wait_for 5 unreachable_is_back
}

# woken: how often keeper and session were woken so far.
woken() {
	local pid _ total=0 n
	while read -r pid _; do
		n=$(awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$pid/status")
		total=$((total + n))
	done < <(lab_processes)
	echo "$total"
}

@test "between keepalives nothing wakes up, also while others change their routes" {
	up_ready ping=240
	dtcp_up
	lab_sleep 20 # the echo that fills the MTU was answered, too
	local before
	before=$(woken)
	ip -n customer -batch - <<-END
		route add 2001:db8:77::/48 dev wan proto bird
		route replace 2001:db8:77::/48 dev wan metric 5 proto bird
		route replace 2001:db8:77::/48 dev lan0 metric 5 proto bird
		route del 2001:db8:77::/48 dev lan0 proto bird
		route del 2001:db8:77::/48 dev wan proto bird
		route add 10.7.0.0/16 dev wan proto bird
		route del 10.7.0.0/16 dev wan proto bird
		tunnel add name other mode sit remote 198.51.100.9 local 10.9.0.1 ttl 64
		link set other up
	END
	lab_sleep 150
	echo "woken $(($(woken) - before)) times"
	[ "$(woken)" = "$before" ]
}

@test "a session that is made anew changes nothing in the kernel, and starts no program" {
	up_ready lan=lan0 ping=2
	dtcp_up
	up_note_ip
	lab_sleep 10
	lab_monitor monitor link address route
	lab_sleep 1
	came_back() { up_is up && [ "$(dtcp_up --status --json | jq '.[0].reconnects')" = "$1" ]; }
	lab_dtcpd_command 'do all close' # the server drops it
	wait_for 20 came_back 1
	kill -HUP "$(up_pid)" # it leaves, and comes back
	wait_for 20 came_back 2
	dtcp_up # as after a renewed lease
	lab_sleep 5
	lab_kill monitor
	cat /run/lab/monitor.log
	[ ! -s /run/lab/monitor.log ]
	[ ! -s /run/lab/ip-lines ]
	[ "$(lab_dtcpd_count login)" = 3 ]
}
