#!/usr/bin/env bats
# Dialogues with dtcpd, without a kernel (tests/server/dry.c): those that are about
# any good server also with the Python server of the tests, which was written by
# other hands from the same descriptions (talk.py).

# helper.bash sets things, each test is a subshell; names are no files to read.
# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154

load helper
load dry

# both CASE: with the Python server, and with dtcpd.
both() {
    serve
    talk "good_$1"
    far
    talk "good_$1"
}

# only CASE [LINE...]: with dtcpd.
only() {
    local name=$1
    shift
    far "$@"
    talk "$name"
}

@test "both servers: login, ping, quit, and the end of the connection" { both login; }
@test "both servers: ping before and after the login" { both ping; }
@test "both servers: help" { both help; }
@test "both servers: an empty line and an unknown command" { both unknown; }
@test "both servers: a wrong password, and then the right one" { both wrong_password; }
@test "both servers: an unknown type, and then a known one" { both unsupported; }
@test "both servers: CRLF and LF, in pieces" { both line_ends; }
@test "both servers: several commands in one packet" { both one_packet; }
@test "both servers: one session after the other" { both again; }

@test "the response in either letter case" { only either_case; }
@test "a response with one wrong digit" { only one_digit; }
@test "each connection has a challenge of its own" { only fresh_challenges; }
@test "the known texts, and a second tunnel" { only texts; }
@test "the third failed login ends the connection" { only third_failure; }
@test "long lines and control characters end it" { only bad_lines; }
@test "a newer login ends the older session" { only displaced; }
@test "silence ends a session, and leaves who is not logged in a minute" { only timed_out 'idle 1'; }
@test "sixteen of one address" { only one_address; }
@test "thousands who say nothing" { only crowd; }
@test "hundreds who come at once have their time to log in" { only patience; }
@test "one who sends and never reads" { only flood; }
# Twice, since memory that was never used yet is no growth.
@test "hundreds that are silent, slow or never read: others are served in time, and nothing grows" {
    local before slowest
    only storm
    before=$(memory)
    slowest=$(talk storm)
    echo "$before KiB, then $(memory) KiB; the slowest answer took $slowest ms"
    measure_speed
    # Whoever has to wait for the others waits until they are ended, much longer than this.
    [ "$slowest" -le $((10000 * SLOW)) ]
    # Queues may be longer this time; what can be in them is counted from the beginning.
    [ "$(memory)" -le $((before + 2048)) ]
    [ "$(memory)" -le 32768 ]
}
# memory: of its three processes, in KiB.
memory() {
    for pid in "$far_pid" $(pgrep -P "$far_pid"); do cat "/proc/$pid/smaps"; done |
        awk '/^(Anonymous|Swap):/ { n += $2 } END { print n }'
}

# the_front: its process number; it alone waits for connections by epoll(7).
the_front() {
    local pid
    for pid in $(pgrep -P "$far_pid"); do
        ! find "/proc/$pid/fd" -lname '*eventpoll*' | grep -q . || echo "$pid"
    done
}
# memory_of PID: what it has written to, in KiB, be it shared with others or not.
memory_of() { awk '/^(Anonymous|Swap):/ { n += $2 } END { print n }' "/proc/$1/smaps"; }

@test "users take memory in root and auth, and none in the front; a session takes little there" {
    local users=() n few many
    far
    few=$(memory_of "$(the_front)")
    far_end
    for ((n = 1; n <= 4000; n++)); do
        printf -v "users[$n]" 'user u%d bar prefix=2001:db8:%x::/48' "$n" "$n"
    done
    far "${users[@]}"
    many=$(memory_of "$(the_front)")
    echo "with one user $few KiB, with 4,000 $many KiB; root has $(memory_of "$far_pid") KiB"
    [ "$(memory_of "$far_pid")" -ge 1500 ]
    [ "$many" -le $((few + 256)) ]
    background talk thousand >up
    wait_for 120 grep -q up up
    echo "with 1,000 sessions $(memory_of "$(the_front)") KiB"
    [ "$(memory_of "$(the_front)")" -le $((many + 400)) ]
}

# woken PID: how often that process was.
woken() { sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$1/status"; }

@test "keepalives of many wake root together, and each one's time is right" {
    local users=() n before
    for ((n = 1; n <= 20; n++)); do
        users+=("user u$n bar prefix=2001:db8:$n::/48")
    done
    far "${users[@]}"
    mkfifo go
    background talk many >many
    wait_for 20 grep -q up many
    before=$(woken "$far_pid")
    echo >go
    wait_for 60 grep -q pinged many
    wait_for 20 shows_pings 20
    [ $(($(woken "$far_pid") - before)) -le 18 ]
}

# shows_pings N: --status has the time of a keepalive for so many sessions.
shows_pings() { [ "$("$DRY" --status --json --run-dir "$T/far" | grep -o '"last_ping": "' | wc -l)" = "$1" ]; }

@test "the keepalive of one who is alone is shown at once" {
    local start
    far
    background talk pinger >pinger
    wait_for 20 grep -q pinged pinger
    start=$(now)
    wait_for 20 shows_pings 1
    took "$start" 0 300
}

@test "thirty failed logins" {
    only blocked 'user two x prefix=2001:db8:c0df::/48'
    [ "$(grep -c 'failed logins; connections from there are refused' said)" = 1 ]
}

@test "the same wrong response thirty times is thirty failed logins" { only repeated; }

@test "the number of sessions is limited, and the user who is in may log in again" {
    far 'sessions 1' 'user two x prefix=2001:db8:c0df::/48'
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    run timeout 300 /usr/bin/python3 -c "
import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME/../server'); import talk
print(talk.greeted($port, '127.0.0.9').login(user='two', password='x'))
print(talk.greeted($port, '127.0.0.9').login())" 3>&-
    echo "$output"
    [ "${lines[0]}" = '-ERR tunnel interface sold out' ]
    [[ ${lines[1]} = '+OK '* ]]
}

# login USER: what a login from an address of its own is answered.
login() {
    timeout 300 /usr/bin/python3 -c "
import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME/../server'); import talk
print(talk.greeted($port, '127.0.0.9').login(user='$1', password='x'))" 3>&-
}

@test "SIGHUP: another number of sessions, for who logs in from then on" {
    far 'sessions 1' 'user two x prefix=2001:db8:c0df::/48'
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    [ "$(login two)" = '-ERR tunnel interface sold out' ]
    reload 's/^sessions.*/sessions 2/'
    [[ $(login two) = '+OK '* ]]
    wait_for 20 grep -q 'session of two .* is over' said # who is in may log in again
    # Who is in stays in.
    reload 's/^sessions.*/sessions 1/'
    [ "$(login two)" = '-ERR tunnel interface sold out' ]
    [ "$(cat stranger)" = up ]
    run ! grep restart said
    reload 's/^sessions.*/sessions 2000/'
    grep -q 'there is room for 1024 sessions, for more only after a restart' said
    [[ $(login two) = '+OK '* ]]
}

@test "SIGHUP: another time of silence, also for who is silent" {
    far 'idle 86400'
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    reload 's/^idle.*/idle 1/'
    wait_for 20 grep -q 'ERR connection timed out' stranger
    reload 's/^idle.*/idle 86400/'
    talk patient
}

@test "SIGHUP: other addresses to listen at want a restart, which is said until they are back" {
    far
    reload '1s/$/ # the same/'
    run ! grep restart said
    reload '1s/:.*/:1/'
    reload 's/foo bar/foo baz/'
    [ "$(grep -c 'other addresses are listened at only after a restart' said)" = 2 ]
    reload "1s/:.*/:$port/"
    [ "$(grep -c restart said)" = 2 ]
}

@test "SIGTERM: the session is ended politely, and nothing is left" {
    far
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    kill "$far_pid"
    wait "$far_pid"
    wait_for 20 grep -q 'ERR tunnel server is stopping' stranger
    [ -z "$(ls -A far)" ]
}

@test "SIGTERM: clients are told at once, whatever a script has still to do" {
    cat >script <<END
#!/bin/sh
while [ \$1 = down ] && [ ! -e $T/go ]; do sleep 0.1; done
echo \$1 >>$T/events
END
    chmod 755 script
    far "script $T/script"
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    kill "$far_pid"
    wait_for 20 grep -q 'ERR tunnel server is stopping' stranger
    kill -0 "$far_pid"
    : >go
    wait "$far_pid"
    diff events - <<<$'up\ndown'
    [ -z "$(ls -A far)" ]
}

@test "a state file that cannot be written is tried again, and said once" {
    far_with=(env FAILING=state "FAILING_WHEN=$T/fails" "LD_PRELOAD=$BATS_TEST_DIRNAME/../../build/server/failing.so")
    far
    timeout 300 /usr/bin/python3 -E -s -S -c "
import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME/../server')
from talk import *
c = greeted($port); is_ok(c.login()); open('fails', 'w'); c.ask('quit'); c.line()" 3>&-
    grep -q '^tunnel ' far/dtcpd.state
    wait_for 20 grep -q 'the state cannot be written' said
    rm fails
    wait_for 20 no_tunnel
    [ "$(grep -c 'the state cannot be written' said)" = 1 ]
}
no_tunnel() { ! grep -q '^tunnel ' far/dtcpd.state; }

@test "it says that it listens when all of it is shut in, and not before" {
    # Else whoever waits for that would take one that is about to end for a server.
    (umask 077 && printf '%s\n' 'listen 127.0.0.1:1' 'user foo bar' >conf)
    run env OLDER=jail LD_PRELOAD="$BATS_TEST_DIRNAME/../../build/lab/older.so" \
        timeout 300 "$DRY" -c conf --run-dir "$T/far"
    echo "$output"
    [ "$status" = 71 ]
    [[ $output = *'system calls cannot be filtered: Operation not permitted'* ]]
    [[ $output != *'listening at'* ]]
    [ -z "$(ls -A far)" ]
}

@test "the script is told of each session" {
    cat >script <<END
#!/bin/sh
env | grep -E '^(DTCP_|PATH)' | sort >>$T/events
echo >>$T/events
END
    chmod 755 script
    only good_login "script $T/script"
    # Each event ends with an empty line.
    told() { [ "$(grep -c '^$' events)" = 2 ]; }
    wait_for 20 told
    diff events - <<END
DTCP_ADDRESS=
DTCP_BYTES_IN=0
DTCP_BYTES_OUT=0
DTCP_EVENT=up
DTCP_IFINDEX=9
DTCP_INTERFACE=dtcp0
DTCP_LAN=
DTCP_LINK=
DTCP_LOCAL=127.0.0.1
DTCP_MTU=1480
DTCP_OLD_LOCAL=
DTCP_OLD_PREFIXES=
DTCP_PEER=
DTCP_PREFIX=2001:db8:c0de::/48
DTCP_PREFIXES=2001:db8:c0de::/48
DTCP_REMOTE=127.0.0.1
DTCP_SERVER=
DTCP_TYPE=network
DTCP_USER=foo
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

DTCP_ADDRESS=
DTCP_BYTES_IN=0
DTCP_BYTES_OUT=0
DTCP_EVENT=down
DTCP_IFINDEX=9
DTCP_INTERFACE=dtcp0
DTCP_LAN=
DTCP_LINK=
DTCP_LOCAL=127.0.0.1
DTCP_MTU=1480
DTCP_OLD_LOCAL=
DTCP_OLD_PREFIXES=
DTCP_PEER=
DTCP_PREFIX=2001:db8:c0de::/48
DTCP_PREFIXES=2001:db8:c0de::/48
DTCP_REMOTE=127.0.0.1
DTCP_SERVER=
DTCP_TYPE=network
DTCP_USER=foo
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

END
}

@test "--check prints the file with every default, and no password; that can be read again" {
    local check=(timeout 300 "$BATS_TEST_DIRNAME/../../build/dtcpd" --check -c conf)
    (umask 077 && printf '%s\n' 'script "/a b"' 'listen 192.0.2.1' 'user "#b" tr0ub4dor tunnelonly=yes' \
        'user foo tr0ub4dor prefix=2001:db8:c0de::/48,2001:db8:1:2::/64 ttl=9 # rest' \
        'user two "tr0ub4dor x" host=2001:db8:6::6,2001:db8:6::5 interface=six mtu=1400' >conf)
    "${check[@]}" >printed 2>said || [ $? = 71 ] # for what this machine lacks
    diff printed - <<'END'
listen 192.0.2.1:20200
idle 300
sessions 1024
script "/a b"
user "#b" ******** tunnelonly=yes mtu=auto ttl=64
user foo ******** prefix=2001:db8:c0de::/48,2001:db8:1:2::/64 tunnelonly=no mtu=auto ttl=9
user two ******** host=2001:db8:6::6,2001:db8:6::5 tunnelonly=no interface=six mtu=1400 ttl=64
END
    run ! grep tr0ub4dor said
    (umask 077 && cat printed >conf)
    "${check[@]}" >again 2>said || [ $? = 71 ]
    cmp printed again
}

@test "no password is in the front's memory, nor in any argument, log or file" {
    [ "$(id -u)" = 0 ] || skip 'reads the memory of another process'
    far 'user two tr0ub4dor-secret prefix=2001:db8:c0df::/48'
    for pid in $(pgrep -P "$far_pid"); do
        found=$(/usr/bin/python3 - "$pid" <<'END'
import re, sys
pid = sys.argv[1]
hits = 0
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for line in maps:
        m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
        if not m:
            continue
        start, end = (int(x, 16) for x in m.groups())
        try:
            memory.seek(start)
            hits += memory.read(end - start).count(b"tr0ub4dor" + b"-secret")
        except OSError:
            pass
print(hits)
END
        )
        echo "$pid: $found"
        counts+=("$found")
    done
    # Auth alone has it, once.
    [ "$(printf '%s\n' "${counts[@]}" | sort | xargs)" = '0 1' ]
    run ! grep -r tr0ub4dor said far
}

@test "who is in a jail asks the kernel itself for random bytes" {
    # The C library's getrandom() makes other calls in some versions (glibc 2.41).
    nm -D --undefined-only "$BATS_TEST_DIRNAME/../../build/dtcpd" >calls
    grep -q accept4 calls
    run ! grep -E 'random' calls
}
