#!/usr/bin/env bats
# The run directory: whose it must be, what may be planted in it, and that no
# program is ever signalled for its number.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# start_of PID: its start time in clock ticks, as in the state.
start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }

# sleeper: a program that is not dtcp-up, in $sleeper.
sleeper() {
    background sleep 300
    sleeper=$!
}
sleeps() { [ "$(<"/proc/$sleeper/comm")" = sleep ] && grep -q '^State:.S' "/proc/$sleeper/status"; }

# refused TEXT: a start ends with 71, says TEXT, and asks no server.
refused() {
    : >log
    for how in '' --foreground '--wait 0'; do
        # shellcheck disable=SC2086 # nothing, or an option and its value
        up $how
        gives 71 "$1" || return
    done
    [ "$(events accepted | wc -l)" = 0 ]
}

@test "a directory of another user's, or that others can write to, is refused" {
    serve
    account tunnel=none
    for mode in 757 775 777 1777; do
        mkdir -m $mode run
        refused "$RUN_DIR"
        down
        gives 71 "$RUN_DIR"
        rmdir run
    done
    mkdir run
    chown 65534 run
    refused "$RUN_DIR"
    down
    gives 71 "$RUN_DIR"
    # Anybody may look, though, as looking does nothing.
    show
    gives 1
    chown 0 run
    up
    gives 0
}

@test "what another user wrote there is not acted upon by --down" {
    own_place
    "${within[@]}" ip link add dtcp0 type veth peer name other
    "${within[@]}" ip -6 route add 2001:db8:9::/48 dev lo proto 202
    mkdir run
    chown 65534 run
    printf 'in_kernel=1\nknown=1\nbuild=1\nprefix=2001:db8:9::/48\nlocal=1.2.3.4\nremote=1.2.3.5\n' >run/dtcp0.state
    chown 65534 run/dtcp0.state
    down
    gives 71 "$RUN_DIR"
    "${within[@]}" ip link show dtcp0
    [ -n "$("${within[@]}" ip -6 route show 2001:db8:9::/48)" ]
}

@test "without /proc that is what is said, and nothing is begun or ended" {
    own_place
    serve
    account tunnel=none
    no_proc() { "${within[@]}" umount --lazy /proc; }
    no_proc
    refused '/proc is not mounted'
    up --event lo
    gives 71 '/proc is not mounted'
    [ ! -e run ]
    down # there is no keeper
    gives 0
    "${within[@]}" mount -t proc proc /proc
    up
    gives 0
    no_proc
    for how in down 'down --event lo' up; do
        $how
        gives 71 '/proc is not mounted'
    done
    show
    gives 0
    "${within[@]}" mount -t proc proc /proc
    down
    gives 0
    nothing_left
}

@test "a tunnel that a keeper with another run directory has is left to it" {
    own_place
    serve
    account tunnel=none
    up
    gives 0
    keeper=$(<run/dtcp0.pid)
    : >log
    elsewhere() { up --run-dir "$T/other" "$@"; }
    # Two that build nothing are nothing to each other.
    "${within[@]}" ip link add dtcp0 type veth peer name end
    elsewhere
    gives 0
    down --run-dir "$T/other"
    : >log
    account
    for how in '' '--wait 0' '--event lo'; do
        # shellcheck disable=SC2086 # nothing, or an option and its value
        elsewhere $how
        gives 71 "dtcp0: process $keeper keeps it with another run directory than $T/other" '--run-dir'
    done
    elsewhere --foreground # a supervisor's is told so, as of one in the same directory
    gives 69 "dtcp0: process $keeper keeps it"
    [ "$(events accepted | wc -l)" = 0 ]
    [ -z "$(ls -A other)" ]
    # Another interface, and the tunnel that nobody keeps any more.
    account interface=six
    elsewhere --link nowhere --persist --wait 0
    gives 75
    down --run-dir "$T/other"
    down
    account
    elsewhere
    [[ $stderr != *'another run directory'* ]]
}

# failing WHAT [PATH]...: in what follows calls fail so (see strace -e inject), or
# only those about a PATH, as it is given or known by its descriptor.
failing() {
    local path
    within=(strace -qq -f -o trace -e "trace=${1%%:*}" -e "inject=$1" -e signal=none)
    shift
    for path; do within+=(-P "$path"); done
    within+=(--)
}
failed() { grep -q INJECTED trace; }

@test "what cannot be read is not taken for empty" {
    mkdir run
    printf 'pid=%s\nstart=1\nstate=up\n' $$ >run/dtcp0.state
    for what in getdents64:error=ENOMEM openat:error=EMFILE openat:error=EMFILE:when=2; do
        failing "$what" "$RUN_DIR"
        for how in show down 'show --json' 'show -i dtcp0'; do
            $how
            gives 71 "$RUN_DIR: cannot be "
            failed
            [ -e run/dtcp0.state ]
            [[ -z $output || $output = '[]' ]]
        done
    done
}

@test "a state that cannot be read is not taken for none: nothing is said or forgotten" {
    own_place
    mkdir run
    "${within[@]}" ip -6 route add unreachable 2001:db8:9::/48 proto 202
    printf 'in_kernel=1\nknown=1\nbuild=1\nprefix=2001:db8:9::/48\nlocal=1.2.3.4\nremote=1.2.3.5\n' \
        >run/dtcp0.state
    serve
    account
    place=("${within[@]}")
    for what in openat:error=EMFILE read:error=EIO; do
        failing "$what:when=1" "$RUN_DIR/dtcp0.state" dtcp0.state
        within=("${place[@]}" "${within[@]}")
        for how in show down up dry; do
            $how
            gives 71 'dtcp0.state: cannot be read: '
            failed
            no_output
            [ -e run/dtcp0.state ]
            [ ! -e run/dtcp0.pid ]
        done
        [ "$(events accepted | wc -l)" = 0 ]
    done
    within=("${place[@]}")
    [ -n "$("${within[@]}" ip -6 route show 2001:db8:9::/48)" ]
    down
    gives 0 'removing what a keeper'
    [ -z "$("${within[@]}" ip -6 route show 2001:db8:9::/48)" ]
    nothing_left
}

@test "a file that cannot be opened, looked at or removed once is removed all the same" {
    serve
    account tunnel=none
    for what in unlinkat:error=ENOMEM:when=1 unlinkat:error=EINTR:when=2 unlinkat:error=EIO:when=4 \
        newfstatat:error=ENOMEM:when=2 openat:error=EMFILE:when=2; do
        up
        gives 0
        pkill -KILL -f "^$DTCP_UP .*$T/"
        wait_for 2 no_process
        case $what in
        unlinkat*) failing "$what" ;;
        *) failing "$what" dtcp0.pid ;;
        esac
        down
        gives 0
        silent
        failed
        within=()
        nothing_left
    done
    # Each time it fails that is said, and the next one comes to it.
    up
    failing unlinkat:error=EROFS
    pkill -KILL -f "^$DTCP_UP .*$T/"
    wait_for 2 no_process
    down
    gives 0 'dtcp0.state: cannot be removed: ' 'dtcp0.sock: ' 'dtcp0.pid: '
    within=()
    down
    gives 0
    nothing_left
}

@test "a file, a FIFO, a symbolic link or nothing above in its place" {
    serve
    account tunnel=none
    : >run
    refused "$RUN_DIR"
    rm run
    mkfifo run
    refused "$RUN_DIR"
    rm run
    mkdir real
    ln -s real run
    refused "$RUN_DIR"
    down
    show
    gives 1
    [ -z "$(ls -A real)" ]
    rm run
    RUN_DIR=$T/none/run
    refused "$RUN_DIR"
    [ ! -e none ]
}

@test "a pidfile that is a link, a directory or a FIFO is not followed or waited for" {
    serve
    account tunnel=none
    echo precious >target
    mkdir run
    for plant in 'ln -s ../target' 'ln -s ../absent' mkdir mkfifo; do
        $plant run/dtcp0.pid
        down
        [[ $status = 0 || $status = 71 ]]
        up
        [[ $status = 0 || $status = 71 ]]
        down
        rm -rf run/dtcp0.*
        [ "$(<target)" = precious ]
        [ ! -e absent ]
    done
    nothing_left
}

@test "a state or socket that is a link is replaced, not followed" {
    serve
    account tunnel=none
    echo precious >target
    mkdir run
    for name in state state.new sock; do
        for to in ../target ../absent; do
            ln -s $to run/dtcp0.$name
            up
            # A temporary file that is in the way may be an error, not a way out.
            [[ $status = 0 || $status/$name = 71/state.new ]]
            down
            gives 0
            rm -f run/dtcp0.*
            [ "$(<target)" = precious ]
            [ ! -e absent ]
            nothing_left
        done
    done
}

@test "a number in a stale pidfile never gets its program signalled" {
    serve
    account tunnel=none
    sleeper
    mkdir run
    for number in $sleeper 1 0 -1 -$sleeper 99999999999 '' x; do
        echo "$number" >run/dtcp0.pid
        printf 'pid=%s\nstart=%s\nstate=up\n' "$number" 1 >run/dtcp0.state
        down
        gives 0
        sleeps
        nothing_left
        [ "$number" = $sleeper ] || continue
        mkdir -p run
        echo "$number" >run/dtcp0.pid
        up
        gives 0
        sleeps
        down
        nothing_left
    done
}

@test "not even with the right start time" {
    sleeper
    mkdir run
    echo $sleeper >run/dtcp0.pid
    printf 'pid=%s\nstart=%s\nstate=up\nserver=x\n' $sleeper "$(start_of $sleeper)" >run/dtcp0.state
    down
    gives 0
    sleeps
    nothing_left
}

@test "a program that locks the pidfile is not killed for it" {
    mkdir run
    : >run/dtcp0.pid
    background /usr/bin/python3 -E -s -S -c '
import fcntl, time
f = open("run/dtcp0.pid", "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("ready", flush=True)
time.sleep(60)' >locked
    locker=$!
    wait_for 5 grep -q ready locked
    down
    gives 71 dtcp0 "$locker"
    kill -0 $locker
    # Nobody is trying anything, so it is not said.
    accounts '127.0.0.1 1 foo bar tunnel=none'
    for how in '' '--wait 0' --persist --foreground; do
        # shellcheck disable=SC2086 # an option and its value
        up $how
        gives 71 dtcp0 "process $locker" 'no keeper'
    done
}

@test "a keeper that hangs: a start says that it is not up, --down kills it and removes what it kept" {
    serve
    account tunnel=none
    up
    gives 0
    pid=$(<run/dtcp0.pid)
    kill -STOP "$pid"
    up --wait 1
    gives 75 'dtcp0: not up within 1 s'
    # A hook must not hold up who runs it.
    start=$(now)
    up --event lo
    gives 75
    took "$start" 900 4500
    start=$(now)
    down
    gives 0 "process $pid"
    took "$start" 500 9000
    nothing_left
}

@test "after SIGKILL of every process a start or --down puts all right" {
    serve
    account tunnel=none
    for then in up down 'down --link lo'; do
        up
        gives 0
        pkill -KILL -f "^$DTCP_UP .*$T/"
        wait_for 2 no_process
        [ -e run/dtcp0.state ]
        show --json
        gives 1
        [[ $output = *'"state":"down"'*'"pid":null'* ]]
        # The end of another link leaves that to its own.
        down --link ppp7
        gives 0
        [ -e run/dtcp0.state ]
        $then
        gives 0
        down
        gives 0
        nothing_left
    done
}

up_now() { show && [ "$status" = 0 ]; }

@test "emptied while a keeper lives: it is found all the same, and makes its files anew" {
    serve
    account tunnel=none
    up
    gives 0
    keeper=$(cat "$RUN_DIR/dtcp0.pid")
    for files in "$RUN_DIR" "$RUN_DIR/dtcp0.pid" "$RUN_DIR/dtcp0.state" "$RUN_DIR/dtcp0.sock"; do
        echo "--- $files"
        rm -r "$files"
        show
        gives 0
        [[ $output = *"dtcp0: up"*"process $keeper"* ]]
        # No second keeper, no second login.
        rm -rf "$files"
        up
        gives 0
        [ "$(cat "$RUN_DIR/dtcp0.pid")" = "$keeper" ]
        [ "$(events login | wc -l)" = 1 ]
    done
    # However it is written.
    ln -s "$T" link
    for as in "$RUN_DIR/" "$RUN_DIR//" run run/ ./run "$T//run" "$T/link/run/"; do
        echo "--- $as"
        rm -r "$RUN_DIR"
        RUN_DIR=$as show
        gives 0
        [[ $output = *"process $keeper"* ]]
    done
    rm -r "$RUN_DIR"
    RUN_DIR=run/ down
    gives 0
    silent
    nothing_left
    wait_for 5 test ! -e "/proc/$keeper"
}

@test "emptied while a keeper lives: the files are there again at the next keepalive" {
    serve
    account tunnel=none ping=1
    up
    gives 0
    rm -r "$RUN_DIR"
    wait_for 20 test -e "$RUN_DIR/dtcp0.state"
    [ -e "$RUN_DIR/dtcp0.pid" ] && [ -S "$RUN_DIR/dtcp0.sock" ]
    down
    gives 0
    nothing_left
}

@test "a name that somebody else has taken is no keeper" {
    serve
    account tunnel=none
    number=$(up && sed -n 's|.*@dtcp-up/\([0-9a-f]*\)/dtcp0/.*|\1|p' /proc/net/unix | tail -n 1 && down)
    background setpriv --reuid 65534 --clear-groups /usr/bin/python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("\0dtcp-up/%s/dtcp0/1" % sys.argv[1])
s.listen(5)
time.sleep(60)' "$number"
    wait_for 10 grep -q "@dtcp-up/$number/dtcp0/1\$" /proc/net/unix
    up
    gives 0
    down
    gives 0
    nothing_left
}

@test "a keeper that is stopped holds up nobody, and --down ends it" {
    serve
    account tunnel=none
    up
    gives 0
    keeper=$(cat "$RUN_DIR/dtcp0.pid")
    kill -STOP "$keeper"
    # More than may wait to be heard.
    callers=()
    for ((i = 0; i < 30; i++)); do
        timeout 60 "$DTCP_UP" --config "$ACCOUNTS" --run-dir "$RUN_DIR" --event lo 3>&- </dev/null &
        callers+=($!)
    done
    for caller in "${callers[@]}"; do
        wait "$caller" || [ $? = 75 ]
    done
    down
    gives 0 'does not answer and is killed'
    nothing_left
}

@test "the run directory belongs to one network namespace" {
    serve
    account tunnel=none
    up
    gives 0
    keeper=$(cat "$RUN_DIR/dtcp0.pid")
    within=(unshare --net --)
    up
    gives 71 dtcp0 "$RUN_DIR" 'another network namespace' '--run-dir'
    down
    gives 71 dtcp0 'another network namespace'
    show
    gives 1 'another network namespace'
    dry
    gives 71 dtcp0 'another network namespace'
    no_output
    no_output
    within=()
    up_now
    [ "$(cat "$RUN_DIR/dtcp0.pid")" = "$keeper" ]
    down
    gives 0
    nothing_left
}

@test "a keeper of another version, which does not understand the command, is ended by a signal" {
    mkdir -m 755 "$RUN_DIR" 2>/dev/null || true
    background /usr/bin/python3 -c '
import ctypes, fcntl, os, signal, socket, struct, sys
os.chdir(sys.argv[1])
ctypes.CDLL(None).prctl(15, b"dtcp-up")
pid = os.open("dtcp0.pid", os.O_RDWR | os.O_CREAT, 0o600)
fcntl.lockf(pid, fcntl.LOCK_EX)
os.write(pid, b"%d\n" % os.getpid())
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("dtcp0.sock")
s.listen(5)
open("ready", "w").close()
def end(*_):
    os.unlink("dtcp0.pid")
    open("ended", "w").close()
    os._exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    s.accept()[0].close()' "$RUN_DIR"
    wait_for 10 test -e "$RUN_DIR/ready"
    down
    gives 0
    [ -e "$RUN_DIR/ended" ]
}
