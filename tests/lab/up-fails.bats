#!/usr/bin/env bats
# Every exit status, for real; and after each that is not 0 or 75 nothing of
# the call is left in the kernel, as a process, or as a file.

load lab
load up

setup() {
	lab_up
	up_ready
}

teardown() {
	lab_end
}

# servers_fail <TABLE: lines of STATUS | PATTERN | SWITCH=VALUE [; ...].
servers_fail() {
	local want pattern switches switch
	while IFS='|' read -r want pattern switches; do
		IFS=';' read -ra switches <<<"$switches"
		for switch in "${switches[@]}"; do
			lab_dtcpd_set "${switch# }"
		done
		up_fails "$want" "$pattern" -w 2 || return
		for switch in "${switches[@]}"; do
			switch=${switch# }
			lab_dtcpd_set "${switch%%=*}="
		done
	done
	# And the same server is taken when it behaves.
	dtcp_up
	dtcp_up --down
	assert_nothing_left
}

@test "69: silent, greeting with -ERR, resetting, closing, not there" {
	servers_fail <<-'END'
		69|no answer in time|greeting=silent
		69|greets with '-ERR go away'|greeting=err go away
		69|reset by peer|login=reset
		69|closed the connection|login=close
	END
	lab_dtcpd_stop
	up_fails 69 'connecting to 198.51.100.1 port 20200 from .*: Connection refused'
	ip -n customer route add unreachable "$LAB_SERVER4"
	up_fails 69 'no link leads to the server'
	# A keeper that waits for one says so to each that asks, not to the first alone.
	run dtcp_up --persist --wait 1
	[ "$status" = 75 ]
	for _ in 1 2; do
		run dtcp_up
		echo "$status: $output"
		[ "$status" = 69 ]
		[ "$output" = 'dtcp-up: dtcp0: no link leads to the server' ]
	done
	dtcp_up --down
	assert_nothing_left
}

@test "76: no DTCP, an endless line, NUL bytes, a forged far end, an evil prefix" {
	servers_fail <<-'END'
		76|not DTCP.*HTTP/1.0 400|greeting=line HTTP/1.0 400 Bad Request
		76|more than 512 bytes|login=endless
		76|control character|greeting=line +OK 123\x00456 hello
		76|203\.0\.113\.50.*address of this host|server4=203.0.113.50
		76|203\.0\.113\.255.*address of this host|server4=203.0.113.255
		76|::/0|prefixes=::/0
	END
}

# ordinary ARGUMENT...: dtcp-up, run by an ordinary user, who may not be let into the
# folder that holds the project (/root).
ordinary() {
	chmod 755 /run/lab
	cp "$DTCP_UP" /run/lab/dtcp-up
	customer setpriv --reuid 65534 --regid 65534 --clear-groups timeout 20 /run/lab/dtcp-up "$@"
}

@test "77: a refused login, and missing privileges" {
	servers_fail <<-'END'
		77|authentication failed|login=err authentication failed.
		77|already connected|login=err already connected
	END
	lab_account
	sed -i s/bar/baz/ "$ACCOUNTS"
	up_fails 77 'authentication failed'
	# Both letter cases of the digest, on one connection; never more.
	[ "$(lab_dtcpd_log received | tail -n 3 | grep -c 'tunnel foo')" = 2 ]
	lab_account
	local caps
	for caps in '-all' '-net_admin' '-net_raw' '-setuid'; do
		run customer setpriv --bounding-set "$caps" --inh-caps "$caps" timeout 20 "$DTCP_UP"
		echo "$caps: $status: $output"
		[ "$status" = 77 ]
		up_says 'privileges are missing: CAP_'
	done
	run ordinary
	[ "$status" = 77 ]
	up_says 'privileges are missing: root'
	run ordinary --down
	[ "$status" = 77 ]
	assert_nothing_left
}

# How often ip was started in order to build something.
builders() { grep -c '^run -batch' /run/lab/ip-lines || true; }

@test "ip: one builds all, one at most is started for a refused login, none for a silent server" {
	up_note_ip
	dtcp_up
	dtcp_up --down
	[ "$(builders)" = 1 ]
	up_note_ip
	lab_dtcpd_set greeting=silent
	up_fails 69 'no answer in time' -w 2
	[ "$(builders)" = 0 ]
	lab_dtcpd_set greeting=
	# Both letter cases, and the server takes its time for each answer.
	lab_dtcpd_set 'login=delay 700 | err authentication failed.'
	up_fails 77 'authentication failed'
	[ "$(lab_dtcpd_log received | tail -n 3 | grep -c 'tunnel foo')" = 2 ]
	[ "$(builders)" = 1 ]
	lab_dtcpd_set login=
	# One that is not needed for longer than it waits ends; then another one builds.
	up_note_ip
	lab_dtcpd_set 'login=delay 3000 | ok'
	dtcp_up
	up_is up
	[ "$(builders)" -ge 1 ]
	dtcp_up --down
	up_unwrap_ip
	assert_nothing_left
}

@test "78 and 64: before anything is done, and the server never hears of it" {
	chmod 640 "$ACCOUNTS"
	up_fails 78 "$ACCOUNTS: mode 640 .*chmod 600 $ACCOUNTS"
	up_fails 78 'mode 640' -w 0
	chmod 600 "$ACCOUNTS"
	chown 1000 "$ACCOUNTS"
	up_fails 78 'belongs to user 1000.*chown root'
	chown 0 "$ACCOUNTS"
	echo 'server 20200 foo bar ttl=0' >>"$ACCOUNTS"
	up_fails 78 "$ACCOUNTS:2: .*ttl"
	rm "$ACCOUNTS"
	up_fails 78 "$ACCOUNTS: .*No such file"
	up_fails 64 "no option .*--nonsense" --nonsense
	# Hooks silence standard error.
	lab_log 'no option .--nonsense' | grep daemon.err
	up_fails 64 'no option .*--silly' --status --silly
	not lab_log silly
	up_fails 64 "IPv4 address.*fe80::1" fe80::1
	up_fails 64 "sit0" -i sit0
	[ "$(lab_dtcpd_count accepted)" = 0 ]
}

@test "75: not up in time, tried on in the background, and up later" {
	lab_account ping=1
	lab_dtcpd_set accept=close
	run dtcp_up -p -w 1
	[ "$status" = 75 ]
	up_says 'not up within 1 s; still being tried in the background'
	up_is connecting
	run dtcp_up --status
	[ "$status" = 1 ]
	lab_dtcpd_set accept=ok
	wait_for 20 up_is up
	run dtcp_up --status
	[ "$status" = 0 ]
	# A later call that fails does not end it.
	run dtcp_up 192.0.2.99
	[ "$status" = 69 ]
	up_is up
	dtcp_up --down
	assert_nothing_left
}

@test "KAME's server has no interface left, and is silent: the next account, or up once it has one" {
	lab_dtcpd_set interfaces=0
	up_fails 69 'no answer in time'
	lab_python dtcpd2 provider dtcpd --listen "$LAB_PROVIDER4" --user foo bar "$LAB_PREFIX" \
		--log /run/lab/dtcpd2-events.log
	wait_for 10 grep port /run/lab/dtcpd2.log
	echo "$LAB_PROVIDER4 20200 foo bar" >>"$ACCOUNTS"
	dtcp_up -w 20
	up_tunnel | grep "^$LAB_PROVIDER4 "
	dtcp_up --down
	assert_nothing_left
	lab_account
	run -75 dtcp_up -p -w 0
	wait_for 60 hung_often 4
	lab_dtcpd_set interfaces=1
	wait_for 60 up_is up
	lab_ping6 customer "$LAB_HOST6"
	dtcp_up --down
	assert_nothing_left
}
hung_often() { [ "$(lab_dtcpd_count hung)" -ge "$1" ]; }

@test "1 and 0: --status and --down of what is not there; without -p a failure is the end" {
	run dtcp_up --status
	[ "$status" = 1 ]
	dtcp_up --down
	dtcp_up --down --link nosuch
	run dtcp_up --status --json
	[ "$status" = 1 ]
	[ "$output" = '[]' ]
	lab_dtcpd_set accept=close
	up_fails 69 'closed the connection'
	# With -w 0 there is always a keeper that goes on.
	run dtcp_up -w 0
	[ "$status" = 75 ]
	wait_for 15 up_is connecting
	dtcp_up --down
	assert_nothing_left
}

@test "-n: the commands that would run, and nothing is changed; as an ordinary user too" {
	local commands
	up_note_ip
	commands=$(dtcp_up -n 2>/dev/null)
	[ ! -s /run/lab/ip-lines ]
	assert_nothing_left
	lab_dtcpd_log received | tail -n 1 | grep quit
	dtcp_up
	# Routes into the tunnel are the last to come, when the path was answered.
	diff <(grep -v ^run /run/lab/ip-lines | sort) \
		<(sed -n 's/^ip //p' <<<"$commands" | grep -v sysctl | sort)
	up_unwrap_ip
	# While a keeper holds the interface: the current state, and no login.
	[ "$(dtcp_up -n 2>/dev/null)" = "$commands" ]
	[ "$(lab_dtcpd_count login)" = 2 ]
	dtcp_up --down
	cp "$ACCOUNTS" /run/lab/accounts
	chown 65534 /run/lab/accounts
	[ "$(ordinary -n -c /run/lab/accounts 2>/dev/null)" = "$commands" ]
	assert_nothing_left
}
