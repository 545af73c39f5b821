#!/usr/bin/env bats
# Which links the shared piece takes for meant, and what it does where systemd
# and the unit of the link do the work.

load helper

decide() {
    : >"$T/calls"
    run timeout 10 "$1" "$T/libexec/dtcp-up-hook" "${@:2}"
    succeeds_silently
}

@test "events of our own tunnel are never acted on" {
    default_route_by dtcp0
    for action in up up-default down; do
        decide dash $action dtcp0 192.0.2.10
        not_called
    done
}

@test "where every link raises events, the one with the IPv4 default route counts" {
    for shell in dash bash; do
        decide $shell up-default eth0 192.0.2.62
        not_called
        decide $shell up-default ppp0
        called 'dtcp-up --wait 0 --link ppp0'
    done
    # A route to a part of 0/0 is no default route.
    sed -i 's/^\(ppp0\t00000000\t.*\t\)00000000\t/\100000080\t/' "$T/proc/net/route"
    decide dash up-default ppp0
    not_called
}

@test "an account that names the link counts as well" {
    for line in 'h 20200 u p link=eth0' $'\th\t20200\tu\tp\tlink=eth0\tttl=9  ' 'h 20200 u p type=host link=eth0 ttl=9'; do
        printf '# link=ppp9\n%s' "$line" >"$T/etc/ppp/dtcp.conf"
        decide dash up-default eth0
        called 'dtcp-up --wait 0 --link eth0'
    done
    for line in '# h 20200 u p link=eth0' 'h 20200 u p link=eth01' 'h 20200 u p xlink=eth0' '' 'h 20200 u link=*'; do
        printf '%s\n' "$line" >"$T/etc/ppp/dtcp.conf"
        decide dash up-default eth0
        not_called
    done
}

@test "the unit of a link, where it is enabled, is started and stopped without waiting" {
    enable_unit eth0
    decide dash up eth0 192.0.2.62
    called 'systemctl --no-block start dtcp-up@eth0.service'
    decide dash up-default eth0
    called 'systemctl --no-block start dtcp-up@eth0.service'
}

@test "a unit counts as enabled when systemctl enabled it, and no longer when it disabled it" {
    mkdir -p "$T/run/systemd/system" "$T/usr/lib/systemd/system"
    sed "s|@SBINDIR@|/usr/sbin|; s|@SYSCONFDIR@|/etc|" \
        "$HOOKS/../etc/dtcp-up@.service" >"$T/usr/lib/systemd/system/dtcp-up@.service"
    for link in eth0 pppoe-wan; do
        systemctl --root="$T" enable "dtcp-up@$link"
        decide dash up "$link" 192.0.2.62
        called "systemctl --no-block start dtcp-up@$link.service"
        systemctl --root="$T" disable "dtcp-up@$link"
        decide dash up "$link" 192.0.2.62
        called "dtcp-up --wait 0 --link $link 192.0.2.62"
    done
}

@test "the end waits for the tunnel's, so that the DTCP server hears of it" {
    enable_unit eth0
    decide dash down eth0
    called 'systemctl --no-block stop dtcp-up@eth0.service' 'dtcp-up --down --link eth0'
}

@test "the unit of another link, or one without systemd running, is not used" {
    enable_unit ppp1
    decide dash up eth0 192.0.2.62
    called 'dtcp-up --wait 0 --link eth0 192.0.2.62'
    enable_unit eth0
    rm -r "$T/run/systemd"
    decide dash up eth0 192.0.2.62
    called 'dtcp-up --wait 0 --link eth0 192.0.2.62'
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
