#!/usr/bin/env bats
# The DTCP server of the tests, spoken to by bash itself, on loopback. Its
# tunnels are tested in tests/lab/lab.bats.

# Each test is a subshell of its own, which is meant; $OK is the server's.
# shellcheck disable=SC2016,SC2030,SC2031

load ../where
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	if [ -n "${server-}" ]; then
		kill -KILL "$server" || true
		wait "$server" 2>/dev/null || true
		cat log
	fi
}

# serve [OPTION...]: starts the server on a free port; $port is its number.
serve() {
	/usr/bin/python3 -B -E "$BATS_TEST_DIRNAME/dtcpd.py" --no-tunnel --port 0 \
		--log log --control control --user foo bar 2001:db8:c0de::/48 "$@" \
		>said 2>errors 3>&- &
	server=$!
	local end=$((SECONDS + 300))
	until [ -s said ]; do
		[ $SECONDS -lt $end ] && [ ! -s errors ]
		read -rt 0.02 <> <(:) || true
	done
	read -r _ port <said
}

# dial: opens descriptor 5 to it and reads the greeting's challenge.
dial() {
	exec 5<>"/dev/tcp/127.0.0.1/$port"
	hear
	read -r _ challenge _ <<<"$heard"
}

# hear: reads a line, without its CR, into $heard.
hear() {
	heard=''
	IFS= read -rt 300 heard <&5
	heard=${heard%$'\r'}
}

say() { printf '%s\r\n' "$*" >&5; }

# login lower|upper [TYPE] [USER] [PASSWORD]: says `tunnel`, reads the answer.
login() {
	local digest
	digest=$(printf %s "${3:-foo}$challenge${4:-bar}" | md5sum)
	digest=${digest%% *}
	[ "$1" = lower ] || digest=${digest^^}
	say "tunnel ${3:-foo} $digest ${2:-network}"
	hear
}

# closed: the server has closed the connection.
closed() {
	local status=0
	IFS= read -rt 300 heard <&5 2>/dev/null || status=$?
	[ $status = 1 ]
}

# order COMMAND: by the control pipe; waits until it is done.
order() {
	local end=$((SECONDS + 300)) token=t$RANDOM$RANDOM
	printf '%s %s\n' $token "$*" >control
	until grep -q " control-[a-z]* $token" log; do
		[ $SECONDS -lt $end ]
		read -rt 0.02 <> <(:) || true
	done
}

events() { awk -v event="$1" '$3 == event' log | wc -l; }

# wait_event EVENT [COUNT]
wait_event() {
	local end=$((SECONDS + 300))
	until [ -e log ] && [ "$(events "$1")" -ge "${2:-1}" ]; do
		[ $SECONDS -lt $end ]
		read -rt 0.02 <> <(:) || true
	done
}

@test "KAME: upper-case challenge, and the upper-case digest alone" {
	serve
	dial
	[[ $heard =~ ^'+OK '[0-9A-F]{32}' KAME tunnel server'$ ]]
	login lower
	[ "$heard" = '-ERR authentication failed.' ]
	login upper
	[ "$heard" = '+OK 127.0.0.1 127.0.0.1 2001:db8:c0de::/48' ]
	say ping && hear
	[ "$heard" = '+OK hi, happy to hear from you' ]
	say help && hear
	[ "$heard" = '+OK valid commands are: TUNNEL PING QUIT' ]
	say PONG && hear
	[ "$heard" = '-ERR invalid command' ]
	say quit && hear
	[ "$heard" = '+OK see you soon.' ]
	closed
}

@test "Feel6: lower-case challenge, and the lower-case digest alone" {
	serve --set dialect=feel6
	dial
	[[ $heard =~ ^'+OK '[0-9a-f]{32}' FBDC TunnelBroker (version 0.2) Ready. <1817>:4096'$ ]]
	login upper
	[ "$heard" = '-ERR authentication failed.' ]
	login lower
	[[ $heard == '+OK 127.0.0.1 127.0.0.1 2001:'* ]]
	say ping && hear
	[ "$heard" = '+OK pong' ]
	say quit && hear
	[ "$heard" = '+OK tunnel server quitting' ]
	closed
}

@test "KAME: commands in any case, words after ping, a blank at the end" {
	serve
	dial
	login upper 'network '
	[[ $heard == '+OK 127.0.0.1 '* ]]
	say 'PING are you there'
	hear
	[[ $heard == '+OK hi'* ]]
	say ''
	hear
	[ "$heard" = '-ERR invalid command' ]
	say Quit
	hear
	[[ $heard == '+OK see you'* ]]
}

# hung [COUNT]: so many connections are served no more, and none was closed.
hung() {
	wait_event hung "${1:-1}"
	[ "$(events hung)" = "${1:-1}" ]
	[ "$(events ended)" = 0 ]
	not_closed
}
not_closed() {
	local status=0
	IFS= read -rt 0.3 heard <&5 || status=$?
	[ $status -gt 128 ]
}

@test "no interface left: KAME falls silent for good, Feel6 says so" {
	serve --set interfaces=1
	dial
	login upper
	[[ $heard == '+OK '* ]]
	exec 6<&5 # stays
	dial
	say "tunnel foo $(printf %s "foo${challenge}bar" | md5sum | tr a-f A-F | cut -c -32) host"
	hung
	say ping
	hung
	order 'set interfaces=2'
	dial
	login upper
	[[ $heard == '+OK '* ]]
	exec 7<&5
	order 'set dialect=feel6'
	dial
	login lower
	[ "$heard" = '-ERR tunnel interface sold out' ]
	say quit && hear
	closed
}

@test "KAME: after a type that it does not have it answers quit, and does not close" {
	serve --set types=host,tunnelonly
	dial
	login upper
	[ "$heard" = '-ERR unsupported tunnel type network' ]
	say quit && hear
	[ "$heard" = '+OK see you soon.' ]
	hung
	order 'set dialect=feel6'
	dial
	login lower teredo
	say quit && hear
	closed
}

@test "both known digests" {
	cd "$BATS_TEST_DIRNAME"
	run -0 /usr/bin/python3 -B -c '
import protocol
print(protocol.response("feel6", "sengoku", "7829445925a06093ef7f5d995ac7d7f5", "password"))
print(protocol.response("kame", "foo", "0B1517C87D516A5FA65BED722D51A04F", "bar"))'
	[ "${lines[0]}" = f0e130bfddaef3a5a526f77738bc91a3 ]
	[ "${lines[1]}" = DAC487C8DFBBF9EE5C7F8CDCC37B62A3 ]
}

@test "types; a wrong password, user, type, number of words" {
	serve
	dial
	login upper network foo baz
	[ "$heard" = '-ERR authentication failed.' ]
	login upper network fool
	[ "$heard" = '-ERR authentication failed.' ]
	login upper 'network now'
	[ "$heard" = '-ERR authentication failed.' ]
	login upper teredo
	[ "$heard" = '-ERR unsupported tunnel type teredo' ]
	login upper host
	[ "$heard" = '+OK 127.0.0.1 127.0.0.1 2001:db8:c0de::6 2001:db8:c0de::5' ]
	dial
	login upper tunnelonly
	[ "$heard" = '+OK 127.0.0.1 127.0.0.1' ]
	dial
	login upper tunnelroute
	[ "$heard" = '+OK 127.0.0.1 127.0.0.1 2001:db8:c0de::/48' ]
	dial
	login upper network user7 secret
	[ "$heard" = '+OK 127.0.0.1 127.0.0.1 2001:db8:8007::/48' ]
	[ "$(events login)" = 8 ]
	[ "$(events login-ok)" = 4 ]
	[ "$(events login-refused)" = 4 ]
}

@test "a second login on one connection is noted" {
	serve
	dial
	login upper
	[ "$(events second-login)" = 0 ]
	login upper
	[ "$(events second-login)" = 1 ]
}

@test "who does not log in, and who is silent, is timed out" {
	serve --set unlogged=0.3 --set idle=0.6
	dial
	hear
	[ "$heard" = '-ERR connection timed out, disconnecting' ]
	closed
	order 'set unlogged=60' # the login has the time that it needs
	dial
	login upper
	hear
	[ "$heard" = '-ERR connection timed out, disconnecting' ]
	[ "$(events timeout)" = 2 ]
}

# outcome STEP LIMIT: goes through the dialogue up to STEP; says what comes of it, `silent`
# where that is nothing for LIMIT seconds.
outcome() {
	local status=0
	exec 5<>"/dev/tcp/127.0.0.1/$port"
	case $1 in
	login | ping | quit)
		hear
		read -r _ challenge _ <<<"$heard"
		login upper
		;;
	esac
	case $1 in ping | quit) say "$1" ;; esac
	IFS= read -rt "$2" heard <&5 2>read-errors || status=$?
	if grep -q reset read-errors; then
		echo reset
	elif [ $status = 1 ]; then
		echo close
	elif [ $status -gt 128 ]; then
		echo silent
	fi
}

@test "closes, resets, or is silent at each step" {
	serve
	local step action limit
	for step in accept greeting ping quit; do
		for action in close reset silent; do
			# Nothing is answered to a connection but the greeting.
			[ $step-$action != accept-silent ] || continue
			order "set $step=$action"
			# The server closes after quit in any case.
			[ $step-$action != quit-silent ] || action=close
			limit=300
			[ $action != silent ] || limit=0.3
			[ "$(outcome $step "$limit")" = $action ]
			order "set $step="
		done
	done
}

@test "closes, resets, or is silent at the login" {
	serve
	order 'set login=silent'
	dial
	say 'tunnel foo x network'
	run ! timeout 1 head -n 1 <&5
	order 'set login=close'
	dial
	say 'tunnel foo x network'
	closed
	order 'set login=reset'
	dial
	say 'tunnel foo x network'
	wait_event ended 3
	[ "$(head -c 1 <&5 2>&1 | grep -c reset)" = 1 ]
	[ "$(events login)" = 3 ]
}

@test "literal lines, escapes, unsolicited lines, delays, errors" {
	serve --set 'greeting=line $OK \xe3\x81\x82' --set 'ping=line first | delay 200 | ok | line last'
	dial
	[ "$heard" = "+OK $challenge KAME tunnel server あ" ]
	login upper
	say ping && hear
	[ "$heard" = first ]
	local begin=${EPOCHREALTIME/./}
	hear
	[ "$heard" = '+OK hi, happy to hear from you' ]
	[ $((${EPOCHREALTIME/./} - begin)) -gt 150000 ]
	hear
	[ "$heard" = last ]
	order 'set ping=err \e[31mred\x07 | raw no end'
	say ping && hear
	[ "$heard" = $'-ERR \e[31mred\a' ]
	IFS= read -rt 300 -N 6 heard <&5
	[ "$heard" = 'no end' ]
}

@test "from the Nth time on, and the Nth time only" {
	serve --set 'ping#2=line two' --set 'ping@4=line lie'
	dial
	local want
	for want in '+OK*' two '+OK*' lie lie; do
		say ping && hear
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $heard == $want ]]
	done
}

@test "forged words: ends, link addresses, prefixes in turn, trailing words" {
	serve --set client4=192.0.2.9 --set server4=127.0.0.1 \
		--set links=2001:db8::2,2001:db8::1 \
		--set 'prefixes=fe80::/10,::/0;2001:db8:2::/65' --set 'trailing=and more'
	dial
	login upper
	[ "$heard" = '+OK 192.0.2.9 127.0.0.1 2001:db8::2 2001:db8::1 fe80::/10 ::/0 and more' ]
	dial
	login upper
	[ "$heard" = '+OK 192.0.2.9 127.0.0.1 2001:db8::2 2001:db8::1 2001:db8:2::/65 and more' ]
	dial
	login upper
	[[ $heard == *' fe80::/10 ::/0 and more' ]]
}

@test "a lost session blocks its user for a while, one that quit does not" {
	serve --set hold=600 --set holdtext=in\ use
	dial
	login upper
	exec 5>&-
	wait_event ended
	dial
	login upper
	[ "$heard" = '-ERR in use' ]
	order 'set hold=0' # the while is over
	login upper
	[[ $heard == '+OK '* ]]
	say quit && hear
	wait_event ended 2
	dial
	login upper
	[[ $heard == '+OK '* ]]
}

@test "ends a session after its life; carries out orders on a connection" {
	serve --set life=300
	dial
	login upper
	closed
	order 'set life=0'
	dial
	login upper
	order 'do all line -ERR so long | close'
	hear
	[ "$heard" = '-ERR so long' ]
	closed
}

@test "trickles, cuts lines, ends them in LF, sends garbage, floods" {
	serve --set trickle=8/20
	local begin=${EPOCHREALTIME/./}
	dial
	[ $((${EPOCHREALTIME/./} - begin)) -gt 100000 ]
	order 'set trickle='
	order 'set cut=1,5'
	dial
	[[ $heard == '+OK '*' server' ]]
	order 'set cut='
	order 'set eol=lf'
	exec 5<>"/dev/tcp/127.0.0.1/$port"
	IFS= read -rt 300 heard <&5
	[[ $heard == *server ]]
	order 'set ping=garbage 5000 | close'
	say ping
	[ "$(timeout 300 cat <&5 | wc -c)" = 5000 ]
	order 'set ping=flood 1000 | close'
	dial
	say ping
	[ "$(timeout 300 cat <&5 | wc -l)" = 1000 ]
	order 'set ping=endless 100000 | close'
	dial
	say ping
	timeout 300 cat <&5 >endless || true
	[ "$(wc -c <endless)" = 100000 ]
	[ "$(wc -l <endless)" = 0 ]
	order 'set ping=pongs 200 | close'
	dial
	say ping
	[ "$(timeout 300 cat <&5 | sort | uniq -c | xargs)" = $'200 +OK\r' ]
	order 'set ping=drip 10'
	dial
	say ping
	IFS= read -rt 300 -N 3 heard <&5
	[ "$heard" = AAA ]
}

@test "what the client sent is in the log as it came" {
	serve
	dial
	printf 'pi' >&5
	printf 'ng\n\x01\xff\r\nrest' >&5
	# Unread answers would make the end a reset.
	hear
	hear
	exec 5>&-
	wait_event ended
	grep -F "received b'ping\\n'" log
	grep -F "received b'\\x01\\xff\\r\\n'" log
	grep -F "leftover b'rest'" log
}

@test "it ends when it is told to, whichever of its threads hears of it" {
	cat >hears.py <<-'END'
		import signal, sys, threading, time
		threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
		signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
		sys.path[0] = sys.argv.pop(1)
		import dtcpd
		dtcpd.main()
	END
	/usr/bin/python3 -B -E hears.py "$BATS_TEST_DIRNAME" --no-tunnel --port 0 --log log 3>&- &
	server=$!
	wait_event listening
	kill "$server"
	wait_event stopped
	wait "$server"
	server=
}

@test "a switch or an action that does not exist is refused" {
	serve
	order 'set colour=red'
	grep 'control-failed .* no such switch: colour=red' log
	order 'set ping=explode'
	grep 'control-failed .* no such action: explode' log
	run -1 timeout 300 /usr/bin/python3 -B -E "$BATS_TEST_DIRNAME/dtcpd.py" --set a=b
}
