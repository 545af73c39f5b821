#!/usr/bin/env bats
# ip(8) that fails, hangs, talks without end or is missing, at each step: the
# message says what ip said, and nothing is left.

load lab
load up

setup() {
	lab_up
	up_ready lan=lan0 route=default metric=7
}

teardown() {
	up_unwrap_ip
	lab_end
}

# up_break_ip LINE CODE: from now on dtcp-up's ip carries out the lines before
# LINE, then CODE (in $line is that line), then the rest. Lines that make something
# are counted, over all runs, each time in a file of its own (see up_feed_ip).
up_break_ip() {
	ip_count=/run/lab/ip-count.$((breaks += 1))
	echo 0 >$ip_count
	up_feed_ip <<-END
		while IFS= read -r line; do
			if [ "\$1" != -force ] && [ "\${line#link show}" = "\$line" ]; then
				read -r n <$ip_count
				echo \$((n += 1)) >$ip_count
				if [ \$n = $1 ]; then
					$2
				fi
			fi
			echo "\$line"
		done
	END
}

@test "a line that fails, each in turn: 71, with what ip said, and all before it is undone" {
	up_note_ip
	dtcp_up
	local lines n
	lines=$(grep -vc '^run' /run/lab/ip-lines)
	dtcp_up --down
	[ "$lines" = 8 ]
	for n in $(seq "$lines"); do
		echo "line $n"
		# The real one says why it cannot do this.
		up_break_ip "$n" "line='addr add 2001:db8::1/64 dev nosuch$n'"
		if [ "$n" = 4 ]; then # the LAN interface: no reason to fail
			run dtcp_up
			[ "$status" = 0 ]
			up_says "LAN interface lan0 takes no address: ip: .*Cannot find device \"nosuch$n\""
			up_is up
			dtcp_up --down
			assert_nothing_left
			continue
		fi
		up_fails 71 "dtcp0: ip: .*Cannot find device \"nosuch$n\""
		wait_for 5 not lab_far_interfaces
	done
	up_unwrap_ip
	dtcp_up
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "ip that hangs at its end is ended, and what it did counts" {
	up_wrap_ip <<-'END'
		[ "$1" != -force ] || exec /run/lab/ip "$@"
		/run/lab/ip "$@"
		sleep 1000
	END
	lab_clock
	run dtcp_up --wait 20
	[ "$status" = 0 ]
	up_says 'dtcp0: everything is there, but ip: ended at its time limit'
	lab_took 12000
	not pgrep -f 'sleep 1000'
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "ip that can do nothing at all, neither make nor undo: 71, and nothing is left" {
	up_wrap_ip <<<'echo "I am no ip" >&2; exit 2'
	up_fails 71 'dtcp0: ip: exit status 2: I am no ip'
	up_wrap_ip <<<'exec sleep 1000'
	up_fails 71 'dtcp0: ip: ended at its time limit' --wait 2
	not pgrep -f 'sleep 1000'
}

@test "ip that prints a megabyte, and ip that is ended by a signal" {
	up_wrap_ip <<-'END'
		[ "$1" != -force ] || exec /run/lab/ip "$@"
		head -c 1000000 /dev/zero | tr '\0' 'x'
		echo
		exit 3
	END
	up_fails 71 'dtcp0: ip: exit status 3: xxxxx'
	up_wrap_ip <<-'END'
		[ "$1" != -force ] || exec /run/lab/ip "$@"
		echo 'I am not well' >&2
		kill -SEGV $$
	END
	up_fails 71 'dtcp0: ip: ended by signal 11: I am not well'
	# What it says on the way to success is no failure.
	up_wrap_ip <<-'END'
		head -c 1000000 /dev/zero | tr '\0' 'x'
	END
	dtcp_up
	dtcp_up --down
	assert_nothing_left
}

@test "ip that is not there" {
	# shellcheck disable=SC2016 # is for the other shell
	run customer unshare --mount sh -c 'for ip in /usr/bin/ip /usr/sbin/ip; do
			mount --bind /dev/null "$(readlink -f $ip)"
		done
		exec timeout 20 "$@"' sh "$DTCP_UP"
	echo "$output"
	[ "$status" = 71 ]
	up_says 'ip\(8\) of iproute2 is not installed'
	assert_nothing_left
}

@test "a removal that fails, once and for good: what is left is named, and the next call removes it" {
	up_wrap_ip <<-'END'
		if [ "$1" = -force ] && [ ! -e /run/lab/once ]; then
			touch /run/lab/once
			echo 'out of cheese' >&2
			exit 9
		fi
	END
	dtcp_up
	dtcp_up --down
	assert_nothing_left
	lab_log 'dtcp0: ip: exit status 9: out of cheese'
	up_wrap_ip <<-'END'
		[ "$1" != -force ] || exit 9
	END
	dtcp_up
	run dtcp_up --down
	echo "$output"
	[ "$status" = 71 ]
	up_says 'dtcp0: could not be removed and is left: .*the next dtcp-up or --down removes'
	ip -n customer link show dtcp0
	up_unwrap_ip
	dtcp_up --down
	assert_nothing_left
}

@test "the kernel is not made to start modprobe for names of interfaces" {
	local modprobe
	modprobe=$(</proc/sys/kernel/modprobe)
	printf '%s\n' '#!/bin/sh' 'echo "$*" >>/run/lab/loaded' >/run/lab/modprobe
	chmod 755 /run/lab/modprobe
	: >/run/lab/loaded
	echo /run/lab/modprobe >/proc/sys/kernel/modprobe
	dtcp_up "$LAB_CLIENT4"
	dtcp_up
	dtcp_up --down
	echo "$modprobe" >/proc/sys/kernel/modprobe
	cat /run/lab/loaded
	not grep netdev- /run/lab/loaded
}
