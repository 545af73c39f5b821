#!/usr/bin/env bats
# pppd's hooks, with the arguments and the environment of pppd 2.4.9: six
# arguments, no PATH where the distribution's ip-up sets none.

load helper

# shellcheck disable=SC2034 # the helper uses it
environment=(IFNAME=ppp0 IPLOCAL=192.0.2.10 IPREMOTE=192.0.2.1 DEVICE=eth0 SPEED=0
    ORIG_UID=0 PPPD_PID=4711 LINKNAME=dsl)

@test "ip-up starts dtcp-up with the local address" {
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10'
}

@test "ip-down ends it, whatever address it names" {
    hook pppd-ip-down ppp0 eth0 0 192.0.2.99 192.0.2.1 ''
    called 'dtcp-up --down --link ppp0'
}

@test "ip-up and ip-down without a sixth argument" {
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10' 'dtcp-up --down --link ppp0'
}

@test "OpenWrt runs both for IPv6 as well: nothing is done" {
    hook pppd-ip-up pppoe-wan eth0 0 fe80::c000:20a fe80::1 wan
    hook pppd-ip-down pppoe-wan eth0 0 fe80::c000:20a fe80::1 wan
    not_called
    hook pppd-ip-up pppoe-wan eth0 0 192.0.2.10 192.0.2.1 wan
    called 'dtcp-up --wait 0 --link pppoe-wan 192.0.2.10'
}

@test "an address that is none, or was not given by anyone, starts nothing" {
    for address in '' 192.0.2 192.0.2.1.1 192.0.2.1x .0.2.1 192.0..1 169.254.3.4 0.0.0.0 127.0.0.1 -h; do
        hook pppd-ip-up ppp0 eth0 0 "$address" 192.0.2.1 ''
    done
    not_called
}

@test "a link name that is none starts nothing" {
    for link in '' lo -n 'ppp0 x' ../ppp0 eth0:1; do
        hook pppd-ip-up "$link" eth0 0 192.0.2.10 192.0.2.1 ''
        hook pppd-ip-down "$link" eth0 0 192.0.2.10 192.0.2.1 ''
    done
    not_called
}

@test "a pppd of NetworkManager's is left to the dispatcher's hook" {
    install -m 755 /dev/null "$T/etc/NetworkManager/dispatcher.d/90-dtcp-up"
    for ipparam in /org/freedesktop/NetworkManager/PPP/3 nm-pptp-service-4711; do
        hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 "$ipparam"
        hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 "$ipparam"
    done
    not_called
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 dsl
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10'
}

@test "a pppd of NetworkManager's is served where the dispatcher has no hook" {
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 /org/freedesktop/NetworkManager/PPP/3
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 /org/freedesktop/NetworkManager/PPP/3
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10' 'dtcp-up --down --link ppp0'
}

@test "without the account file nothing starts, but what runs can be ended" {
    rm "$T/etc/ppp/dtcp.conf"
    hook pppd-ip-up ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    not_called
    hook pppd-ip-down ppp0 eth0 0 192.0.2.10 192.0.2.1 ''
    called 'dtcp-up --down --link ppp0'
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
    run timeout 10 env -i "$T/hooks/pppd-ip-up" ppp0 eth0 0 192.0.2.10 192.0.2.1 '' <&- >&- 2>&-
    [ "$status" -eq 0 ]
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10'
}

@test "Debian's run-parts takes the installed names" {
    mkdir "$T/ip-up.d"
    install -m 755 "$T/hooks/pppd-ip-up" "$T/ip-up.d/dtcp-up"
    run timeout 10 run-parts "$T/ip-up.d" --arg=ppp0 --arg=eth0 --arg=0 \
        --arg=192.0.2.10 --arg=192.0.2.1 --arg=
    succeeds_silently
    called 'dtcp-up --wait 0 --link ppp0 192.0.2.10'
}
