#!/usr/bin/env bats
# The firewall sample, from outside and from inside. The tunnel is a veth pair
# here: Debian's user-mode-linux has no nftables, and most kernels of build
# machines no sit; the rules see no difference. Protocol 41 comes from a raw
# socket on the line. Wants root.
#
#   +-----+ eth0   eth1 +--------+ dtcp0      t0 +---------+
#   | lan |-------------| router |===============| outside | 2001:db8:6::1
#   +-----+ ::10   ::1  +--------+ wan       acc +---------+
#    2001:db8:1::/64         .50 ---------------- .1, .66   203.0.113.0/24

load ../where
bats_require_minimum_version 1.5.0
FIREWALL=$BATS_TEST_DIRNAME/../../etc/nftables.example.nft
LAN6=2001:db8:1::10
ROUTER6=2001:db8:1::1
OUTSIDE6=2001:db8:6::1

# For what takes no time, in seconds: a machine may be slow and busy.
PATIENCE=120

# $1 box, then what runs in it
in_box() {
    local box=$1
    shift
    timeout "$PATIENCE" ip netns exec "$TAG$box" "$@"
}

link() {
    ip link add "$2" netns "$TAG$1" type veth peer name "$4" netns "$TAG$3"
    in_box "$1" ip link set "$2" up
    in_box "$3" ip link set "$4" up
}

# address BOX DEV ADDRESS: one that can be used at once. Without nodad, which IPv4
# has not, one on lo too is tentative for a moment.
address() {
    local nodad=''
    [[ $3 != *:* ]] || nodad=nodad
    in_box "$1" ip addr add "$3" dev "$2" $nodad
}

setup() {
    PATH=$PATH:/usr/sbin:/sbin
    TAG=fw$$-
    SERVERS=()
    for box in lan router outside; do
        ip netns add "$TAG$box"
        in_box $box ip link set lo up
    done
    link lan eth0 router eth1
    link router dtcp0 outside t0
    link router wan outside acc
    address lan eth0 $LAN6/64
    address router eth1 $ROUTER6/64
    address router wan 203.0.113.50/24
    address outside acc 203.0.113.1/24
    address outside acc 203.0.113.66/24
    address outside lo $OUTSIDE6/128
    in_box lan ip -6 route add default via $ROUTER6
    in_box router ip -6 route add unreachable 2001:db8:1::/48
    in_box router ip -6 addr add fe80::50/64 dev dtcp0 nodad
    in_box outside ip -6 addr add fe80::1/64 dev t0 nodad
    in_box router ip -6 route add default via fe80::1 dev dtcp0
    in_box outside ip -6 route add 2001:db8:1::/48 via fe80::50 dev t0
    for box in router outside; do
        in_box $box sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    done
    for box in lan router outside; do
        serve $box
    done
    wait_for_servers
}

teardown() {
    for pid in "${SERVERS[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    for box in lan router outside; do
        ip netns del "$TAG$box"
    done
}

# A TCP service in box $1. bats waits for whoever holds descriptor 3.
serve() {
    ip netns exec "$TAG$1" python3 -c '
import socket
s = socket.create_server(("::", 8080), family=socket.AF_INET6)
while True:
    s.accept()[0].close()' </dev/null >/dev/null 2>&1 3>&- &
    SERVERS+=($!)
}

wait_for_servers() {
    local deadline=$((SECONDS + PATIENCE))
    for box in lan router outside; do
        until in_box $box ss -Hltn 'sport = 8080' | grep -q 8080; do
            [ $SECONDS -lt $deadline ] || return 1
            sleep 0.1
        done
    done
}

load_firewall() {
    sed 's/192\.0\.2\.1 }/203.0.113.1 }/' "$FIREWALL" >"$BATS_TEST_TMPDIR/nft"
    in_box router nft -f "$BATS_TEST_TMPDIR/nft"
}

# Can box $1 connect to address $2?
connects() {
    in_box "$1" python3 -c "import socket; socket.create_connection(('$2', 8080), 3)" 2>/dev/null
}

pings() {
    local box=$1
    shift
    in_box "$box" ping -6 -n -L -c 1 -W 3 "$@" >/dev/null
}

# What reaches the router's stack of a packet of protocol 41 from $1, and of a second one
# behind it, from the far end, which passes in any case: `first second`, or `second`. When
# that is there, a first one that is not is lost, and no time has to be waited.
protocol_41_arrives() {
    local raw=$BATS_TEST_TMPDIR/raw receiver deadline=$((SECONDS + PATIENCE))
    timeout "$PATIENCE" ip netns exec "${TAG}router" python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 41)
print("ready", flush=True)
text = ""
while text != "second":
    text = s.recv(100)[20:].decode() # without its IP header
    print(text)' 3>&- >"$raw" &
    receiver=$!
    until grep -q ready "$raw"; do
        [ $SECONDS -lt $deadline ] || return 2
        sleep 0.1
    done
    # On one processor, so that neither overtakes the other.
    in_box outside python3 -c "
import os, socket
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
for address, text in ('$1', b'first'), ('203.0.113.1', b'second'):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 41)
    s.bind((address, 0))
    s.sendto(text, ('203.0.113.50', 0))"
    wait "$receiver" || return 2
    tail -n +2 "$raw" | xargs
}

echoes_at_lan() {
    in_box lan sed -n 's/^Icmp6InEchos *//p' /proc/net/snmp6
}

# How many echo requests with a source of the LAN's prefix, sent from outside,
# reach the LAN's host.
forged_that_arrive() {
    local before after
    address outside lo 2001:db8:1::66/128
    before=$(echoes_at_lan)
    in_box outside ping -6 -n -c 2 -i 0.2 -W 1 -I 2001:db8:1::66 $LAN6 >/dev/null || true
    after=$(echoes_at_lan)
    echo $((after - before))
}

# Without this the tests below would prove nothing.
@test "without the firewall all of it passes" {
    connects lan $OUTSIDE6
    connects outside $LAN6
    connects outside $ROUTER6
    [ "$(protocol_41_arrives 203.0.113.66)" = 'first second' ]
    [ "$(forged_that_arrive)" -eq 2 ]
}

@test "from the LAN and the router one gets out, with answers in" {
    load_firewall
    connects lan $OUTSIDE6
    connects router $OUTSIDE6
}

@test "from outside one gets in neither to the LAN nor to the router" {
    load_firewall
    run ! connects outside $LAN6
    run ! connects outside $ROUTER6
}

@test "echo passes, as RFC 4890 wants, and dtcp-up's path check to a group" {
    load_firewall
    pings outside -I $OUTSIDE6 $LAN6
    pings router -I dtcp0 ff02::1
    pings outside -I t0 ff02::1
}

@test "packets from outside with a source of our own prefix are dropped" {
    load_firewall
    [ "$(forged_that_arrive)" -eq 0 ]
}

@test "what leaves has a source of our own prefix" {
    load_firewall
    address lan eth0 2001:db8:77::10/64
    in_box outside ip -6 route add 2001:db8:77::/64 via fe80::50 dev t0
    in_box router ip -6 route add 2001:db8:77::/64 dev eth1
    run ! pings lan -I 2001:db8:77::10 $OUTSIDE6
    in_box router nft add element inet dtcp_up own_prefixes '{ 2001:db8:77::/64 }'
    pings lan -I 2001:db8:77::10 $OUTSIDE6
}

@test "protocol 41 comes in from the far end alone" {
    load_firewall
    [ "$(protocol_41_arrives 203.0.113.1)" = 'first second' ]
    [ "$(protocol_41_arrives 203.0.113.66)" = second ]
}
