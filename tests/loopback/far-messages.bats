#!/usr/bin/env bats
# The table of what dtcpd says when something fails (tests/messages/far.txt), word
# for word, as messages.bats does for dtcp-up:
#
#     MESSAGES=update bats tests/loopback/far-messages.bats

# helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2094,SC2154

load helper
load dry
load ../messages/messages

DTCPD_PROGRAM=${DTCPD_PROGRAM:-$BATS_TEST_DIRNAME/../../build/dtcpd}
FAILING=$BATS_TEST_DIRNAME/../../build/server/failing.so

# What is the machine's is not the file's.
OF_MACHINE='does not forward\|SYN cookies\|no filter of'

# ask WHAT [OPTION...]: runs dtcpd, and notes what it said.
ask() {
    local what=$1
    shift
    run --separate-stderr timeout 300 "${within[@]}" "$DTCPD_PROGRAM" --run-dir "$T/run" "$@" 3>&- </dev/null
    message "$what" "$status" "$(grep -v "${machine-has no sit\|$OF_MACHINE}" <<<"$stderr")" -e "s|$T|DIR|g"
}

# line WHAT LINE: --check on a file of this line.
line() {
    rm -f conf
    (umask 077 && printf '%s\n' "$2" >conf)
    ask "$1" --check -c conf
}

@test "what dtcpd says of its command line and its file" {
    (umask 077 && echo 'user foo bar' >conf)
    ask 'an option that there is not' --frobnicate
    ask 'an option without its value' --config
    ask 'a value for an option that takes none' --check=yes
    ask 'two commands' --check --status
    ask '--json without --status' --json -c conf
    ask 'more and less at once' --verbose --quiet
    ask 'a word that is no option' start
    ask 'a file that is missing' --check -c nothing
    chmod 644 conf
    ask 'a file that others may read' --check -c conf
    line 'a file of comments' '# nothing'
    line 'a word that begins no line' 'users foo bar'
    line 'an address that is none' 'listen 203.0.113.300'
    line 'a port that is none' 'listen 203.0.113.1:0'
    line 'idle without a number' 'idle'
    line 'more sessions than there may be' 'sessions 9000'
    line 'a script that is no path' 'script on'
    line 'a directive that stands twice' $'idle 1\nidle 2'
    line 'a user without a password' 'user foo'
    line 'a user with a blank' 'user "foo bar" baz'
    line 'a password with a blank, without quotes' 'user foo my secret'
    line 'a quote that is not closed' 'user foo "my secret'
    line 'a word of no user that is the first' 'user foo bar color=red'
    line 'a prefix that is too long' 'user foo bar prefix=2001:db8::/65'
    line 'a prefix with bits beyond its length' 'user foo bar prefix=2001:db8::1/48'
    line 'a host with one address' 'user foo bar host=2001:db8::1'
    line 'an interface of a name that is not ours to take' 'user foo bar interface=sit0'
    line 'an MTU that is too small' 'user foo bar mtu=1000'
    line 'a TTL of nothing' 'user foo bar ttl=0'
    line 'a word that is neither yes nor no' 'user foo bar tunnelonly=perhaps'
    line 'a word that stands twice' 'user foo bar ttl=1 ttl=2'
    line 'a word that there is not' 'user foo bar ttl=1 color=red'
    line 'a user that stands twice' $'user foo bar\nuser foo baz'
    line 'prefixes that overlap' $'user a x prefix=2001:db8::/32\nuser b x prefix=2001:db8:1::/48'
    line 'an interface of two users' $'user a x interface=i\nuser b x interface=i'
    as_table far
}

# said WHAT: notes what the dtcpd that serves has said since the last time.
said() {
    message "$1" - "$(tail -n "+$((${noted-0} + 1))" said | grep -v "$OF_MACHINE\|^dtcpd: dry: " | uniq)" \
        -e "s|$T|DIR|g; s/:$port\b/:PORT/g; s/(refused for) [0-9]+ s/\1 N s/; s/[0-9]+ s, /N s, /"
    noted=$(wc -l <said)
}

# client WHAT CODE: Python code that talks to it (talk.py); notes what was answered, and
# what dtcpd said.
client() {
    local answer
    answer=$(timeout 300 /usr/bin/python3 -E -s -S -c "
import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME/../server')
from talk import *
port = $port
$2" 3>&- | sed -E 's/[0-9a-f]{32}/CHALLENGE/g')
    message "$1" - "$answer" -e "s/dtcpd [0-9.]+$/dtcpd VERSION/"
    said "$1: its log"
}

@test "what dtcpd answers, and what it says of it" {
    far 'sessions 1' 'user two x prefix=2001:db8:c0df::/48' 'user three x host=2001:db8:6::6,2001:db8:6::5'
    noted=0
    said 'it has started'
    client 'greeting, help, ping, an empty line, quit' 'c = Client(port); print(c.line())
for word in ("help", "ping", "", "quit"): print(c.ask(word))'
    client 'a line that is too long' 'print(greeted(port).ask("x" * 513))'
    client 'a wrong password' 'print(greeted(port).login(password="x"))'
    client 'a type that there is not' 'print(greeted(port).login("carrier"))'
    client 'a type that this user is not served' 'print(greeted(port).login("host"))'
    client 'a login, and a second one there' 'c = greeted(port); print(c.login()); print(c.login())
c.ask("quit"); c.line()'
    client 'a newer login, another user at that address, and one where no more sessions may be' '
c, d = greeted(port), greeted(port); c.login(); d.login(); print(c.line())
print(greeted(port).login(user="two", password="x"))
print(greeted(port, "127.0.0.9").login(user="two", password="x"))
print(d.ask("quit"))
d.line()'
    client 'too many connections' '
clients = [greeted(port) for _ in range(17)]; print(clients[0].line())'
    client 'thirty failed logins' '
for n in range(30): greeted(port, "127.0.0.7").login(password="x%d" % n)
print(Client(port, "127.0.0.7").line())'
    reload 's/^sessions.*/idle 1/'
    said 'the file is read again'
    client 'silence' '
c = greeted(port); c.login(); print(c.line()); c.line()'
    reload 's/^idle.*/idle 86400/'
    noted=$(wc -l <said)
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    said 'somebody is there'
    cp conf right
    reload '$s/$/ nonsense/'
    said 'a broken file'
    cp right conf
    reload '2s/bar/baz/'
    wait_for 20 grep -q ERR stranger
    wait_for 20 grep -q 'the password was changed' said
    message 'another password' - "$(tail -n 1 stranger)"
    said 'another password: its log'
    cp right conf
    reload ''
    noted=$(wc -l <said)
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    reload '2s/$/ ttl=9/'
    wait_for 20 grep -q ERR stranger
    message 'another word of a user' - "$(tail -n 1 stranger)"
    said 'another word of a user: its log'
    reload '1s/:.*/:1/; s/^idle.*/sessions 8000/'
    said 'what wants a restart'
    cp right conf
    reload ''
    noted=$(wc -l <said)
    background talk stranger >stranger
    wait_for 20 grep -q up stranger
    run "$DRY" -c conf --run-dir "$T/far"
    message 'a second one' "$status" "$(grep -v 'no filter of' <<<"$output")" -e "s|$T|DIR|g"
    far_end
    wait_for 20 grep -q ERR stranger
    message 'its end' - "$(tail -n 1 stranger)"
    said 'its end: its log'
    as_table far-serve
}

# failing WHAT CALL [LINE...]: it starts, while this call fails (failing.c), and ends by
# itself; the lines are those of a file that is right.
failing() {
    (umask 077 && printf '%s\n' "listen 127.0.0.1:$((20000 + RANDOM % 10000))" 'user foo bar' >conf)
    run --separate-stderr timeout 300 "${within[@]}" env FAILING="$2" LD_PRELOAD="$FAILING" "$DRY" -c conf --run-dir "$T/far" 3>&- </dev/null
    # Whose end is noticed first, and how, is a matter of luck.
    message "$1" "$status" "$(grep -v "$OF_MACHINE\|the process" <<<"$stderr" | sort -u)" -e "s|$T|DIR|g"
    [ "$status" = 71 ] || [ "$status" = 78 ]
    [ ! -d far ] || [ -z "$(ls -A far)" ]
}

@test "what dtcpd says when a system call fails as it starts" {
    [ "$(id -u)" = 0 ] || skip 'drops privileges'
    own_place # where nobody else has the port
    failing 'no memory' calloc
    failing 'no memory in the other processes' memory
    failing 'no signalfd' signalfd
    failing 'no poll' poll
    failing 'no channels' socketpair
    failing 'no processes' fork
    failing 'no descriptors' fcntl
    failing 'no descriptors, by another call' dup2
    failing 'a state file that cannot be written' state
    failing 'a state file of before that cannot be read' left
    failing 'a filter of system calls that is refused' jail
    # While it serves, for clients out here.
    within=()
    far
    kill -KILL "$(pgrep -P "$far_pid" | head -n 1)"
    wait "$far_pid" || status=$?
    message 'the front is killed' "$status" "$(grep 'was ended by' said)"
    far_with=(env FAILING=calloc "FAILING_WHEN=$T/fails" "LD_PRELOAD=$FAILING")
    far 'script /bin/true'
    : >fails
    talk good_login
    message 'no memory for the script' - "$(grep 'left out' said | sort -u)"
    rm fails
    far_end
    run --separate-stderr env FAILING=killed "LD_PRELOAD=$FAILING" "$DRY" -c conf --run-dir "$T/far"
    message 'one makes a call that it may not' "$status" "$(grep 'signal' <<<"$stderr" | sed 's/auth/front/' | uniq)"
    far_with=(env FAILING=memory "LD_PRELOAD=$FAILING")
    by_itself() { far || grep -q 'by itself' said; }
    wait_for 20 by_itself
    message 'another process ends' - "$(grep 'by itself' said | sed 's/auth/front/' | uniq)"
    as_table far-calls
}

@test "what dtcpd says of what it can do without" {
    [ "$(id -u)" = 0 ] || skip 'drops privileges'
    for call in chroot mkdirat remove unshare filter setrlimit; do
        far_with=(env "FAILING=$call" "LD_PRELOAD=$FAILING")
        [ $call != setrlimit ] || ulimit -Sn 512
        far_options=(--verbose)
        far
        talk good_login
        far_end
        message "$call fails" - "$(grep 'cannot be shut\|cannot be made\|cannot be removed\|network namespace\|filter\|descriptors' said)" -e "s|$T|DIR|g"
    done
    printf '%s\n' '#!/bin/sh' "exec cat $T/hold" >script
    chmod 755 script
    mkfifo hold
    far_with=() far_options=()
    far "script $T/script" 'idle 86400'
    timeout 300 /usr/bin/python3 -E -s -S -c "
import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME/../server')
from talk import *
for n in range(10):
    c = greeted($port); is_ok(c.login()); is_ok(c.ask('quit')); c.line()" 3>&-
    wait_for 20 grep -q 'is left out' said
    message 'a script that does not end' - "$(grep -m 1 'is left out' said)" -e "s|$T|DIR|g"
    kill -KILL "$far_pid"
    as_table far-without
}

@test "without privileges it serves nobody, and says what is missing" {
    [ "$(id -u)" = 0 ] || skip 'becomes an ordinary user'
    as_nobody
    install -m 755 "$DTCPD_PROGRAM" dtcpd
    DTCPD_PROGRAM=$T/dtcpd
    # Which comes before the file, which is not theirs, and the run directory.
    (umask 077 && echo 'user foo bar' >conf)
    ask 'without privileges' -c conf
    as_table far-nobody
}

@test "what --check says of the machine, and of prefixes that are not routed here" {
    [ "$(id -u)" = 0 ] || skip 'makes a network of its own'
    own_place
    "${within[@]}" ip link add up0 type veth peer name down0
    "${within[@]}" ip link set up0 up
    "${within[@]}" ip link set down0 up
    "${within[@]}" ip addr add 2001:db8:1:2::1/64 dev up0 nodad
    "${within[@]}" ip -6 route add 2001:db8:7::/48 via 2001:db8:1:2::9
    # It is within a prefix; the one above has three within it.
    "${within[@]}" ip -6 route add 2001:db8:2a::/48 dev up0
    # A tunnel that was made by hand, and a route of two hops: the provider has no part in it.
    "${within[@]}" ip link add old0 type veth peer name old1
    "${within[@]}" ip link set old0 arp off up
    "${within[@]}" ip link set old1 up
    "${within[@]}" ip -6 route add 2001:db8:31::/48 dev old0
    "${within[@]}" ip -6 route add 2001:db8:32::/48 nexthop via 2001:db8:1:2::9 nexthop via 2001:db8:1:2::8
    "${within[@]}" ip -6 route add default via 2001:db8:1:2::9
    "${within[@]}" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    machine='has no sit'
    line 'prefixes' "$(printf 'user %s\n' 'a x prefix=2001:db8:1:2::/64' \
        'b x prefix=2001:db8:7:8::/64,2001:db8:9::/48' 'c x prefix=2001:db8:20::/44' \
        'd x prefix=2001:db8:8::/48,2001:db8:7::/64,2001:db8:7:4::/64' 'e x prefix=2001:db8:30::/48' 'f x prefix=2001:db8:31::/48,2001:db8:32::/48')"
    "${within[@]}" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding; echo 0 >/proc/sys/net/ipv4/tcp_syncookies'
    within+=(env FAILING=filter "LD_PRELOAD=$FAILING")
    line 'neither forwarding nor cookies nor a filter' 'user foo bar'
    # Whoever has not asked --check is told at the start, and with another file.
    within=("${within[@]:0:${#within[@]}-3}")
    far_with=("${within[@]}")
    far 'user nobody x'
    reload '$s/$/ tunnelonly=yes/'
    message 'the same at the start, and when it has read the file again' - "$(grep -v 'no filter of' said)" \
        -e "s|$T|DIR|g; s/:$port\\b/:PORT/g"
    far_end
    as_table far-machine
}
