#!/usr/bin/env bats
# Several accounts: which are tried, in which order, and for how long.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# users: who tried to log in, in order.
users() { events login | cut -d ' ' -f 1 | uniq | xargs; }

# line USER [WORDS...]: an account of the server's: user1 to user9 are good.
line() {
    local user=$1
    shift
    echo "127.0.0.1 $port $user secret $*"
}

# Dry runs, and starts that build nothing, choose alike.
modes=('dry type=tunnelonly' 'up tunnel=none')

@test "the first that works is the only one; those before it are said" {
    serve
    for mode in "${modes[@]}"; do
        accounts "127.0.0.1 1 closed x ${mode#* }" "$(line bad "${mode#* }")" \
            "$(line user1 "${mode#* }")" "$(line user2 "${mode#* }")"
        : >log
        ${mode% *}
        gives 0 '127.0.0.1 port 1' "user 'bad'"
        the_same "$(users)" 'bad user1'
        down
        nothing_left
    done
}

@test "where none works, each is said, and the status is the last one's" {
    serve
    for mode in "${modes[@]}"; do
        accounts "127.0.0.1 1 closed x ${mode#* }" "$(line bad1 "${mode#* }")" "$(line bad2 "${mode#* }")"
        : >log
        ${mode% *}
        gives 77 '127.0.0.1 port 1' "user 'bad1'" "user 'bad2'"
        the_same "$(users)" 'bad1 bad2'
        nothing_left
        accounts "$(line bad1 "${mode#* }")" "127.0.0.1 1 closed x ${mode#* }"
        ${mode% *}
        gives 69 "user 'bad1'" '127.0.0.1 port 1'
        nothing_left
    done
}

@test "a silent server has an equal share of what is left of the wait" {
    serve
    good=$port
    serve --set 'greeting=silent | delay 20000'
    for mode in "${modes[@]}"; do
        accounts "$(line user1 "${mode#* }")" "127.0.0.1 $good user3 secret ${mode#* }"
        start=$(now)
        ${mode% *} --wait 6
        gives 0 'no answer in time'
        took "$start" 2900 5950
        down
        # What the first does not use is the others'.
        accounts "127.0.0.1 1 closed x ${mode#* }" "$(line user2 "${mode#* }")" "$(line user3 "${mode#* }")"
        start=$(now)
        ${mode% *} --wait 2
        gives 69 'no answer in time'
        took "$start" 1900 5000
        nothing_left
    done
}

@test "a try lasts 10 s at most, however long the wait" {
    serve --set 'greeting=silent | delay 20000'
    account tunnel=none
    background timeout "$PATIENCE" "$DTCP_UP" -n -c "$ACCOUNTS" -w 300
    dry_run=$!
    start=$(now)
    up --wait 300
    gives 69
    took "$start" 9800 14000
    wait $dry_run || status=$?
    [ "$status" = 69 ]
    took "$start" 9800 14000
}

@test "--server chooses by name, not by address" {
    serve
    accounts "$(line user1 type=host)" "localhost $port user2 secret type=tunnelonly" "$(line user3)"
    dry --server localhost
    gives 0
    the_same "$(users)" user2
    : >log
    dry --server 127.0.0.1
    the_same "$(users)" user1
    dry --server LOCALHOST
    gives 78 LOCALHOST
    no_output
}

@test "an account of another link is passed over; where all are, its own link counts" {
    serve
    accounts "$(line user1 tunnel=none link=ppp7)" "$(line user2 tunnel=none link=lo)" \
        "$(line user3 tunnel=none)"
    for mode in dry up; do
        : >log
        $mode 127.0.0.1
        gives 0
        the_same "$(users)" user2
        down
        accounts "$(line user1 tunnel=none link=ppp7)"
        $mode 127.0.0.1
        gives 69 ppp7
        $mode --link lo
        gives 78 "$ACCOUNTS" '--link lo'
        no_output
        the_same "$(users)" user2
        nothing_left
        $mode
        gives 69 ppp7
        nothing_left
        accounts "$(line user1 tunnel=none link=ppp7)" "$(line user2 tunnel=none link=lo)" \
            "$(line user3 tunnel=none)"
    done
}

@test "an account of another interface is no alternative" {
    serve
    accounts "$(line bad type=tunnelonly interface=six)" "$(line user1 type=tunnelonly)" \
        "$(line user2 type=tunnelonly interface=six)" "$(line user3 type=tunnelonly)"
    dry
    gives 0 six
    [[ $output = *'name six '* ]]
    the_same "$(users)" 'bad user2'
    : >log
    dry --interface dtcp0
    gives 0
    silent
    [[ $output = *'name dtcp0 '* ]]
    the_same "$(users)" user1
    : >log
    dry --interface seven
    gives 78 '--interface seven'
    no_output
    the_same "$(users)" ''
    # -s chooses first, and then the interface is the first such account's.
    accounts "$(line user1 interface=six)" "localhost $port user2 secret type=tunnelonly"
    dry --server localhost
    gives 0
    [[ $output = *'name dtcp0 '* ]]
}

@test "many accounts share the wait, down to the last" {
    serve --set 'greeting=silent | delay 20000'
    silent=$port
    serve
    lines=()
    for i in {1..5}; do
        lines+=("127.0.0.1 $silent user$i secret type=tunnelonly")
    done
    accounts "${lines[@]}" "$(line user9 type=tunnelonly)"
    # The last one's share is a second, on a slow machine up to four.
    measure_speed
    wait=$((SLOW < 4 ? 6 * SLOW : 24))
    start=$(now)
    dry --wait $wait
    gives 0
    took "$start" $((wait * 800)) $((wait * 1000 + 2000))
}

@test "more accounts for an interface than can be tried are an error, of a reload, too" {
    serve
    many=()
    for i in {1..33}; do
        many+=("$(line "user$((1 + i % 9))" tunnel=none)")
    done
    accounts "${many[@]}"
    up
    gives 78 'dtcp0: 33 accounts are for this interface, more than 32'
    nothing_left
    dry
    gives 78 'dtcp0: 33 accounts are for this interface, more than 32'
    accounts "${many[@]:1}"
    up
    gives 0
    pid=$(<"$RUN_DIR/dtcp0.pid")
    accounts "${many[@]}"
    log_size=$(wc -l <log)
    kill -HUP "$pid"
    show
    gives 0
    [ "$(<"$RUN_DIR/dtcp0.pid")" = "$pid" ]
    down
    gives 0
    # The session stayed: no other was begun.
    [ "$(tail -n "+$((log_size + 1))" log | grep -c ' accepted ')" = 0 ]
    # Those of another interface do not count.
    accounts "${many[@]:1}" "$(line user1 tunnel=none interface=dtcp1)"
    up
    gives 0
}
