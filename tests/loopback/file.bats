#!/usr/bin/env bats
# The account file as a file: what is read, and what is refused with 78.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

good='127.0.0.1 20200 foo bar'

# bad TEXT...: --check, --dry-run and a start all end with 78, name the file
# (a directory above all), say TEXT, print nothing, and leave nothing.
bad() {
    local how
    for how in --check --dry-run --foreground '--wait 0' --persist; do
        # shellcheck disable=SC2086 # an option and its value
        up $how
        gives 78 "$ACCOUNTS" "$@" || return
        no_output || return
        [ "$(wc -l <<<"$stderr")" = 1 ] || return
    done
    nothing_left
}

@test "a file that is missing" {
    bad 'No such file'
    ACCOUNTS=$T/none/here
    bad 'No such file'
}

@test "a directory" {
    mkdir -m 700 accounts
    bad 'not a regular file'
}

@test "a FIFO, which is not waited for" {
    mkfifo -m 600 accounts
    start=$(now)
    bad 'not a regular file'
    took "$start" 0 5000
    # Nor where somebody has it open for writing.
    exec {fifo}<>accounts
    bad 'not a regular file'
    exec {fifo}>&-
}

@test "a device, a socket, a dead or endless symbolic link" {
    ln -s /dev/zero accounts
    bad 'not a regular file'
    ln -sf accounts accounts
    bad 'symbolic links'
    ln -sf nowhere accounts
    bad 'No such file'
    rm accounts
    /usr/bin/python3 -E -s -S -c 'import socket; socket.socket(socket.AF_UNIX).bind("accounts")'
    bad ''
}

@test "a symbolic link to a good file is followed" {
    accounts "$good"
    mv accounts elsewhere
    ln -s elsewhere accounts
    check
    gives 0
}

@test "a mode that lets others at it, whatever bit it is" {
    accounts "$good"
    for mode in 640 620 610 604 602 601 644 666 777; do
        chmod $mode accounts
        bad "mode $mode" "chmod 600 $ACCOUNTS"
    done
    for mode in 600 400 700 200; do
        chmod $mode accounts
        check
        gives 0
    done
}

@test "a file of another user's" {
    accounts "$good"
    chown 12345 accounts
    bad 'user 12345' "chown root $ACCOUNTS"
}

@test "root's file is good for anyone who can read it, and so is one's own" {
    accounts "$good"
    as_nobody --inh-caps +dac_read_search --ambient-caps +dac_read_search
    check
    gives 0
    as_nobody
    check
    gives 78 'Permission denied'
    chown 65534 accounts
    check
    gives 0
}

@test "a file that is empty, or only blanks and comments" {
    accounts
    : >accounts
    bad 'accounts:1: no account'
    printf ' \t \n#a b c d\n   \t# 127.0.0.1 1 a b\n\n' >accounts
    bad 'accounts:4: no account'
    printf '#' >accounts
    bad 'no account'
}

@test "a NUL byte" {
    accounts "$good"
    printf '#\n%s\0\n' "$good" >accounts
    bad 'accounts:2: ' NUL
    printf '%s\n# \0' "$good" >accounts
    bad 'accounts:2: ' NUL
}

@test "a line longer than 1,024 bytes, even a comment" {
    accounts "$good"
    long=$(printf '%s script=/%0*d' "$good" $((1024 - ${#good} - 9)) 0)
    [ ${#long} = 1024 ]
    for end in '' '\n' '\r\n'; do
        printf "%s$end" "$long" >accounts
        check
        gives 0
        printf "%s0$end" "$long" >accounts
        bad 'accounts:1: ' 1025 1024
    done
    printf '%s\n#%1024d\n' "$good" 0 >accounts
    bad 'accounts:2: ' 1025
}

@test "a file that is far too large, or has a line without end" {
    accounts "$good"
    truncate -s 3G accounts
    start=$(now)
    bad 3221225472
    took "$start" 0 5000
    head -c 1000000 /dev/zero | tr '\0' a >accounts
    bad 'accounts:1: ' 1000000
}

@test "CRLF lines and a missing last line end are as good" {
    serve
    account type=tunnelonly
    line=$(<accounts)
    for text in "$line" "$line"$'\r\n' $'\r\n# x\r\n'"$line"$'\r' ; do
        printf %s "$text" >accounts
        dry
        gives 0
        silent
        grep -q 'login foo tunnelonly' log
        : >log
    done
    # In the middle of a line it is not: it would be part of a field.
    printf '127.0.0.1 1 foo\r bar\n' >accounts
    bad "accounts:1: user 'foo\\x0d'"
}

@test "blanks before, between and after fields, tabs too" {
    printf ' \t 127.0.0.1\t\t20200  foo \tbar \t ping=5 \t\n' >accounts
    chmod 600 accounts
    check
    gives 0
    [[ $output = '127.0.0.1 20200 foo '*' ping=5 '* ]]
}

@test "the line at fault is named, whichever it is" {
    accounts '' '# x' "$good" '' "$good ping=0" "$good ping=0"
    bad "$ACCOUNTS:5: 'ping=0'"
    accounts '# x' x
    bad "$ACCOUNTS:2: the port is missing"
}

# stop_before_read: --check has the file open and has looked at it, but not read it; there it
# is stopped, so that it does not matter how long that takes. go_on: it goes on, to its end.
stop_before_read() {
    rm -f trace
    background strace -qq -o trace -P "$ACCOUNTS" -e trace=read,fstat,newfstatat,statx \
        -e inject=fstat,newfstatat,statx:signal=STOP:when=1 \
        "$DTCP_UP" --check --config "$ACCOUNTS" >out 2>err
    wait_for 10 grep -qs 'stopped by SIGSTOP' trace
    ! grep read trace
}
go_on() {
    kill -CONT "$(processes)"
    wait "${started[-1]}"
}

@test "another file in its place while it is read: the one that was opened counts" {
    accounts '127.0.0.1 1111 old old' '127.0.0.1 1112 old old'
    printf '127.0.0.1 2222 new new\n' >newer
    stop_before_read
    mv newer accounts
    go_on
    the_same "$(cut -d ' ' -f 2 out)" '1111
1112'
}

@test "a file that is written to while it is read is not taken half" {
    for change in 'truncate -s -1 accounts' 'tee -a accounts'; do
        accounts "$good ping=61" # without its end, another value
        truncate -s -1 accounts
        stop_before_read
        $change <<<'5' >/dev/null
        go_on && false
        grep -q "^dtcp-up: $ACCOUNTS: .*while it was read" err
        [ ! -s out ]
    done
}
