#!/usr/bin/env bats
# The units dtcp-up.service and dtcp-up@.service under a real systemd.

load lab
load up
load systemd

setup() {
	lab_up
	lab_make_install /run/lab/with-unit UNITDIR="$SYSTEMD_UNITS" HOOKS='systemd pppd dhcpcd'
	systemd-sysusers dtcp-up.conf
	export DTCP_UP=/usr/local/sbin/dtcp-up
	systemd_start dtcp-up.service
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat /run/lab/units.log /run/lab/systemd.log || true
	lab_end
}

@test "systemctl start: ready only when up; stop: quick, and leaves nothing" {
	[ "$(booted cat /proc/1/comm)" = systemd ]
	lab_static
	lab_account ping=1
	# No server yet: starting is not the same as started.
	booted systemctl --no-block start dtcp-up@wan
	wait_for 20 grep 'Connection refused' /run/lab/units.log
	unit_is activating
	[ -z "$(up_tunnel)" ]
	# That, too, would go on with the program of before an update.
	runs_old dtcp-up@wan dtcp-up@wan
	lab_dtcpd_start
	# Ready and up at the same time; neither before the other.
	wait_for 40 unit_is active
	up_is up
	lab_ping6 customer "$LAB_HOST6"
	# The session is the unit's own user's, by what the unit leaves of root.
	pgrep -u dtcp-up dtcp-up
	# Another account file, without another process.
	local pid logins
	pid=$(unit_says MainPID)
	logins=$(lab_dtcpd_count login)
	booted systemctl reload dtcp-up@wan
	reloaded() { [ "$(lab_dtcpd_count login)" -gt "$logins" ] && up_is up; }
	wait_for 20 reloaded
	[ "$(unit_says MainPID)" = "$pid" ]
	lab_clock
	booted systemctl stop dtcp-up@wan
	lab_took 5000
	assert_nothing_left
	lab_dtcpd_log ended | tail -n 1 | grep quit
	[ "$(unit_says Result)" = success ]
}

# runs_old UNIT SHOWN: make install says of it, and of no other, that it runs the old program,
# with its name for a shell.
runs_old() {
	booted "$LAB_PROJECT/etc/install/reload-units" dtcp-up dtcpd >/run/lab/said
	diff /run/lab/said - <<<"install: $1 runs the old program until: systemctl restart $2"
}

@test "a unit that is enabled is what pppd's hooks start and stop, without waiting for it" {
	lab_account ping=1
	booted systemctl enable dtcp-up@ppp0
	lab_pppoe_server_start
	# The server is away: a hook that waited for the unit would hang pppd.
	booted pppd plugin rp-pppoe.so wan unit 0 user customer linkname lab0 updetach defaultroute
	wait_for 20 unit_is activating dtcp-up@ppp0
	wait_for 20 hook_ended
	unit_is activating dtcp-up@ppp0
	lab_dtcpd_start
	wait_for 40 unit_is active dtcp-up@ppp0
	lab_ping6 customer "$LAB_HOST6"
	# The only one, and the unit's, not the hook's.
	booted cat "/proc/$(unit_says MainPID dtcp-up@ppp0)/cgroup" | grep 'dtcp-up@ppp0.service'
	[ "$(lab_processes | wc -l)" = 2 ] # root's part and the session
	booted kill "$(lab_pppd_pid)"
	assert_gone_within 20
	wait_for 20 unit_is inactive dtcp-up@ppp0
}
hook_ended() { not pgrep -f dtcp-up-hook; }

@test "dhcpcd in Debian's sandbox, which may not write to /run, has the unit start and end the tunnel" {
	getent passwd dhcpcd >/dev/null || useradd -r -d /usr/lib/dhcpcd dhcpcd
	mkdir -p /var/lib/dhcpcd /etc/wpa_supplicant
	touch /etc/resolv.conf
	printf 'allowinterfaces wan\nipv4only\nnoarp\nnohook resolv.conf, hostname, timesyncd\n' >/etc/dhcpcd.conf
	cp "$SYSTEMD_UNITS/dhcpcd.service" /run/lab/units
	grep ProtectSystem=strict /run/lab/units/dhcpcd.service
	# Where it could write there, this would test nothing. (systemd that may not mount
	# cgroups anew leaves more than these as it was.)
	mkdir -p /run/lab/units/dhcpcd.service.d
	printf '[Service]\n%s\n' ProtectControlGroups=no 'ExecStartPost=/bin/sh -c "! touch /run/written"' \
		>/run/lab/units/dhcpcd.service.d/sandbox.conf
	booted systemctl daemon-reload
	booted systemctl enable dtcp-up@wan
	lab_account ping=1
	lab_dtcpd_start
	lab_dhcp_server_start 203.0.113.101
	booted systemctl start dhcpcd
	wait_for 40 unit_is active
	[ "$(lab_address)" = 203.0.113.101 ]
	lab_ping6 customer "$LAB_HOST6"
	booted systemctl stop dhcpcd
	assert_gone_within 20
	wait_for 20 unit_is inactive
	[ "$(unit_says Result)" = success ]
}

@test "the unit for any line goes before that of a link, and outlives the service of a line" {
	lab_static
	lab_second_line
	lab_account ping=1
	lab_dtcpd_start
	cat >/run/lab/units/dialer.service <<-END
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/local/libexec/dtcp-up-hook up wan $LAB_CLIENT4
		ExecStop=/bin/sh -c 'ip addr flush dev wan; /usr/local/libexec/dtcp-up-hook down wan'
	END
	booted systemctl enable dtcp-up.service dtcp-up@wan.service
	booted systemctl start dialer
	wait_for 40 unit_is active dtcp-up
	unit_is inactive dtcp-up@wan
	local pid
	pid=$(unit_says MainPID dtcp-up)
	on_line wan
	booted systemctl stop dialer
	wait_for 40 on_line wan2
	[ "$(unit_says MainPID dtcp-up)" = "$pid" ]
	lab_ping6 customer "$LAB_HOST6"
	booted systemctl stop dtcp-up
	assert_nothing_left
}
on_line() { up_is up && dtcp_up --status --json | grep "\"link\": *\"$1\""; }

@test "a link whose name has a dash: its instance is escaped, and meant by hooks" {
	local unit
	ip -n customer -batch - <<-END
		link set wan down
		link set wan name pppoe-wan
		link set pppoe-wan up
		addr add $LAB_CLIENT4/24 dev pppoe-wan
		route add default via $LAB_PROVIDER4
	END
	lab_account ping=1
	lab_dtcpd_start
	unit=$(systemd-escape --template=dtcp-up@.service pppoe-wan)
	booted systemctl enable "$unit"
	booted /usr/local/libexec/dtcp-up-hook up pppoe-wan "$LAB_CLIENT4"
	wait_for 40 unit_is active "$unit"
	on_line pppoe-wan
	runs_old "${unit%.service}" "'${unit%.service}'"
	booted cat "/proc/$(unit_says MainPID "$unit")/cmdline" | tr '\0' ' ' | grep -- '--link pppoe-wan'
	ip -n customer addr flush dev pppoe-wan
	booted /usr/local/libexec/dtcp-up-hook down pppoe-wan
	wait_for 20 unit_is inactive "$unit"
	assert_nothing_left
	booted "$LAB_PROJECT/etc/install/reload-units" dtcp-up dtcpd >/run/lab/said
	[ ! -s /run/lab/said ]
}

@test "the boot ends without waiting for a tunnel that cannot come up" {
	lab_static
	lab_account # and no server
	printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >/run/lab/units/multi-user.target
	for name in dtcp-up dtcp-up@wan; do
		booted systemctl enable $name
		booted systemctl add-wants multi-user.target $name
	done
	booted systemctl daemon-reload
	booted systemctl --no-block start multi-user.target
	wait_for 20 grep 'Connection refused' /run/lab/units.log
	wait_for 20 unit_is active multi-user.target
	unit_is activating dtcp-up
	# It ends with the machine, as other services do.
	[[ " $(unit_says Conflicts dtcp-up) " == *' shutdown.target '* ]]
	[[ " $(unit_says Before dtcp-up) " == *' shutdown.target '* ]]
	booted systemctl stop dtcp-up dtcp-up@wan
	assert_nothing_left
}

@test "a keeper that was killed is replaced; what is wrong for good is not tried again" {
	lab_static
	lab_dtcpd_start
	lab_account ping=1
	mkdir -p /run/lab/units/dtcp-up@.service.d
	printf '[Service]\nRestartSec=1\n' >/run/lab/units/dtcp-up@.service.d/soon.conf
	booted systemctl daemon-reload
	booted systemctl start dtcp-up@wan
	up_is up
	booted systemctl kill -s KILL dtcp-up@wan
	replaced() { [ "$(unit_says NRestarts)" = 1 ] && unit_is active; }
	wait_for 40 replaced
	lab_ping6 customer "$LAB_HOST6"
	booted systemctl stop dtcp-up@wan
	assert_nothing_left
	# A word that there is not, in the account file.
	lab_account colour=blue
	not booted systemctl start dtcp-up@wan
	lab_sleep 3
	unit_is failed
	[ "$(unit_says NRestarts) $(unit_says ExecMainStatus)" = '0 78' ]
	grep 'colour' /run/lab/units.log
	assert_nothing_left
}
