#!/usr/bin/env bats
# Servers by name: names that cannot be found, name servers that are dead or
# lie, and names with several addresses. In a network and an /etc of the test's.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

# own_names: the name server is 127.0.0.1; the test writes etc/hosts.
own_names() {
    own_place
    mkdir etc
    cp -L /etc/passwd /etc/ld.so.cache etc/
    echo 'hosts: files dns' >etc/nsswitch.conf
    echo 'nameserver 127.0.0.1' >etc/resolv.conf
    echo 'multi on' >etc/host.conf
    : >etc/hosts
    "${within[@]}" mount --bind "$T/etc" /etc
}

# name_server PYTHON: answers each question with the bytes that PYTHON makes of
# it, or not at all.
name_server() {
    background "${within[@]}" /usr/bin/python3 -E -s -S -c "
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
print('ready', flush=True)
while True:
    q, who = s.recvfrom(4096)
    print('asked', flush=True)
    a = $1
    if a:
        s.sendto(a, who)" >asked
    wait_for 5 grep -q ready asked
}

# records RECORD...: dnsmasq answers with these, and knows of no other name.
records() {
    # It wants to be told by which user and file it is not kept.
    background "${within[@]}" dnsmasq --no-daemon --no-resolv --no-hosts --conf-file=/dev/null \
        --user=root --listen-address=127.0.0.1 --bind-interfaces --local=/example/ \
        "${@/#/--host-record=}" 2>dnsmasq-log
    wait_for 5 grep -q started dnsmasq-log
}

@test "a name is looked up, and named in messages" {
    own_names
    serve
    echo '127.0.0.1 broker' >etc/hosts
    accounts "broker $port foo bar type=tunnelonly"
    dry
    gives 0
    silent
    accounts "broker 1 foo bar tunnel=none"
    for mode in dry up; do
        $mode
        gives 69 'server broker' 'connecting to 127.0.0.1 port 1'
    done
    nothing_left
}

@test "a name that is not known, or has no IPv4 address: 69 at once" {
    own_names
    records six.example,2001:db8::1
    printf -v long %200s ''
    # Numbers are names where they are no address as it is written today.
    for name in none.example six.example -x a..b "${long// /x}" 1.2.3.4.5 1.2.3.256; do
        accounts "$name 20200 foo bar tunnel=none"
        for mode in dry up; do
            start=$(now)
            $mode
            gives 69 "server $name" 'cannot be resolved'
            took "$start" 0 4000
        done
    done
    # An address of IPv6 is no name at all, and no server of DTCP has one.
    accounts '2001:db8::1 20200 foo bar tunnel=none'
    for mode in dry up; do
        $mode
        gives 78 "server '2001:db8::1' is no host name or IPv4 address"
    done
    nothing_left
}

@test "the caller's environment has no say in what a name means" {
    own_names
    records broker.example,127.0.0.1
    accounts 'broker 1 foo bar'
    within+=(env LOCALDOMAIN=example RES_OPTIONS=ndots:1)
    dry
    gives 69 'cannot be resolved'
}

@test "addresses in forms of long ago are left to the name service" {
    own_names
    for server in 127.1 127.000.000.001 0x7f000001 255.255.255.255 0; do
        accounts "$server 1 foo bar"
        start=$(now)
        dry
        gives 69 "server $server"
        took "$start" 0 4000
    done
}

@test "of several addresses each is tried, whatever comes first" {
    own_names
    serve
    echo "127.0.0.7 broker
127.0.0.8 broker
127.0.0.1 broker" >etc/hosts
    accounts "broker $port foo bar type=tunnelonly"
    dry
    gives 0
    dry -v
    gives 0
    records broker.example,127.0.0.{7,8,1}
    accounts "broker.example $port foo bar type=tunnelonly"
    # The name server gives them in turn, so each is the first once.
    for _ in 1 2 3; do
        dry
        gives 0
    done
    echo '127.0.0.7 broker
127.0.0.8 broker' >etc/hosts
    accounts "broker $port foo bar"
    dry
    gives 69 'Connection refused'
    dry -v
    gives 69 'connecting to 127.0.0.7' 'connecting to 127.0.0.8'
}

@test "an address that is silent has its share of the time only" {
    own_names
    # 127.0.0.1 comes first, whatever the order in the file.
    serve --listen 127.0.0.7
    # A listener whose queue is full takes no more connections.
    background "${within[@]}" /usr/bin/python3 -E -s -S -c "
import socket, time
s = socket.socket()
s.bind(('127.0.0.1', $port))
s.listen(0)
full = [socket.socket() for _ in range(3)]
for c in full:
    c.setblocking(False)
    c.connect_ex(('127.0.0.1', $port))
print('ready', flush=True)
time.sleep(60)" >full
    wait_for 5 grep -q ready full
    printf '127.0.0.1 broker\n127.0.0.7 broker\n' >etc/hosts
    accounts "broker $port foo bar type=tunnelonly"
    start=$(now)
    dry --wait 10
    gives 0
    took "$start" 4500 9500
    echo '127.0.0.1 broker' >etc/hosts
    start=$(now)
    dry --wait 1
    gives 69 'server broker' 'connecting to 127.0.0.1' 'no answer in time'
    took "$start" 900 4000
}

@test "a dead name server takes no longer than the wait, nor another account's share" {
    own_names
    name_server None
    accounts 'broker.example 20200 foo bar tunnel=none'
    for mode in dry up; do
        start=$(now)
        $mode --wait 1
        gives 69 'server broker.example' 'name service' 'no answer in time'
        took "$start" 900 4000
        nothing_left
    done
    serve
    accounts 'broker.example 20200 foo bar tunnel=none' "127.0.0.1 $port foo bar tunnel=none"
    for mode in dry up; do
        start=$(now)
        $mode --wait 6
        gives 0 'server broker.example'
        took "$start" 2900 5950
    done
}

@test "a dead name server delays neither a signal nor --down" {
    own_names
    name_server None
    accounts 'broker.example 20200 foo bar tunnel=none'
    for how in '--dry-run' '--foreground' '--persist'; do
        for signal in TERM INT; do
            : >asked
            background env --default-signal=INT "${within[@]}" "$DTCP_UP" $how -c "$ACCOUNTS" \
                --run-dir "$RUN_DIR" 2>said-it
            wait_for 5 grep -q asked asked
            start=$(now)
            kill -$signal "${started[-1]}"
            wait "${started[-1]}" || true
            wait_for 2 no_process
            took "$start" 0 2000
        done
    done
    nothing_left
    : >asked
    up --wait 0
    gives 75
    wait_for 5 grep -q asked asked
    start=$(now)
    down
    gives 0
    took "$start" 0 2000
    nothing_left
}

@test "a name server that talks nonsense" {
    own_names
    accounts 'broker.example 20200 foo bar'
    # shellcheck disable=SC2043 # kinds of nonsense, for one name server at a time
    for answer in 'q[:2] + os.urandom(500)' \
        'q[:2] + bytes.fromhex("8180000100010000") + b"\0\0" + q[12:] + bytes.fromhex("c00c00010001ffffffff0003") + b"abc"' \
        'q[:2] + bytes.fromhex("8180000100010000") + b"\0\0" + q[12:] + bytes.fromhex("c00c00050001000000ff0002c00c")'; do
        name_server "$answer"
        dry --wait 1
        gives 69 'server broker.example'
        no_output
        kill -KILL "${started[-1]}"
        # nsenter's child, which holds the port
        pkill -KILL -P "${started[-1]}" || true
        wait "${started[-1]}" || true
    done
    wait_for 2 no_process
}
