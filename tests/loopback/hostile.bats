#!/usr/bin/env bats
# Servers that are silent, slow, broken or malicious: each call ends in time,
# with the right status, small, and with a message that is safe to look at.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# ends LEAST MOST WAIT STATUS TEXT...: a dry run of WAIT s ends so, in so many ms.
ends() {
    local start least=$1 most=$2
    start=$(now)
    dry --wait "$3"
    shift 3
    gives "$@" || return
    no_output || return
    took "$start" "$least" "$most" || return
    wait_for 5 no_process
}
at_once() { ends 0 4000 9 "$@"; }
in_the_end() { ends 900 4000 1 "$@"; }

# Without a word from the server the wait is used up, and not exceeded.
@test "a server that is silent at each stage: 69 at the end of the wait" {
    serve
    account
    for step in accept greeting login; do
        switch $step='silent | delay 10000'
        in_the_end 69 'server 127.0.0.1' 'no answer in time'
        switch $step=
    done
}

@test "a server that trickles a byte a second: 69 at the end of the wait" {
    serve --set trickle=1/1000
    account
    in_the_end 69 'server 127.0.0.1' 'no answer in time'
}

@test "a server that closes or resets at each stage: 69 at once" {
    serve
    account
    for how in close reset; do
        for step in accept greeting login; do
            switch "$step=$how"
            at_once 69 'server 127.0.0.1'
            switch "$step=$how" "$step=raw +OK | $how"
            at_once 69 'server 127.0.0.1'
            switch $step=
        done
    done
    switch 'greeting=raw +OK abc | eof'
    at_once 69 'closed the connection'
}

@test "a port where nobody listens: 69 at once" {
    serve
    account
    kill "${servers[0]}"
    wait "${servers[0]}" || true
    at_once 69 "connecting to 127.0.0.1 port $port" 'Connection refused'
}

@test "a greeting of -ERR: 69, with the server's words" {
    serve --set 'greeting=err too many connections'
    account
    at_once 69 'server 127.0.0.1' "'-ERR too many connections'"
}

@test "garbage at each stage: 76 at once" {
    serve
    account
    for step in greeting login; do
        switch "$step=garbage 3000"
        at_once 76 'server 127.0.0.1'
        switch $step=
    done
}

@test "an endless line: 76 at once, wherever it begins" {
    serve
    account
    for step in greeting login; do
        switch "$step=endless"
        at_once 76 'server 127.0.0.1' 'more than 512 bytes'
        switch $step=
    done
}

@test "a line of 512 bytes is taken, one of 513 is not" {
    serve --set "challenge=$(printf '%0479d' 0)"
    account
    dry
    gives 0 # 4 + 479 + 19 bytes
    long=$(printf '+OK %0508d' 0) # the rest of 512
    switch "greeting=line $long"
    dry
    gives 77
    switch "greeting=raw $long\\r | delay 50 | raw \\n"
    dry
    gives 77
    for line in "line ${long}0" "raw ${long}0\\n" "line $long " "raw $long\\r\\r\\n" "raw ${long}0"; do
        switch "greeting=$line"
        dry
        gives 76 'more than 512 bytes'
    done
}

@test "control characters in a line: 76" {
    serve
    account
    for byte in 00 01 07 08 09 0b 0c 0d 1b 1f 7f; do
        switch "greeting=line +OK ABCD x\\x${byte}y"
        at_once 76 'server 127.0.0.1' 'control character'
        switch greeting= "login=line +OK 127.0.0.1 $FAR $PREFIX \\x${byte}"
        # A CR before the line's own is one in the line.
        at_once 76 'server 127.0.0.1' 'control character'
        switch login=
    done
}

@test "what a terminal would obey is shown, never passed on" {
    serve
    account
    switch 'login=err bad \x9b31m \xc2\x9b'
    at_once 77 '\x9b31m \xc2\x9b'
    switch 'login=line -ERR \e]0;owned\x07\e[2J'
    at_once 76 '\x1b]0;owned\x07\x1b[2J'
    printf %s "$stderr" | LC_ALL=C grep -q '[^ -~]' && false
    dry -v
    gives 76 '\x1b'
    printf %s "$stderr" | LC_ALL=C tr -d '\n' | LC_ALL=C grep -q '[^ -~]' && false
    true
}

@test "formats in what a server says are not carried out" {
    serve --set 'login=err %s%s%s%n%99999d'
    account
    at_once 77 "'-ERR %s%s%s%n%99999d'"
}

@test "a Japanese greeting is welcome, in any encoding" {
    serve
    account
    # "tunnel" in UTF-8, EUC-JP and Shift_JIS, whose second bytes are ASCII.
    for text in '\xe3\x83\x88\xe3\x83\xb3\xe3\x83\x8d\xe3\x83\xab' '\xa5\xc8\xa5\xf3\xa5\xcd\xa5\xeb' \
        '\x83g\x83\x93\x83l\x83\x8b'; do
        switch "greeting=line +OK \$CHALLENGE $text"
        dry
        gives 0
        silent
        dry -v
        gives 0 "$text"
    done
}

@test "a flood is not read" {
    serve
    account
    switch 'greeting=flood'
    at_once 76 'server 127.0.0.1'
    switch 'greeting=ok | flood'
    at_once 76 'server 127.0.0.1'
    switch greeting= 'login=flood'
    at_once 76 'server 127.0.0.1'
    # After the offer it is nobody's business any more.
    switch 'login=ok | flood'
    dry
    gives 0
    wait_for 5 no_process
}

# cost STATUS OPTION...: runs dtcp-up; $cpu is what it and its processes used,
# in ms, $memory the most that one of them had, in KiB.
cost() {
    local want=$1
    shift
    run --separate-stderr timeout "$PATIENCE" /usr/bin/python3 -E -s -S - "$DTCP_UP" "$@" 3>&- <<'END'
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], {}, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
print(int((used.ru_utime + used.ru_stime) * 1000), used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
END
    gives "$want"
    read -r cpu memory <<<"$output"
    echo "$cpu ms, $memory KiB"
}

@test "floods, endless lines and silence cost little" {
    serve
    account
    measure_speed
    for answer in flood endless 'garbage 1000000' 'silent | delay 3000' 'raw +OK | delay 3000'; do
        for step in greeting login; do
            switch "$step=$answer"
            case $answer in *delay*) want=69 wait=1 ;; *) want=76 wait=9 ;; esac
            cost $want -n -w $wait -c "$ACCOUNTS" --run-dir "$RUN_DIR"
            [ "$cpu" -lt $((100 * SLOW)) ]
            # libcrypto alone has about 5 MiB.
            [ "$memory" -lt 16384 ]
            switch $step=
        done
    done
}

@test "a peer that never takes what we send is not waited for longer than the rest" {
    # The connection is made by the kernel; nobody accepts it or reads.
    background /usr/bin/python3 -E -s -S -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port
    wait_for 5 test -s port
    port=$(<port)
    account
    in_the_end 69 'no answer in time'
}
