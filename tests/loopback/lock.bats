#!/usr/bin/env bats
# The pidfile's lock at the moments that two commands at the same time seldom
# hit: what they would find then is brought about here on purpose.
# $OK is the server's, helper.bash sets things.
# shellcheck disable=SC2154

load helper

# traced OPTION...: dtcp-up in the background, what it does with files in the
# file trace.
traced() {
    background strace -qq -o trace -e trace=openat,socketpair,flock,unlink,unlinkat,close,execve \
        "${injected[@]}" "$DTCP_UP" --config "$ACCOUNTS" --run-dir "$RUN_DIR" "$@" </dev/null
}
injected=()

is_up() { timeout "$PATIENCE" "$DTCP_UP" --status --run-dir "$RUN_DIR" >/dev/null 3>&-; }
is_locked() { [ -e run/dtcp0.pid ] && ! flock -n run/dtcp0.pid true; }

# lock_was_last: state, socket and pidfile were removed, in this order, under
# the lock, and nothing after it.
lock_was_last() {
    awk '
        / = -1 / { next }
        /^flock\(/ { split($0, part, /[(,]/); lock = part[2]; held = 1; gone = "" }
        /^unlink/ && /dtcp0/ {
            match($0, /dtcp0\.[a-z]+/)
            gone = gone " " substr($0, RSTART + 6, RLENGTH - 6) (held ? "" : "(unlocked)")
        }
        lock != "" && $0 ~ "^close\\(" lock "\\)" { held = 0 }
        END { print gone, held ? "held" : "let go" }' trace | tee /dev/stderr |
        grep -qx ' state sock pid let go'
}

@test "a keeper that ends lets go of the lock last" {
    serve
    account tunnel=none
    traced --foreground
    wait_for 10 is_up
    is_locked
    down
    gives 0
    wait "${started[-1]}"
    lock_was_last
    nothing_left
}

@test "a signal that comes as the lock is taken is obeyed, and ends nothing that it should not" {
    serve
    account tunnel=none
    for signal in HUP USR1; do
        injected=(-e "inject=flock:signal=SIG$signal:when=1")
        traced --foreground
        wait_for 10 is_up
        down
        gives 0
        wait "${started[-1]}"
        nothing_left
    done
    injected=(-e inject=flock:signal=SIGTERM:when=1)
    traced --foreground
    wait "${started[-1]}"
    nothing_left
}

@test "--down returns when the keeper's process is gone, not only its files" {
    serve
    account tunnel=none
    injected=(-e trace=exit_group -e inject=exit_group:delay_enter=700000)
    traced --foreground
    wait_for 10 is_up
    down
    gives 0
    no_process
    nothing_left
}

@test "--down for another link does not wait for a keeper that stays" {
    serve
    account tunnel=none
    traced --foreground --link lo 127.0.0.1
    wait_for 10 is_up
    strace -qq -o waits -e trace=connect,poll,ppoll "$DTCP_UP" --run-dir "$RUN_DIR" --down --link eth7 3>&-
    grep connect waits
    ! grep Timeout waits || return 1
    is_up
    down
    gives 0
    nothing_left
}

@test "--down after SIGKILL lets go of the lock last" {
    serve
    account tunnel=none
    up
    gives 0
    pkill -KILL -f "^$DTCP_UP .*$T/"
    wait_for 2 no_process
    traced --down
    wait "${started[-1]}"
    lock_was_last
    nothing_left
}

# The keeper before removes its pidfile after the next one has opened it: what
# that one has locked then is nobody's lock.
@test "a pidfile that goes while its lock is taken is not taken for the lock" {
    serve
    account tunnel=none
    mkdir run
    : >run/dtcp0.pid
    injected=(-e inject=flock:signal=SIGSTOP:when=1)
    traced --foreground
    wait_for 10 grep -qs 'stopped by SIGSTOP' trace
    rm run/dtcp0.pid
    pkill -CONT -f "^$DTCP_UP .*$T/"
    wait_for 10 is_up
    is_locked
    down
    gives 0
    wait "${started[-1]}"
    nothing_left
}

@test "a lock that flock(2) alone has is nobody's: who has asked hears of it, and is served after that" {
    serve
    account tunnel=none
    mkdir run
    background flock -F run/dtcp0.pid sleep 1000
    wait_for 10 is_locked
    down
    gives 71 'dtcp0: somebody who is no keeper has locked the pidfile by flock(2)'
    up --foreground
    gives 71 'dtcp0: somebody who is no keeper has locked the pidfile by flock(2)'
    kill "${started[-1]}"
    up
    gives 0
    down
    gives 0
    nothing_left
}

# Two at the same time: another one has come between the look at the lock and
# the process that would take it.
@test "who finds the interface free and then taken asks the keeper, and returns the truth" {
    serve
    account tunnel=none
    injected=(-e inject=socketpair:signal=SIGSTOP:when=1)
    traced
    wait_for 10 grep -qs 'stopped by SIGSTOP' trace
    up
    gives 0
    pkill -CONT -f "^$DTCP_UP .*$T/"
    wait "${started[-1]}" # its status is that of dtcp-up
    [ "$(events login | wc -l)" = 1 ]
    down
    gives 0
    nothing_left
}
