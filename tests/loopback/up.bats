#!/usr/bin/env bats
# Starts, and how they end: each exit status with its message, and nothing left
# behind after any but 0 and 75. With tunnel=none, which builds nothing.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# state NAME: its value in the state file of dtcp0.
state() { sed -n "s/^$1=//p" "$RUN_DIR/dtcp0.state"; }

# fails STATUS TEXT...: a start in each way ends so, and leaves nothing. (With
# --persist a failure that may pass is 75.)
fails() {
    local how wait=10
    # What never comes is not waited for long; what comes has its time.
    [[ $* != *'no answer in time'* ]] || wait=1
    for how in '' --foreground; do
        # shellcheck disable=SC2086 # nothing, or one
        up --wait $wait $how
        gives "$@" && no_output && nothing_left || return
    done
}

@test "0: up, up already, down, down already" {
    serve
    account tunnel=none
    up
    gives 0
    no_output
    show
    gives 0
    pid=$(<"$RUN_DIR/dtcp0.pid")
    [ "$pid" = "$(state pid)" ]
    [ "$(stat -c %a "$RUN_DIR" "$RUN_DIR/dtcp0.pid" "$RUN_DIR/dtcp0.state" | xargs)" = '755 600 644' ]
    # It is still the same one, which asks the server whether it is there.
    for how in '' '--wait 0'; do
        # shellcheck disable=SC2086 # an option and its value
        up $how
        gives 0
        the_same "$stderr" 'dtcp-up: dtcp0: is up already'
    done
    up --quiet
    gives 0
    silent
    [ "$(<"$RUN_DIR/dtcp0.pid")" = "$pid" ]
    wait_for 2 grep -q 'received b.ping.r.n' log
    [ "$(events accepted | wc -l)" = 1 ]
    down
    gives 0
    silent
    nothing_left
    wait_for 5 said_quit
    down
    gives 0
    the_same "$stderr" 'dtcp-up: there is no tunnel to take down'
    show
    gives 1
}

@test "an account that was changed after it was read: whoever calls hears of it, and how it is read" {
    serve
    account tunnel=none
    up
    gives 0
    # What only the file knows is not tried before it is read again.
    accounts "127.0.0.1 $port foo wrong tunnel=none"
    want="dtcp-up: dtcp0: $ACCOUNTS has changed since it was read: 'kill -HUP $(<"$RUN_DIR/dtcp0.pid")' has it read again"
    up
    gives 0
    the_same "$stderr" "$want"$'\n''dtcp-up: dtcp0: is up already'
    show
    grep -qxF "  account file ${want#dtcp-up: dtcp0: }" <<<"$output"
    kill -HUP "$(<"$RUN_DIR/dtcp0.pid")"
    wait_for 10 refused
    # Put right, while the keeper waits for its next try with what it has.
    account tunnel=none
    up --wait 1
    gives 75 "$want"
    kill -HUP "$(<"$RUN_DIR/dtcp0.pid")"
    up_again() { show && [ "$status" = 0 ]; }
    wait_for 10 up_again
    up
    gives 0
    the_same "$stderr" 'dtcp-up: dtcp0: is up already'
    show
    [[ $output != *'account file'* ]]
    # Written to while it is read, or before there is a keeper.
    down
    within=(strace -qq -o trace -e trace=socketpair -e inject=socketpair:signal=STOP --)
    rm -f trace
    background timeout "$PATIENCE" "${within[@]}" "$DTCP_UP" --config "$ACCOUNTS" --run-dir "$RUN_DIR"
    within=()
    wait_for 10 grep -qs 'stopped by SIGSTOP' trace
    account tunnel=none ping=7
    kill -CONT "$(processes)"
    wait_for 10 up_again
    [[ $output = *'account file'*' has changed since'* ]]
    down
    gives 0
}
refused() { show --json; [[ $output = *'authentication failed'* ]]; } # each letter case

@test "--down does not wait long for a server that does not answer quit" {
    serve --set 'quit=silent | delay 30000'
    account tunnel=none
    up
    gives 0
    start=$(now)
    down
    gives 0
    took "$start" 300 15000
    nothing_left
}

@test "69: nobody listens, -ERR for a greeting, silence, an address that is not there" {
    serve
    account tunnel=none
    switch 'greeting=err full'
    fails 69 'dtcp0: server 127.0.0.1' "'-ERR full'"
    switch 'greeting=silent | delay 3000'
    fails 69 'dtcp0: server 127.0.0.1' 'no answer in time'
    accounts '127.0.0.1 1 foo bar tunnel=none'
    fails 69 'dtcp0: server 127.0.0.1' 'port 1'
    up 203.0.113.99
    gives 69 203.0.113.99
    nothing_left
    up --link nosuch0
    gives 69 nosuch0
    nothing_left
    dry 203.0.113.99
    gives 69 203.0.113.99
    dry --link nosuch0
    gives 69 nosuch0
}

@test "a call for another link changes nothing, also where that has no address or is not there" {
    serve
    account tunnel=none
    up
    gives 0
    for link in '--link nosuch0' '--link nosuch0 203.0.113.99' '--link nosuch0 --wait 0' \
        '--link nosuch0 --persist --wait 1'; do
        # shellcheck disable=SC2086 # an option and its value
        up $link
        gives 0 'dtcp0: is kept for link lo' 'nosuch0 is not used'
    done
    show
    gives 0
    [ "$(events login | wc -l)" = 1 ]
}

@test "with -p, an address that nobody has is waited for, as is a line that is not up" {
    own_place
    serve
    account tunnel=none ping=1
    up
    gives 0
    start=$(now)
    up --wait 0 192.0.2.98
    gives 75 'no interface has the address 192.0.2.98'
    took "$start" 0 1500
    # That it is up with another one does not answer this, at the next keepalive either.
    start=$(now)
    up --persist --wait 3 192.0.2.99
    gives 75 'no interface has the address 192.0.2.99' 'not up within 3 s'
    took "$start" 2900 8000
    down
    gives 0
    # Another link than the one that it is kept for, and which is not up.
    accounts "127.0.0.1 1 foo bar tunnel=none ping=1"
    up --wait 0
    gives 75
    wait_for 5 connecting_by_lo
    start=$(now)
    up --persist --wait 2 --link nosuch0
    gives 75 'is kept for link lo' 'not up within 2 s'
    took "$start" 1900 7000
    start=$(now)
    up --wait 0 --link nosuch0
    gives 75 'is kept for link lo'
    took "$start" 0 1500
    down
    gives 0
    nothing_left
}
connecting_by_lo() { show --json && [[ $output = *'"link":"lo"'* ]]; }

@test "71: an interface of that name that is no tunnel stays as it is" {
    own_place
    "${within[@]}" ip link add dtcp0 type veth peer name other
    before=$("${within[@]}" ip -o link)
    serve
    account
    fails 71 'dtcp0: ' 'no sit tunnel'
    wait_for 5 said_quit
    up --persist --wait 1
    gives 75
    down
    gives 0
    nothing_left
    the_same "$("${within[@]}" ip -o link)" "$before"
}

@test "75: still being tried, if so wished" {
    serve --set 'login=err already connected'
    account tunnel=none
    for refusal in '127.0.0.1 1 foo bar tunnel=none' "$(<accounts)"; do
        accounts "$refusal"
        start=$(now)
        up --persist --wait 1
        gives 75 dtcp0 '1 s'
        took "$start" 900 4000
        show --json
        gives 1
        [[ $output = *'"state":"connecting"'* ]]
        down
        gives 0
        nothing_left
        start=$(now)
        up --wait 0
        gives 75
        took "$start" 0 3000
        down
        gives 0
        nothing_left
    done
    # It comes up once the server lets it.
    serve
    account tunnel=none
    kill -STOP "${servers[-1]}"
    up --wait 0
    gives 75
    kill -CONT "${servers[-1]}"
    wait_for 5 up_now
}
up_now() { show && [ "$status" = 0 ]; }

@test "75 holds where somebody else waits for the first try, who hears that it has failed" {
    serve --set 'greeting=silent | delay 60000'
    for how in '--wait 0' '--persist --wait 1' '--event lo' '--event other'; do
        account tunnel=none link=lo
        # In time: that is before the server says anything, and before anybody thinks that
        # the keeper hangs.
        background timeout "$PATIENCE" "${within[@]}" "$DTCP_UP" --wait 3 --config "$ACCOUNTS" \
            --run-dir "$RUN_DIR" 2>first-said
        first=$!
        wait_for 5 connecting
        # shellcheck disable=SC2086 # an option and its value
        up $how
        case $how in
        --event*) gives 0 ;;
        *) gives 75 ;;
        esac
        wait "$first" || status=$?
        [ "$status" = 69 ]
        grep 'no answer in time' first-said
        # No account could use that link, so nobody was told that it is tried on.
        if [ "$how" != '--event other' ]; then
            is_tried_on
        fi
        nothing_left
        switch 'greeting=silent | delay 60000'
    done
}
# is_tried_on: it is up when the server is right again, and ends.
is_tried_on() {
    show
    [[ $output = 'dtcp0: connecting'* ]]
    switch greeting=ok
    wait_for 20 up_now
    down
    gives 0
}
connecting() { show && [[ $output = 'dtcp0: connecting'*'127.0.0.1'* ]]; }

@test "in the foreground never 75: not where another process is still trying either" {
    serve --set 'login=err already connected'
    account tunnel=none
    up --wait 0
    gives 75
    for how in '--wait 1' '--wait 0' '--persist --wait 1'; do
        # shellcheck disable=SC2086 # an option and its value
        up --foreground $how
        gives 69 'dtcp0: another keeper' 'has it'
    done
    switch login=ok
    down
    up
    # Up, too: a supervisor would take 0 for the end of its own child.
    up --foreground
    gives 69 'dtcp0: another keeper' 'has it'
    up
    gives 0
}

@test "in the foreground --wait 0 goes on trying as well" {
    serve
    accounts "127.0.0.1 1 foo bar tunnel=none"
    background "${within[@]}" "$DTCP_UP" --config "$ACCOUNTS" --run-dir "$RUN_DIR" \
        --foreground --wait 0
    local keeper=$!
    wait_for 5 test -e "$RUN_DIR/dtcp0.state"
    account tunnel=none
    kill -HUP "$keeper"
    wait_for 10 up_now
    down
    gives 0
    wait "$keeper"
}

@test "76: not DTCP, or an offer that must not be built" {
    serve
    account tunnel=none
    switch 'greeting=line 220 mail'
    fails 76 'dtcp0: server 127.0.0.1' "'220 mail'"
    switch greeting= server4=127.0.0.1
    fails 76 'dtcp0: server 127.0.0.1' 'far end 127.0.0.1'
    # Permanent: there is nothing to persist in.
    for how in '--persist' '--wait 0'; do
        # shellcheck disable=SC2086 # an option and its value
        up $how
        [[ $status = 76 || $how = '--wait 0' ]]
        nothing_left
    done
}

@test "76 at the greeting passes, with --persist: a portal, or a port that is not forwarded yet" {
    serve
    account tunnel=none
    for greeting in 'line HTTP/1.1 302 Found' 'line +OK' 'line \x16\x03\x01' 'endless 600'; do
        switch "greeting=$greeting"
        fails 76 'dtcp0: server 127.0.0.1'
        up --persist --wait 3
        gives 75 'dtcp0: server 127.0.0.1' 'still being tried'
        down
        gives 0
        up --wait 0
        gives 75
        is_tried_on
    done
}

@test "76: a far end that is this host's is refused by the root part as well" {
    own_place
    "${within[@]}" ip addr add 192.0.2.9/32 dev lo
    serve --set server4=192.0.2.9
    account
    fails 76 'dtcp0: server 127.0.0.1' 'far end 192.0.2.9 is an address of this host'
    wait_for 5 said_quit
}

@test "77: the login is refused" {
    serve
    accounts "127.0.0.1 $port foo wrong tunnel=none"
    fails 77 'dtcp0: server 127.0.0.1' "user 'foo'" '-ERR authentication failed.'
    [[ $stderr != *wrong* ]]
    # Each case once a login.
    [ "$(events login | wc -l)" = 4 ]
}

@test "77: an ordinary user, or a capability that is missing" {
    serve
    account tunnel=none
    within=(setpriv --bounding-set -net_admin --)
    fails 77 CAP_NET_ADMIN
    within=(setpriv --bounding-set -setuid --)
    fails 77 CAP_SETUID
    down
    gives 77 CAP_SETUID
    [ "$(events accepted | wc -l)" = 0 ]
    as_nobody
    chown 65534 "$ACCOUNTS"
    fails 77 privileges
    up --wait 0
    gives 77
    down
    gives 77 privileges
    # What asks for none needs none.
    show
    gives 1
    check
    gives 0
    dry
    gives 0
    accounts "127.0.0.1 $port foo bar type=tunnelonly"
    chown 65534 "$ACCOUNTS"
    dry
    gives 0
    [[ $output = 'ip tunnel add '* ]]
    [ ! -e "$RUN_DIR" ]
}

@test "77 and 78 come at once with --wait 0 too, before anything is made" {
    accounts 'x y'
    start=$(now)
    up --wait 0
    gives 78 "$ACCOUNTS:1: "
    took "$start" 0 3000
    [ ! -e "$RUN_DIR" ]
}

@test "--foreground: SIGTERM, SIGINT and --down end it with 0, and quit" {
    serve
    account tunnel=none
    for how in TERM INT down; do
        : >log
        background "$DTCP_UP" -f -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>said-it
        pid=$!
        wait_for 5 up_now
        [ "$(<"$RUN_DIR/dtcp0.pid")" = $pid ]
        case $how in
        down) down && gives 0 ;;
        *) kill -$how $pid ;;
        esac
        start=$(now)
        wait $pid
        took "$start" 0 2000
        nothing_left
        wait_for 5 said_quit
    done
}

@test "--foreground tells an abstract NOTIFY_SOCKET; one that nobody hears is a warning" {
    serve
    account tunnel=none
    name=@dtcp-up-test-$$
    background /usr/bin/python3 -E -s -S "$BATS_TEST_DIRNAME/../server/notified.py" $name >told
    wait_for 10 grep -q "$name\$" /proc/net/unix
    NOTIFY_SOCKET=$name background "$DTCP_UP" -f -c "$ACCOUNTS" \
        --run-dir "$RUN_DIR" 2>said-it
    pid=$!
    wait_for 5 up_now
    wait_for 5 grep -q READY=1 told
    kill $pid
    wait $pid
    wait_for 5 grep -q STOPPING=1 told
    [ "$(grep -c NOTIFY said-it)" = 0 ]
    NOTIFY_SOCKET=$T/nobody background "$DTCP_UP" -f -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>said-it
    pid=$!
    wait_for 5 up_now
    kill $pid
    wait $pid
    grep "dtcp0: NOTIFY_SOCKET $T/nobody: No such file or directory" said-it
}

@test "SIGINT while the command still waits takes it all back" {
    serve --set 'greeting=silent | delay 20000'
    account tunnel=none
    for how in '' --persist; do
        # shellcheck disable=SC2086 # nothing, or one
        background env --default-signal=INT "$DTCP_UP" $how -c "$ACCOUNTS" --run-dir "$RUN_DIR"
        pid=$!
        wait_for 5 test -s "$RUN_DIR/dtcp0.pid"
        start=$(now)
        kill -INT $pid
        wait $pid || status=$?
        [ "$status" = 130 ]
        took "$start" 0 2000
        nothing_left
    done
}
