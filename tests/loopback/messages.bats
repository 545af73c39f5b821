#!/usr/bin/env bats
# The table of messages, tests/messages: what a person gets to read when
# something fails, word for word, so that a change of it shows. To take a
# change over:
#
#     MESSAGES=update bats tests/loopback/messages.bats
#
# and read the difference. What the lab provokes is in tests/lab/up-fails.bats and others,
# of which look.bats has a table, too.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154

load helper
load ../messages/messages

# after WHAT: notes what the last run said.
after() {
    message "$1" "$status" "$stderr" -e "s|:${port:-none}\b|:PORT|g; s|$T|DIR|g" \
        -e 's/\(there are [a-z ]+\)/(there are WORDS)/; s/\(process [0-9]+\)/(process N)/'
}

# shown WHAT: notes what the last run printed.
shown() {
    message "$1" "$status" "$output" -e 's/[0-9]+ s \(process [0-9]+\)/N s (process N)/'
}

# line WHAT LINE: --check on an account file of this line.
line() {
    accounts "$2"
    check
    after "$1"
}

# answer WHAT SWITCH: a dry run after this switch of the server's.
answer() {
    switch "$2"
    # What never comes is not waited for long; what comes has its time.
    case $2 in
    *silent*) dry --wait 4 ;;
    *) dry ;;
    esac
    after "$1"
    # By default again.
    switch "${2%%=*}=ok"
}

@test "the command line" {
    accounts 'server 20200 user password'
    up --frobnicate && after 'an option that there is not'
    up --wait && after 'an option without its value'
    up --wait -1 && after 'a wait that is no number'
    up --interface sit0 && after 'an interface of a name that is not ours to take'
    up --link 'a b' && after 'a link that can have no such name'
    up --down --status && after 'two commands'
    up --json && after '--json without --status'
    check --persist && after 'an option that the command does not have'
    down --server dtcp.example && after 'a server for --down'
    dry --foreground && after 'a dry run that stays'
    up --verbose --quiet && after 'more and less at once'
    up 192.0.2.300 && after 'an address that is none'
    up lo && after 'an interface in place of an address'
    up ppp77 && after 'an interface that is not there now'
    up down && after 'a command without its dashes'
    up up && after 'another one, that is no option'
    up status && after 'and a third'
    up 192.0.2.1 192.0.2.2 && after 'two addresses'
    down 192.0.2.1 && after 'an address for --down'
    as_table usage
}

@test "the account file as a file" {
    check && after 'a file that is missing'
    mkdir "$ACCOUNTS" && check && after 'a directory'
    rmdir "$ACCOUNTS" && accounts '# nothing' && check && after 'a file of comments'
    up --event lo && after 'the same, and an event'
    accounts 'server 20200 user password' && chmod 644 "$ACCOUNTS" && check && after 'a mode that lets others read'
    chmod 600 "$ACCOUNTS" && chown 65534 "$ACCOUNTS" && check && after "another user's file"
    rm "$ACCOUNTS" && (umask 077 && printf 'server 20200 user p\0word\n' >"$ACCOUNTS")
    check && after 'a NUL byte'
    (umask 077 && printf 'server 20200 user %01024d\n' 0 >"$ACCOUNTS") && check && after 'a line that is too long'
    (umask 077 && truncate -s 1048577 "$ACCOUNTS") && check && after 'a file that is too large'
    accounts 'server 20200 user password link=ppp0' 'server2 20200 user password link=ppp0'
    dry --link eth7 && after 'no account for this link'
    dry --server server3 && after 'no account for this server'
    up --interface dtcp7 && after 'no account for this interface'
    as_table account-file
}

@test "a line of the account file" {
    line 'a field that is missing' 'server 20200 user'
    line 'a port that is none' 'server 0 user password'
    line 'a port that was left out' 'server user password'
    line 'user and port that were left out' 'server "pass word" link=ppp0'
    line 'a user that was left out' 'server 20200 "pass word" ttl=9 # a comment'
    line 'a port in quotes that is none' 'server "pass word" user x'
    line 'a server and its port in one' 'server:20200 user password'
    line 'a no-break space' $'server\xc2\xa020200 user password'
    line 'a user with a blank' 'server 20200 "us er" password'
    line 'an empty password' 'server 20200 user ""'
    line 'a quote that is not closed' 'server 20200 user "pass word'
    line 'a quote that is closed too early' 'server 20200 user "pass"word'
    line 'a password with blanks, without quotes' 'server 20200 user pass word'
    line 'blanks about the equals sign' 'server 20200 user password lan = eth1'
    # shellcheck disable=SC1003 # a backslash
    line 'a line that is to be continued' 'server 20200 user password ttl=9 \'
    line 'a word that is none, where the password is over' 'server 20200 user "pass word" colour'
    line 'a password in single quotes' "server 20200 user 'password'"
    line 'an interface that there is not' 'server 20200 user password link=nosuch0'
    line 'an unknown word' 'server 20200 user password colour=red'
    line 'a word twice' 'server 20200 user password ttl=3 ttl=4'
    line 'type=' 'server 20200 user password type=net'
    line 'link=' 'server 20200 user password link='
    line 'interface=' 'server 20200 user password interface=sit0'
    line 'lan=' 'server 20200 user password lan=eth1:xyz'
    line 'route=' 'server 20200 user password route=2001:db8::1/32'
    line 'metric=' 'server 20200 user password metric=0'
    line 'mtu=' 'server 20200 user password mtu=1279'
    line 'ttl=' 'server 20200 user password ttl=256'
    line 'ping=' 'server 20200 user password ping=241'
    line 'tunnel=' 'server 20200 user password tunnel=gre'
    line 'script=' 'server 20200 user password script=event'
    line 'words for a tunnel that is not built' 'server 20200 user password tunnel=none mtu=1400'
    line 'a LAN without a prefix' 'server 20200 user password type=host lan=eth1'
    as_table account-line
}

@test "the server" {
    serve
    account
    answer 'silence instead of a greeting' 'greeting=silent'
    answer 'the end instead of a greeting' 'greeting=close'
    answer 'a greeting of -ERR' 'greeting=err too many users'
    answer 'a greeting that is not DTCP' 'greeting=line 220 mail.example ESMTP'
    answer 'a greeting without a challenge' 'greeting=line +OK'
    answer 'a line that has no end' 'greeting=raw +OK | endless 600'
    answer 'a control character' 'greeting=line +OK \x07 x'
    answer 'silence after the login' 'login=silent'
    answer 'the end after the login' 'login=close'
    answer 'a reset after the login' 'login=reset'
    answer 'a wrong user or password' 'login=err authentication failed.'
    answer 'another refusal, in Japanese' 'login=err \xe6\xba\x80\xe5\x93\xa1'
    answer 'a type that the server does not have' 'login=err unsupported tunnel type network'
    account type=host
    answer 'another type that it does not have' 'login=err unsupported tunnel type host'
    account type=tunnelonly
    answer 'and the third' 'login=err unsupported tunnel type tunnelonly'
    account
    answer 'an answer that is not DTCP' 'login=line 535 no'
    accounts "127.0.0.1 $port foo 'bar'"
    dry && after 'a password in single quotes'
    accounts "127.0.0.1 1 foo bar"
    dry && after 'nobody listens there'
    accounts "127.0.0.1 $port foo bar" "127.0.0.1 1 foo bar"
    switch 'login=err sold out'
    dry && after 'two accounts, neither of which works'
    as_table server
}

@test "the offer" {
    serve
    account
    answer 'a far end that is this host' 'login=line +OK $CLIENT4 127.0.0.1 $PREFIX'
    answer 'a far end that is a group' 'login=line +OK $CLIENT4 224.0.0.1 $PREFIX'
    answer 'a far end that is no address' 'login=line +OK $CLIENT4 server $PREFIX'
    answer 'no words at all' 'login=line +OK'
    answer 'no prefix' 'login=line +OK $CLIENT4 $SERVER4'
    answer 'a prefix that is none' 'login=line +OK $CLIENT4 $SERVER4 2001:db8::'
    answer 'a prefix of a link' 'login=line +OK $CLIENT4 $SERVER4 fe80::/64'
    answer 'a prefix that is too long' 'login=line +OK $CLIENT4 $SERVER4 2001:db8::/65'
    answer 'bits beyond the length' 'login=line +OK $CLIENT4 $SERVER4 2001:db8::1/48'
    answer 'words after the prefix' 'login=line +OK $CLIENT4 $SERVER4 $PREFIX lifetime 3600'
    answer 'another address than ours: NAT' 'login=line +OK 192.0.2.77 $SERVER4 $PREFIX'
    account type=host
    answer 'link addresses that are the same' 'login=line +OK $CLIENT4 $SERVER4 2001:db8::1 2001:db8::1'
    answer 'one link address' 'login=line +OK $CLIENT4 $SERVER4 2001:db8::1'
    account lan=eth7:10000
    dry && after 'a subnet that does not fit'
    account tunnel=none
    dry && after 'a tunnel that is not built'
    as_table offer
}

@test "the caller and this host" {
    accounts '127.0.0.1 1 foo bar'
    up 192.0.2.99 && after 'an address that no interface has'
    up --link nosuch0 && after 'a link that there is not'
    dry --link lo && after 'a link without an address'
    mkdir -m 755 unsafe && chmod 777 unsafe
    up --run-dir "$T/unsafe" && after 'a run directory that others can write to'
    touch file && up --run-dir "$T/file" && after 'a run directory that is a file'
    chmod 755 "$T" && chown nobody "$ACCOUNTS"
    cp "$DTCP_UP" "$T/dtcp-up" && chmod 755 "$T/dtcp-up"
    DTCP_UP=$T/dtcp-up within=(setpriv --reuid nobody --clear-groups)
    up && after 'a caller without privileges'
    within=()
    chown root "$ACCOUNTS"
    # It may have been tried twice.
    up --persist --wait 1 && stderr=$(uniq <<<"$stderr") && after 'not up in time, with --persist'
    show && shown '--status, while it is not up'
    down
    accounts '127.0.0.1 1 foo bar link=ppp9'
    up --wait 0
    down --link ppp7 && after '--down of a link that it does not wait for'
    serve
    account tunnel=none
    down && up && up && after 'up, where it is up already'
    up --foreground && after 'in the foreground, where it is up already'
    down && show && shown '--status, where there is nothing'
    down && after '--down, where there is nothing'
    background "$DTCP_UP" --foreground -c "$ACCOUNTS" --run-dir "$RUN_DIR" 2>said
    wait_for 10 grep -q ': up: ' said
    kill -INT $!
    wait $! && status=0 stderr=$(tail -n 1 said) && after 'Ctrl-C in the foreground'
    as_table host
}
