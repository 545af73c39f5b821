#!/usr/bin/env bats
# What goes over the wire, byte by byte, and what a dry run prints.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# digest upper|lower [CHALLENGE [USER [PASSWORD]]]: the response.
digest() {
    local md5
    md5=$(printf %s "${3:-foo}${2:-$challenge}${4:-bar}" | md5sum)
    md5=${md5%% *}
    if [ "$1" = lower ]; then echo "$md5"; else echo "${md5^^}"; fi
}

ended_by() { [ "$(events ended)" = "$1" ]; }

# A dialect's own letter case comes first, and once is enough.
@test "KAME's server is answered in upper case, at once" {
    challenge=0B1517C87D516A5FA65BED722D51A04F
    serve --set dialect=kame --set challenge=$challenge
    account
    dry
    gives 0
    silent
    [ "$(digest upper)" = DAC487C8DFBBF9EE5C7F8CDCC37B62A3 ]
    wait_for 5 said_quit
    the_same "$(heard)" 'tunnel foo DAC487C8DFBBF9EE5C7F8CDCC37B62A3 network\r\n
quit\r\n'
    wait_for 5 ended_by quit
}

@test "the server of the seed page is answered in lower case, at once" {
    serve --set dialect=feel6 --set challenge=7829445925a06093ef7f5d995ac7d7f5 \
        --user sengoku password "$PREFIX"
    accounts "127.0.0.1 $port sengoku password"
    dry
    gives 0
    wait_for 5 said_quit
    the_same "$(heard)" 'tunnel sengoku f0e130bfddaef3a5a526f77738bc91a3 network\r\n
quit\r\n'
}

@test "the other case is tried on the same connection, after 'authentication failed' alone" {
    challenge=0b1517c87d516a5fa65bed722d51a04f
    serve --set dialect=kame --set challenge=$challenge
    account
    dry
    gives 0
    wait_for 5 said_quit
    the_same "$(heard)" "tunnel foo $(digest lower) network\\r\\n
tunnel foo $(digest upper) network\\r\\n
quit\\r\\n"
    [ "$(events accepted | wc -l)" = 1 ]

    challenge=ABCDEF
    serve --set dialect=feel6 --set challenge=$challenge
    account
    : >log
    dry
    gives 0
    wait_for 5 said_quit
    the_same "$(heard)" "tunnel foo $(digest upper) network\\r\\n
tunnel foo $(digest lower) network\\r\\n
quit\\r\\n"
}

@test "a challenge without letters is answered, whichever case the server wants" {
    for dialect in kame feel6; do
        serve --set dialect=$dialect --set challenge=12345678
        account
        dry
        gives 0
    done
}

@test "two refusals are the end: 77, each case said once, and quit" {
    challenge=00ff00ff
    serve --set dialect=kame --set challenge=$challenge --set 'login=err authentication failed.'
    account
    dry
    gives 77 'server 127.0.0.1' "user 'foo'" "'-ERR authentication failed.'"
    no_output
    wait_for 5 said_quit
    the_same "$(heard)" "tunnel foo $(digest lower) network\\r\\n
tunnel foo $(digest upper) network\\r\\n
quit\\r\\n"
}

@test "a server that hangs up after a refusal has refused: 77, not 69" {
    challenge=00ff00ff
    for answer in 'err authentication failed. | close' 'err authentication failed. | reset'; do
        serve --set challenge=$challenge --set "login=$answer"
        account
        : >log
        dry
        gives 77 'server 127.0.0.1' "user 'foo'" "'-ERR authentication failed.'"
        [ "$(events accepted | wc -l)" = 1 ]
    done
}

@test "a server that refuses and falls silent has refused" {
    serve --set challenge=00ff00ff --set 'login@2=silent' --set 'login#1=err authentication failed.'
    account
    dry --wait 3
    gives 77 'server 127.0.0.1' "'-ERR authentication failed.'"
    [ "$(events login | wc -l)" = 2 ]
}

@test "another -ERR is no reason for a second try" {
    serve --set 'login=err tunnel interface sold out'
    account
    dry
    gives 77 "'-ERR tunnel interface sold out'"
    [ "$(events login | wc -l)" = 1 ]
    wait_for 5 said_quit
}

@test "KAME's server does not have the type, and never closes: 77 all the same, at once" {
    serve --set types=host,tunnelonly
    account
    local start
    start=$(now)
    dry
    took "$start" 0 4000
    gives 77 "'-ERR unsupported tunnel type network'" 'type=host and type=tunnelonly'
    wait_for 5 said_quit
    wait_for 5 no_process
    wait_for 5 grep ' hung$' log
    [ -z "$(events ended)" ]
    account type=host
    dry
    gives 0
}

@test "a digest that is all figures is not said twice" {
    challenge=472571
    [[ $(digest lower) != *[a-f]* ]]
    # The other case would be the same line.
    serve --set "challenge=$challenge" --set 'login=err authentication failed.'
    account
    dry
    gives 77
    [ "$(events login | wc -l)" = 1 ]
}

@test "after +OK no second tunnel is ever said, whatever follows it" {
    serve
    account
    for answer in 'line +OK' 'line +OK x' 'line +OK 127.0.0.1 127.0.0.1 x' \
        'ok | line -ERR authentication failed.' 'raw +OK 1.2.3.4 \r\n-ERR authentication failed.\r\n'; do
        switch "login=$answer"
        : >log
        dry
        echo "answer $answer: $status"
        [ "$(events login | wc -l)" = 1 ]
    done
}

@test "routes have the number by which the manual says they can be listed" {
    serve
    account
    dry
    gives 0
    number=$(sed -nE 's/.* the (protocol )?number ([0-9]+).*/\2/p; s/^\.Dl .* proto //p' \
        "$BATS_TEST_DIRNAME/../../src/dtcp-up.8" | sort -u)
    [ "$(grep -c " proto $number\$" <<<"$output")" = 4 ]
    [ "$(grep -c '^ip route ' <<<"$output")" = 4 ]
}

@test "types are asked for by their words, and print their commands" {
    serve --set host6=2001:db8:f::6,2001:db8:f::5
    local add="ip tunnel add name dtcp0 mode sit remote $FAR local 127.0.0.1 ttl 64
ip link set dev dtcp0 mtu 1480 up" worst='metric 4294967295 proto 202'

    account type=network
    dry
    gives 0
    silent
    the_same "$output" "$add
ip addr add 2001:db8:c0de::1/128 dev dtcp0
ip route append unreachable $PREFIX metric 1024 proto 202
ip route append ::/0 from $PREFIX dev dtcp0 metric 1024 proto 202
ip route append unreachable ::/0 from $PREFIX $worst
ip route append ::/0 dev dtcp0 metric 4096 proto 202"

    account type=host
    dry
    gives 0
    silent
    the_same "$output" "$add
ip addr add 2001:db8:f::6 peer 2001:db8:f::5/128 dev dtcp0
ip route append ::/0 from 2001:db8:f::6/128 dev dtcp0 metric 1024 proto 202
ip route append unreachable ::/0 from 2001:db8:f::6/128 $worst
ip route append ::/0 dev dtcp0 metric 4096 proto 202"

    account type=tunnelonly
    dry
    gives 0
    silent
    the_same "$output" "$add"
    the_same "$(events login | cut -d ' ' -f 2)" 'network
host
tunnelonly'
}

@test "the words of the account are in the commands" {
    serve --set prefixes=2001:db8:1::/48,fd00:2::/64
    account interface=six lan=lo:a,lo2 route=2000::/3,fc00::/7 metric=7 mtu=1300 ttl=9
    dry
    gives 0
    silent
    the_same "$output" "ip tunnel add name six mode sit remote $FAR local 127.0.0.1 ttl 9
ip link set dev six mtu 1300 up
ip addr add 2001:db8:1::1/128 dev six
ip addr add 2001:db8:1:a::1/64 dev lo
ip addr add 2001:db8:1:1::1/64 dev lo2
ip route append unreachable 2001:db8:1::/48 metric 1024 proto 202
ip route append unreachable fd00:2::/64 metric 1024 proto 202
ip route append 2000::/3 dev six metric 7 proto 202
ip route append fc00::/7 dev six metric 7 proto 202"
    account route=none tunnel=sit
    dry
    gives 0
    [[ $output != *::/0* ]]
    account tunnel=none
    dry
    gives 0 'tunnel=none'
    no_output
}

@test "a subnet that does not fit the prefix is warned of with both named" {
    serve --set prefixes=2001:db8:1::/60
    account lan=lo:f,lo2:10
    dry
    gives 0 'lo2:10' '2001:db8:1::/60'
    [[ $output = *'2001:db8:1:f::1/64 dev lo'* ]]
    [[ $output != *lo2* ]]
}

@test "lines end in LF as well, and come in any pieces" {
    serve --set eol=lf
    account
    dry
    gives 0
    silent
    switch eol=crlf trickle=1/1
    dry
    gives 0
    switch trickle= cut=1,2,3,40,41,42,43,44
    dry
    gives 0
    switch cut= greeting='raw +OK A | delay 20 | raw B\r | delay 20 | raw \n'
    dry
    gives 77 # for another challenge than the server's, but understood
    [ "$(heard | head -n 1)" != "$(heard | tail -n 1)" ]
}

@test "--verbose says no failure twice" {
    serve
    account
    for how in login='err no' login=close greeting='line nonsense' greeting=reset; do
        switch "$how"
        dry -v --wait 5
        twice
        switch "${how%%=*}="
    done
    kill "${servers[0]}"
    wait "${servers[0]}" || true
    dry -v
    gives 69 'Connection refused'
    twice
}
# The dialogue apart, whose lines messages quote.
twice() {
    echo "$stderr"
    [ -z "$(sed '/: [CS]: /d; s/.*: //' <<<"$stderr" | sort | uniq -d)" ]
}

@test "--verbose shows the dialogue, the response as <digest>" {
    serve
    account
    dry -v
    gives 0 'S: +OK ' 'C: tunnel foo <digest> network' 'C: quit' 'S: +OK see you soon.'
    line=$(heard | head -n 1)
    read -r _ _ response _ <<<"$line"
    [ ${#response} = 32 ]
    [[ $stderr != *"$response"* ]]
}

# dry_session WAIT SIGNAL STATUS TEXT: the process that talks to a silent server for
# a dry run is sent SIGNAL; the run ends with STATUS and says TEXT.
dry_session() {
    local command session ends=0
    : >log
    background "$DTCP_UP" -n -c "$ACCOUNTS" --wait "$1" 2>said-it
    command=$!
    talks() { session=$(pgrep -P "$command"); }
    wait_for 5 talks
    wait_for 5 grep -q accepted log
    kill "-$2" "$session"
    wait "$command" || ends=$?
    [ $ends = "$3" ]
    grep "$4" said-it
}

@test "an address that the kernel tells of before it takes it is waited for, a moment" {
    serve
    account
    for tries in 1..3 1+; do
        # shellcheck disable=SC2034 # helper.bash runs it so
        within=(strace -qq -f -o trace -e trace=bind -e "inject=bind:error=EADDRNOTAVAIL:when=$tries" --)
        dry 127.0.0.1
        case $tries in
        1+) gives 69 'Cannot assign requested address' ;;
        *) gives 0 ;;
        esac
    done
    [ "$(grep -c INJECTED trace)" = 20 ]
}

@test "a dry run whose session process is killed, or hangs, says so" {
    serve --set 'greeting=silent | delay 20000'
    account
    dry_session 10 KILL 71 'dtcp0: the session process ended by itself'
    dry_session 10 SYS 71 'dtcp0: the session process was killed for a system call'
    dry_session 10 STOP 69 'dtcp0: server 127.0.0.1 gives no answer'
    wait_for 3 no_process
}
