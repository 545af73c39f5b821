# For tests of dtcp-up that need no special kernel: the DTCP server of the
# tests on a free port of 127.0.0.1, which offers a far end elsewhere, and
# `dtcp-up --dry-run`, or accounts with tunnel=none, which build nothing.
# Parts need root. DTCP_UP names another program to test.
# shellcheck shell=bash

# shellcheck disable=SC2154 # bats sets status, output and stderr
bats_require_minimum_version 1.5.0
# shellcheck source-path=SCRIPTDIR source=../speed.bash
. "$BATS_TEST_DIRNAME/../speed.bash"
load ../where

# For what takes no time, in seconds: it ends what hangs, on any machine.
PATIENCE=300
DTCP_UP=${DTCP_UP:-$(realpath "$BATS_TEST_DIRNAME/../../build/dtcp-up")}
DTCPD=$BATS_TEST_DIRNAME/../server/dtcpd.py
FAR=198.51.100.1         # what the server names as its end of the tunnel
PREFIX=2001:db8:c0de::/48

setup() {
    T=$BATS_TEST_TMPDIR
    cd "$T" || return
    ACCOUNTS=$T/accounts
    RUN_DIR=$T/run
    servers=()
    started=()
    port='' # of the server, see serve
    within=() # the command by which programs run in a place of their own
    # What is never written to: reading from it is a sleep without a program.
    exec {never}<> <(:)
}

teardown() {
    local pid
    # A keeper that a test lost is the test's failure, and not the next one's.
    if [ -d "$RUN_DIR" ]; then
        timeout "$PATIENCE" "${within[@]}" "$DTCP_UP" --down --run-dir "$RUN_DIR" 3>&- || true
    fi
    for pid in "${servers[@]}" "${started[@]}"; do
        # What counts which lines it runs writes that down only when it ends by itself.
        [ -z "${LAB_COUNTS-}" ] || { kill "$pid" && timeout 10 tail --pid="$pid" -f /dev/null; } || true
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    echo "--- server"
    tail -n 20 log 2>/dev/null || true
}

pause() { read -rt 0.02 -u "$never" || true; }

# wait_for SECONDS COMMAND...: until COMMAND succeeds; SECONDS on a machine that has
# nothing else to do, twenty times that on any other.
wait_for() {
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 20 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/[.,]/}" -lt $end ] || return 1
        pause
    done
}

# background COMMAND...: starts it; $! is its number. It ends with the test.
background() {
    "$@" 3>&- &
    started+=($!)
}

# serve [OPTION...]: starts a server with the account `foo`, password `bar`;
# $port is its port. It logs to the file log. One that is started later logs
# to log as well and takes the commands.
serve() {
    rm -f said control
    # Without site and user packages it starts in half the time.
    "${within[@]}" /usr/bin/python3 -E -s -S "$DTCPD" --no-tunnel --port 0 --log log \
        --control control --user foo bar "$PREFIX" --set "server4=$FAR" \
        "$@" >said 2>server-errors 3>&- &
    servers+=($!)
    wait_for 10 test -s said || { cat server-errors && return 1; }
    read -r _ port <said
}

# own_place: what follows runs in a network and with mounts of its own.
own_place() {
    background unshare --net --mount --propagation private sleep 300
    local holder=$!
    wait_for 5 entered "$holder"
    within=(nsenter --target "$holder" --net --mount --wd="$T" --)
    "${within[@]}" ip link set lo up
}
entered() { [ "$(<"/proc/$1/comm")" = sleep ]; } # and the mounts are its own by then

# as_nobody [SETPRIV-OPTION...]: what follows runs as an ordinary user, to whom
# the test's directory belongs.
as_nobody() {
    chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* # up to here
    [ -x program ] || install -m 755 "$DTCP_UP" program
    DTCP_UP=$T/program
    chown 65534 "$T"
    within=(setpriv --reuid 65534 --regid 65534 --clear-groups "$@" --)
}

# switch SWITCH=VALUE...: sets switches of the server that was started last.
switch() {
    local token word
    for word; do
        token=$RANDOM$RANDOM
        echo "$token set $word" >control
        wait_for 5 grep -q " 0 control-[a-z]* $token" log
        grep -q " 0 control-ok $token" log
    done
}

# account [WORDS...]: writes the account file: foo at the server.
account() { accounts "127.0.0.1 $port foo bar $*"; }

# accounts LINE...: writes the account file.
accounts() {
    (umask 077 && printf '%s\n' "$@" >"$ACCOUNTS")
}

# up OPTION...: runs dtcp-up on the account file; 124 is the time limit.
# dry, check, show, down: the same with -n, -t, -S, -d.
up() {
    run --separate-stderr timeout "$PATIENCE" "${within[@]}" "$DTCP_UP" --config "$ACCOUNTS" --run-dir "$RUN_DIR" \
        "$@" 3>&- </dev/null
}
dry() { up --dry-run "$@"; }
check() { up --check "$@"; }
show() { up --status "$@"; }
down() { up --down "$@"; }

# gives STATUS [TEXT...]: the last run ended so, and standard error has each
# TEXT in it.
gives() {
    local text want=$1
    shift
    echo "status $status, wanted: $want"
    printf 'stdout: %s\n' "$output"
    printf 'stderr: %s\n' "$stderr"
    [ "$status" = "$want" ] || return 1
    for text; do
        case $stderr in
        *"$text"*) ;;
        *) echo "not in stderr: $text" && return 1 ;;
        esac
    done
}

# silent: the last run wrote nothing to standard error.
silent() { [ -z "$stderr" ] || { echo "stderr: $stderr" && return 1; }; }

# no_output: the last run wrote nothing to standard output.
no_output() { [ -z "$output" ] || { echo "stdout: $output" && return 1; }; }

# events EVENT: details of such lines of the server's log, in order.
events() { awk -v event="$1" '$3 == event { sub(/^[^ ]+ [^ ]+ [^ ]+ ?/, ""); print }' log; }

# heard: what the server received, a line each, without quotes.
heard() { events received | sed "s/^b['\"]//; s/['\"]$//"; }

# said_quit: that is the last that the server received; it may read it when a command that
# does not wait for it has ended.
said_quit() { [ "$(heard | tail -n 1)" = 'quit\r\n' ]; }

# the_same ACTUAL EXPECTED
the_same() { diff <(echo "$2") <(echo "$1"); }

# took FROM LEAST MOST: since FROM (of now) so many milliseconds have passed; MOST
# by the speed that the machine has just now (speed.bash).
now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
took() {
    local ms=$(($(now) - $1))
    echo "$ms ms, wanted: $2 to $3"
    [ $ms -ge "$2" ] || return 1
    [ $ms -gt "$3" ] || return 0
    measure_speed
    echo "a program takes $SLOW ms"
    [ $ms -le $(($3 * SLOW)) ]
}

# processes: numbers of the dtcp-up processes of this test, by its account file
# on their command lines.
processes() { pgrep -f "^$DTCP_UP .*$T/"; }
no_process() { [ -z "$(processes)" ]; }

# nothing_left: no process, and an empty or missing run directory.
nothing_left() {
    wait_for 3 no_process || { echo "running: $(processes)" && return 1; }
    [ ! -d "$RUN_DIR" ] || [ -z "$(ls -A "$RUN_DIR")" ] || { ls -la "$RUN_DIR" && return 1; }
}
