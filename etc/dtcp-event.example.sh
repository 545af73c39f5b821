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
    fail) exit 0 ;; # never up so far: there is nothing to tell anybody
    *)
        echo "unknown event '$event'" >&2
        exit 64
        ;;
esac

# What is on the LAN now, and what was until now or not long ago, as radvd's
# configuration, noting it in $known for the next time. A LAN address is always
# the ::1 of its /64. One awk, since each program started costs a slow router
# some of the second that `down` has.
configuration() {
    awk -v lan="$lan" -v known="$known" -v now="$(date +%s)" -v stale_for="$stale_for" \
        -v preferred="$preferred" -v valid="$valid" \
        -v router_lifetime="$router_lifetime" -v mtu="${DTCP_MTU:-}" '
        function add(interface, prefix, state, good) {
            if ((interface, prefix) in seen) return
            seen[interface, prefix] = 1
            lines = lines interface " " prefix " " state "\n"
            if (!(interface in prefixes)) order[++interfaces] = interface
            good = state == "good"
            prefixes[interface] = prefixes[interface] \
                "    prefix " prefix " { AdvOnLink on; AdvAutonomous on;" \
                " AdvPreferredLifetime " (good ? preferred : 0) ";" \
                " AdvValidLifetime " (good ? valid : 0) "; };\n"
        }
        BEGIN {
            words = split(lan, word, " ")
            for (i = 1; i <= words; i++) {
                split(word[i], part, "=")
                sub("1/64$", "/64", part[2])
                add(part[1], part[2], "good")
            }
        }
        $3 == "good" { $3 = now }
        now - $3 < stale_for { add($1, $2, $3) }
        END {
            printf "%s", lines >known
            for (i = 1; i <= interfaces; i++) {
                print "interface " order[i] " {"
                print "    AdvSendAdvert on; MinRtrAdvInterval 30; MaxRtrAdvInterval 100;"
                print "    AdvDefaultLifetime " router_lifetime ";"
                if (mtu) print "    AdvLinkMTU " mtu ";"
                printf "%s};\n", prefixes[order[i]]
            }
        }' "$known"
}

tell_radvd() {
    command -v radvd >/dev/null || return 0
    [ -d "$folder" ] || mkdir -p "$folder"
    [ -e "$known" ] || : >"$known"
    configuration >"$folder/radvd.conf.new"
    mv "$folder/radvd.conf.new" "$folder/radvd.conf"
    [ -s "$folder/radvd.conf" ] || return 0
    if [ -d /run/systemd/system ]; then
        systemctl --no-block reload-or-restart radvd
    elif [ -s /run/radvd.pid ]; then
        read -r radvd </run/radvd.pid || :
        kill -HUP "$radvd"
    else
        radvd -C "$folder/radvd.conf"
    fi
}

# Without the table there is nothing to tell.
tell_firewall() {
    case $event in up | change) ;; *) return 0 ;; esac
    command -v nft >/dev/null || return 0
    nft list table inet dtcp_up >/dev/null 2>&1 || return 0
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
