# shellcheck shell=bash
# Installs the hooks into a folder of the test's, with a fake dtcp-up that
# records how it was called, so that they run on any machine, as any user.
# Paths of the system that a hook looks at are moved into that folder too.

# shellcheck disable=SC2154 # bats sets status and output, the test environment
load ../where

HOOKS=$BATS_TEST_DIRNAME/../../hooks

setup() {
    T=$BATS_TEST_TMPDIR
    mkdir -p "$T/sbin" "$T/libexec" "$T/etc/ppp" "$T/bin" "$T/hooks" \
        "$T/sys/class/net/ppp0" "$T/sys/class/net/eth0" "$T/sys/class/net/dtcp0" \
        "$T/proc/net" "$T/etc/NetworkManager/dispatcher.d" "$T/etc/udhcpc"
    echo 512 >"$T/sys/class/net/ppp0/type"
    echo 1 >"$T/sys/class/net/eth0/type"
    echo 776 >"$T/sys/class/net/dtcp0/type"
    default_route_by ppp0
    echo 'dtcp.example.net 20200 sengoku password' >"$T/etc/ppp/dtcp.conf"
    fake "$T/sbin/dtcp-up"
    fake "$T/bin/systemctl"
    for file in "$HOOKS"/*; do
        install_hook "$(basename "$file")"
    done
    mv "$T/hooks/dtcp-up-hook" "$T/libexec/dtcp-up-hook"
    : >"$T/calls"
}

install_hook() {
    case $1 in *.md) return ;; esac
    sed -e "s|@SBINDIR@|$T/sbin|g; s|@LIBEXECDIR@|$T/libexec|g; s|@SYSCONFDIR@|$T/etc|g" \
        -e "s|^PATH=|PATH=$T/bin:|" \
        -e "s|/sys/class/net/|$T&|g; s|/proc/net/route|$T&|; s|/run/systemd/system|$T&|g" \
        -e "s|/etc/systemd/system|$T&|; s|/etc/udhcpc/default|$T&|; s|/usr/share/udhcpc|$T&|; s|/lib/functions|$T&|g" \
        -e "s|/etc/NetworkManager|$T&|; s|/usr/lib/NetworkManager|$T&|" \
        "$HOOKS/$1" >"$T/hooks/$1"
    chmod --reference="$HOOKS/$1" "$T/hooks/$1"
}

# A program that records its name and arguments, and whether it was given a
# descriptor 0 to 2 that is not /dev/null; it complains loudly and fails, as
# hooks must be silent and harmless even then.
fake() {
    cat >"$1" <<FAKE
#!/bin/sh
echo "\${0##*/} \$*" >>"$T/calls"
for fd in 0 1 2; do
    [ "\$(readlink /proc/\$\$/fd/\$fd)" = /dev/null ] || echo "descriptor \$fd is open" >>"$T/calls"
done
echo "this must not be seen"
echo "this must not be seen" >&2
exit 71
FAKE
    chmod 755 "$1"
}

default_route_by() {
    printf 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n' >"$T/proc/net/route"
    printf 'eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n' >>"$T/proc/net/route"
    printf '%s\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n' "$1" >>"$T/proc/net/route"
}

enable_unit() {
    mkdir -p "$T/run/systemd/system" "$T/etc/systemd/system/multi-user.target.wants"
    ln -s "$T/nowhere" "$T/etc/systemd/system/multi-user.target.wants/dtcp-up@$1.service"
}

# A caller's environment is what the caller gives, nothing of bats'.
hook() {
    local name=$1
    shift
    run timeout 300 env -i "${environment[@]}" "$T/hooks/$name" "$@"
    succeeds_silently
}

# As dhclient-script and the like do it: a POSIX shell sources the file, in
# the middle of something, with variables of its own.
sourced() {
    local shell=$1 name=$2
    # shellcheck disable=SC2016,SC2086 # $shell is "busybox sh" as well
    run timeout 300 env -i "${environment[@]}" $shell -c '
        set >"$1/before"
        . "$1/hooks/$2"
        status=$?
        set >"$1/after"
        echo "goes on with $status"' "$shell" "$T" "$name"
    diff <(grep -v '^_=' "$T/before") <(grep -v -e '^_=' -e '^status=' "$T/after")
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = 'goes on with 0' ]
}

succeeds_silently() {
    echo "status $status, output: $output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

called() {
    echo "calls: $(cat "$T/calls")"
    [ "$(cat "$T/calls")" = "$(printf '%s\n' "$@")" ]
}

not_called() {
    echo "calls: $(cat "$T/calls")"
    [ ! -s "$T/calls" ]
}
