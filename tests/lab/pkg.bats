#!/usr/bin/env bats
# The Debian package, by dpkg, in the lab's copy-on-write view of this machine:
# installed, used by pppd's hooks, upgraded under a tunnel, removed, purged.
# The tests build on each other's dpkg, each with a network of its own.

load lab
load up

# What a package may leave something in.
TRACES=(/etc /usr/sbin /usr/libexec /usr/lib/dhcpcd /usr/lib/sysusers.d /lib/systemd/system
	/usr/share/doc/dtcp-up /usr/share/man/man5 /usr/share/man/man8
	/usr/share/bash-completion /var/lib/dpkg/info /var/lib/systemd)

setup() {
	lab_up
	# Indexing manual pages takes longer than all else.
	rm -f /var/lib/man-db/auto-update
	export DTCP_UP=/usr/sbin/dtcp-up
}

teardown() {
	lab_end
}

# What dpkg_i prints is for teardown to see.
dpkg_i() { timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io --force-confmiss -i "$1" 3>&-; }

package() {
	local deb=("$LAB_PROJECT"/build/deb/dtcp-up_*.deb)
	[ ${#deb[@]} = 1 ] && echo "${deb[0]}"
}

# newer_package: the same with a later version, another manual, and a hook that
# differs; prints where it is.
newer_package() {
	dpkg-deb -R "$(package)" /run/lab/newer
	sed -i 's/^Version: .*/&+next/' /run/lab/newer/DEBIAN/control
	echo '# next' >>/run/lab/newer/etc/ppp/ip-up.d/dtcp-up
	# Another program, as an upgrade brings one.
	printf '\0' >>/run/lab/newer/usr/sbin/dtcp-up
	dpkg-deb -Znone -b /run/lab/newer /run/lab/newer.deb >/dev/null
	echo /run/lab/newer.deb
}

traces() { find "${TRACES[@]}" ! -name '*-' ! -name '*.lock' -printf '%M %u %p %l\n' 2>/dev/null | sort; }

@test "installed: pppd's link brings IPv6 up by the hooks, and takes it down" {
	# Empty folders of packages that are only unpacked (tests/deps.sh): here
	# dpkg knows of no owner, and would remove them with our hooks.
	find /etc/NetworkManager /etc/networkd-dispatcher -depth -type d -empty -delete
	traces >/run/lab/traces-before
	cp /etc/passwd /etc/group /run/lab
	dpkg_i "$(package)"
	[ "$(dpkg-query -W -f '${db:Status-Status}' dtcp-up)" = installed ]
	/usr/sbin/dtcp-up --version | grep "$(dpkg-query -W -f '${Version}' dtcp-up)"
	lab_dtcpd_start
	lab_account ping=1
	lab_pppoe_server_start
	lab_pppoe_dial defaultroute
	wait_for 10 up_is up
	lab_ping6 customer "$LAB_HOST6"
	# The session is the package's own user's.
	getent passwd dtcp-up | grep nologin
	pgrep -u dtcp-up dtcp-up
	lab_pppoe_hangup
	assert_gone_within 5
}

@test "upgraded: the tunnel stays, and the new program finds it" {
	dpkg_i "$(package)"
	up_ready ping=1
	dtcp_up
	local pid logins
	pid=$(up_pid)
	logins=$(lab_dtcpd_count login)
	lab_tcp_serve host6 "$LAB_HOST6"
	lab_tcp_run customer "$LAB_HOST6"
	dpkg_i "$(newer_package)"
	[[ $(dpkg-query -W -f '${Version}' dtcp-up) = *+next ]]
	grep '# next' /etc/ppp/ip-up.d/dtcp-up
	[ "$(up_pid)" = "$pid" ]
	[ "$(lab_dtcpd_count login)" = "$logins" ]
	dtcp_up "$LAB_CLIENT4" # the new one, by the old one's keeper
	[ "$(up_pid)" = "$pid" ]
	lab_tcp_stop customer 20
	# And the old keeper outlives the loss of its session.
	lab_dtcpd_command 'do all close'
	relogged() { [ "$(lab_dtcpd_count login)" -gt "$logins" ] && up_is up; }
	wait_for 10 relogged
	[ "$(up_pid)" = "$pid" ]
	dtcp_up --down
	assert_nothing_left
}

@test "Debian's own test of the packages passes on what is installed" {
	dpkg_i "$(package)"
	dpkg_i "$(echo "$LAB_PROJECT"/build/deb/dtcpd_*.deb)"
	rm -rf /usr/local/sbin/dtcp*
	# As debian/tests/tunnel runs it, in a lab that it boots.
	run env -u DTCP_UP INSTALLED=1 bash "$LAB_TESTS/demo/story" 3>&-
	echo "$output"
	[ "$status" = 0 ]
	grep -q 'All of it worked' <<<"$output"
	timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io -P dtcpd 3>&-
}

@test "removed: the tunnel goes, hooks that stay are silent; purged: no trace" {
	dpkg_i "$(package)"
	up_ready ping=1
	dtcp_up
	# dpkg runs where the tunnel is: another network namespace's is left alone.
	customer timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io -r dtcp-up 3>&-
	assert_nothing_left
	[ ! -e /usr/sbin/dtcp-up ]
	local hook
	for hook in /etc/ppp/ip-up.d/dtcp-up /etc/ppp/ip-down.d/dtcp-up /etc/network/if-up.d/dtcp-up; do
		run env -i "$hook" ppp0 /dev/x 38400 192.0.2.1 192.0.2.2
		[ "$status" = 0 ] && [ -z "$output" ]
	done
	timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io -P dtcp-up 3>&-
	[ ! -e "$RUN_DIR" ]
	diff /run/lab/passwd /etc/passwd
	diff /run/lab/group /etc/group
	traces | diff /run/lab/traces-before -
}
