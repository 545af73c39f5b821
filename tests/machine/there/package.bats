#!/usr/bin/env bats
# The packages that were built for this processor, by dpkg, on a machine that has no
# systemd: dtcpd's beside dtcp-up's. Each by itself, with systemd: lab/pkg*.bats.
# `make check-machine` runs it where there is such a package (tests/machine/stories).

bats_require_minimum_version 1.5.0
load ../../lab/lab
load ../../lab/far

setup() {
	lab_up
	# Where the package has it, nothing being said.
	FAR=/usr/sbin/dtcpd FAR_CONF=/etc/dtcpd.conf FAR_RUN=/run/dtcpd
	export DTCP_UP=/usr/sbin/dtcp-up
}

teardown() { lab_end; }

# What dpkg prints is for teardown to see.
dpkg_() { timeout $((100 * LAB_SLOW)) dpkg --force-unsafe-io "$@" 3>&-; }

# installs NAME: its package; what is installed then runs here, and is of its version.
installs() {
	local deb=("$LAB_PROJECT/build/deb/$1"_*.deb)
	dpkg_ -i "${deb[@]}"
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1")" = installed ]
	"/usr/sbin/$1" --version | grep -F "$(dpkg-query -W -f '${Version}' "$1")"
}

# What a package may leave something in.
traces() {
	find /etc /usr/sbin /usr/lib/sysusers.d /usr/lib/systemd /usr/share/doc /usr/share/man \
		/usr/share/bash-completion /var/lib/dpkg/info ! -name '*-' ! -name '*.lock' -printf '%M %u %p %l\n' |
		sort
	cat /etc/passwd /etc/group
}

@test "dtcpd's package beside dtcp-up's: it starts, serves that one, and goes without a trace" {
	# Earlier tests installed some of it by make.
	make -s -C "$LAB_PROJECT" uninstall >/dev/null
	installs dtcp-up
	lab_static
	lab_account
	traces >/run/lab/before
	installs dtcpd
	far_conf
	lab_spawn far ip netns exec provider "$FAR"
	wait_for 30 far_settled
	far_said 'listening at'
	dtcp_up "$LAB_CLIENT4"
	wait_for 20 lab_ping6 customer "$LAB_HOST6"
	ip netns exec provider "$FAR" --status | grep -F "$LAB_CLIENT4"
	# Who reads the network is the package's own user.
	getent passwd dtcpd | grep nologin
	pgrep -u dtcpd -x dtcpd
	dtcp_up --down
	far_stop
	far_clean
	dpkg_ -r dtcpd
	[ ! -e "$FAR" ]
	[ -s "$FAR_CONF" ]
	dpkg_ -P dtcpd
	[ ! -e "$FAR_RUN" ]
	# Nor did it take anything of the other's.
	traces | diff /run/lab/before -
	dtcp_up --check
	assert_nothing_left
}
