#!/usr/bin/env bats
# The command line: each option in both forms, and each wrong use with 64.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# call OPTION...: runs dtcp-up without the options that the helper gives.
call() { run --separate-stderr timeout "$PATIENCE" "${within[@]}" "$DTCP_UP" "$@" 3>&- </dev/null; }

# wrong QUOTED OPTION...: such a call ends with 64 and a line that quotes what is
# wrong with it.
wrong() {
    local quoted=$1
    shift
    echo "--- $*"
    call "$@"
    gives 64 "'$quoted'" || return
    no_output || return
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "--help fits a terminal, and names every option" {
    for option in -h --help --hel; do
        call $option
        gives 0
        silent
    done
    [ "$(wc -L <<<"$output")" -le 80 ]
    [ "$(wc -l <<<"$output")" -le 40 ]
    for option in 'c, --config' 's, --server' 'i, --interface' 'l, --link' 'e, --event' 'w, --wait' 'p, --persist' \
        'f, --foreground' 'n, --dry-run' 'd, --down' 'S, --status' 't, --check' 'j, --json' \
        'v, --verbose' 'q, --quiet' 'h, --help' 'V, --version'; do
        [[ $output = *" -$option"* ]]
    done
    [[ $output = *' --run-dir '* ]]
    for status in 0 1 64 69 71 75 76 77 78; do
        [[ $output = *[\ $'\n']$status\ * ]]
    done
}

@test "--version is the Makefile's" {
    version=$(sed -n 's/^VERSION = //p' "$BATS_TEST_DIRNAME/../../Makefile")
    for option in -V --version; do
        call $option
        gives 0
        silent
        [ "$output" = "dtcp-up $version" ]
    done
}

@test "help and version come before what is wrong after them" {
    call --help --frobnicate
    gives 0
    call -V x y z
    gives 0
}

@test "unknown options are quoted as they stand" {
    wrong --frobnicate --frobnicate
    wrong --frobnicate=1 -v --frobnicate=1
    wrong -x -x
    wrong -x -n -x -v
    wrong -x -nx
    wrong -x -nxv
    wrong -x -xv
    wrong -1 -1
    wrong --ver --ver # version or verbose?
    wrong --help=1 --help=1
    wrong --json=yes --status --json=yes
    wrong '\x1b[2J' $'\e[2J'
    wrong '--\x1b[2J' $'--\e[2J'
}

@test "options without their value" {
    for option in -c -s -i -l -e -w --event --config --server --interface --link --wait --run-dir; do
        wrong $option $option
        wrong $option -v $option
    done
    wrong -w -vw
    # The others say what they take.
    for option in --config --server --run-dir; do
        for command in '' --down --status --check '--event eth0'; do
            # shellcheck disable=SC2086 # nothing, or a command
            wrong $option $command $option ''
            # shellcheck disable=SC2086
            wrong $option $command $option=
        done
    done
    wrong --config -c ''
    wrong --server -s ''
}

@test "--wait takes a number from 0 to 86400" {
    for value in '' -1 +1 1.5 1s x 86401 99999999999999999999 ' 1' 0x1; do
        wrong "$value" --wait "$value"
        wrong "$value" -w "$value"
    done
}

@test "--interface and --link take names of interfaces" {
    for value in '' sit0 0a a/b ../x abcdefghijklmnop 'a b' a:b _x .x; do
        wrong "$value" --interface "$value"
    done
    for value in '' a/b . .. abcdefghijklmnop 'a b' a:b; do
        wrong "$value" --link "$value"
        wrong "$value" --event "$value"
    done
    wrong '\xe3\x83\x88' -i $'\xe3\x83\x88'
}

@test "ADDRESS is one IPv4 address" {
    for value in '' x 1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 2001:db8::1 1.2.3.4/32 0.0.0.0 localhost; do
        wrong "$value" "$value"
        wrong "$value" --dry-run -- "$value"
    done
    wrong 1.2.3.5 1.2.3.4 1.2.3.5
    # What was meant is said.
    while read -r word meant; do
        wrong "$word" "$word"
        [[ $stderr = *"$meant"* ]]
    done <<'END'
up dtcp-up alone
start dtcp-up alone
down dtcp-up --down
stop dtcp-up --down
status dtcp-up --status
check dtcp-up --check
help dtcp-up --help
version dtcp-up --version
lo dtcp-up --link
END
    wrong down --verbose down
    wrong status --down status
    for command in --down --status --check; do
        wrong 1.2.3.4 $command 1.2.3.4
        wrong 1.2.3.4 1.2.3.4 $command
    done
}

@test "one command at a time" {
    for one in d:down S:status t:check; do
        for other in d:down S:status t:check; do
            [ $one != $other ] || continue
            wrong "--${other#*:}" --${one#*:} --${other#*:}
            wrong "--${other#*:}" -${one%:*}${other%:*}
        done
        # Twice the same is no contradiction.
        call -${one%:*}${one%:*} --run-dir "$T/none" -c "$T/none"
        [ "$status" != 64 ]
    done
}

@test "options that have no meaning together" {
    for command in --down --status --check; do
        for option in --foreground --dry-run --persist; do
            wrong $option $command $option
            wrong $option $option $command
        done
    done
    # Taken for "all", it would end what was not meant.
    for command in --down --status -d -S; do
        wrong --server $command --server dtcp.example
        wrong --server -s dtcp.example $command
    done
    call --down --event eth0 --server dtcp.example --run-dir "$RUN_DIR"
    gives 0
    wrong --foreground --dry-run --foreground
    wrong --persist --dry-run --persist
    wrong --quiet --verbose --quiet
    wrong --quiet -qv
    for option in --foreground --dry-run; do
        wrong $option --event eth0 $option
    done
    wrong --link --event eth0 --link eth1
    for command in --status --check; do
        wrong --event --event eth0 $command
    done
    wrong 1.2.3.5 --down --event eth0 1.2.3.4 1.2.3.5
    for command in '' --down --check --dry-run --foreground; do
        # shellcheck disable=SC2086 # nothing, or one
        wrong --json --json $command
    done
}

@test "short and long forms, joined, with = and after --, do the same" {
    serve
    account type=tunnelonly interface=six
    call --dry-run --config="$ACCOUNTS" --server=127.0.0.1 --interface=six --wait=5 --run-dir="$RUN_DIR" \
        127.0.0.1
    gives 0
    silent
    dry=$output
    [[ $dry = *'add name six '* ]]
    for options in "-n -c$ACCOUNTS -s127.0.0.1 -isix -w5" "-nw 5 -c $ACCOUNTS -s 127.0.0.1 -i six --" \
        "--dry --conf $ACCOUNTS --int six --se 127.0.0.1 --wa 5" "-n -l lo -c $ACCOUNTS"; do
        # shellcheck disable=SC2086 # options and their values
        call --run-dir "$RUN_DIR" $options 127.0.0.1
        gives 0
        silent
        the_same "$output" "$dry"
    done
    # An option after ADDRESS counts too.
    call 127.0.0.1 -n -c "$ACCOUNTS" --run-dir "$RUN_DIR"
    gives 0
    the_same "$output" "$dry"
    # The last of several values.
    call -n -c /none -c "$ACCOUNTS" -i seven -i six --run-dir "$RUN_DIR"
    gives 0
    the_same "$output" "$dry"
    for option in -t --check -tv -tq; do
        call $option -c "$ACCOUNTS"
        gives 0
        [[ $output = '127.0.0.1 '* ]]
    done
    for option in -S -Sj -jS '--status --json' '-S --json -i six -l lo'; do
        # shellcheck disable=SC2086 # options
        call $option --run-dir "$RUN_DIR"
        gives 1
    done
    for option in -d --down '-d -i six -l lo' '-d -q' '-d -v'; do
        # shellcheck disable=SC2086 # options
        call $option --run-dir "$RUN_DIR"
        gives 0
        case $option in
        *-q) silent ;;
        *) [[ $stderr = *'there is no tunnel to take down' ]] ;;
        esac
    done
}

@test "no wrong use does anything" {
    serve
    account
    wrong x -n -c "$ACCOUNTS" x
    wrong --persist -n -c "$ACCOUNTS" -p
    [ "$(events accepted | wc -l)" = 0 ]
    nothing_left
}
