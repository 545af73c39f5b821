#!/bin/sh
# OpenWrt's netifd: `option proto dtcp` in /etc/config/network. Installed (0755) as
# /lib/netifd/proto/dtcp.sh, and read by netifd when that starts.
#
# netifd runs it in that folder: `./dtcp.sh '' dump` tells the options that there are,
# `./dtcp.sh dtcp setup|teardown INTERFACE OPTIONS` does the rest. What it prints gets
# into the log.
#
# dtcp-up is netifd's task, and has the session, the device (dtcp-INTERFACE), its
# addresses and the path; netifd has prefix and routes, of which it hears by
# dtcp-event. So both a bad path and an end of dtcp-up take the routes away.
# shellcheck disable=SC2034 # no_device and so on are for netifd-proto.sh
# shellcheck disable=SC2154 # json_get_vars sets the options

program=@SBINDIR@/dtcp-up
states=/run/dtcp-up
folder=/var/run/dtcp-netifd
newline='
'

# Without the program there is no such protocol.
[ "${2:-}" != dump ] || [ -x "$program" ] || exit 0

# shellcheck source=/dev/null # of OpenWrt
. /lib/functions.sh
# shellcheck source=/dev/null # of OpenWrt
. /lib/functions/network.sh
# shellcheck source=/dev/null # of OpenWrt
. ../netifd-proto.sh
init_proto "$@"

# A change of one of these has netifd begin anew, and of no other.
proto_dtcp_init_config() {
    no_device=1
    available=1
    lasterror=1
    for option in server username password type tunlink path; do
        proto_config_add_string "$option"
    done
    for option in port mtu ttl ping metric; do
        proto_config_add_int "$option"
    done
    proto_config_add_boolean defaultroute
    proto_config_add_boolean sourceroutes
}

# refuse CODE TEXT: the options will not do, and trying again is no use.
refuse() {
    echo "$2"
    proto_notify_error "$iface" "$1" "$2" || :
    proto_block_restart "$iface" || :
}

# quoted TEXT: as a field of the account file.
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# Only what one line of the account file can hold; the rest is dtcp-up's to check.
options_will_do() {
    if [ ${#device} -gt 15 ]; then
        refuse NAME_TOO_LONG "the name of the interface is longer than 10 characters"
    elif [ -z "$server" ]; then
        refuse MISSING_SERVER "option server is missing"
    elif [ -z "$username" ]; then
        refuse MISSING_USERNAME "option username is missing"
    elif [ -z "$password" ]; then
        refuse MISSING_PASSWORD "option password is missing"
    else
        case $server$port$username$password$type$tunlink$path$mtu$ttl$ping$metric in
            *"$newline"*) refuse LINE_BREAK "an option holds a line break" ;;
            *) return 0 ;;
        esac
    fi
    return 1
}

# A guard refuses what leaves by other routes than the two default ones. So there is one
# only where netifd sets both.
guard() {
    if [ "$defaultroute" != 0 ] && [ "$sourceroutes" != 0 ] && [ "$type" != tunnelonly ]; then
        echo guard
    else
        echo none
    fi
}

write_account() {
    line="$(quoted "$server") $(quoted "${port:-20200}") $(quoted "$username") $(quoted "$password")"
    line="$line interface=$device route=$(guard) script=/lib/netifd/dtcp-event"
    for word in "type=$type" "mtu=$mtu" "ttl=$ttl" "ping=$ping" "path=$path"; do
        [ -z "${word#*=}" ] || line="$line $(quoted "$word")"
    done
    (
        umask 077
        mkdir -p "$folder"
        rm -f "$folder/$iface.conf" "$folder/$iface.routes"
        printf '%s\n' "$line" >"$folder/$iface.conf"
        # dtcp-event gets no options from dtcp-up.
        echo "${defaultroute:-1} ${sourceroutes:-1} ${metric:-4096}" >"$folder/$iface.routes"
    )
}

# Removes what a keeper has in the kernel and in files. It may be one whose netifd was
# killed, and would be in the way of the next one.
take_down() {
    "$program" --quiet --down --interface "$device" || :
}

# A refused login is tried again after a minute, by whichever dtcp-up: one that was
# killed, or taken down with tunlink, has a successor at once. So what is left of the
# minute outlives it: in seconds of /proc/uptime, and with the account's digest, since
# other words are no second try.
keep_turn() {
    after=$(sed -n 's/^login_after=//p' "$states/$device.state" 2>/dev/null) || return 0
    [ "${after:-0}" != 0 ] && [ -e "$folder/$iface.conf" ] || return 0
    (
        umask 077
        { echo "$after" && md5sum; } <"$folder/$iface.conf" >"$folder/$iface.turn"
    )
}

await_turn() {
    { read -r after && read -r digest; } <"$folder/$iface.turn" || after=0
    read -r uptime _ </proc/uptime
    left=$((after - ${uptime%.*}))
    if [ $left -gt 0 ] && [ "$digest" = "$(md5sum <"$folder/$iface.conf")" ]; then
        text="the server has refused this account; next login in $left s"
        echo "$text"
        proto_notify_error "$iface" AUTH_FAILED "$text" || :
        pause $left
    fi
    rm -f "$folder/$iface.turn"
}

# pause SECONDS: netifd may end this meanwhile, by SIGTERM; or be killed, and then
# another one does the rest.
pause() {
    sleep "$1" &
    # shellcheck disable=SC2064 # that sleep
    trap "kill $!; exit" TERM
    wait $!
    trap - TERM
    grep -q "^PPid:.$PPID\$" "/proc/$$/status" || exit 0
}

proto_dtcp_setup() {
    iface=$1 device=dtcp-$1 link=
    json_get_vars server port username password type tunlink path mtu ttl ping metric \
        defaultroute sourceroutes
    options_will_do || return 0
    # Where the other interface is not up, netifd ends this and begins again when it is.
    if [ -n "$tunlink" ]; then
        proto_add_host_dependency "$iface" '' "$tunlink" || return 0
        if ! network_get_device link "$tunlink"; then
            echo "interface $tunlink has no device"
            pause 5
            return 0
        fi
    else
        proto_add_host_dependency "$iface" 0.0.0.0 || return 0
    fi
    keep_turn
    take_down
    write_account
    [ ! -e "$folder/$iface.turn" ] || await_turn
    proto_run_command "$iface" "$program" --foreground --persist \
        --config "$folder/$iface.conf" --interface "$device" ${link:+--link "$link"}
}

# give_up CODE: it would end like this each time, until somebody changes something.
give_up() {
    proto_notify_error "$iface" "$1" || :
    proto_block_restart "$iface" || :
}

# ERROR is the status of a dtcp-up that has ended by itself.
proto_dtcp_teardown() {
    iface=$1 device=dtcp-$1
    keep_turn
    rm -f "$folder/$iface.conf" "$folder/$iface.routes"
    case ${ERROR-} in
        64) give_up USAGE_ERROR ;;
        69) proto_notify_error "$iface" UNREACHABLE || : ;;
        71) proto_notify_error "$iface" SYSTEM_ERROR || : ;;
        76) give_up PROTOCOL_ERROR ;;
        77) give_up PERMISSION_DENIED ;;
        78) give_up CONFIG_ERROR ;;
        127) give_up PROGRAM_MISSING ;;
    esac
    [ ${#device} -le 15 ] && [ -x "$program" ] || return 0
    proto_kill_command "$iface" || :
    take_down
    # netifd begins again at once, however often it ends: so not more than once a second.
    [ -z "${ERROR-}" ] || sleep 1
}

add_protocol dtcp
