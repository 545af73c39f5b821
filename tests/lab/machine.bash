# A machine that is set up from nothing, for what a person does by the README: a box
# with files of its own, copied on write, in which systemd runs as process 1, with no
# units but those that every machine has. Load it after lab.
# shellcheck shell=bash

MACHINE_UNITS='basic.target sysinit.target multi-user.target network-pre.target
	network.target network-online.target shutdown.target'
# What programs are installed to, are set up by, and leave something in.
MACHINE_FILES='/etc /usr /var /root'

# machine_start BOX: returns when it has booted. Its files are those that it had when it
# was last ended, if it was.
machine_start() {
	local box=$1 dir unit disk=/run/lab/disk-$1
	if [ ! -e "$disk" ]; then
		for dir in $MACHINE_FILES; do mkdir -p "$disk$dir/upper" "$disk$dir/work"; done
		mkdir -p "$disk/units/service.d"
		for unit in $MACHINE_UNITS; do cp -L "/usr/lib/systemd/system/$unit" "$disk/units"; done
		printf '[Service]\nStandardOutput=append:%s\nStandardError=append:%s\n' \
			"/run/lab/units-$box.log" "/run/lab/units-$box.log" >"$disk/units/service.d/log.conf"
	fi
	cat >"/run/lab/init-$box" <<-'END'
		#!/bin/sh
		set -e
		export BOX=$1 DISK=/run/lab/disk-$1 FILES=$2
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir -p "/sys/fs/cgroup/$BOX"
		echo $$ >"/sys/fs/cgroup/$BOX/cgroup.procs"
		exec unshare --cgroup --mount --pid --fork --kill-child --mount-proc sh -ec '
			for dir in $FILES; do
				mount -t overlay -o "lowerdir=$dir,upperdir=$DISK$dir/upper,workdir=$DISK$dir/work" "$BOX" "$dir"
			done
			mount --bind "$DISK/units" /usr/lib/systemd/system
			[ -e "$DISK/booted" ] || rm -rf /etc/systemd/system/* /etc/init.d/*
			: >"$DISK/booted"
			mount --bind /run/lab /mnt
			mount -t tmpfs -o mode=755 run /run
			mkdir /run/lab
			mount --move /mnt /run/lab
			umount /sys/fs/cgroup
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mount -o remount,ro,bind /sys # says that there is no udev
			exec env -i container=lab PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
				/lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=no'
	END
	chmod +x "/run/lab/init-$box"
	lab_spawn "machine-$box" ip netns exec "$box" "/run/lab/init-$box" "$box" "$MACHINE_FILES"
	wait_for 60 machine_is_up "$box"
}

machine_is_up() {
	local pid
	pgrep -P "$(cat "/run/lab/machine-$1.pid")" >/dev/null || return 1
	[ "$(on "$1" systemctl is-active multi-user.target 2>/dev/null)" = active ]
}

# on BOX COMMAND...: runs it there, as root.
on() {
	local box=$1 pid
	shift
	pid=$(pgrep -P "$(cat "/run/lab/machine-$box.pid")")
	timeout $((120 * LAB_SLOW)) nsenter --target "$pid" --all -- \
		env -i -C "$LAB_PROJECT" HOME=/root LC_ALL=C \
		PATH=/run/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" 3>&-
}

# machine_end BOX: the power goes: every process, and what the kernel had of tunnels.
machine_end() {
	lab_kill "machine-$1" KILL
	ip -n "$1" -o link show type sit | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p' | grep -vx sit0 |
		while read -r name; do ip -n "$1" link del "$name"; done
	ip -n "$1" -6 route flush proto 203
}
