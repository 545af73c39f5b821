#!/usr/bin/env bats
# Callers of every kind: what they leave open, closed, ignored or set makes no
# difference, and nothing of it goes further.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154

load helper

# plain: what a dry run prints for a good caller, in $plain.
plain() {
    serve
    account
    dry
    gives 0
    plain=$output
}

# as COMMAND...: a dry run by way of this command is like any other.
as() {
    within=("$@")
    dry
    gives 0 && silent && the_same "$output" "$plain"
}

@test "descriptors 0, 1 and 2 closed in every combination" {
    plain
    accounts "127.0.0.1 $port foo bar tunnel=none"
    for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '0<&- 2>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-'; do
        : >log
        for mode in --dry-run ''; do
            run timeout "$PATIENCE" bash -c "exec \"\$@\" $closed" - "$DTCP_UP" $mode -c "$ACCOUNTS" --run-dir "$RUN_DIR"
            echo "$closed $mode: $status"
            [ "$status" = 0 ]
        done
        # Nothing that was meant for one of them went to the server.
        [ "$(heard | grep -cv -e '^tunnel foo [0-9A-F]* network.r.n$' -e '^quit.r.n$' -e '^ping')" = 0 ]
        down
        gives 0
        account
        bash -c "exec \"\$@\" $closed" - "$DTCP_UP" -n -c "$ACCOUNTS" --run-dir "$RUN_DIR" >out
        [[ $closed = *1* || $(<out) = "$plain" ]]
        accounts "127.0.0.1 $port foo bar tunnel=none"
    done
}

@test "closed descriptors without a /dev/null: no message lands in a file or at the server" {
    plain
    mkdir dev
    own_place # a place without devices, so the server is out of reach
    "${within[@]}" mount --bind "$T/dev" /dev
    run "${within[@]}" bash -c 'exec "$@" 0<&- 1>&- 2>&-' - "$DTCP_UP" -n -v -c "$ACCOUNTS"
    [ "$status" = 69 ]
    [ "$(<accounts)" = "127.0.0.1 $port foo bar " ]
    serve
    account tunnel=none
    : >log
    for how in '-n -v' '-v' '-f -v'; do
        # Results have nowhere to go, and a keeper nothing to be detached to.
        # shellcheck disable=SC2086 # options
        run timeout -s INT 2 "${within[@]}" bash -c 'exec "$@" 0<&- 1>&- 2>&-' - "$DTCP_UP" $how \
            -c "$ACCOUNTS" --run-dir "$RUN_DIR"
        echo "$how: $status"
        heard
        [ -z "$output" ]
        [ "$(heard | grep -cv -e '^tunnel foo [0-9A-F]* network.r.n$' -e '^quit.r.n$' -e '^ping')" = 0 ]
        [ ! -e run/dtcp0.pid ] || [[ $(<run/dtcp0.pid) =~ ^[0-9]+$ ]]
        down
    done
}

# open_in PID: what its descriptors are, a line each.
open_in() { readlink "/proc/$1/fd/"*; }

@test "descriptors that leaked are open in no process, nor are the caller's" {
    serve
    account tunnel=none "script=$T/script"
    cat >script <<'END'
#!/bin/sh
readlink /proc/$$/fd/* >>"${0%/*}/script-has" || true
END
    chmod 755 script
    : >leak
    run --separate-stderr timeout "$PATIENCE" bash -c 'exec "$@" 7>leak 8<leak 200>leak 1>out 2>&1' - \
        "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR"
    gives 0
    wait_for 3 test -s script-has
    pids=$(processes)
    [ "$(wc -l <<<"$pids")" -ge 2 ]
    for pid in $pids; do
        open_in "$pid" >has
        cat has
        grep -q -e leak -e "$T/out" -e 'pipe:' has && false
        [ "$(readlink "/proc/$pid/cwd")" = / ]
        # The last field but one of these: no terminal, a session of its own.
        [ "$(ps -o tty= -p "$pid" | xargs)" = '?' ]
    done
    sort -u script-has
    grep -q -e leak -e "$T/out" -e socket: -e run/ script-has && false
    [ "$(ps -o sid= -p "$(<run/dtcp0.pid)" | xargs)" != "$(ps -o sid= -p $$ | xargs)" ]
}

@test "the command returns, and its caller's pipe ends, while the keeper goes on" {
    serve
    account tunnel=none
    start=$(now)
    for how in '' '--wait 0'; do
        # shellcheck disable=SC2086 # nothing, or an option and its value
        said=$(timeout "$PATIENCE" "$DTCP_UP" $how -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>&1 3>&-) || true
        down
    done
    took "$start" 0 6000
}

@test "signals ignored or blocked by the caller" {
    plain
    printf '#!/bin/sh\necho "$1" >>%s/told\n' "$T" >script
    chmod +x script
    for how in --ignore-signal --block-signal; do
        as env $how=CHLD $how=PIPE $how=TERM $how=INT $how=HUP $how=USR1 $how=ALRM
        # Whether a script has ended, only SIGCHLD tells.
        account tunnel=none "script=$T/script"
        : >told
        up
        gives 0
        pid=$(<run/dtcp0.pid)
        wait_for 5 grep -q up told
        kill -TERM "$pid"
        wait_for 3 nothing_left
        [ "$(xargs <told)" = 'up down' ]
        account
    done
    # Nor are those that are ignored here ignored in programs.
    printf '#!/bin/sh\nsed -n "s/SigIgn:.//p" /proc/$$/status >%s/ignored\n' "$T" >script
    account tunnel=none "script=$T/script"
    up
    gives 0
    wait_for 5 test -s ignored
    cat ignored
    [ $((0x$(<ignored) & 0x7fffffff)) = 0 ] # 32 and 33 are glibc's own
}

@test "an environment that is empty, or hostile" {
    plain
    as env -i
    mkdir bin
    for name in ip sh bash; do
        printf '#!/bin/sh\n: >"%s/ran"\n' "$T" >bin/$name
        chmod 755 bin/$name
    done
    printf 'openssl_conf = x\n[x]\n.include = /nonexistent\n' >openssl.cnf
    as env PATH="$T/bin" LC_ALL=tr_TR.UTF-8 LANGUAGE=ja TZ=:/dev/zero IFS=0 BASH_ENV="$T/bin/ip" \
        ENV="$T/bin/ip" RES_OPTIONS='attempts:99 timeout:99' LOCALDOMAIN=x HOSTALIASES="$T/openssl.cnf" \
        OPENSSL_CONF="$T/openssl.cnf" OPENSSL_ENGINES="$T" OPENSSL_MODULES="$T" MALLOC_CHECK_=3 \
        POSIXLY_CORRECT=1 TMPDIR=/nonexistent HOME=/nonexistent NOTIFY_SOCKET=/nonexistent \
        LD_LIBRARY_PATH="$T" GCONV_PATH="$T" GETCONF_DIR="$T" LOCPATH="$T" NLSPATH="$T"
    # A value that is as long as one can be.
    long=$(printf '%0100000d' 0)
    as env "LONG=$long" "NOTIFY_SOCKET=@$long"
    within=()
    [ ! -e ran ]
    printf '#!/bin/sh\nenv >"%s/script-env"\n' "$T" >script
    chmod 755 script
    account tunnel=none "script=$T/script"
    within=(env PATH="$T/bin" EVIL=1 LD_LIBRARY_PATH="$T" NOTIFY_SOCKET=/x)
    up
    within=()
    gives 0
    wait_for 3 test -s script-env
    cat script-env
    grep -q -e EVIL -e "$T" -e NOTIFY -e '^LD_' script-env && false
    grep -q '^DTCP_EVENT=up$' script-env
}

@test "a umask of 0 or 077 makes no difference to files" {
    serve
    account tunnel=none
    for mask in 0 077 777; do
        (umask $mask && timeout "$PATIENCE" "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR" 3>&-)
        [ "$(stat -c %a run run/dtcp0.pid run/dtcp0.state run/dtcp0.sock | xargs)" = '755 600 644 600' ]
        down
        gives 0
        rmdir run
    done
}

@test "a working directory that was deleted" {
    plain
    mkdir gone
    as bash -c 'cd gone && rmdir ../gone && exec "$@"' -
}

@test "few descriptors, or no files to write: an error, and nothing left" {
    serve
    account tunnel=none
    for limit in n:4 n:8 f:0 ; do
        run timeout "$PATIENCE" bash -c "ulimit -${limit%:*} ${limit#*:}; exec \"\$@\"" - \
            "$DTCP_UP" --wait 10 -c "$ACCOUNTS" --run-dir "$RUN_DIR" 3>&-
        echo "$limit: $status $output"
        [[ $status = 71 || $status = 78 || $status = 0 ]]
        [ "$status" = 0 ] || nothing_left
        [[ $limit != f:0 || ($status = 71 && $output = *'File too large'*) ]]
        down
        nothing_left
    done
}

@test "no more processes: 71, and words say for what" {
    serve
    account tunnel=none
    # As root the session, which is somebody else, is the first to be refused one.
    what='no process'
    [ "$UID" != 0 ] || what+=' for the login'
    within=(bash -c 'ulimit -u 1; exec "$@"' -)
    up
    gives 71 "$what can be started: Resource temporarily unavailable"
    nothing_left
}

# in_place FILE PLACE: what follows finds FILE there.
in_place() {
    within=(unshare --mount sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$1" "$2")
}

@test "71: libcrypto cannot be loaded, lacks what is needed, or computes no MD5" {
    serve
    account tunnel=none
    library=$(ldconfig -p | awk '$1 ~ /^libcrypto/ { print $NF; exit }')
    fake() { "${CC:-cc}" -shared -o fake.so -x c -; }
    : >fake.so
    in_place fake.so "$library"
    up
    gives 71 'libcrypto cannot be loaded: ' 'file too short'
    nothing_left
    fake <<<'int EVP_md5;'
    up
    gives 71 'libcrypto cannot be loaded: ' 'undefined symbol: OPENSSL_init_crypto'
    nothing_left
    fake <<<'int OPENSSL_init_crypto(void) { return 1; }
        void *EVP_md5(void) { return (void *)0; }
        int EVP_Digest(void) { return 0; }'
    up
    gives 71 'libcrypto computes no MD5 (is this host in FIPS mode?)'
    nothing_left
    within=()
    up
    gives 0
}

@test "71: nobody in /etc/passwd whom the session could become" {
    serve
    account tunnel=none
    in_place passwd /etc/passwd
    for users in '' root:x:0:0:::/bin/sh dtcp-up:x:0:0::: dtcp-up:x:100:0::: nobody:x: nobody:x:a:b::: \
        nobody2:x:7:7::: ; do
        echo "$users" >passwd
        up
        gives 71 '/etc/passwd has no unprivileged user dtcp-up or nobody to become'
        nothing_left
    done
    # Its own user comes before nobody, wherever it stands.
    printf '%s\n' nobody:x:12345:12346::: dtcp-up:x dtcp-up:x:12347:12348::: nobody:x:1:1::: >passwd
    up
    gives 0
    pgrep -u 12347 -f "$T"
    down
    gives 0
    echo nobody:x:12345:12346::: >passwd
    up
    gives 0
    pgrep -u 12345 -f "$T"
}

@test "an ordinary user's dry run is like root's" {
    plain
    chown 65534 accounts
    as_nobody
    dry
    gives 0
    silent
    the_same "$output" "$plain"
    # With no-new-privileges, and none of the caller's groups, in all it starts.
    switch 'greeting=silent | delay 20000'
    : >log
    background "${within[@]}" "$DTCP_UP" -n -w 10 -c "$ACCOUNTS" --run-dir "$RUN_DIR"
    wait_for 5 more_than_one
    wait_for 5 grep -q accepted log # and by then each is what it is to be
    for pid in $(processes | tail -n +2); do
        grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
        grep -q '^CapEff:.0*$' "/proc/$pid/status"
        grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
    done
}
more_than_one() { [ "$(processes | wc -l)" -ge 2 ]; }
