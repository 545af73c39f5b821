#!/usr/bin/env bats
# --event LINK: what a hook says. Whether a keeper is told, started, or left alone.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

up_now() { show && [ "$status" = 0 ]; }

@test "an event of a link that leads to the server starts a keeper, and then tells it" {
    serve
    account tunnel=none
    up --event lo
    gives 75
    wait_for 10 up_now
    up --event lo 127.0.0.1
    gives 0
    # About a keeper that runs any link may be told.
    up --event nosuch0
    gives 0
    [ "$(events login | wc -l)" = 1 ]
    down
    gives 0
    nothing_left
}

@test "an event of a link that leads to no server of an account does nothing" {
    serve
    account tunnel=none
    own_place
    "${within[@]}" ip link add side type veth peer name other
    "${within[@]}" ip link set other up
    "${within[@]}" ip link set side up
    "${within[@]}" ip addr add 192.0.2.7/24 dev side
    for link in side nosuch0; do
        up --event $link 192.0.2.7
        gives 0 "$link leads to no server" 'nothing to do'
        nothing_left
    done
    # A server that has a name: the link with the default route will do.
    accounts 'dtcp.example 20200 foo bar tunnel=none'
    up --event side
    gives 0 'nothing to do'
    "${within[@]}" ip route add default via 192.0.2.1
    up --event side
    gives 75
    down
    gives 0
    "${within[@]}" ip route replace default nexthop via 192.0.2.1 dev side nexthop via 192.0.2.2 dev side
    up --event side
    gives 75
    down
    "${within[@]}" ip route del default
    # A keeper that was killed has left its address: the link that leads there will do.
    state_of() { printf '%s\n' "server=$1" "server_address=192.0.2.1"; }
    state_of other.example >"$RUN_DIR/dtcp0.state"
    up --event side
    gives 0 'nothing to do'
    state_of dtcp.example >"$RUN_DIR/dtcp0.state"
    up --event side
    gives 75
    down
    gives 0
    # One that an account names is always meant, under any of its names.
    "${within[@]}" ip link property add dev side altname outside
    accounts 'dtcp.example 20200 foo bar tunnel=none link=outside'
    up --event lo
    gives 0 'nothing to do'
    up --event side
    gives 75
    down
    gives 0
    nothing_left
}

@test "an event is about every interface of the file, each by itself" {
    serve --user user1 secret "$PREFIX"
    accounts "127.0.0.1 $port foo bar tunnel=none" "127.0.0.1 $port user1 secret tunnel=none interface=six" \
        "192.0.2.1 $port foo bar tunnel=none interface=seven" \
        "127.0.0.1 $port user1 secret tunnel=none interface=six"
    up --event lo
    gives 75 'seven: link lo leads to no server'
    wait_for 10 both_up
    up --event lo --interface six
    gives 0
    up --event lo --server nobody
    gives 0 'nothing to do'
    down
    gives 0
    nothing_left
}
both_up() { show && [ "$status" = 0 ] && [[ $output = *dtcp0:* && $output = *six:* ]]; }

@test "an event that fails for one interface is a failure, whatever comes of the others" {
    serve
    many=()
    for _ in {1..33}; do
        many+=("127.0.0.1 $port foo bar tunnel=none")
    done
    six="127.0.0.1 $port foo bar tunnel=none interface=six"
    for first in true false; do
        if $first; then accounts "$six" "${many[@]}"; else accounts "${many[@]}" "$six"; fi
        up --event lo
        gives 78 'dtcp0: 33 accounts'
        wait_for 10 show_six
        down
        gives 0
    done
    nothing_left
}
show_six() { show --interface six && [ "$status" = 0 ]; }

@test "a service that may not write to /run, and has a hook: the unit is named that may" {
    own_place
    accounts '127.0.0.1 20200 foo bar tunnel=none'
    mkdir read-only
    "${within[@]}" mount -t tmpfs -o ro none read-only
    up --event lo --run-dir "$T/read-only/dtcp-up"
    gives 71 'Read-only file system' 'dtcp0: a service that runs this hook' 'systemctl enable --now dtcp-up'
    up --run-dir "$T/read-only/dtcp-up"
    gives 71 'Read-only file system'
    [[ $stderr != *systemctl* ]]
}

@test "an event needs an account file, and privileges" {
    up --event lo
    gives 78 "$ACCOUNTS"
    accounts '127.0.0.1 20200 foo bar'
    chmod 644 "$ACCOUNTS"
    up --event lo
    gives 78 'chmod 600'
    # As it was installed: not an error in the log at each renewal of a lease.
    accounts '# nothing yet'
    chmod 600 "$ACCOUNTS"
    up --event lo
    gives 78 "$ACCOUNTS:1: no account in this file yet"
    printf '# nothing\n\n' >"$ACCOUNTS"
    up --event lo
    gives 78 "$ACCOUNTS:2: no account in this file yet"
    : >"$ACCOUNTS"
    up --event lo
    gives 78 "$ACCOUNTS:1: no account in this file yet"
    up --event lo --quiet
    gives 78
    silent
    up --quiet
    gives 78 "$ACCOUNTS:1: no account"
}
