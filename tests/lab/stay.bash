# What the tests of staying up (stay-*.bats) share: ends that are timed, an ip
# that hangs, transfers. Load it after lab.
# shellcheck shell=bash

# stay_pid: the keeper's process number.
stay_pid() { cat "$RUN_DIR/dtcp0.pid"; }

# stay_end down|SIGNAL [MS]: ends the keeper by --down or by a signal, which must
# take no more than MS (2000), with status 0, and leave nothing.
stay_end() {
	local pid
	pid=$(stay_pid)
	lab_clock
	if [ "$1" = down ]; then
		dtcp_up --down
	else
		kill "-$1" "$pid"
		wait_for 10 lab_gone "$pid"
	fi
	lab_took "${2-2000}"
	lab_gone "$pid"
	assert_nothing_left
}

# stay_json FIELD: this field of the first object that --status --json prints (`null`
# where unknown), a list as it stands there; without a program beside it. That all of it
# is JSON, up-words.bats and the unit tests see.
stay_json() {
	local all value='("[^"]*"|\[[^]]*\]|[^],}]*)'
	all=$(dtcp_up --status --json || [ $? = 1 ])
	[[ $all =~ \"$1\":$value ]] || {
		echo "no JSON, or no field $1: $all" >&2
		return 1
	}
	value=${BASH_REMATCH[1]}
	value=${value#\"}
	echo "${value%\"}"
}

# stay_is STATE: --status and --status --json both say so, with the status
# that goes with it.
stay_is() {
	local said code=0
	said=$(dtcp_up --status -i dtcp0) || code=$?
	[[ $said == "dtcp0: $1"* ]] || return 1
	[ "$code" = "$([ "$1" = up ]; echo $?)" ] || return 1
	[ "$(stay_json state)" = "$1" ]
}

# stay_up [OPTION...]: the tunnel up on $LAB_CLIENT4, with the server running
# and an account file there.
stay_up() {
	dtcp_up "$@" "$LAB_CLIENT4"
	stay_is up
}

# stay_later [OPTION...]: as a hook calls it: at once, and so with 75.
stay_later() {
	local code=0
	dtcp_up -w 0 "$@" || code=$?
	[ $code = 75 ]
}

# stay_fake_ip: from now on `stay_faked OPTION...` is dtcp-up with an ip that
# does as stay_ip_does says, while the lab's own stays as it is: `work`, `hang`,
# `hang-after` it did its work, `fail-add` or `fail-change` at a line that is
# `tunnel add` or `tunnel change`, as ip -batch does: what comes before is done.
stay_fake_ip() {
	local real
	real=$(readlink -f "$(command -v ip)")
	cp --remove-destination "$real" /run/lab/real-ip # an earlier test's may still run
	cat >/run/lab/fake-ip <<-'END'
		#!/bin/sh
		read -r does </run/lab/ip-does
		case $does in
		hang) exec sleep 1000 ;;
		hang-after) /run/lab/real-ip "$@"; exec sleep 1000 ;;
		fail*)
			rm -f /run/lab/ip-failed
			while read -r line; do
				case $line in
				"tunnel ${does#fail-}"*)
					echo 'RTNETLINK answers: Out of cheese' >&2
					: >/run/lab/ip-failed
					break
					;;
				esac
				echo "$line"
			done | /run/lab/real-ip "$@" || exit
			[ ! -e /run/lab/ip-failed ] || exit 2
			exit
			;;
		esac
		exec /run/lab/real-ip "$@"
	END
	chmod +x /run/lab/fake-ip
	stay_ip_does work
}
stay_ip_does() { echo "$1" >/run/lab/ip-does; }
stay_faked() {
	# The inner shell is to expand these.
	# shellcheck disable=SC2016
	customer -t 60 unshare --mount sh -c '
		mount --bind /run/lab/fake-ip "$(readlink -f "$(command -v ip)")" &&
		exec "$@"' sh "$DTCP_UP" "$@"
}

# stay_index: the tunnel interface's index.
stay_index() { ip -n customer -o link show dtcp0 | cut -d : -f 1; }

# stay_lan: the LAN host is one behind the tunnel. For `lan=lan0`.
stay_lan() { lab_lan_address "${LAB_PREFIX%::/48}:0"; }

# stay_transfer_begins: a TCP connection from the LAN host to host6, data that
# is not acknowledged both ways, from now on; what the kernel says meanwhile of
# the customer's addresses and routes is noted.
stay_transfer_begins() {
	rm -f /run/lab/enough
	lab_python receiver host6 stream check "$LAB_HOST6" 7000
	wait_for 10 grep listening /run/lab/receiver.log
	lab_monitor -6 monitor address route
	lab_python sender lan stream run "$LAB_HOST6" 7000 /run/lab/enough
	stay_flows
	stay_index >/run/lab/index
}

# stay_flows [SECONDS]: more data is acknowledged, within SECONDS (10).
stay_flows() {
	local before
	before=$(stay_acknowledged)
	wait_for "${1:-10}" stay_flowed $((${before:-0} + 8192))
}
stay_flowed() { [ "$(stay_acknowledged)" -gt "$1" ]; }
stay_acknowledged() { lan ss -Htin dport = 7000 | sed -n 's/.*bytes_acked:\([0-9]*\).*/\1/p'; }

# stay_transfer_ends: each byte arrived, once, at both ends.
stay_transfer_ends() {
	touch /run/lab/enough
	wait_for 30 grep -h . /run/lab/sender.log
	wait_for 30 grep -E 'ok|failed' /run/lab/sender.log
	wait_for 10 grep -E 'ok|failed' /run/lab/receiver.log
	tail -n 1 /run/lab/sender.log /run/lab/receiver.log
	[[ $(tail -n 1 /run/lab/sender.log) == 'ok '* ]]
	[ "$(tail -n 1 /run/lab/sender.log)" = "$(tail -n 1 /run/lab/receiver.log)" ]
}

# stay_undisturbed: since the transfer began the interface has remained, and no
# address or route was deleted but routes into the tunnel, and the link-local
# address that the near end gave it.
stay_undisturbed() {
	local deleted
	[ "$(stay_index)" = "$(</run/lab/index)" ] || return 1
	deleted=$(grep ^Deleted /run/lab/monitor.log | grep -vE \
		-e '^Deleted default (from [^ ]+ )?dev dtcp0 proto 202 ' \
		-e '^Deleted [0-9]+: +(dtcp0 +)?inet6 fe80::' \
		-e '^Deleted (local|anycast|multicast) (fe80|ff00)::' \
		-e '^Deleted [0-9]+: +(wan|ppp0) ' -e ' dev (wan|ppp0) ') || true
	[ -z "$deleted" ] || { echo "$deleted"; return 1; }
}
