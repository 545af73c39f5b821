#!/bin/sh
# An event script for dtcp-up (script= in the account file) for a router with
# a LAN behind it. It
#
#   * writes radvd's configuration, so that the LAN hears of a new prefix at
#     once and of the old one's end at once (RFC 9096, 3.5), and hosts stop
#     using this router while the tunnel leads nowhere (RFC 7084, L-4);
#   * tells the firewall of nftables.example.nft the far end and the prefixes.
#
# To use it: install it (0755) as /usr/local/sbin/dtcp-event, add
# script=/usr/local/sbin/dtcp-event to the account, and
#     ln -s /run/dtcp-radvd/radvd.conf /etc/radvd.conf
# With dnsmasq, which follows the addresses by itself, only the firewall's
# part does anything. For one tunnel; a second one wants a copy with another
# folder.
#
# Events and variables: dtcp-up(8). It must be quick: on `down` dtcp-up waits
# for it, 1 s at most.
set -eu
umask 022

folder=/run/dtcp-radvd
known=$folder/prefixes  # lines: INTERFACE PREFIX good|SECONDS-WHEN-IT-ENDED
preferred=2700          # lifetimes of RFC 9096
valid=5400
stale_for=7200          # no host keeps a deprecated prefix longer

event=${1:-}
case $event in
    up | change) lan=${DTCP_LAN:-} router_lifetime=1800 ;;
    # The prefix may come back, but for now this is no way out.
    lost) lan=${DTCP_LAN:-} router_lifetime=0 ;;
    down) lan='' router_lifetime=0 ;;
    *)
        echo "unknown event '$event'" >&2
        exit 64
        ;;
esac

# What is on the LAN now, and what was until now or not long ago. A LAN
# address is always the ::1 of its /64.
list_prefixes() {
    now=$(date +%s)
    {
        for word in $lan; do
            address=${word#*=}
            echo "${word%%=*} ${address%1/64}/64 good"
        done
        [ ! -e "$known" ] || sed "s/ good\$/ $now/" "$known"
    } | awk -v now="$now" -v limit="$stale_for" \
        '!seen[$1, $2]++ && ($3 == "good" || now - $3 < limit)'
}

write_prefix() {
    case $2 in
        good) lifetimes="AdvPreferredLifetime $preferred; AdvValidLifetime $valid;" ;;
        *) lifetimes='AdvPreferredLifetime 0; AdvValidLifetime 0;' ;;
    esac
    echo "    prefix $1 { AdvOnLink on; AdvAutonomous on; $lifetimes };"
}

write_interface() {
    echo "interface $1 {"
    echo '    AdvSendAdvert on; MinRtrAdvInterval 30; MaxRtrAdvInterval 100;'
    echo "    AdvDefaultLifetime $router_lifetime;"
    [ -z "${DTCP_MTU:-}" ] || echo "    AdvLinkMTU $DTCP_MTU;"
    while read -r interface prefix state; do
        [ "$interface" != "$1" ] || write_prefix "$prefix" "$state"
    done <"$known"
    echo '};'
}

tell_radvd() {
    command -v radvd >/dev/null || return 0
    mkdir -p "$folder"
    list_prefixes >"$known.new"
    mv "$known.new" "$known"
    cut -d ' ' -f 1 "$known" | sort -u | while read -r interface; do
        write_interface "$interface"
    done >"$folder/radvd.conf.new"
    mv "$folder/radvd.conf.new" "$folder/radvd.conf"
    [ -s "$folder/radvd.conf" ] || return 0
    if [ -d /run/systemd/system ]; then
        systemctl --no-block reload-or-restart radvd
    elif [ -s /run/radvd.pid ]; then
        kill -HUP "$(cat /run/radvd.pid)"
    else
        radvd -C "$folder/radvd.conf"
    fi
}

# Without the table there is nothing to tell.
tell_firewall() {
    command -v nft >/dev/null || return 0
    nft list table inet dtcp_up >/dev/null 2>&1 || return 0
    case $event in up | change) ;; *) return 0 ;; esac
    {
        echo "flush set inet dtcp_up far_end"
        echo "add element inet dtcp_up far_end { $DTCP_REMOTE }"
        if [ -n "${DTCP_PREFIXES:-}" ]; then
            echo "flush set inet dtcp_up own_prefixes"
            for prefix in $DTCP_PREFIXES; do
                echo "add element inet dtcp_up own_prefixes { $prefix }"
            done
        fi
    } | nft -f -
}

tell_radvd
tell_firewall
