#!/usr/bin/env bats
# The Debian package of dtcpd, by dpkg, on a machine of its own under systemd: installed,
# started, upgraded under a tunnel, removed, purged.

load lab
load far
load machine

setup() {
	lab_up
	lab_static
	lab_account # the two see the same files, until one changes them
	machine_start provider
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat /run/lab/units-provider.log /run/lab/machine-provider.log || true
	lab_end
}

package() {
	local deb=("$LAB_PROJECT"/build/deb/dtcpd_*.deb)
	[ ${#deb[@]} = 1 ] && echo "${deb[0]}"
}

# newer_package: the same with a later version, and another program.
newer_package() {
	dpkg-deb -R "$(package)" /run/lab/newer
	sed -i 's/^Version: .*/&+next/' /run/lab/newer/DEBIAN/control
	printf '\0' >>/run/lab/newer/usr/sbin/dtcpd
	dpkg-deb -Znone -b /run/lab/newer /run/lab/newer.deb >/dev/null
	echo /run/lab/newer.deb
}

dpkg_() { on provider timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io "$@" 3>&-; }
# shellcheck disable=SC2016 # dpkg's names
installed() { on provider dpkg-query -W -f '${db:Status-Status} ${Version}' dtcpd; }
serves() { on provider systemctl is-active dtcpd && grep -q 'listening at' /run/lab/units-provider.log; }

# What a package may leave something in; dpkg's own lists are its own.
traces() {
	on provider find /etc /usr/sbin /usr/lib/sysusers.d /usr/lib/systemd/system /usr/share/doc \
		/usr/share/man/man5 /usr/share/man/man8 /usr/share/bash-completion \
		/var/lib/dpkg/info /var/lib/systemd ! -name '*-' ! -name '*.lock' -printf '%M %u %p %l\n' |
		sort
}

@test "installed, started, upgraded under a tunnel, removed, purged: no trace" {
	# A build machine may forbid packages to start anything.
	on provider rm -f /var/lib/man-db/auto-update /usr/sbin/policy-rc.d
	traces >/run/lab/traces-before
	on provider cat /etc/passwd /etc/group >/run/lab/users-before
	dpkg_ -i "$(package)"
	[[ $(installed) == installed* ]]
	on provider getent passwd dtcpd
	# Nobody is served before there is a file, and that is no failure.
	[ "$(on provider systemctl is-failed dtcpd)" != failed ]
	on provider sh -c 'umask 077 && cat >/etc/dtcpd.conf' <<-END
		listen $LAB_SERVER4
		user foo bar prefix=$LAB_PREFIX
	END
	on provider systemctl start dtcpd
	serves
	dtcp_up "$LAB_CLIENT4"
	wait_for 20 lab_ping6 customer "$LAB_HOST6"

	local pid
	pid=$(on provider systemctl show -P MainPID dtcpd)
	dpkg_ -i "$(newer_package)"
	[[ $(installed) == 'installed '*+next ]]
	on provider test -s /etc/dtcpd.conf
	# The new program serves, and the client is back by itself.
	[ "$(on provider systemctl show -P MainPID dtcpd)" != "$pid" ]
	wait_for 60 lab_ping6 customer "$LAB_HOST6"

	dpkg_ -r dtcpd
	wait_for 30 far_clean
	on provider test ! -e /usr/sbin/dtcpd
	on provider test -s /etc/dtcpd.conf
	dpkg_ -P dtcpd
	on provider test ! -e /etc/dtcpd.conf
	on provider test ! -e /run/dtcpd
	on provider cat /etc/passwd /etc/group | diff /run/lab/users-before -
	traces | diff /run/lab/traces-before -
	dtcp_up --down
	assert_nothing_left
}
