#!/usr/bin/env bats
# dtcpd.service under a real systemd: what the unit leaves of root is enough. Here the
# customer's box is the far end, since systemd runs there, and the provider logs in.

load lab
load far
load systemd

setup() {
	lab_up
	lab_make_install /run/lab/with-dtcpd PROGRAMS=dtcpd UNITDIR="$SYSTEMD_UNITS"
	lab_make_install /run/lab/with-unit UNITDIR="$SYSTEMD_UNITS" HOOKS=systemd
	systemd-sysusers dtcpd.conf
	lab_static
	(umask 077 && printf '%s\n' "listen $LAB_CLIENT4" "listen $LAB_CLIENT4:853" \
		"user foo bar prefix=$LAB_PREFIX" >/etc/dtcpd.conf
		echo "$LAB_CLIENT4 20200 foo bar" >/run/lab/account)
	systemd_start dtcpd.service
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat /run/lab/units.log /run/lab/systemd.log || true
	lab_end
}

# log_in COMMAND...: dtcp-up in the provider.
log_in() { provider timeout 60 "$DTCP_UP" --run-dir /run/lab/provider-run "$@"; }

@test "started, a tunnel, reloaded, stopped" {
	booted systemctl start dtcpd
	grep "listening at $LAB_CLIENT4:20200, 1 user\$" /run/lab/units.log
	# As root alone may.
	grep "listening at $LAB_CLIENT4:853, 1 user\$" /run/lab/units.log
	two_of_dtcpd() { [ "$(pgrep -c -u dtcpd dtcpd)" = 2 ]; }
	wait_for 20 two_of_dtcpd
	log_in -c /run/lab/account "$LAB_PROVIDER4"
	booted dtcpd --status | grep "^foo: dtcp0, network, to $LAB_PROVIDER4 from $LAB_CLIENT4"
	ip -n customer -6 route show "$LAB_PREFIX" | grep 'dev dtcp0'
	echo 'user two x prefix=2001:db8:c0df::/48' >>/etc/dtcpd.conf
	booted systemctl reload dtcpd
	wait_for 20 grep '2 users$' /run/lab/units.log
	booted dtcpd --status | grep '^foo: '
	log_in --down
	booted systemctl stop dtcpd
	[ "$(unit_says Result dtcpd)" = success ]
	[ -z "$(ip -n customer -6 route show proto 203)" ]
	[ -z "$(ls -A /run/dtcpd)" ]
}

@test "one of its processes killed, or all: systemd starts it again, and the client is back" {
	booted systemctl start dtcpd
	log_in -c /run/lab/account "$LAB_PROVIDER4"
	tunnels_were() { [ "$(grep -c 'foo has a tunnel' /run/lab/units.log)" = "$1" ]; }
	kill -KILL "$(pgrep -n -u dtcpd dtcpd)"
	wait_for 60 tunnels_were 2
	# Its record has to be there still, or its tunnel stays, in the way of the next.
	booted systemctl kill --signal=KILL dtcpd
	wait_for 60 tunnels_were 3
	grep 'dtcp0 is left from before' /run/lab/units.log
	booted dtcpd --status | grep "^foo: dtcp0, network, to $LAB_PROVIDER4 from $LAB_CLIENT4"
	log_in --down
}
