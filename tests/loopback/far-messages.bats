#!/usr/bin/env bats
# The table of what dtcpd says when something fails (tests/messages/far.txt), word
# for word, as messages.bats does for dtcp-up:
#
#     MESSAGES=update bats tests/loopback/far-messages.bats

# helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper
load ../messages/messages

DTCPD_PROGRAM=$BATS_TEST_DIRNAME/../../build/dtcpd

# far WHAT [OPTION...]: runs dtcpd, and notes what it said.
far() {
    local what=$1
    shift
    run --separate-stderr timeout 300 "${within[@]}" "$DTCPD_PROGRAM" --run-dir "$T/run" "$@" 3>&- </dev/null
    # What is the machine's is not the file's.
    message "$what" "$status" "$(grep -v 'does not forward\|has no sit\|no filter of' <<<"$stderr")" -e "s|$T|DIR|g"
}

# line WHAT LINE: --check on a file of this line.
line() {
    rm -f conf
    (umask 077 && printf '%s\n' "$2" >conf)
    far "$1" --check -c conf
}

@test "what dtcpd says of its command line and its file" {
    (umask 077 && echo 'user foo bar' >conf)
    far 'an option that there is not' --frobnicate
    far 'an option without its value' --config
    far 'a value for an option that takes none' --check=yes
    far 'two commands' --check --status
    far '--json without --status' --json -c conf
    far 'more and less at once' --verbose --quiet
    far 'a word that is no option' start
    far 'a file that is missing' --check -c nothing
    chmod 644 conf
    far 'a file that others may read' --check -c conf
    line 'a file of comments' '# nothing'
    line 'a word that begins no line' 'users foo bar'
    line 'an address that is none' 'listen 203.0.113.300'
    line 'a port that is none' 'listen 203.0.113.1:0'
    line 'idle without a number' 'idle'
    line 'more sessions than there may be' 'sessions 9000'
    line 'a script that is no path' 'script on'
    line 'a directive that stands twice' $'idle 1\nidle 2'
    line 'a user without a password' 'user foo'
    line 'a user with a blank' 'user "foo bar" baz'
    line 'a password with a blank, without quotes' 'user foo my secret'
    line 'a quote that is not closed' 'user foo "my secret'
    line 'a prefix that is too long' 'user foo bar prefix=2001:db8::/65'
    line 'a prefix with bits beyond its length' 'user foo bar prefix=2001:db8::1/48'
    line 'a host with one address' 'user foo bar host=2001:db8::1'
    line 'an interface of a name that is not ours to take' 'user foo bar interface=sit0'
    line 'an MTU that is too small' 'user foo bar mtu=1000'
    line 'a TTL of nothing' 'user foo bar ttl=0'
    line 'a word that is neither yes nor no' 'user foo bar tunnelonly=perhaps'
    line 'a word that stands twice' 'user foo bar ttl=1 ttl=2'
    line 'a word that there is not' 'user foo bar ttl=1 color=red'
    line 'a user that stands twice' $'user foo bar\nuser foo baz'
    line 'prefixes that overlap' $'user a x prefix=2001:db8::/32\nuser b x prefix=2001:db8:1::/48'
    line 'an interface of two users' $'user a x interface=i\nuser b x interface=i'
    as_table far
}

@test "without privileges it serves nobody, and says what is missing" {
    [ "$(id -u)" = 0 ] || skip 'becomes an ordinary user'
    as_nobody
    install -m 755 "$DTCPD_PROGRAM" dtcpd
    DTCPD_PROGRAM=$T/dtcpd
    (umask 077 && echo 'user foo bar' >conf)
    chown 65534 conf
    far 'without privileges' -c conf
    echo "$stderr"
    [ "$status" = 77 ]
    [ "$stderr" = 'dtcpd: this takes privileges: root is missing' ]
}

@test "--check names what is on link here, and what is routed elsewhere" {
    [ "$(id -u)" = 0 ] || skip 'makes a network of its own'
    own_place
    "${within[@]}" ip link add up0 type veth peer name down0
    "${within[@]}" ip link set up0 up
    "${within[@]}" ip link set down0 up
    "${within[@]}" ip addr add 2001:db8:1:2::1/64 dev up0 nodad
    "${within[@]}" ip -6 route add 2001:db8:7::/48 via 2001:db8:1:2::9
    "${within[@]}" ip -6 route add default via 2001:db8:1:2::9
    line 'x' $'user a x prefix=2001:db8:1:2::/64\nuser b x prefix=2001:db8:7:8::/64\nuser c x prefix=2001:db8:9::/48'
    echo "$stderr"
    [[ $stderr = *"conf:1: 2001:db8:1:2::/64 is on link here: up0 has 2001:db8:1:2::/64"* ]]
    [[ $stderr = *"conf:2: 2001:db8:7:8::/64 is routed elsewhere: there is a route for 2001:db8:7::/48 by up0"* ]]
    [[ $stderr != *conf:3:* ]]
}
