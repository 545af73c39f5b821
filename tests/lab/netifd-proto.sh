# shellcheck shell=dash
# What OpenWrt's netifd-proto.sh, functions.sh and network.sh offer to a handler of
# netifd's, as far as ours uses it. They talk to netifd.py in place of ubus. Run by
# busybox's ash, also with `set -eu`.
# shellcheck disable=SC2034,SC2154 # variables of handlers

ask_netifd() { @ASK@ /run/lab/netifd/socket "$@"; }

init_proto() {
    proto_name=${1-} proto_command=${2-} proto_interface=${3-} proto_options=${4-}
    proto_update='' proto_words=''
}

add_protocol() {
    if [ "$proto_command" = dump ]; then
        no_device=0 available=0 lasterror=0
        "proto_$1_init_config"
        printf '{"name": "%s", "config": [%s], "no-device": %s, "available": %s, "lasterror": %s}\n' \
            "$1" "${proto_words%,}" "$no_device" "$available" "$lasterror"
    elif [ "$proto_name" = "$1" ]; then
        "proto_$1_$proto_command" "$proto_interface" ''
    fi
}

proto_config_add_string() { proto_words="${proto_words}[\"$1\", 3],"; }
proto_config_add_int() { proto_words="${proto_words}[\"$1\", 5],"; }
proto_config_add_boolean() { proto_words="${proto_words}[\"$1\", 7],"; }

json_get_vars() { eval "$(ask_netifd vars "$proto_options" "$@")"; }

# Words for the next update, a line each. What is begun in between spoils it, as there.
add_word() {
    proto_update="$proto_update$1
"
}
proto_init_update() {
    proto_update='' proto_words=''
    add_word "ifname=$1"
    add_word "link-up=$2"
    [ -z "${3-}" ] || add_word "address-external=$3"
}
proto_add_ipv6_address() { add_word "ip6addr=$1/$2"; }
proto_add_ipv6_prefix() { add_word "ip6prefix=$1"; }
# TARGET MASK GATEWAY METRIC VALID SOURCE
proto_add_ipv6_route() { add_word "route6=$1/$2|${4-}|${6-}"; }
proto_add_data() { :; }
json_add_string() { add_word "data=$1=$2"; }
proto_close_data() { :; }
proto_send_update() {
    send_to=$1
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # lines are words here
    set -- $proto_update
    unset IFS
    set +f
    ask_netifd update "$send_to" "$@"
}

proto_run_command() {
    run_for=$1 proto_update=''
    shift
    ask_netifd run "$run_for" "$@"
}
proto_kill_command() {
    proto_update=''
    ask_netifd kill "$@"
}
proto_notify_error() {
    proto_update=''
    ask_netifd error "$@"
}
proto_block_restart() {
    proto_update=''
    ask_netifd block "$1"
}
proto_add_host_dependency() { ask_netifd depend "$1" "$2" "${3-}"; }

network_get_device() {
    found=$(ask_netifd device "$2") || return 1
    eval "$1=\$found"
}
network_get_physdev() { network_get_device "$@"; }
