#!/usr/bin/env bats
# The samples in etc/: taken by the programs they are for, and the event script
# run with the events of a prefix that changes.

load ../where
bats_require_minimum_version 1.5.0
ETC=$BATS_TEST_DIRNAME/../../etc
LAYER=$BATS_TEST_DIRNAME/../../build/lab-layer # where `make deps` unpacks radvd

setup() {
    T=$BATS_TEST_TMPDIR
    mkdir -p "$T/bin" "$T/run"
    for name in systemctl nft radvd; do
        cat >"$T/bin/$name" <<FAKE
#!/bin/sh
echo "$name \$*" >>"$T/calls"
[ "$name \$1" != 'nft -f' ] || cat >>"$T/nft"
FAKE
        chmod 755 "$T/bin/$name"
    done
    : >"$T/calls"
    sed "s|/run/|$T/run/|g" "$ETC/dtcp-event.example.sh" >"$T/event"
}

radvd_accepts() {
    local radvd
    radvd=$(PATH=$PATH:/usr/sbin command -v radvd) || radvd=$LAYER/usr/sbin/radvd
    LD_LIBRARY_PATH=$(echo "$LAYER"/usr/lib/*) timeout 300 "$radvd" -c -C "$1"
}

# $1 event, then the variables of the event
event() {
    local name=$1
    shift
    rm -f "$T/nft"
    run timeout 300 env -i PATH="$T/bin:/usr/bin:/bin" DTCP_REMOTE=192.0.2.1 DTCP_MTU=1472 "$@" \
        sh "$T/event" "$name"
    echo "$output"
    [ "$status" -eq 0 ]
    radvd_accepts "$T/run/dtcp-radvd/radvd.conf"
}

# Is prefix $1 announced with preferred and valid lifetime $2 and $3, once?
announced() {
    cat "$T/run/dtcp-radvd/radvd.conf"
    [ "$(grep -c "prefix $1 " "$T/run/dtcp-radvd/radvd.conf")" -eq 1 ]
    grep -q "prefix $1 {.*AdvPreferredLifetime $2; AdvValidLifetime $3;" "$T/run/dtcp-radvd/radvd.conf"
}

@test "dnsmasq takes its sample" {
    run timeout 300 env PATH="$PATH:/usr/sbin" dnsmasq --test -C "$ETC/dnsmasq.example.conf"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "radvd takes its sample" {
    radvd_accepts "$ETC/radvd.conf.example"
}

# takes_twice SAMPLE TABLE: nft takes the sample, also a second time. In a namespace of
# its own, so that nothing of this machine's is seen.
takes_twice() {
    timeout 300 unshare -n env PATH="$PATH:/usr/sbin" sh -ec "
        nft -f '$ETC/$1'
        nft list table inet $2 >'$T/first'
        nft -f '$ETC/$1'
        nft list table inet $2 >'$T/second'"
    [ "$(grep -c 'type filter hook' "$T/first")" -eq 2 ]
    diff "$T/first" "$T/second"
}

@test "nft takes the firewalls, also a second time" {
    takes_twice nftables.example.nft dtcp_up
    takes_twice dtcpd.nftables.example.nft dtcpd
}

@test "the units are hardened: systemd-analyze security says 3.0 at most" {
    for unit in dtcp-up@.service dtcp-up.service dtcpd.service; do
        sed "s|@SBINDIR@|/usr/sbin|; s|@SYSCONFDIR@|/etc|" "$ETC/$unit" >"$T/$unit"
        run timeout 300 systemd-analyze security --offline=yes --no-pager --threshold=30 "$T/$unit"
        tail -n 1 <<<"$output"
        [ "$status" -eq 0 ]
    done
}

@test "each setting of dtcpd's sysctl sample exists" {
    names=$(sed -nE 's/^#?(net[^ ]*) = .*/\1/p' "$ETC/dtcpd.sysctl.example.conf")
    [ "$(wc -w <<<"$names")" -eq 4 ]
    for name in $names; do
        [ -e "/proc/sys/$(tr . / <<<"${name/eth0/default}")" ] || echo "there is no $name"
    done
}

@test "dtcpd takes its sample, once its lines are no comments" {
    sed -E 's/^#(listen|idle|sessions|script|user)/\1/' "$ETC/dtcpd.conf.example" >"$T/conf"
    chmod 600 "$T/conf"
    run "$BATS_TEST_DIRNAME/../../build/dtcpd" --check -c "$T/conf"
    echo "$output"
    [ "$status" -eq 0 ] || [ "$status" -eq 71 ] # where this machine has no sit
    [ "$(grep -c '^user ' <<<"$output")" -eq 3 ]
}

@test "systemd-sysusers takes dtcpd's user" {
    mkdir -p "$T/root/etc"
    run timeout 300 systemd-sysusers --root="$T/root" "$ETC/dtcpd.sysusers.conf"
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '^dtcpd:.*nologin$' "$T/root/etc/passwd"
}

@test "systemd-sysusers takes the session's user" {
    mkdir -p "$T/root/etc"
    run timeout 300 systemd-sysusers --root="$T/root" "$ETC/dtcp-up.sysusers.conf"
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '^dtcp-up:.*nologin$' "$T/root/etc/passwd"
}

@test "event script: a new prefix is announced, the old one deprecated at once" {
    event up DTCP_LAN='eth1=2001:db8:1::1/64' DTCP_PREFIXES=2001:db8:1::/48
    announced 2001:db8:1::/64 2700 5400
    event change DTCP_LAN='eth1=2001:db8:2::1/64' DTCP_PREFIXES=2001:db8:2::/48
    announced 2001:db8:2::/64 2700 5400
    announced 2001:db8:1::/64 0 0
    grep -q 'AdvDefaultLifetime 1800;' "$T/run/dtcp-radvd/radvd.conf"
    # And back again: it is good, and no longer deprecated.
    event change DTCP_LAN='eth1=2001:db8:1::1/64' DTCP_PREFIXES=2001:db8:1::/48
    announced 2001:db8:1::/64 2700 5400
    announced 2001:db8:2::/64 0 0
}

@test "event script: each LAN hears of its own /64" {
    event up DTCP_LAN='eth1=2001:db8:1::1/64 eth2=2001:db8:1:10::1/64' DTCP_PREFIXES=2001:db8:1::/48
    awk '/^interface eth2/,/^};/' "$T/run/dtcp-radvd/radvd.conf" >"$T/eth2"
    grep -q 'prefix 2001:db8:1:10::/64' "$T/eth2"
    [ "$(grep -c prefix "$T/eth2")" -eq 1 ]
}

@test "event script: without a way out the router says so, and the prefix stays" {
    event up DTCP_LAN='eth1=2001:db8:1::1/64'
    event lost DTCP_LAN='eth1=2001:db8:1::1/64'
    announced 2001:db8:1::/64 2700 5400
    grep -q 'AdvDefaultLifetime 0;' "$T/run/dtcp-radvd/radvd.conf"
}

@test "event script: at the end the prefix is deprecated, and forgotten 2 h later" {
    event up DTCP_LAN='eth1=2001:db8:1::1/64'
    event down
    announced 2001:db8:1::/64 0 0
    sed -i "s/ [0-9]*$/ $(($(date +%s) - 7201))/" "$T/run/dtcp-radvd/prefixes"
    event up DTCP_LAN='eth1=2001:db8:2::1/64'
    announced 2001:db8:2::/64 2700 5400
    run ! grep -q 2001:db8:1: "$T/run/dtcp-radvd/radvd.conf"
}

@test "event script: the firewall hears of the far end and the prefixes, systemd that radvd is to reload" {
    mkdir -p "$T/run/systemd/system"
    event up DTCP_LAN='eth1=2001:db8:1::1/64' DTCP_PREFIXES='2001:db8:1::/48 2001:db8:9::/48'
    grep -q '^add element inet dtcp_up far_end { 192.0.2.1 }$' "$T/nft"
    [ "$(grep -c '^add element inet dtcp_up own_prefixes' "$T/nft")" -eq 2 ]
    grep -q '^systemctl --no-block reload-or-restart radvd$' "$T/calls"
    event down
    [ ! -e "$T/nft" ]
}

@test "event script: what it writes for the firewall, nft takes" {
    event up DTCP_LAN='eth1=2001:db8:1::1/64' DTCP_PREFIXES='2001:db8:1::/48 2001:db8:9::/48'
    run timeout 300 unshare -n env PATH="$PATH:/usr/sbin" sh -ec "
        nft -f '$ETC/nftables.example.nft'
        nft -f '$T/nft'
        nft list set inet dtcp_up own_prefixes"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *2001:db8:9::/48* ]]
}

@test "event script: an unknown event is an error" {
    run timeout 300 env -i PATH="$T/bin:/usr/bin:/bin" sh "$T/event" restart
    [ "$status" -eq 64 ]
    [ "$output" = "unknown event 'restart'" ]
}
