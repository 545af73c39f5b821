#!/bin/sh
# What @SBINDIR@/dtcp-up tells netifd for `proto dtcp`: its script= (see EVENTS in
# dtcp-up(8)), in the account file that openwrt-proto.sh writes. Installed (0755) as
# /lib/netifd/dtcp-event.
#
# netifd refuses all of it while it takes the interface down, which is no failure.
exec >/dev/null 2>&1

# shellcheck source=/dev/null # of OpenWrt
. /lib/functions.sh
# shellcheck source=/dev/null # of OpenWrt
. /lib/netifd/netifd-proto.sh

iface=${DTCP_INTERFACE#dtcp-}
# Without it the interface is being taken down.
read -r defaultroute sourceroutes metric <"/var/run/dtcp-netifd/$iface.routes" || exit 0

# The addresses from which our packets come.
case $DTCP_TYPE in
    network) sources=$DTCP_PREFIXES ;;
    host) sources=$DTCP_ADDRESS/128 ;;
    *) sources='' ;;
esac

tell_lost() {
    proto_init_update "$DTCP_INTERFACE" 0
    proto_send_update "$iface"
}

# netifd goes by its own list: a route that went with the device, or when the device was
# set down, is not set again. So netifd has to forget the routes first. Where the tunnel has
# only moved they are still there.
forget_routes() {
    if [ "$defaultroute" = 1 ] && [ -n "$sources" ] &&
        ip -6 route show table all dev "$DTCP_INTERFACE" | grep -q '^default'; then
        return
    fi
    tell_lost || :
}

# Source routes get the metric that netifd gives every route; the default route gets one
# with which native IPv6 goes first.
tell_routes() {
    [ "$sourceroutes" = 0 ] || for source in $sources; do
        proto_add_ipv6_route :: 0 '' '' '' "$source"
    done
    [ -z "$sources" ] || proto_add_ipv6_route :: 0 '' "$metric"
}

tell_up() {
    proto_init_update "$DTCP_INTERFACE" 1 1
    [ -z "$DTCP_ADDRESS" ] || proto_add_ipv6_address "$DTCP_ADDRESS" 128
    for prefix in $DTCP_PREFIXES; do
        proto_add_ipv6_prefix "$prefix"
    done
    tell_routes
    proto_add_data
    json_add_string server "$DTCP_SERVER"
    json_add_string remote "$DTCP_REMOTE"
    proto_close_data
    proto_send_update "$iface"
}

# Why it is not up yet, for ifstatus and LuCI.
tell_failure() {
    case $DTCP_STATUS in
        69) code=UNREACHABLE ;;
        76) code=PROTOCOL_ERROR ;;
        77) code=AUTH_FAILED ;;
        *) code=SYSTEM_ERROR ;;
    esac
    proto_notify_error "$iface" "$code" "$DTCP_ERROR"
}

case $1 in
    up) tell_up || : ;;
    change)
        forget_routes
        tell_up || :
        ;;
    lost) tell_lost || : ;;
    fail) tell_failure || : ;;
esac
exit 0
