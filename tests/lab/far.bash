# What the tests of dtcpd, the far end (far-*.bats), share. Load it after lab.
# shellcheck shell=bash

FAR_CONF=/run/lab/far.conf
FAR=${FAR:-${DTCPD_PROGRAM:-$(realpath "${BASH_SOURCE[0]%/*}/../../build/dtcpd")}}

# far_conf [LINE...]: the file of dtcpd: user foo, as lab_account has it, and LINEs.
far_conf() {
	(umask 077 && printf '%s\n' "listen $LAB_SERVER4" \
		"user foo bar prefix=$LAB_PREFIX host=2001:db8:6:1::6,2001:db8:6:1::5 tunnelonly=yes" \
		"$@" >"$FAR_CONF")
}

# far_start [OPTION...]: dtcpd in the provider; returns when it listens.
far_start() {
	rm -f /run/lab/far.log
	lab_spawn far ip netns exec provider "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN" "$@"
	wait_for 30 far_settled
	far_said 'listening at'
}
far_settled() { far_said 'listening at' || lab_gone "$(</run/lab/far.pid)"; }
far_said() { lab_lines "$1" /run/lab/far.log >/dev/null; }

# far_root: root's process number; far_children: those of the other two.
far_root() { cat "$FAR_RUN/dtcpd.pid"; }
far_children() { pgrep -P "$(far_root)" -x dtcpd; }

# far_stop [SIGNAL]: ends it and waits.
far_stop() {
	local pid
	pid=$(far_root)
	kill -"${1:-TERM}" "$pid"
	wait_for 20 lab_gone "$pid"
}

# far_status [OPTION...]
far_status() { ip netns exec provider "$FAR" --status --run-dir "$FAR_RUN" "$@"; }

# far_up: everything that most tests begin with.
far_up() {
	lab_up
	lab_static
	far_conf
	far_start "$@"
	lab_account
}

# far_routes: its routes in the provider, sorted.
far_routes() {
	ip -n provider -6 -o route show proto 203 |
		sed 's/ *pref medium *$//; s/ dev lo / /; s/ *$//' | sort
}

# far_tunnel NAME: both ends.
far_tunnel() {
	ip -n provider -o -d link show "$1" |
		sed -nE 's/.*sit ip6ip remote ([^ ]+) local ([^ ]+) .*/\1 \2/p'
}

# far_gone: no tunnel is there. far_clean: nothing of it is left in the provider.
far_gone() { [ -z "$(lab_far_interfaces)" ]; }
far_clean() {
	[ -z "$(lab_far_interfaces)" ] && [ -z "$(far_routes)" ]
}

# far_renamed NAME: dtcp0 has this name, by one program: between two, dtcpd would see that the
# interface is down, and mend that.
far_renamed() { printf '%s\n' 'link set dtcp0 down' "link set dtcp0 name $1" | ip -n provider -batch -; }

# far_drops NAME: how many packets the last filter of a tunnel has dropped.
far_drops() {
	ip netns exec provider tc -s filter show dev "$1" ingress |
		sed -nE 's/.*\(dropped ([0-9]+),.*/\1/p' | tail -n 1
}

# far_index NAME: the number of an interface, another one when it was made anew.
far_index() { ip -n provider -o link show "$1" | cut -d : -f 1; }

# far_named front|auth: the process that reads the network, or that has the passwords.
far_named() {
	local pid
	for pid in $(far_children); do
		# Auth has a network of its own.
		if [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink "/proc/$(far_root)/ns/net")" ]; then
			[ "$1" != front ] || echo "$pid"
		else
			[ "$1" != auth ] || echo "$pid"
		fi
	done
}

# far_with PROGRAM...: dtcpd to its end, or in the background, with an ip(8) or tc(8) that
# says "broken" and does nothing while /run/lab/broken is there, and one that waits while
# /run/lab/hold is.
far_with() {
	local program path mounts=
	for program; do
		path=$(readlink -f "$(command -v "$program")")
		cp --remove-destination "$path" "/run/lab/real-$program" # the one of before may still run
		cat >"/run/lab/its-$program" <<-END
			#!/bin/sh
			[ ! -e /run/lab/broken ] || { echo broken; exit 1; }
			while [ -e /run/lab/hold ]; do : >/run/lab/waits; sleep 0.05; done
			exec /run/lab/real-$program "\$@"
		END
		chmod 755 "/run/lab/its-$program"
		mounts+="mount --bind /run/lab/its-$program $path; "
	done
	lab_spawn far ip netns exec provider unshare --mount sh -c "$mounts"'exec "$@"' - \
		"$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	wait_for 30 far_settled
}

# far_failing CALL: dtcpd to its end, or in the background, with a call that fails
# (tests/server/failing.c).
far_failing() {
	lab_spawn far ip netns exec provider env "FAILING=$1" FAILING_WHEN="${2-}" \
		LD_PRELOAD="$LAB_PROJECT/build/server/failing.so" "$FAR" -c "$FAR_CONF" --run-dir "$FAR_RUN"
	wait_for 30 far_settled
}
