#!/usr/bin/env bats
# What all hooks share: what it tells dtcp-up, and what it does where a unit of
# systemd does the work.

load helper

decide() {
    : >"$T/calls"
    # shellcheck disable=SC2086 # "busybox sh" as well
    run timeout 300 $1 "$T/libexec/dtcp-up-hook" "${@:2}"
    succeeds_silently
}

@test "it tells what happened, and decides nothing" {
    for shell in dash bash 'busybox sh'; do
        decide "$shell" up eth0
        called 'dtcp-up --event eth0'
        decide "$shell" up eth0 192.0.2.62
        called 'dtcp-up --event eth0 192.0.2.62'
        decide "$shell" down eth0
        called 'dtcp-up --down --event eth0'
        decide "$shell" down eth0 192.0.2.62
        called 'dtcp-up --down --event eth0 192.0.2.62'
    done
    decide dash down eth0 fe80::1
    not_called
}

@test "addresses that are about to go are named, each" {
    printf '#!/bin/sh\n[ "$*" = "-4 -o addr show dev eth0 label eth0:1" ] || exit 1\n%s\n%s\n' \
        'echo "2: eth0    inet 192.0.2.62/24 brd 192.0.2.255 scope global eth0:1"' \
        'echo "2: eth0    inet 192.0.2.63 peer 192.0.2.1/32 scope global eth0:1"' >"$T/bin/ip"
    chmod 755 "$T/bin/ip"
    decide dash going eth0 eth0:1
    called 'dtcp-up --down --event eth0 192.0.2.62' 'dtcp-up --down --event eth0 192.0.2.63'
    decide dash going eth0 eth0
    called 'dtcp-up --down --event eth0'
}

@test "the unit of a link, where it is enabled, is started without waiting" {
    enable_unit eth0
    decide dash up eth0 192.0.2.62
    called 'systemctl --no-block start dtcp-up@eth0.service'
    # A dash is escaped in the name of a unit.
    decide dash up pppoe-wan 192.0.2.62
    called 'dtcp-up --event pppoe-wan 192.0.2.62'
    enable_unit 'pppoe\x2dwan'
    decide dash up pppoe-wan 192.0.2.62
    called 'systemctl --no-block start dtcp-up@pppoe\x2dwan.service'
}

@test "the unit that is for no link comes first" {
    enable_unit eth0
    ln -s "$T/nowhere" "$T/etc/systemd/system/multi-user.target.wants/dtcp-up.service"
    decide dash up eth0 192.0.2.62
    called 'systemctl --no-block start dtcp-up.service'
    decide dash down eth0
    called 'dtcp-up --down --event eth0'
}

@test "a unit counts as enabled when systemctl enabled it, and no longer when it disabled it" {
    mkdir -p "$T/run/systemd/system" "$T/usr/lib/systemd/system"
    sed "s|@SBINDIR@|/usr/sbin|; s|@SYSCONFDIR@|/etc|" \
        "$HOOKS/../etc/dtcp-up@.service" >"$T/usr/lib/systemd/system/dtcp-up@.service"
    for link in eth0 pppoe-wan; do
        unit=$(systemd-escape --template=dtcp-up@.service "$link")
        systemctl --root="$T" enable "$unit"
        decide dash up "$link" 192.0.2.62
        called "systemctl --no-block start $unit"
        systemctl --root="$T" disable "$unit"
        decide dash up "$link" 192.0.2.62
        called "dtcp-up --event $link 192.0.2.62"
    done
}

# link_has ADDRESS...: what the link's addresses are, as ip tells it.
link_has() {
    printf '#!/bin/sh\n' >"$T/bin/ip"
    for address; do
        echo "echo '2: eth0    inet $address/24 brd 192.0.2.255 scope global eth0'" >>"$T/bin/ip"
    done
    chmod 755 "$T/bin/ip"
}

@test "the unit of a link is stopped when the link has no address left" {
    local told='dtcp-up --down --event eth0' stopped='systemctl stop dtcp-up@eth0.service'
    enable_unit eth0
    for shell in dash bash 'busybox sh'; do
        link_has
        decide "$shell" down eth0
        called "$told" "$stopped"
        link_has 169.254.7.8
        decide "$shell" down eth0
        called "$told" "$stopped"
        # One that is about to go is as good as gone.
        link_has 192.0.2.62 192.0.2.63
        decide "$shell" down eth0 192.0.2.62
        called "$told 192.0.2.62"
        decide "$shell" going eth0
        called "$told 192.0.2.62" "$told 192.0.2.63" "$stopped"
        link_has 192.0.2.62
        decide "$shell" down eth0 192.0.2.62
        called "$told 192.0.2.62" "$stopped"
        # This comes late.
        decide "$shell" down eth0
        called "$told"
    done
}

@test "the unit of another link, or one without systemd running, is not used" {
    enable_unit ppp1
    decide dash up eth0 192.0.2.62
    called 'dtcp-up --event eth0 192.0.2.62'
    enable_unit eth0
    rm -r "$T/run/systemd"
    decide dash up eth0 192.0.2.62
    called 'dtcp-up --event eth0 192.0.2.62'
}

@test "a unit needs the account file too, and the program" {
    enable_unit eth0
    rm "$T/etc/ppp/dtcp.conf"
    decide dash up eth0 192.0.2.62
    not_called
    rm "$T/sbin/dtcp-up"
    decide dash down eth0
    not_called
}

@test "an unknown action, or none, does nothing" {
    decide dash
    not_called
    decide dash restart eth0 192.0.2.62
    not_called
}

@test "no token is left in an installed hook" {
    run grep -rn '@[A-Z]*@' "$T/hooks" "$T/libexec"
    [ "$status" -eq 1 ]
}
