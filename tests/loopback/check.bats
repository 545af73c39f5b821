#!/usr/bin/env bats
# --check: what is meant by the account file, as lines of one.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

@test "accounts are printed in their order, with all defaults, without the password" {
    accounts '# two' '127.0.0.1 20200 foo sesame' '' \
        'example.net 1 bar open type=host link=ppp0 interface=six route=none ttl=9' \
        'example.org 2 baz says tunnel=none ping=240 script=/bin/true'
    check
    gives 0 "$ACCOUNTS:4: link=ppp0: there is no such interface now"
    [ "$(wc -l <<<"$stderr")" = 1 ]
    the_same "$output" "\
127.0.0.1 20200 foo ******** type=network interface=dtcp0 route=default metric=4096 mtu=auto ttl=64 ping=60 tunnel=sit path=check
example.net 1 bar ******** type=host link=ppp0 interface=six route=none metric=4096 mtu=auto ttl=9 ping=60 tunnel=sit path=check
example.org 2 baz ******** type=network interface=dtcp0 ping=240 tunnel=none script=/bin/true"
}

@test "what is printed can be read again, with the password put back, and means the same" {
    accounts 'h 1 u p' \
        '"#h" 1 "\"u\\" "p q"' \
        'h 1 "#u" p "script=/a b/\"c\\d"' \
        'h 1 u#\"\\x p script=/"x"\y#' \
        'h 1 u p link=a#" lan=b-c:a,d' \
        'h 1 u p type=tunnelonly route=2000::/3,fc00::/7 metric=1 mtu=1300 ttl=255 ping=1' \
        'h 1 u p type=host' \
        'h 1 u p tunnel=none type=host' \
        'h 1 u p lan=0:ffffffff,1'
    check
    gives 0
    first=$output
    [ "$(wc -l <<<"$first")" = 9 ]
    accounts "${first//'********'/'"p q"'}"
    check
    gives 0
    the_same "$output" "$first"
    # And nothing was lost at the first time.
    for word in '"#h" 1 "\"u\\"' '"#u"' '"script=/a b/\"c\\d"' 'u#\"\\x' 'script=/"x"\y#' 'link=a#"' \
        'lan=b-c:a,d:1'; do
        [[ " ${first//$'\n'/ } " = *" $word "* ]]
    done
}

@test "bytes that a terminal would obey are shown as \\xNN" {
    accounts $'\xe3\x83\x88 1 \x9bu p link=\x9b1m lan=\xe3a "script=/\e[2J\t"'
    check --quiet
    gives 0
    [[ $output = '\xe3\x83\x88 1 \x9bu '* ]]
    [[ $output = *' link=\x9b1m '*' lan=\xe3a:0 '*'script=/\x1b[2J\x09'* ]]
}

@test "-s, -l and -i choose what is printed" {
    accounts 'a 1 u p' 'b 1 u p link=ppp0' 'b 2 u p interface=six link=ppp1' 'a 2 u p link=ppp0'
    # The interface is that of the first account that matches.
    while read -r options wanted; do
        # shellcheck disable=SC2086 # options and their values
        check ${options//_/ }
        gives 0
        the_same "$(cut -d ' ' -f 1,2 <<<"$output" | xargs)" "$wanted"
    done <<'END'
-s_a a 1 a 2
-s_b b 1
-l_ppp1 a 1
-i_six b 2
-l_ppp0 a 1 b 1 a 2
-l_ppp0_-s_b b 1
-i_dtcp0 a 1 b 1 a 2
-i_dtcp0_-l_ppp1 a 1
END
    for option in '-s c' '-i seven' '-l ppp0 -i six'; do
        # shellcheck disable=SC2086 # an option and its value
        check $option
        gives 78 "$ACCOUNTS: no account matches" "no account matches"
        no_output
    done
}

@test "a password that holds what may not be meant is warned of, and not shown" {
    accounts "a 1 u 'sesame'" $'a 1 u ses\xc2\xa0ame' "a 1 u se'same"
    check
    gives 0 "$ACCOUNTS:1: " 'single quotes' "$ACCOUNTS:2: " 'no-break'
    [ "$(wc -l <<<"$stderr")" = 2 ]
    [[ $stderr$output != *ame* ]]
}

@test "an interface that is not there is told of, each with its line" {
    own_place
    "${within[@]}" sh -c 'ip link property add dev lo altname wan && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    accounts 'a 1 u p link=wan lan=lo,eht0' $'a 1 u p link=\x9bppp0'
    check
    gives 0 "$ACCOUNTS:1: lan=eht0: there is no such interface now" \
        "$ACCOUNTS:2: link=\\x9bppp0: there is no such interface now"
    [ "$(wc -l <<<"$stderr")" = 2 ]
    check --quiet
    silent
}

@test "lan= on a host that does not forward is warned of" {
    own_place
    accounts 'a 1 u p' 'a 1 u p lan=lo'
    check
    gives 0 "$ACCOUNTS:2: " lan= net.ipv6.conf.all.forwarding=1
    check -q
    gives 0
    silent
    "${within[@]}" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    check
    gives 0
    silent
}

@test "a full disk, or a reader that left, is an error and not silence" {
    serve
    account
    for option in --check --dry-run --status '--status --json' --help --version; do
        # shellcheck disable=SC2086 # options
        run timeout "$PATIENCE" bash -c '"$@" 2>&1 >/dev/full' - "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR" \
            $option
        echo "$option: $status $output"
        [ "$status" = 71 ]
        [[ $output = *'standard output'*'No space left'* ]]
        # shellcheck disable=SC2086 # options
        run timeout "$PATIENCE" bash -c '{ "$@" 2>error; echo $? >status; } | true; cat status error' - \
            "$DTCP_UP" -c "$ACCOUNTS" --run-dir "$RUN_DIR" $option
        [[ $output = 71*'Broken pipe' || $output = [01] ]]
    done
}
