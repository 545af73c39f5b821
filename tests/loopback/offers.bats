#!/usr/bin/env bats
# What a server may offer, and what is refused with 76 before `ip` sees it.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# refused VALUE: a dry run ends with 76, names the server, quotes VALUE, prints
# no command, and says quit.
refused() {
    : >log
    dry
    gives 76 'dtcp0: server 127.0.0.1' "$1" || return
    no_output || return
    wait_for 5 grep -q 'received b.quit.r.n' log || { cat log && return 1; }
}

# answered TEXT: the server answers a login with `+OK TEXT`.
answered() {
    echo "--- +OK $1"
    switch "login=line +OK $1"
}

@test "far ends that are no unicast address are refused" {
    serve
    account
    for far in 0.0.0.0 0.1.2.3 127.0.0.1 127.255.0.9 224.0.0.5 239.255.255.255 240.0.0.1 \
        255.255.255.255; do
        switch server4=$far
        refused "$far"
    done
    for far in 1.0.0.0 126.255.255.255 128.0.0.1 223.255.255.255 192.168.1.1; do
        switch server4=$far
        dry
        gives 0
        [[ $output = *"remote $far local 127.0.0.1"* ]]
    done
}

@test "far ends that are addresses of this host are refused, and say which" {
    # In a network of the test's own, since addresses of 127/8 never get so far.
    own_place
    "${within[@]}" ip -batch - <<'END'
        addr add 192.0.2.9/32 dev lo
        link add veth0 type veth peer name veth1
        addr add 192.0.2.129/26 broadcast 192.0.2.191 dev veth0
END
    serve
    account
    for far in 192.0.2.9 192.0.2.129 192.0.2.191; do
        switch server4=$far
        refused "the far end $far is an address of this host"
    done
}

@test "what is no IPv4 address is refused as an end of the tunnel" {
    serve
    account type=tunnelonly
    for far in x 1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 0x1.2.3.4 1.2.3.4/32 2001:db8::1 ::ffff:1.2.3.4 \
        '1.2.3.4;reboot' '$(reboot)' '-4' '%s%s%n'; do
        answered "127.0.0.1 $far"
        refused "'$far'"
        answered "$far $FAR"
        refused "'$far'"
    done
}

@test "an offer that lacks words is refused" {
    serve
    account type=tunnelonly
    switch 'login=line +OK'
    refused 'no client address'
    answered ''
    refused 'no client address'
    answered 127.0.0.1
    refused "no server address: '127.0.0.1'"
    account type=network
    answered "127.0.0.1 $FAR"
    refused "no prefix: '127.0.0.1 $FAR'"
    answered "127.0.0.1 $FAR 2001:db8::1"
    refused "no prefix: '127.0.0.1 $FAR 2001:db8::1'"
    account type=host
    answered "127.0.0.1 $FAR"
    refused "lacks link addresses: '127.0.0.1 $FAR'"
    answered "127.0.0.1 $FAR 2001:db8::1"
    refused "lacks link addresses: '127.0.0.1 $FAR 2001:db8::1'"
}

@test "an answer that is not DTCP's is refused and quoted" {
    serve
    account
    for answer in '' 'OK 1.2.3.4' ' +OK 127.0.0.1' '+ok 127.0.0.1' '+OKAY' 'ERR' '-ERRor' \
        'HTTP/1.1 400 Bad Request'; do
        switch "login=line $answer"
        refused "'$answer'"
    done
}

@test "prefixes outside 2000::/3 and fc00::/7 are refused" {
    serve
    account
    for prefix in ::/48 ::1/64 1fff:ffff::/48 4000::/48 fbff::/48 fe80::/64 fec0::/48 ff02::/48 \
        ::ffff:1.2.3.0/64 64:ff9b::/48; do
        switch "prefixes=$prefix"
        refused "$prefix"
    done
    for prefix in 2000::/48 3fff:ffff:ffff::/48 fc00::/48 fdff:ffff:ffff::/48 2002:c000:201::/48; do
        switch "prefixes=$prefix"
        dry
        gives 0
        [[ $output = *"unreachable $prefix metric 1024 proto"* ]]
    done
}

@test "prefixes that are not /32 to /64 are refused" {
    serve
    account
    for length in 0 1 31 65 127 128; do
        switch "prefixes=2001::/$length"
        refused "/$length"
    done
    for length in 32 33 48 56 63 64; do
        switch "prefixes=2001:db8::/$length"
        dry
        gives 0
        silent
    done
}

@test "what is no prefix is refused, quoted" {
    serve
    account
    for prefix in 2001:db8::/129 2001:db8::/ 2001:db8::/4x 2001:db8::/-1 2001:db8::/+48 /48 \
        2001:db8::/048x x/48 2001:db8:::/48 10.0.0.0/48 2001:db8::%lo/48 1:2:3:4:5:6:7:8:9/48 \
        '2001:db8::/48;id' '2001:db8::/9999999999999999999'; do
        answered "127.0.0.1 $FAR $prefix"
        refused "'$prefix'"
    done
    answered "127.0.0.1 $FAR nonsense $PREFIX"
    refused "'nonsense'"
}

@test "one bad prefix among good ones is refused" {
    serve --set prefixes=2001:db8:1::/48,fe80::/64
    account
    refused fe80::/64
}

@test "link addresses of type host must be global, and differ" {
    serve
    account type=host
    for bad in ::1 :: fe80::1 ff02::1 4000::1 ::ffff:1.2.3.4; do
        switch "host6=$bad,2001:db8::5"
        refused "$bad"
        switch "host6=2001:db8::6,$bad"
        refused "$bad"
    done
    for bad in x 1.2.3.4 2001:db8::1::2 2001:db8::1%lo '$(id)'; do
        answered "127.0.0.1 $FAR $bad 2001:db8::5"
        refused "'$bad'"
    done
    switch login= host6=2001:db8::5,2001:0db8:0::0005
    refused 2001:db8::5
    switch host6=fd00::6,fd00::5
    dry
    gives 0
}

@test "leading zeros and upper case are understood and not passed on" {
    serve --set prefixes=2001:03E0:03C3::/48
    account
    dry
    gives 0
    silent
    [[ $output = *'unreachable 2001:3e0:3c3::/48 '* ]]
    [[ $output != *03* ]]
}

@test "bits beyond the length are cleared, with a warning" {
    serve --set prefixes=2001:db8:1:2:3::7/48
    account
    dry
    gives 0 127.0.0.1 'bits beyond the length' 2001:db8:1:2:3::7/48
    [[ $output = *'addr add 2001:db8:1::1/128 dev'* ]]
    [[ $output = *'unreachable 2001:db8:1::/48 metric 1024 proto'* ]]
}

@test "link addresses before the prefix are ignored, words after it too, with a notice" {
    serve --set links=2001:db8:f::6,2001:db8:f::5
    account
    dry
    gives 0
    silent
    [[ $output != *2001:db8:f::* ]]
    switch trailing=gateway,2001:db8::1,x/y
    dry
    gives 0 127.0.0.1 '3 words' gateway x/y
    [[ $output != *gateway* ]]
    dry -q
    gives 0
    silent
}

@test "a prefix that is offered twice is one, also where only bits beyond its length differ" {
    serve
    account
    switch "prefixes=$PREFIX,2001:db8:1::/64,2001:db8:c0de::9/48,2001:db8:1::/64"
    dry
    gives 0 127.0.0.1 '2 words' '2001:db8:c0de::9/48'
    the_same "$(grep -o 'append unreachable 2001:db8[^ ]*' <<<"$output")" \
        "append unreachable $PREFIX
append unreachable 2001:db8:1::/64"
    switch "prefixes=$PREFIX,2001:db8:c0de::/56"
    dry
    gives 0
    silent
}

@test "words after the offers of the other types are ignored, with a notice" {
    serve --set trailing=whatever --set host6=2001:db8::6,2001:db8::5
    for type in host tunnelonly; do
        account type=$type
        dry
        gives 0 127.0.0.1 whatever
    done
}

@test "a server that names another near end: behind NAT, and said so" {
    serve --set client4=192.0.2.77
    account
    dry
    gives 0 'dtcp0: server 127.0.0.1' 192.0.2.77 127.0.0.1 NAT 'protocol 41'
    [[ $output = *'local 127.0.0.1 '* ]]
    [[ $output != *192.0.2.77* ]]
}

@test "more prefixes than are taken do no harm" {
    local prefixes=2001:db8::/48
    for i in {1..9} {a..f}; do
        prefixes+=",2001:db8:$i::/48"
    done
    serve --set "prefixes=$prefixes"
    account
    dry
    gives 0
    [[ $output = *'unreachable 2001:db8::/48 '* ]]
    [ "$(grep -c unreachable.2001 <<<"$output")" -ge 8 ]
}
