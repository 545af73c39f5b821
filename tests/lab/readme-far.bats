#!/usr/bin/env bats
# "Your own other end" of the READMEs, as it is printed: a server with systemd, and a
# router at home behind a real pppd, both set up by nothing but those lines. The two
# have no files in common (the server's are its own), and nothing of dtcp-up is on either
# before.

load lab
load up
load readme
load machine

setup() {
	lab_up
	rm -f "$ACCOUNTS"
	provider_has >/run/lab/provider-before
	machine_start provider
	lab_pppoe_server_start
	lab_pppoe_dial defaultroute persist holdoff 0
	echo "$LAB_HOST6 www.kame.net" >>/etc/hosts
	instead apt-get
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat /run/lab/units-provider.log /run/lab/machine-provider.log || true
	lab_end
}

# What dtcpd may have left in the server's kernel.
provider_has() {
	{
		ip -n provider -o link
		ip -n provider -o addr show scope global
		ip -n provider -6 -o route
	} | sed -E 's/(<|state).*//; s/ (valid_lft|expires|pref).*//'
}

# server, home BLOCK: runs it there; what it says is in /run/lab/said.
server() { run_block "$1" on provider; }
home() { run_block "$1" customer env -C "$LAB_PROJECT" PATH="/run/lab/bin:$PATH"; }
run_block() {
	block "$1" >/run/lab/commands
	cat /run/lab/commands
	[ -s /run/lab/commands ]
	shift
	"$@" bash -e /run/lab/commands >/run/lab/said 2>&1 3>&- || { cat /run/lab/said; return 1; }
	cat /run/lab/said
}

is_as_before() { provider_has | diff /run/lab/provider-before -; }
reaches() { lab_ping6 customer "$LAB_HOST6"; }
# has_another_address: the line has dialled, and got another one than $before.
has_another_address() {
	local now
	now=$(lab_address ppp0)
	[ -n "$now" ] && [ "$now" != "$before" ]
}
is_down() { [ -z "$(lab_far_interfaces)" ]; }
dials_again() { lab_pppoe_dial defaultroute persist holdoff 0; }
runs() { [ "$(pgrep -c -x "$1" || true)" -gt 0 ]; }

@test "your own other end: both machines set up by nothing but the README" {
	[ ! -e /usr/local/sbin/dtcp-up ] && [ ! -e /etc/ppp/ip-up.d/dtcp-up ]
	not on provider test -e /usr/local/sbin/dtcpd
	server 1
	server 6
	[ ! -e /usr/local/sbin/dtcpd ]
	not on provider test -e /usr/local/sbin/dtcp-up
	[ "$(on provider stat -c '%a %U' /etc/dtcpd.conf)" = '600 root' ]
	[ "$(on provider systemctl is-active dtcpd)" = active ]
	on provider pgrep -u dtcpd -c -x dtcpd | grep -x 2
	# To update do the same again: systemd knows the unit as it is now, and is said what
	# still runs.
	on provider make -s install PROGRAMS=dtcpd >/run/lab/said
	grep -x 'install: dtcpd runs the old program until: systemctl restart dtcpd' /run/lab/said
	on provider systemctl show -P NeedDaemonReload dtcpd | grep -x no
	home 1
	home 7
	grep '[23] received' /run/lab/said # the first goes out before all is settled
	# shellcheck disable=SC2016 # as it is printed
	grep -F '`dtcpd --status`' "$LAB_PROJECT/README.md"
	on provider dtcpd --status >/run/lab/said
	grep -F '2001:db8:100::/56' /run/lab/said

	# Another address, told by pppd's hook; then the line is down and dialled again.
	lab_pppoe_bounce
	wait_for 30 reaches
	lab_pppoe_hangup
	wait_for 10 not runs dtcp-up
	dials_again
	wait_for 30 reaches

	# The server: restarted, killed, and after a power cut.
	on provider systemctl restart dtcpd
	wait_for 30 reaches
	tunnels() { grep -c 'has a tunnel' /run/lab/units-provider.log; }
	tunnels_before=$(tunnels)
	on provider pkill -KILL -x dtcpd
	has_another() { [ "$(tunnels)" -gt "$tunnels_before" ]; }
	wait_for 60 has_another # the old one answers as well, until it is removed
	wait_for 60 reaches
	machine_end provider
	machine_start provider
	wait_for 60 reaches

	# The router: down and up again, and killed.
	customer dtcp-up --down
	wait_for 10 is_down
	customer dtcp-up
	reaches
	pkill -KILL -x dtcp-up
	before=$(lab_address ppp0)
	lab_pppoe_bounce
	wait_for 30 has_another_address # until then the old tunnel answers
	wait_for 30 reaches
	customer dtcp-up --down
	assert_nothing_left

	# A wrong password; then the right one.
	sed -i 's/my-long-password/my-wrong-password/' "$ACCOUNTS"
	run customer dtcp-up
	[ "$status" = 77 ]
	[[ $output == *'authentication failed'* ]]
	assert_nothing_left
	wait_for 10 is_down
	sed -i 's/my-wrong-password/my-long-password/' "$ACCOUNTS"
	customer dtcp-up
	reaches
	# And one that is changed at the server while the tunnel is up.
	on provider sed -i 's/my-long-password/another-password/' /etc/dtcpd.conf
	on provider systemctl reload dtcpd
	wait_for 10 is_down
	sed -i 's/my-long-password/another-password/' "$ACCOUNTS"
	pkill -HUP -o -x dtcp-up
	wait_for 90 reaches
	customer dtcp-up --down

	# Nothing is left behind.
	lab_pppoe_hangup
	lab_pppoe_server_stop
	assert_nothing_left
	on provider systemctl disable --now dtcpd
	wait_for 10 is_as_before
	not runs dtcpd
	[ -z "$(on provider ls -A /run/dtcpd)" ]
	customer make -s -C "$LAB_PROJECT" uninstall 3>&-
	on provider make -s uninstall
	[ ! -e /usr/local/sbin/dtcp-up ] && [ ! -e /etc/ppp/ip-up.d/dtcp-up ]
	on provider find /usr/local/sbin /usr/lib/systemd/system /usr/lib/sysusers.d -name '*dtcp*' >/run/lab/left
	[ ! -s /run/lab/left ]
}
