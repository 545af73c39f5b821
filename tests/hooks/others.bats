#!/usr/bin/env bats
# The hooks of dhcpcd, udhcpc, NetworkManager, networkd-dispatcher, ifupdown
# and OpenWrt, each with the environment that the real one gives.

load helper

environment=()
UP='dtcp-up --event eth0'
DOWN='dtcp-up --down --event eth0'

# has_address ADDRESS: what ip says of eth0.
has_address() {
    printf '#!/bin/sh\necho "2: eth0    inet %s/24 scope global eth0"\n' "$1" >"$T/bin/ip"
    chmod 755 "$T/bin/ip"
}

# dhcpcd 9.4.1 clears the environment and sets these.
dhcpcd() {
    : >"$T/calls"
    environment=(PATH=/usr/sbin:/sbin:/bin interface=eth0 protocol=dhcp pid=4711
        ifcarrier=up if_configured=true "$@")
    sourced dash dhcpcd
}

@test "dhcpcd: an address by any means but self-assignment starts it" {
    for reason in BOUND RENEW REBIND REBOOT TIMEOUT INFORM STATIC 3RDPARTY; do
        dhcpcd reason=$reason if_up=true if_down=false new_ip_address=192.0.2.62
        called "$UP 192.0.2.62"
    done
    dhcpcd reason=IPV4LL if_up=true if_down=false new_ip_address=169.254.7.8
    not_called
    dhcpcd reason=3RDPARTY if_up=false if_down=false
    called "$UP"
}

@test "dhcpcd: EXPIRE, FAIL and STOP end it, whatever if_down says" {
    for reason in EXPIRE FAIL STOP; do
        for if_down in true false; do
            dhcpcd reason=$reason if_up=false if_down=$if_down old_ip_address=192.0.2.23
            called "$DOWN"
        done
    done
}

@test "dhcpcd: what leaves the address in place leaves the tunnel" {
    for reason in PREINIT CARRIER NOCARRIER STOPPED DEPARTED BOUND6 ROUTERADVERT; do
        dhcpcd reason=$reason if_up=false if_down=false
        not_called
    done
}

udhcpc() {
    : >"$T/calls"
    environment=(PATH=/sbin:/bin:/usr/bin interface=eth0 ip=192.0.2.62 mask=24 NOTIFY_SOCKET=/none)
    [ "$2" = nowhere ] || fake "$T/etc/udhcpc/default.script"
    run timeout 300 env -i "${environment[@]}" "$T/hooks/udhcpc" "$1" </dev/null
}

@test "udhcpc: bound and renew start it after the address was set" {
    for event in bound renew; do
        udhcpc $event
        grep -v descriptor "$T/calls" >"$T/order"
        [ "$(cat "$T/order")" = "default.script $event
$UP 192.0.2.62" ]
    done
}

@test "udhcpc: deconfig names the address before it goes" {
    has_address 192.0.2.62
    udhcpc deconfig
    grep -v descriptor "$T/calls" >"$T/order"
    [ "$(cat "$T/order")" = "$DOWN 192.0.2.62
default.script deconfig" ]
}

@test "udhcpc: the script that configures the interface is found where busybox has it" {
    mkdir -p "$T/usr/share/udhcpc"
    fake "$T/usr/share/udhcpc/default.script"
    udhcpc bound nowhere
    grep -v descriptor "$T/calls" >"$T/order"
    [ "$(cat "$T/order")" = "default.script bound
$UP 192.0.2.62" ]
    # Without ours the interface is configured all the same.
    rm "$T/libexec/dtcp-up-hook"
    udhcpc bound nowhere
    grep -v descriptor "$T/calls" >"$T/order"
    [ "$(cat "$T/order")" = 'default.script bound' ]
    [ "$status" -eq 71 ]
}

@test "udhcpc: nak and leasefail do nothing, and the script's status is passed on" {
    for event in nak leasefail; do
        udhcpc $event
        grep -v descriptor "$T/calls" >"$T/order"
        [ "$(cat "$T/order")" = "default.script $event" ]
        [ "$status" -eq 71 ]
    done
}

# Only while the device is activated are there IP4 variables.
networkmanager() {
    : >"$T/calls"
    environment=(PATH=/usr/sbin:/usr/bin NM_DISPATCHER_ACTION="$2" CONNECTION_ID=home "${@:3}")
    hook networkmanager-dispatcher "$1" "$2"
}

@test "NetworkManager: up and a changed lease start it with the address" {
    networkmanager eth0 up DEVICE_IFACE=eth0 DEVICE_IP_IFACE=eth0 IP4_ADDRESS_0='192.0.2.62/24 192.0.2.1'
    called "$UP 192.0.2.62"
    networkmanager eth0 dhcp4-change DEVICE_IFACE=eth0 DEVICE_IP_IFACE=eth0 IP4_ADDRESS_0='192.0.2.63/24 192.0.2.1'
    called "$UP 192.0.2.63"
}

@test "NetworkManager: pre-down and down end it, once for each device" {
    has_address 192.0.2.62
    networkmanager eth0 pre-down DEVICE_IFACE=eth0 DEVICE_IP_IFACE=eth0 IP4_ADDRESS_0='192.0.2.62/24 192.0.2.1'
    called "$DOWN 192.0.2.62"
    networkmanager eth0 down DEVICE_IFACE=eth0
    called "$DOWN"
    networkmanager eth0 down DEVICE_IFACE=eth0 DEVICE_IP_IFACE=ppp0
    called "$DOWN" 'dtcp-up --down --event ppp0'
}

@test "NetworkManager: other actions, links of others and links without IPv4 do nothing" {
    for action in pre-up hostname connectivity-change dhcp6-change vpn-up reapply; do
        networkmanager eth0 $action IP4_ADDRESS_0='192.0.2.62/24 192.0.2.1'
        not_called
    done
    for action in up down; do
        networkmanager eth0 $action CONNECTION_EXTERNAL=1 IP4_ADDRESS_0='192.0.2.62/24 192.0.2.1'
        not_called
    done
    networkmanager eth0 up DEVICE_IFACE=eth0
    not_called
    networkmanager '' hostname
    not_called
}

networkd() {
    : >"$T/calls"
    environment=(PATH=/usr/bin "IFACE=$1" "STATE=$2" ADDR=2001:db8::1 IP_ADDRS=192.0.2.62
        OperationalState="$2" NOTIFY_SOCKET=/none)
    hook networkd-dispatcher
}

@test "networkd-dispatcher: routable starts it, off ends it, the others do nothing" {
    networkd eth0 routable
    called "$UP"
    networkd eth0 off
    called "$DOWN"
    for state in degraded carrier no-carrier dormant configuring configured; do
        networkd eth0 $state
        not_called
    done
}

# ifupdown IFACE ADDRFAM METHOD MODE: as ifupdown 0.8.41 does.
ifupdown() {
    : >"$T/calls"
    environment=(PATH=/sbin:/bin:/usr/bin "IFACE=$1" "LOGICAL=$1" "ADDRFAM=$2" "METHOD=$3" "MODE=$4"
        VERBOSITY=0 PHASE=post-up)
    hook ifupdown
}

@test "ifupdown: start and stop of an IPv4 interface" {
    has_address 192.0.2.62
    for method in dhcp static manual; do
        ifupdown eth0 inet $method start
        called "$UP"
        ifupdown eth0 inet $method stop
        called "$DOWN 192.0.2.62"
    done
    # An alias is a label of eth0's addresses.
    ifupdown eth0:1 inet static stop
    called "$DOWN 192.0.2.62"
}

@test "ifupdown: IPv6, --all, loopback, pppd's peers and NetworkManager's events do nothing" {
    for mode in start stop; do
        ifupdown eth0 inet6 auto $mode
        not_called
        ifupdown --all meta none $mode
        not_called
        ifupdown --all '' '' $mode
        not_called
        ifupdown lo inet loopback $mode
        not_called
        ifupdown dsl-provider inet ppp $mode
        not_called
        ifupdown eth0 NetworkManager NetworkManager $mode
        not_called
        ifupdown eth0 inet NetworkManager $mode
        not_called
    done
}

@test "ifupdown2 lists families, or names none; so does ifupdown-ng" {
    has_address 192.0.2.62
    for given in 'METHOD=none IF_ADDRESS=192.0.2.62/24' 'LOGICAL=eth0 METHOD=static ADDRFAM=inet,inet6' \
        'LOGICAL=eth0 METHOD=static ADDRFAM=inet6,inet' 'IF_ADDRESS=192.0.2.62/24'; do
        # shellcheck disable=SC2206 # words
        environment=(PATH=/sbin:/bin:/usr/bin IFACE=eth0 PHASE=up MODE=start $given)
        : >"$T/calls"
        hook ifupdown
        called "$UP"
        environment+=(MODE=stop)
        : >"$T/calls"
        hook ifupdown
        called "$DOWN 192.0.2.62"
    done
}

@test "ifupdown2 of old has the phase in MODE; without MODE the folder tells" {
    has_address 192.0.2.62
    for mode in up post-up; do
        environment=(PATH=/sbin:/bin:/usr/bin IFACE=eth0 "MODE=$mode")
        : >"$T/calls"
        hook ifupdown
        called "$UP"
    done
    environment=(PATH=/sbin:/bin:/usr/bin IFACE=eth0 MODE=down)
    : >"$T/calls"
    hook ifupdown
    called "$DOWN 192.0.2.62"
    environment=(PATH=/sbin:/bin:/usr/bin IFACE=eth0)
    mkdir "$T/if-up.d" "$T/if-down.d"
    cp "$T/hooks/ifupdown" "$T/if-up.d/dtcp-up"
    cp "$T/hooks/ifupdown" "$T/if-down.d/dtcp-up"
    : >"$T/calls"
    hook ../if-up.d/dtcp-up
    called "$UP"
    : >"$T/calls"
    hook ../if-down.d/dtcp-up
    called "$DOWN 192.0.2.62"
}

openwrt() {
    : >"$T/calls"
    environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@")
    sourced 'busybox sh' openwrt-hotplug
}

@test "OpenWrt: ifup, and ifupdate with new addresses, start it" {
    openwrt ACTION=ifup INTERFACE=wan DEVICE=eth0
    called "$UP"
    openwrt ACTION=ifupdate INTERFACE=wan DEVICE=eth0 IFUPDATE_ADDRESSES=1
    called "$UP"
    openwrt ACTION=ifupdate INTERFACE=wan DEVICE=eth0 IFUPDATE_ROUTES=1
    not_called
    openwrt ACTION=ifup-failed INTERFACE=wan
    not_called
}

@test "OpenWrt: ifdown ends it, with the device that netifd knows for the interface" {
    openwrt ACTION=ifdown INTERFACE=wan
    not_called
    mkdir -p "$T/lib/functions"
    # shellcheck disable=SC2016 # written as it stands
    echo 'network_get_physdev() { [ "$2" = wan ] && eval "$1=eth0"; }' >"$T/lib/functions/network.sh"
    openwrt ACTION=ifdown INTERFACE=wan
    called "$DOWN"
    openwrt ACTION=ifdown INTERFACE=lan
    not_called
}
