#!/usr/bin/env bats
# What stays behind: the keeper and its session as processes, whatever the
# caller was like; one keeper per interface; signals; systemd's socket.
# shellcheck disable=SC2016 # what is quoted is for other shells

load lab
load up

setup() {
	lab_up
	up_ready
}

teardown() {
	lab_end
}

# session: the process number of the keeper's session.
session() { pgrep -P "$(up_pid)" -x dtcp-up; }

field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# detached PID: nothing of the caller is left in it.
detached() {
	local pid=$1 fd
	[ "$(readlink "/proc/$pid/cwd")" = / ] || return 1
	for fd in 0 1 2; do
		case $(readlink "/proc/$pid/fd/$fd") in
		/dev/null | socket:*) ;;
		*) ls -l "/proc/$pid/fd"; return 1 ;;
		esac
	done
	if readlink "/proc/$pid"/fd/* | grep -E 'pipe:|/run/lab|/dev/(tty|pts)'; then
		return 1
	fi
	[ "$(cut -d ' ' -f 7 "/proc/$pid/stat")" = 0 ] # no terminal
}

# manual SECTION: its lines.
manual() { sed -n "/^\.Sh $1\$/,/^\.Sh /p" "$LAB_TESTS/../src/dtcp-up.8"; }

# held_back PID: the signals that a process takes by a descriptor, so that they are
# held back from it.
held_back() {
	local mask number
	mask=$((16#$(field "$1" SigBlk)))
	for number in {1..31}; do
		((mask >> (number - 1) & 1)) && echo "SIG$(kill -l "$number")"
	done
	return 0
}

# stack_of PID: KiB of its stack that no other process has.
stack_of() { awk '/\[stack\]/ { on = 1 } on && /^Private_Dirty:/ { print $2; exit }' "/proc/$1/smaps"; }

@test "the keeper is root's and detached; the session has no privilege and two descriptors" {
	customer setpriv --groups 4,24 timeout 60 "$DTCP_UP" # root's groups, which the session drops
	local keeper session user
	keeper=$(up_pid) session=$(session)
	detached "$keeper"
	[ "$(cut -d ' ' -f 6 "/proc/$keeper/stat")" != "$(cut -d ' ' -f 6 /proc/$$/stat)" ]
	user=$(id -u nobody)
	[ "$(field "$session" Uid)" = "$user	$user	$user	$user" ]
	[ "$(field "$session" Groups)" = '' ]
	[ "$(field "$session" NoNewPrivs)" = 1 ]
	local set
	for set in CapInh CapPrm CapEff CapAmb; do
		[ "$(field "$session" $set)" = 0000000000000000 ]
	done
	grep -q 'Max core file size *0 *0' "/proc/$session/limits"
	# Its connection and its channel, and nothing else.
	[ "$(readlink /proc/"$session"/fd/* | sort -u | grep -vc '^socket:')" = 0 ]
	[ "$(readlink /proc/"$session"/fd/* | sort -u | wc -l)" = 2 ]
	# Nor what the keeper left below it on the stack, which both would have in memory.
	[ "$(stack_of "$session")" -lt "$(stack_of "$keeper")" ]
	not grep -a -q bar "/proc/$keeper/environ" "/proc/$keeper/cmdline" "$RUN_DIR/dtcp0.state"
	[ "$(stat -c %a "$RUN_DIR" "$RUN_DIR/dtcp0.pid" "$RUN_DIR/dtcp0.state" | xargs)" = '755 600 644' ]
	# The manual names its files, and the signals that it takes, and no others.
	diff <(manual FILES | sed -n 's/^\.It Pa .* Pa \./dtcp0./p' | sort) <(ls "$RUN_DIR")
	diff <({ manual SIGNALS | sed -n 's/^\.It //p' | grep -oE 'SIG[A-Z0-9]+' && echo SIGCHLD; } | sort) \
		<(held_back "$keeper" | sort)
	dtcp_up --down
	assert_nothing_left
}

# (The trap of dash does not ignore SIGCHLD.)
# bats test_tags=shipped
@test "odd callers: closed and leaked descriptors, ignored signals, no environment, umask 0, a folder that goes" {
	cat >/run/lab/callers <<-'END'
		exec "$@" <&- >&- 2>&-
		exec "$@" 7</run/lab/syslog 8>>/run/lab/leak 9>&1
		exec env --ignore-signal=CHLD --ignore-signal=PIPE --ignore-signal=TERM --ignore-signal=HUP "$@"
		umask 0; exec env -i "$@"
		umask 077; mkdir -p /run/lab/gone; cd /run/lab/gone; rmdir /run/lab/gone; exec "$@"
		exec script -qec "$1" /dev/null
		ulimit -n 32; exec nice -n 2 "$@"
	END
	local caller keeper
	while IFS= read -r caller <&5; do
		echo "$caller"
		customer timeout 20 sh -c "$caller" sh "$DTCP_UP" 3>&- 5<&- </dev/null
		up_is up
		detached "$(up_pid)"
		[ -n "$(session)" ]
		[ "$(stat -c %a "$RUN_DIR" "$RUN_DIR/dtcp0.state" | xargs)" = '755 644' ]
		# SIGTERM works again, whatever it was to the caller.
		keeper=$(up_pid)
		kill -TERM "$keeper"
		wait_for 15 lab_gone "$keeper" # looking for more would keep a nice one from its work
		assert_gone_within 15
		rm -rf "$RUN_DIR"
	done 5</run/lab/callers
}

@test "a caller that waits for the end of our output, or of our pipe, gets it at once" {
	local said
	lab_clock
	said=$(dtcp_up 2>&1)
	[[ $said == *'dtcp0: up: '* ]]
	said=$(dtcp_up -w 0 2>&1 | cat)
	lab_took 25000
	# A reader that is gone does no harm, neither to the keeper nor to the status.
	dtcp_up --down
	[ "$(customer bash -c '"$1" -v 2>&1 | true; echo "${PIPESTATUS[0]}"' - "$DTCP_UP")" = 0 ]
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "each caller hears what it asked for, whatever the keeper was started with" {
	local said
	said=$(dtcp_up -q 2>&1)
	[ -z "$said" ]
	said=$(dtcp_up -v 2>&1)
	[[ $said == *'C: ping'*'S: +OK'* ]]
	said=$(dtcp_up 2>&1)
	[[ $said != *ping* ]]
	said=$(dtcp_up -v --down 2>&1)
	[[ $said == *'ip tunnel del name dtcp0'* ]]
	[[ $(dtcp_up 2>&1) == *'dtcp0: up: '* ]]
	# The end, too, is something that happened.
	[ -z "$(dtcp_up --down 2>&1)" ]
	lab_log 'dtcp0: ends by --down'
}

@test "two at the same time: one keeper, and both return the truth" {
	lab_spawn one ip netns exec customer sh -c '"$1"; echo "status $?"' sh "$DTCP_UP"
	lab_spawn two ip netns exec customer sh -c '"$1"; echo "status $?"' sh "$DTCP_UP"
	wait_for 15 grep -q '^status' /run/lab/one.log
	wait_for 15 grep -q '^status' /run/lab/two.log
	cat /run/lab/one.log /run/lab/two.log
	grep -qx 'status 0' /run/lab/one.log
	grep -qx 'status 0' /run/lab/two.log
	[ "$(lab_dtcpd_count login-ok)" = 1 ]
	[ "$(lab_processes | wc -l)" = 2 ] # keeper and session
	dtcp_up --down
	dtcp_up --down
	assert_nothing_left
}

@test "HUP: the file is read again; a broken one keeps session and settings; USR1 pings" {
	dtcp_up
	local pid
	pid=$(up_pid)
	kill -USR1 "$pid"
	wait_for 15 grep -q 'received.*ping' /run/lab/dtcpd-events.log
	echo broken >"$ACCOUNTS"
	kill -HUP "$pid"
	wait_for 15 lab_log 'session and settings stay as they are'
	lab_log "$ACCOUNTS:1: "
	[ "$(lab_dtcpd_count login)" = 1 ]
	lab_account metric=99
	kill -HUP "$pid"
	has_metric() { up_is up && grep -q 'metric 99' <(up_routes); }
	wait_for 20 has_metric
	not grep -q 'metric 4096' <(up_routes)
	[ "$(up_pid)" = "$pid" ]
	dtcp_up --down
	assert_nothing_left
}

@test "-f alone tells systemd's socket that it is ready; a hook's NOTIFY_SOCKET is left alone" {
	rm -f /run/lab/notify
	lab_spawn notified /usr/bin/python3 -E -s -S "$LAB_TESTS/server/notified.py" /run/lab/notify
	wait_for 15 test -e /run/lab/notify
	NOTIFY_SOCKET=/run/lab/notify dtcp_up
	dtcp_up --down
	[ ! -s /run/lab/notified.log ]
	NOTIFY_SOCKET=/run/lab/notify lab_spawn fg ip netns exec customer "$DTCP_UP" -f
	wait_for 20 grep -q READY=1 /run/lab/notified.log
	up_is up
	kill -INT "$(up_pid)"
	wait_for 15 grep -q STOPPING=1 /run/lab/notified.log
	assert_gone_within 15
	kill "$(cat /run/lab/notified.pid)"
}
