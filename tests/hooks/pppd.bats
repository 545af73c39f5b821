#!/usr/bin/env bats
# pppd's hooks, with the arguments and the environment of pppd 2.4.9: six
# arguments, no PATH where the distribution's ip-up sets none.

load helper

# shellcheck disable=SC2034 # the helper uses it
environment=(IFNAME=ppp0 IPLOCAL=192.0.2.10 IPREMOTE=192.0.2.1 DEVICE=eth0 SPEED=0
    ORIG_UID=0 PPPD_PID=4711 LINKNAME=dsl)

@test "ip-up starts dtcp-up with the local address" {
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    called 'dtcp-up --event ppp0 192.0.2.10'
}

@test "ip-down ends it, whatever address it names" {
    hook pppd-ip-down ppp0 eth0 0 192.0.2.99 192.0.2.1 ''
    called 'dtcp-up --down --event ppp0'
}

@test "ip-up and ip-down without a sixth argument" {
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1
    called 'dtcp-up --event ppp0 192.0.2.10' 'dtcp-up --down --event ppp0'
}

@test "OpenWrt runs both for IPv6 as well: nothing is done" {
    hook pppd-ip-up pppoe-wan eth0 0 fe80::c000:20a fe80::1 wan
    hook pppd-ip-down pppoe-wan eth0 0 fe80::c000:20a fe80::1 wan
    not_called
    hook pppd-ip-up pppoe-wan eth0 0 192.0.2.10 192.0.2.1 wan
    called 'dtcp-up --event pppoe-wan 192.0.2.10'
}

@test "whatever names a link may have go to the program as they are" {
    # shellcheck disable=SC2016 # names as they are
    for link in 'wan#1' w=n wän 'w$n' "w'n" 'w*n' 'w[a]n' -wan a,b w@n; do
        : >"$T/calls"
        hook pppd-ip-up "$link" eth0 0 192.0.2.10 192.0.2.1 ''
        hook pppd-ip-down "$link" eth0 0 192.0.2.10 192.0.2.1 ''
        called "dtcp-up --event $link 192.0.2.10" "dtcp-up --down --event $link"
    done
    : >"$T/calls"
    for link in '' lo; do
        hook pppd-ip-up "$link" eth0 0 192.0.2.10 192.0.2.1 ''
        hook pppd-ip-down "$link" eth0 0 192.0.2.10 192.0.2.1 ''
    done
    not_called
}

@test "a pppd of NetworkManager's tells as well: to be told twice is no harm" {
    for ipparam in /org/freedesktop/NetworkManager/PPP/3 nm-pptp-service-4711; do
        : >"$T/calls"
        hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 "$ipparam"
        hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 "$ipparam"
        called 'dtcp-up --event ppp0 192.0.2.10' 'dtcp-up --down --event ppp0'
    done
}

@test "without the account file nothing starts, but what runs can be ended" {
    rm "$T/etc/ppp/dtcp.conf"
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    not_called
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    called 'dtcp-up --down --event ppp0'
}

@test "without the program, or without the shared piece, nothing happens" {
    rm "$T/sbin/dtcp-up"
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    rm "$T/libexec/dtcp-up-hook"
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    not_called
}

@test "with the descriptors 0 to 2 closed" {
    run timeout 300 env -i "$T/hooks/pppd-ip-up" ppp0 eth0 0 192.0.2.10 192.0.2.1 '' <&- >&- 2>&-
    [ "$status" -eq 0 ]
    called 'dtcp-up --event ppp0 192.0.2.10'
}

@test "Debian's run-parts takes the installed names" {
    mkdir "$T/ip-up.d"
    install -m 755 "$T/hooks/pppd-ip-up" "$T/ip-up.d/dtcp-up"
    run timeout 300 run-parts "$T/ip-up.d" --arg=ppp0 --arg=eth0 --arg=0 \
        --arg=192.0.2.10 --arg=192.0.2.1 --arg=
    succeeds_silently
    called 'dtcp-up --event ppp0 192.0.2.10'
}
