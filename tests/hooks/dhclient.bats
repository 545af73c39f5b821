#!/usr/bin/env bats
# dhclient's hooks, sourced as dhclient-script sources them, with the variables
# that dhclient 4.4.3 gives for each reason.

load helper

environment=()

# Runs the enter hook, then the exit hook, with a line -- in between, in each
# of the shells that may be /bin/sh, and checks that they called $@ alike.
in_both_shells() {
    for shell in 'busybox sh' dash; do
        : >"$T/calls"
        sourced "$shell" dhclient-enter
        echo -- >>"$T/calls"
        sourced "$shell" dhclient-exit
        called "$@"
    done
}

@test "BOUND, RENEW, REBIND and REBOOT start it, after the address is set" {
    for reason in BOUND RENEW REBIND REBOOT; do
        environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 "reason=$reason"
            old_ip_address=192.0.2.23 new_ip_address=192.0.2.62 new_subnet_mask=255.255.255.0)
        in_both_shells -- 'dtcp-up --event eth0 192.0.2.62'
    done
}

@test "EXPIRE and FAIL end it, once, when the address is gone" {
    for reason in EXPIRE FAIL; do
        environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 "reason=$reason" old_ip_address=192.0.2.23)
        in_both_shells -- 'dtcp-up --down --event eth0'
    done
}

@test "RELEASE and STOP end it, once, while the address is there" {
    for reason in RELEASE STOP; do
        environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 "reason=$reason" old_ip_address=192.0.2.23)
        in_both_shells 'dtcp-up --down --event eth0 192.0.2.23' --
    done
}

@test "TIMEOUT starts it only where the old lease was found to work" {
    environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 reason=TIMEOUT
        new_ip_address=192.0.2.62 exit_status=0)
    in_both_shells -- 'dtcp-up --event eth0 192.0.2.62'
    environment+=(exit_status=2)
    in_both_shells --
}

@test "the other reasons, IPv6's among them, do nothing" {
    for reason in '' MEDIUM PREINIT NBI V6ONLY PREINIT6 BOUND6 RENEW6 REBIND6 DEPREF6 EXPIRE6 RELEASE6 STOP6; do
        environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 "reason=$reason" new_ip_address=192.0.2.62)
        in_both_shells --
    done
}

@test "without the program, the account file or the shared piece it goes on as if nothing were there" {
    environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 reason=BOUND new_ip_address=192.0.2.62)
    rm "$T/etc/ppp/dtcp.conf"
    in_both_shells --
    rm "$T/sbin/dtcp-up"
    in_both_shells --
    rm "$T/libexec/dtcp-up-hook"
    in_both_shells --
}

@test "under 'set -e' of another hook's the script goes on, even where the shared piece fails" {
    fake "$T/libexec/dtcp-up-hook"
    environment=(PATH=/usr/sbin:/sbin:/bin:/usr/sbin:/usr/bin interface=eth0 new_ip_address=192.0.2.62)
    for reason in BOUND EXPIRE RELEASE PREINIT; do
        run timeout 300 env -i "${environment[@]}" "reason=$reason" dash -ec "
            . '$T/hooks/dhclient-enter'
            . '$T/hooks/dhclient-exit'
            echo goes on"
        [ "$status" -eq 0 ]
        [ "$output" = 'goes on' ]
        [ "$reason" = PREINIT ] || grep -q '^dtcp-up-hook ' "$T/calls"
    done
}

# Debian's dhclient-script finds the hooks with `run-parts --list`.
# shellcheck disable=SC2030 # each test is a subshell
@test "Debian's run-parts lists the installed names" {
    mkdir "$T/dhclient-exit-hooks.d"
    install -m 644 "$T/hooks/dhclient-exit" "$T/dhclient-exit-hooks.d/dtcp-up"
    run timeout 300 run-parts --list "$T/dhclient-exit-hooks.d"
    [ "$output" = "$T/dhclient-exit-hooks.d/dtcp-up" ]
}

# Fedora's dhclient-script: a bash that sources what is executable and calls two
# functions by the file's name.
fedora() {
    : >"$T/calls"
    # shellcheck disable=SC2016 # for the inner shell
    run timeout 300 env -i interface=eth0 "${@:2}" bash -ec '
        file=$1 subsystem=${1##*/}
        . "$file"
        "${subsystem%.sh}_$2"
        echo goes on' - "$T/hooks/dtcp-up.sh" "$1"
    # shellcheck disable=SC2031 # of the run above
    [ "$output" = 'goes on' ]
}

@test "Fedora: config when the address is set, restore before it goes" {
    mv "$T/hooks/dhclient-fedora" "$T/hooks/dtcp-up.sh"
    fedora config new_ip_address=192.0.2.62
    called 'dtcp-up --event eth0 192.0.2.62'
    fedora restore old_ip_address=192.0.2.62
    called 'dtcp-up --down --event eth0 192.0.2.62'
    rm "$T/libexec/dtcp-up-hook"
    fedora config new_ip_address=192.0.2.62
    not_called
}
