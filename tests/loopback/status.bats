#!/usr/bin/env bats
# --status, of what is there, of nothing, and of garbage.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154

load helper

# json EXPRESSION: of the array `a` that --status --json printed.
json() {
    /usr/bin/python3 -E -s -c '
import datetime, json, re, sys
a = json.loads(sys.argv[1])
assert isinstance(a, list), a
for o in a:
    assert list(o) == """interface state pid server user type link local remote seen_as prefixes mtu
since reconnects last_pong dtcp_rtt_ms path_ok path_rtt_ms lan last_error""".split(), list(o)
    assert o["state"] in ("up", "connecting", "down"), o
    for t in (o["since"], o["last_pong"]):
        assert t is None or re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}Z", t), t
assert eval(sys.argv[2]), (sys.argv[2], a)' "$output" "$1"
}

# nothing_known OPTION...: --status has nothing to show, in both forms.
nothing_known() {
    show "$@"
    gives 1 && silent && [[ $output = 'no tunnel'* ]] || return
    show --json "$@"
    gives 1 && silent && [ "$output" = '[]' ]
}

@test "a run directory that is missing, empty, a file, a link, not for us, or without states" {
    nothing_known
    : >run
    nothing_known
    rm run && ln -s /nowhere run
    nothing_known
    rm run && mkdir run
    nothing_known
    : >run/README && : >run/.pid && : >run/sit0.state && mkdir run/a.b && : >run/0.state
    : >run/dtcp0.sock && : >run/a%n.pid && : >"run/a"$'\n'"b.state" && : >run/abcdefghijklmnop.pid
    nothing_known
    nothing_known --link ppp0
}

@test "an interface asked for by name has an answer even so" {
    show --interface six
    gives 1
    [[ $output = *six* ]]
    show --json --interface six
    gives 1
    json 'len(a) == 1 and a[0]["interface"] == "six" and a[0]["state"] == "down" and a[0]["prefixes"] == []'
    json 'all(v is None for k, v in a[0].items() if k not in ("interface", "state", "prefixes", "lan"))'
}

@test "states that are garbage" {
    mkdir run
    cd run || return
    head -c 3000 /dev/urandom >a.state
    head -c 100000 /dev/zero >b.state
    : >c.state
    mkdir d.state
    mkfifo e.state
    ln -s /dev/zero f.state
    yes 'prefix=2001:db8::/48' | head -n 3000 >g.state
    printf '%s\n' pid=99999999999999999999 start=-1 state=up since=99999999999999999 mtu=-5 \
        reconnects=x last_pong=-7 dtcp_rtt_us=9223372036854775807 path_ok=9 'server="\\x' \
        $'user=\e[2J\x9b"\\' 'link=a"\b' remote=1.2.3.4.5 local=x type=y prefix=z \
        lan=a lan=a\ 1 'near6=1' '=' 'x' >h.state
    printf 'state=up\npid=1\nstart=1\n' >i.state
    printf 'state=up' >j.state
    cd .. || return
    start=$(now)
    for options in '' --verbose --quiet; do
        # shellcheck disable=SC2086 # nothing, or one
        show $options
        gives 1
        silent
        printf %s "$output" | tr -d '\n' | LC_ALL=C grep -q '[^ -~]' && false
        # shellcheck disable=SC2086
        show --json $options
        gives 1
        silent
        json '[o["interface"] for o in sorted(a, key=lambda o: o["interface"])] == list("abcdefghij")'
        json 'all(o["state"] == "down" and o["pid"] is None for o in a)'
    done
    took "$start" 0 5000
}

@test "what is up is shown in full, to anybody" {
    serve --set client4=192.0.2.77
    account tunnel=none
    up
    gives 0
    pid=$(<run/dtcp0.pid)
    chmod 755 .
    as_nobody
    show
    gives 0
    silent
    for text in "dtcp0: up" "process $pid" 127.0.0.1 'user foo' lo "$FAR" "$PREFIX" '127.0.0.1 (the server sees 192.0.2.77: NAT)'; do
        [[ $output = *"$text"* ]]
    done
    [[ $output != *bar* ]]
    show --json
    gives 0
    json "a[0]['state'] == 'up' and a[0]['pid'] == $pid and a[0]['server'] == '127.0.0.1'"
    json "a[0]['user'] == 'foo' and a[0]['type'] == 'network' and a[0]['link'] == 'lo'"
    json "a[0]['local'] == '127.0.0.1' and a[0]['remote'] == '$FAR' and a[0]['seen_as'] == '192.0.2.77'"
    json "a[0]['prefixes'] == ['$PREFIX'] and a[0]['reconnects'] == 0 and a[0]['path_ok'] is None"
    json 'abs((datetime.datetime.fromisoformat(a[0]["since"][:-1] + "+00:00")
        - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) < 60'
    show --quiet
    [ "$status" = 0 ]
    within=()
    down
    gives 0
}

@test "whom /proc shows no process of others tells a live keeper from a dead one" {
    own_place
    serve
    account tunnel=none
    up
    gives 0
    place=("${within[@]}")
    "${place[@]}" mount -t proc -o hidepid=2 none /proc
    keeper=$(<run/dtcp0.pid)
    as_nobody
    within=("${place[@]}" "${within[@]}")
    "${within[@]}" test ! -e "/proc/$keeper"
    show
    gives 0
    [[ $output = 'dtcp0: up '* ]]
    kill -KILL "$keeper"
    wait_for 5 test ! -e "/proc/$keeper"
    show
    gives 1
    [ "$output" = 'dtcp0: down' ]
}

# aged SECONDS: the state is what a keeper would have written so long ago.
aged() { sed -i "s/^since=.*/since=$((EPOCHSECONDS - $1))/" run/dtcp0.state; }

@test "for people: in columns, with times they can grasp, and colours on a terminal alone" {
    serve
    account tunnel=none
    up
    gives 0
    # A slow machine is some seconds late.
    while read -r age shown; do
        aged "$age"
        show
        gives 0
        grep -E "^dtcp0: up for $shown \(" <<<"$output"
    done <<-'END'
		0 [1-5]?[0-9] s
		60 [6-9][0-9] s
		200 3 min
		7300 2 h
		260000 3 days
	END
    # Names of one width, each with something beside it.
    [ "$(tail -n +2 <<<"$output" | grep -cE '^  [A-Za-z ]{12} [^ ]')" = "$(($(wc -l <<<"$output") - 1))" ]
    [[ $output != *$'\e'* ]]
    timeout "$PATIENCE" script -qec "'$DTCP_UP' --status --run-dir '$RUN_DIR'" /dev/null </dev/null >seen 3>&-
    grep -F $'dtcp0: \e[32mup\e[0m for 3 days' seen
    # Not for programs.
    timeout "$PATIENCE" script -qec "'$DTCP_UP' --status --json --run-dir '$RUN_DIR'" /dev/null </dev/null >seen 3>&-
    run ! grep -F $'\e' seen
}

@test "several at once: 0 only if all asked for are up" {
    serve
    account tunnel=none
    up
    gives 0
    accounts "127.0.0.1 1 foo bar tunnel=none interface=six"
    up --wait 0
    gives 75
    show --json
    gives 1
    json '{o["interface"]: o["state"] for o in a} == {"dtcp0": "up", "six": "connecting"}'
    for options in '-i dtcp0' '-i dtcp0 -l lo'; do
        # shellcheck disable=SC2086 # options and their values
        show --json $options
        gives 0
        json '[o["interface"] for o in a] == ["dtcp0"]'
    done
    for options in '-i six' '-i seven'; do
        # shellcheck disable=SC2086
        show $options
        gives 1
    done
    nothing_known --link ppp7
    # --down of another link or interface leaves them.
    down --link ppp7
    gives 0
    down --interface seven
    gives 0
    show --interface dtcp0
    gives 0
    down --link lo
    gives 0
    show --json
    json '{o["interface"]: o["state"] for o in a}.get("dtcp0", "down") == "down"'
    down
    gives 0
    nothing_left
}

# gone PID: the process has ended.
gone() { [ ! -e "/proc/$1" ]; }

@test "a link is meant by any of its names, by --status and --down, of keepers that were killed, too" {
    own_place
    "${within[@]}" ip link property add dev lo altname outside
    serve
    account tunnel=none
    for name in lo outside; do
        up
        gives 0
        show --link $name
        gives 0
        nothing_known --link ppp7
        keeper=$(<run/dtcp0.pid)
        kill -KILL "$keeper"
        wait_for 5 gone "$keeper"
        show --link $name
        gives 1
        [ "$output" = 'dtcp0: down' ]
        down --link $name
        gives 0
        nothing_left
        up
        down --link $name
        gives 0
        nothing_left
    done
}

@test "a keeper that waits for a line is meant by the links that it is pinned to" {
    accounts '127.0.0.1 1 foo bar tunnel=none link=ppp9' '127.0.0.1 1 foo bar tunnel=none link=ppp9' \
        '127.0.0.1 1 foo bar tunnel=none link=ppp8'
    for name in ppp8 ppp9; do
        up --wait 0
        gives 75
        for link in ppp8 ppp9; do
            show --link $link
            gives 1
            [[ $output = 'dtcp0: connecting'* ]]
            show --json --link $link
            json 'len(a) == 1 and a[0]["link"] is None'
        done
        nothing_known --link ppp7
        down --link ppp7
        gives 0 'dtcp0: has no line yet' 'link ppp7'
        show
        [[ $output = 'dtcp0: connecting'* ]]
        down --link $name
        gives 0
        nothing_left
    done
    # --link goes before the file.
    accounts '127.0.0.1 1 foo bar tunnel=none'
    up --wait 0 --link ppp9
    show --link ppp9
    [[ $output = 'dtcp0: connecting'* ]]
    # After a kill, too.
    keeper=$(<run/dtcp0.pid)
    kill -KILL "$keeper"
    wait_for 5 gone "$keeper"
    down --link ppp8
    gives 0
    [ -e run/dtcp0.state ]
    down --link ppp9
    gives 0
    nothing_left
}

@test "a keeper that waits for whatever line there will be is meant by no link" {
    own_place
    accounts '192.0.2.1 1 foo bar tunnel=none'
    up --wait 0
    gives 75
    nothing_known --link lo
    down --link lo
    gives 0 'dtcp0: has no line yet' 'link lo'
    show
    [[ $output = 'dtcp0: connecting'* ]]
    down
    gives 0
    nothing_left
}

@test "neither --status nor --down reads the account file" {
    serve
    account tunnel=none
    up
    gives 0
    for bad in "x" ''; do
        accounts "$bad"
        [ -n "$bad" ] || rm accounts
        show
        gives 0
        silent
    done
    down
    gives 0
    silent
    nothing_left
}

@test "a dry run beside a keeper logs in nowhere and prints what that one has" {
    serve
    account
    # A state as a keeper's that lives, in place of one with a real tunnel.
    background sleep 100
    mkdir run
    printf '%s\n' "pid=$!" "start=$(sed 's/.*) //' "/proc/$!/stat" | cut -d ' ' -f 20)" state=up \
        known=1 build=1 in_kernel=1 routes=1 server=x type=network local=192.0.2.5 remote=192.0.2.6 \
        ttl=5 mtu=1400 route=0 metric=77 source_routes=1 prefix=2001:db8:77::/48 >run/dtcp0.state
    dry
    gives 0 "dtcp0: process $!" 'second login'
    [ "$(events accepted | wc -l)" = 0 ]
    [[ $output = 'ip tunnel add name dtcp0 mode sit remote 192.0.2.6 local 192.0.2.5 ttl 5'* ]]
    [[ $output = *'mtu 1400'*'unreachable 2001:db8:77::/48'*'metric 77'* ]]
    # Of another interface it knows nothing.
    account interface=six
    dry
    gives 0
    silent
    [ "$(events accepted | wc -l)" = 1 ]
}
