# dtcpd without a kernel (tests/server/dry.c), on a free port of 127.0.0.1. Load it after
# helper.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # $port is read by tests, $T and $started are helper's

DRY=${DTCPD_DRY:-$BATS_TEST_DIRNAME/../../build/server/dtcpd-dry}

# far [LINE...]: dtcpd with the user foo and these lines; $port is its port.
far() {
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        (umask 077 && printf '%s\n' "listen 127.0.0.1:$port" \
            'user foo bar prefix=2001:db8:c0de::/48' "$@" >conf)
        : >said # the last one's words
        "${far_with[@]}" "$DRY" -c conf --run-dir "$T/far" "${far_options[@]}" 2>said 3>&- &
        far_pid=$!
        started+=($!)
        wait_for 20 far_settled
        ! grep -q 'listening at' said || return 0
    done
    cat said
    return 1
}
far_settled() { grep -q 'listening at' said || ! kill -0 "$far_pid" 2>/dev/null; }
far_with=() # the command that starts it
far_options=()

talk() { timeout 300 /usr/bin/python3 -E -s -S "$BATS_TEST_DIRNAME/../server/talk.py" "$port" "$1" 3>&-; }

# far_end: it ends, as asked.
far_end() {
    kill "$far_pid"
    wait "$far_pid"
}

# reload SED: dtcpd reads a file that was changed so.
reload() {
    sed -i "$1" conf
    reloads=$((${reloads-0} + 1))
    kill -HUP "$far_pid"
    wait_for 20 far_read "$reloads"
}
far_read() { [ "$(grep -c 'was \(not read\|read again\)' said)" = "$1" ]; }
