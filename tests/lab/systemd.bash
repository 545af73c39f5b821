# A real systemd in the customer's box: process 1 of a PID namespace, with
# cgroups of its own, as in a container. Load it after lab.
# shellcheck shell=bash
# There is no udev, so that no device starts a unit.

SYSTEMD_UNITS=/usr/lib/systemd/system
# What the machine has beside these is not started, whatever it is.
SYSTEMD_WANTED='basic.target sysinit.target network-pre.target network.target shutdown.target'

# systemd_start [UNIT...]: starts it. It knows UNITs, dtcp-up@.service and a
# few targets, and nothing else of this machine's; what services print goes to
# /run/lab/units.log.
systemd_start() {
	local unit units=/run/lab/units
	rm -rf $units /run/systemd /etc/systemd/system/*.wants/dtcp-up* /run/lab/units.log
	mkdir -p $units/service.d
	for unit in $SYSTEMD_WANTED dtcp-up@.service "$@"; do
		cp -L "$SYSTEMD_UNITS/$unit" $units
	done
	printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' >$units/lab.target
	printf '[Service]\nStandardOutput=append:%s\nStandardError=append:%s\n' \
		/run/lab/units.log /run/lab/units.log >$units/service.d/log.conf
	cat >/run/lab/systemd-init <<-'END'
		#!/bin/sh
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir -p /sys/fs/cgroup/box
		echo $$ >/sys/fs/cgroup/box/cgroup.procs
		exec unshare --cgroup --mount --pid --fork --kill-child --mount-proc sh -c '
			umount /sys/fs/cgroup
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mount -o remount,ro,bind /sys # says that there is no udev
			exec env -i container=lab SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/lab/units \
				PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
				--unit=lab.target --log-target=console --show-status=no'
	END
	chmod +x /run/lab/systemd-init
	lab_spawn systemd ip netns exec customer /run/lab/systemd-init
	wait_for 60 test -S /run/systemd/private
	SYSTEMD_PID=$(pgrep -P "$(cat /run/lab/systemd.pid)")
	wait_for 60 unit_is active lab.target
}

# booted COMMAND...: runs it where systemd is process 1.
booted() {
	timeout 60 nsenter --target "$SYSTEMD_PID" --all -- \
		env SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/lab/units "$@" 3>&-
}

# The program as systemd's own see it: processes have other numbers outside.
dtcp_up() { booted "$DTCP_UP" "$@"; }

# unit_is active|inactive|... [UNIT]
unit_is() { [ "$(booted systemctl is-active "${2-dtcp-up@wan}")" = "$1" ]; }

# unit_says PROPERTY [UNIT]: what systemd knows of it.
unit_says() { booted systemctl show -p "$1" --value "${2-dtcp-up@wan}"; }
