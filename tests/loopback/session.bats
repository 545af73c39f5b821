#!/usr/bin/env bats
# A session that stays: keepalives, signals, a second login. With tunnel=none.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

logins() { events login-ok | wc -l; }
logged_in() { [ "$(logins)" -ge "$1" ]; }
pinged() { [ "$(heard | grep -c '^ping')" -ge "$1" ]; }

@test "keepalives come every ping= seconds, exactly as they should" {
    serve
    account tunnel=none ping=1
    up
    gives 0
    start=$(now)
    wait_for 8 pinged 4
    took "$start" 1500 30000
    [ "$(heard | grep ping | sort -u)" = 'ping\r\n' ]
    show --json
    gives 0
    [[ $output != *'"last_pong":null'* ]]
    [[ $output != *'"dtcp_rtt_ms":null'* ]]
    down
    wait_for 5 said_quit
    # The whole dialogue of a session, in its order.
    [ "$(heard | uniq | sed 's/ .*//' | xargs -d '\n')" = 'tunnel ping\r\n quit\r\n' ]
}

@test "SIGUSR1 pings now, SIGHUP logs in anew; the letter case that worked comes first" {
    serve --set challenge=abcdef --set dialect=kame
    account tunnel=none ping=240
    up
    gives 0
    pid=$(<run/dtcp0.pid)
    before=$(heard | grep -c '^ping') || true
    kill -USR1 "$pid"
    wait_for 3 pinged $((before + 1))
    # Lower case first, as the challenge is, then upper.
    [ "$(events received | grep -c "b'tunnel")" = 2 ]
    : >log
    kill -HUP "$pid"
    wait_for 5 logged_in 1
    [ "$(heard | head -n 1)" = 'quit\r\n' ]
    [ "$(events received | grep -c "b'tunnel")" = 1 ]
    [[ $(heard | grep tunnel) != *[a-f][a-f0-9]*' network'* ]]
    [ "$(<run/dtcp0.pid)" = "$pid" ]
}

@test "SIGHUP takes over a changed file, and keeps things as they are with a broken one" {
    serve --user new secret 2001:db8:77::/48
    account tunnel=none
    background "$DTCP_UP" -f -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>messages
    pid=$!
    wait_for 5 has_user foo
    accounts '# no more' 'not an account'
    kill -HUP $pid
    wait_for 3 grep -q 'stay as they are' messages
    grep -q "$ACCOUNTS:2: " messages
    has_user foo
    [ "$(events accepted | wc -l)" = 1 ]
    accounts "127.0.0.1 $port new secret tunnel=none"
    kill -HUP $pid
    wait_for 5 has_user new
    [ "$(events accepted | wc -l)" = 2 ]
    down
    gives 0
}

@test "SIGHUP: an account without a line gives way to one that has it; a link of the file stays one" {
    serve
    mkdir files
    (umask 077 && echo "127.0.0.1 $port foo bar tunnel=none link=nosuch0" >files/old)
    (umask 077 && echo "127.0.0.1 $port foo bar tunnel=none" >files/new)
    # Named from where the caller is, which is not where the keeper is.
    ln -s files/old chosen
    ACCOUNTS=chosen
    up --persist --wait 1
    gives 75 'link nosuch0 is not there'
    ln -sfn files/new chosen
    show
    [[ $output = *"account file $T/chosen has changed since it was read"* ]]
    kill -HUP "$(<run/dtcp0.pid)"
    wait_for 5 has_user foo
    down
    gives 0
    nothing_left
}
has_user() {
    show --json
    [[ $output = *'"state":"up"'* ]] || return
    [[ $output = *"\"user\":\"$1\""* ]]
}

@test "a lost session is taken up again" {
    serve
    account tunnel=none
    up
    gives 0
    echo "1 do all close" >control
    # After 0 to 3 s, at random.
    came_back() { show --json && [[ $output = *'"reconnects":1'* ]]; }
    wait_for 8 came_back
    logged_in 2
    down
    gives 0
    nothing_left
}

@test "who asks while the session is dead waits until it is up again" {
    serve
    account tunnel=none ping=240
    up
    gives 0
    switch 'ping#1=close'
    up --wait 60
    gives 0 'session lost' 'dtcp0: up'
    [[ $stderr != *'up already'* ]]
    [ "$(logins)" = 2 ]
    # Where it does not come up it is a failure like that of a start, or 75 before that.
    switch 'ping#1=close' 'login=err sold out'
    up --wait 60
    gives 77 'session lost' 'sold out'
    up --wait 1
    gives 75
    down
    gives 0
    nothing_left
}

@test "a server that lies after a thousand right answers loses the session, not the keeper" {
    serve --set 'ping@1001=line lie'
    account tunnel=none ping=240
    up
    gives 0
    pid=$(<run/dtcp0.pid)
    # Asked to ping again and again, until the session is lost.
    timeout "$PATIENCE" /usr/bin/python3 -E -s -S - "$pid" 3>&- <<'END'
import os, signal, sys, time
with open("log", encoding="utf-8") as log:
    while not any(" 1 ended" in line for line in log):
        os.kill(int(sys.argv[1]), signal.SIGUSR1)
        time.sleep(0.001)
END
    [ "$(grep -c " 1 received b'ping" log)" = 1001 ]
    grep -q "sent b'lie" log
    [ "$(<run/dtcp0.pid)" = "$pid" ]
    wait_for 10 logged_in 2
    down
    gives 0
    nothing_left
}

@test "a server that speaks unasked, floods or talks nonsense loses the session, not the keeper" {
    serve
    account tunnel=none
    for what in 'line +OK hello' flood endless 'garbage 5000' 'line -ERR connection timed out, disconnecting'; do
        up
        gives 0
        pid=$(<run/dtcp0.pid)
        : >log
        echo "1 do all $what" >control
        wait_for 3 grep -q ' ended ' log
        [ "$(<run/dtcp0.pid)" = "$pid" ]
        # What it used: 100 ticks are a second.
        used=$(sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $12 + $13 }')
        [ "$used" -lt 50 ]
        down
        gives 0
        nothing_left
    done
}

@test "the password is in no system call but those that read the account file" {
    local secret=Zq7.wAtChWoRd.kP3 pid reads
    serve --user zoe $secret 2001:db8:5ec::/48
    printf '#!/bin/sh\necho "$DTCP_EVENT"\n' >script
    chmod 755 script
    accounts "127.0.0.1 $port zoe $secret tunnel=none ping=1 script=$T/script"
    background strace -qq -f -v -s 8192 -o trace "$DTCP_UP" -v -f -p --config "$ACCOUNTS" \
        --run-dir "$RUN_DIR" 2>messages
    wait_for 20 pinged 1
    pid=$(<run/dtcp0.pid)
    kill -HUP "$pid"
    wait_for 20 logged_in 2
    kill -TERM "$pid"
    wait_for 20 no_process
    grep -q 'tunnel zoe' trace # the search would find it
    # The line of a call that another process's came between is in two parts.
    reads=$(grep -cE "(read\([0-9]+, |<\.\.\. read resumed>)\"127.0.0.1 $port zoe $secret" trace)
    [ "$reads" = 2 ]
    [ "$(grep -cF "$secret" trace)" = "$reads" ]
    grep -F "$secret" messages log && false
    true
}

# session_of PID: the keeper's child; session_gone PID: it has ended.
session_of() { pgrep -P "$1"; }
session_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

@test "a session that hangs as it is to quit is ended, and its login with it" {
    serve
    account tunnel=none
    up
    gives 0
    pid=$(<run/dtcp0.pid)
    session=$(session_of "$pid")
    kill -STOP "$session"
    kill -HUP "$pid"
    wait_for 5 logged_in 2
    wait_for 5 session_gone "$session"
    wait_for 5 ended 1
    [ "$(<run/dtcp0.pid)" = "$pid" ]
}
ended() { [ "$(events ended | wc -l)" -ge "$1" ]; }

# mute PID: nothing that the process sends gets out, until $tracer ends.
mute() {
    background strace -qq -o trace -p "$1" -e trace=sendto -e inject=sendto:error=ENOBUFS
    tracer=$!
    wait_for 5 traced "$1"
}
traced() { grep -q '^TracerPid:.[1-9]' "/proc/$1/status"; }

@test "a session that cannot be told to ping or to quit is ended, not waited for" {
    serve
    account tunnel=none
    for signal in USR1 HUP; do
        up
        gives 0
        : >log
        pid=$(<run/dtcp0.pid)
        session=$(session_of "$pid")
        mute "$pid"
        start=$(now)
        kill -$signal "$pid"
        wait_for 5 session_gone "$session"
        kill "$tracer"
        wait_for 5 logged_in 1
        took "$start" 0 7000
        down
        gives 0
        nothing_left
    done
}

@test "a keeper that is killed each time that it comes up: 71, after three of them" {
    serve --set 'greeting=silent | delay 20000'
    account tunnel=none
    background "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR" --wait 15 2>said-it
    command=$!
    last=''
    another() {
        pid=$(cat "$RUN_DIR/dtcp0.pid" 2>/dev/null)
        [ -n "$pid" ] && [ "$pid" != "$last" ] && kill -0 "$pid"
    }
    for _ in 1 2 3; do
        wait_for 5 another
        last=$pid
        kill -KILL "$pid"
    done
    ends=0
    wait $command || ends=$?
    [ $ends = 71 ]
    grep 'dtcp0: the keeper was ended while it was coming up' said-it
    down
    gives 0
    nothing_left
}

@test "what a script prints is in the log, and how much more there was" {
    serve
    cat >script <<'END'
#!/bin/sh
echo "$1 on $DTCP_INTERFACE"
head -c 100000 /dev/zero | tr '\0' x
END
    chmod 755 script
    account tunnel=none "script=$T/script"
    background "$DTCP_UP" -f -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>said-it
    wait_for 10 grep -qx "dtcp-up: dtcp0: $T/script: [0-9]* bytes more" said-it
    grep -x "dtcp-up: dtcp0: $T/script: up on dtcp0" said-it
    # All of it is accounted for: 1,023 bytes are kept (run.h).
    more=$(sed -n 's/.*: \([0-9]*\) bytes more$/\1/p' said-it)
    [ $((1023 + more)) = $((12 + 100000)) ]
    down
    gives 0
}

@test "more callers at once than the keeper has room for: all hear the truth" {
    serve --set 'greeting=delay 1500 | ok'
    account tunnel=none
    up --wait 0
    gives 75
    callers=()
    for i in {1..24}; do
        background "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR" --wait 15 2>"said-$i"
        callers+=($!)
    done
    for pid in "${callers[@]}"; do
        wait "$pid"
    done
    [ "$(events accepted | wc -l)" = 1 ]
    [ "$(events login | wc -l)" = 1 ]
}

@test "an address of another link that comes while it logs in changes nothing" {
    own_place
    serve --set 'greeting=delay 1500 | ok'
    account tunnel=none
    up --wait 0
    gives 75
    wait_for 5 grep -q accepted log
    "${within[@]}" ip addr add 192.0.2.77/32 dev lo
    "${within[@]}" ip addr del 192.0.2.77/32 dev lo
    up
    gives 0
    [ "$(events accepted | wc -l)" = 1 ]
}
