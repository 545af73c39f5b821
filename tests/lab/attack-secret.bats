#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# The password is nowhere but in the account file, in the keeper, which needs
# it to log in again, and, until the login is done, in the session's processes.

load lab
load attack

SECRET=Zq7.wAtChWoRd.kP3

setup_file() { attack_puppet; }

setup() {
	lab_up
	lab_static
	lab_dtcpd_start --user zoe $SECRET 2001:db8:5ec::/48
	cat >/run/lab/event <<-'END'
		#!/bin/sh
		{ echo "$0 $*"; tr '\0' '\n' <"/proc/$$/environ"; } >>/run/lab/told
		echo "told $1"
	END
	chmod +x /run/lab/event
	rm -f /run/lab/told
	(umask 077 && echo "$LAB_SERVER4 20200 zoe $SECRET script=/run/lab/event ping=1" >"$ACCOUNTS")
}

teardown() {
	lab_end
}

# Bytes of a process that can be read: file $2.
memory_of() {
	python3 -E -S - "$1" >"$2" <<-'END'
		import re, sys
		pid = sys.argv[1]
		with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
		    for line in maps:
		        first, last, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
		        if mode[0] == "r" and not line.rstrip().endswith(("[vvar]", "[vsyscall]")):
		            mem.seek(int(first, 16))
		            sys.stdout.buffer.write(mem.read(int(last, 16) - int(first, 16)))
	END
}

logins() { [ "$(lab_dtcpd_count login-ok)" -ge "$1" ]; }

holds_secret() { grep -qaF "$SECRET" "$@"; }

# Arguments and environments of all processes, the server's apart.
processes_hold_secret() {
	local dir server
	server=$(cat /run/lab/dtcpd.pid)
	for dir in /proc/[0-9]*; do
		[ "$dir" != "/proc/$server" ] || continue
		if cat "$dir/cmdline" "$dir/environ" 2>/dev/null | grep -qaF "$SECRET"; then
			echo "$dir: $(tr '\0' ' ' <"$dir/cmdline")"
			return 0
		fi
	done
	return 1
}

# bats test_tags=shipped
@test "while the tunnel is up: in the keeper's memory alone, which needs it" {
	local session keeper
	dtcp_up -v "$LAB_CLIENT4" >/run/lab/said 2>&1
	session=$(attack_session)
	keeper=$(attack_keeper)
	wait_for 5 grep -q DTCP_EVENT=up /run/lab/told
	memory_of "$session" /run/lab/session-memory
	memory_of "$keeper" /run/lab/keeper-memory
	# The search works, and the memory is the process's.
	holds_secret /run/lab/keeper-memory
	grep -qaF 2001:db8:5ec /run/lab/keeper-memory
	grep -qaF "$LAB_SERVER4" /run/lab/session-memory
	not holds_secret /run/lab/session-memory
	# Nor the response that was made of it, in either letter case.
	local response
	response=$(lab_dtcpd_log received | sed -n 's/.*tunnel zoe \([0-9A-Fa-f]*\) .*/\1/p' | head -n 1)
	[ ${#response} = 32 ]
	not grep -qaiF "$response" /run/lab/session-memory
	not grep -qiF "$response" /run/lab/said /run/lab/syslog
	not processes_hold_secret
}

@test "a hook's call that starts two keepers: each knows its own password alone" {
	local keeper session
	(umask 077 && cat >>"$ACCOUNTS") <<-END
		$LAB_SERVER4 20200 user1 secret interface=dtcp1 tunnel=none
	END
	run -75 dtcp_up --event wan
	wait_for 20 logins 2
	keeper=$(<"$RUN_DIR/dtcp1.pid")
	session=$(pgrep -P "$keeper")
	memory_of "$keeper" /run/lab/keeper-memory
	memory_of "$session" /run/lab/session-memory
	grep -qaF user1 /run/lab/keeper-memory
	grep -qaF "$LAB_SERVER4" /run/lab/session-memory
	not holds_secret /run/lab/keeper-memory
	not holds_secret /run/lab/session-memory
	# Nor has it more of the run directory than the first one.
	[ "$(find "/proc/$keeper/fd" -lname "$RUN_DIR" | wc -l)" = 1 ]
}

@test "nothing that is said, written or told holds it, at the highest verbosity" {
	{
		dtcp_up -v "$LAB_CLIENT4"
		dtcp_up --status
		dtcp_up --status --json
		dtcp_up --check -v
		dtcp_up -n -v "$LAB_CLIENT4"
		dtcp_up -v "$LAB_CLIENT4"
	} >/run/lab/said 2>&1
	# A session lost; settings read again.
	lab_dtcpd_command 'do all close'
	wait_for 10 logins 2
	kill -HUP "$(attack_keeper)"
	wait_for 10 logins 3
	wait_for 5 grep -q 'S: +OK' /run/lab/syslog
	wait_for 10 attack_up
	# Nobody writes the state anew while it is copied.
	kill -STOP "$(attack_keeper)"
	wait_for 5 grep -q '^State:.T' "/proc/$(attack_keeper)/status"
	cp -r "$RUN_DIR" /run/lab/run-dir
	kill -CONT "$(attack_keeper)"
	dtcp_up --down -v >>/run/lab/said 2>&1
	wait_for 5 grep -q DTCP_EVENT=down /run/lab/told
	lab_dtcpd_set "login=err authentication failed."
	run -77 dtcp_up -v "$LAB_CLIENT4"
	# shellcheck disable=SC2154 # set by run
	echo "$output" >>/run/lab/said
	grep -q '<digest>' /run/lab/said
	grep -q told /run/lab/syslog
	holds_secret "$ACCOUNTS"
	local file
	for file in /run/lab/said /run/lab/syslog /run/lab/told /run/lab/run-dir/*; do
		[ -s "$file" ] || continue # a socket
		not holds_secret "$file"
	done
	not grep -rqaF "$SECRET" /run/lab/run-dir "$RUN_DIR"
}

@test "while it logs in: no process that can be asked for its core or its memory" {
	lab_dtcpd_set 'greeting=silent | delay 30000'
	attack_connecting
	local pid
	for pid in $(lab_processes | cut -d ' ' -f 1); do
		# Only root may look (prctl(2), PR_SET_DUMPABLE); the command itself
		# has no password any more to hide from its own user, root.
		[ "$(stat -c %u "/proc/$pid/mem")" = 0 ]
		grep -E '^Max core file size +0 +0 ' "/proc/$pid/limits" ||
			[ "$pid" = "$(cat /run/lab/command.pid)" ]
	done
	not processes_hold_secret
}

@test "a password that stands in the wrong place of the account file is not shown" {
	local line
	for line in "$LAB_SERVER4 20200 zoe $SECRET $SECRET" "$LAB_SERVER4 20200 zoe \"$SECRET" \
		"$LAB_SERVER4 20200 zoe pass word=$SECRET"; do
		(umask 077 && echo "$line" >"$ACCOUNTS")
		run -78 dtcp_up -v "$LAB_CLIENT4"
		echo "$output"
		not grep -F "$SECRET" <<<"$output"
	done
	not holds_secret /run/lab/syslog
}
