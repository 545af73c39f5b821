#!/usr/bin/env bats
# The fields and words of an account line: what is refused with 78, and what
# --check prints of those that are good.
# $OK is the server's, helper.bash sets things, each test is a subshell.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helper

good='127.0.0.1 20200 foo bar'

# bad LINE TEXT...: LINE is refused, with its number, and TEXT said.
bad() {
    echo "--- $1"
    accounts '# the second line counts' "$1"
    check
    shift
    gives 78 "$ACCOUNTS:2: " "$@" || return
    no_output || return
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

# good LINE SHOWN: LINE is printed as SHOWN.
good() {
    accounts "$1"
    check
    # Names of interfaces are anybody's here.
    stderr=$(grep -v ': there is no such interface now$' <<<"$stderr")
    gives 0 && silent && the_same "$output" "$2"
}

# What is printed of an account without words.
defaults() {
    accounts "$good"
    check
    defaults=${output#* '******** '}
}

@test "fields that are missing are named" {
    bad 127.0.0.1 'port is missing'
    bad '127.0.0.1 20200' 'user is missing'
    bad '127.0.0.1 20200 foo ' 'user or the password is missing'
    bad '127.0.0.1 foo bar' 'port is missing'
    bad '127.0.0.1 20200 foo link=lo ttl=9' 'password is missing'
}

@test "a port is a number from 1 to 65535" {
    for port in 0 65536 99999999999999999999 -1 +1 1x x 0x50 1.5 '""'; do
        bad "127.0.0.1 $port foo bar" port "'${port//\"/}'" 'from 1 to 65535'
    done
    defaults
    good '127.0.0.1 1 foo bar' "127.0.0.1 1 foo ******** $defaults"
    good '127.0.0.1 65535 foo bar' "127.0.0.1 65535 foo ******** $defaults"
}

@test "server, user and password are not empty, nor do server and user hold blanks" {
    bad '"" 1 foo bar' server "''"
    bad '"a b" 1 foo bar' server "'a b'"
    bad $'"a\tb" 1 foo bar' server "'a\\x09b'"
    bad '127.0.0.1 1 "" bar' user "''"
    bad '127.0.0.1 1 "a b" bar' 'user is empty or holds a blank'
    bad $'127.0.0.1 1 "a\tb" bar' 'user is empty or holds a blank'
    bad $'127.0.0.1 1 a\x1bb bar' user "'a\\x1bb'"
    bad '127.0.0.1 1 foo ""' password
}

@test "quotes that are not closed, or closed in the middle of a field" {
    bad '127.0.0.1 1 foo "bar' 'no closing quote'
    bad '127.0.0.1 1 foo "bar\"' 'no closing quote'
    bad "$good \"script=/x" 'no closing quote'
    bad '127.0.0.1 1 foo "bar"x' 'closing quote'
    bad '127.0.0.1 1 foo "bar""x"' 'closing quote'
}

@test "no message holds the password" {
    secret='pass word'
    bad "127.0.0.1 1 foo \"$secret" quote
    [[ $stderr != *pass* ]]
    bad "127.0.0.1 1 foo \"$secret\"x" quote
    [[ $stderr != *pass* ]]
    bad "127.0.0.1 1 foo \"$secret\" ttl=0" ttl=0
    [[ $stderr != *pass* ]]
    bad "127.0.0.1 x foo \"$secret\"" port
    [[ $stderr != *pass* ]]
    # In the place of another field, since one was left out.
    bad "127.0.0.1 20200 \"$secret\"" 'the user or the'
    [[ $stderr != *"$secret"* ]]
    bad "127.0.0.1 \"$secret\" x" port
    [[ $stderr != *"$secret"* ]]
    bad '127.0.0.1 passphrase link=ppp0' user
    [[ $stderr != *passphrase* ]]
}

@test "the quoted password that the server is told is the one that is meant" {
    serve --user u1 'a b' "$PREFIX" --user u2 'a"b' "$PREFIX" --user u3 'a\b' "$PREFIX" \
        --user u4 '#x"y' "$PREFIX" --user u5 \\ "$PREFIX"
    while read -r user password; do
        echo "--- $user $password"
        accounts "127.0.0.1 $port $user $password type=tunnelonly"
        dry
        gives 0
    done <<'END'
u1 "a b"
u2 "a\"b"
u2 a"b
u3 "a\\b"
u3 "a\b"
u3 a\b
u4 #x"y
u4 "#x\"y"
u5 \
u5 "\\"
END
    # Bytes are bytes: a password in UTF-8.
    switch challenge=12345678
    accounts "127.0.0.1 $port foo パスワード"
    : >log
    dry
    gives 77
    md5=$(printf %s foo12345678パスワード | md5sum)
    grep -q "tunnel foo ${md5%% *} network" log
}

@test "unknown words, words without a value, and ones that stand twice" {
    # The value is not shown: it may be of a password that lacks quotes.
    for word in foo=remark Type=remark =remark typ=remark types=remark; do
        bad "$good $word" "'${word%remark}' is an unknown word"
        [[ $stderr != *remark* ]]
    done
    bad "$good remark" 'no name=value word' 'double quotes'
    [[ $stderr != *remark* ]]
    # The message names them all.
    bad "$good foo=" 'there are type '
    words=${stderr#*there are }
    for word in ${words%)}; do
        bad "$good $word=" "'$word='" "$word= takes"
        bad "$good $word" "'$word' has no value"
    done
    bad "$good ttl=1 ttl=1" "'ttl=1'" 'ttl= stands twice'
}

@test "a comment begins with a word of its own, after the four fields" {
    defaults
    good "$good # remark" "127.0.0.1 20200 foo ******** $defaults"
    good "$good ttl=64 #remark=1 \"" "127.0.0.1 20200 foo ******** $defaults"
    bad '127.0.0.1 20200 foo # remark' 'no name=value word'
}

@test "values out of range are refused with what the word takes" {
    long=abcdefghijklmnop # 16 letters
    while read -r word takes; do
        bad "$good $word" "'$word'" "${word%%=*}= takes $takes"
    done <<END
type=foo network, host or tunnelonly
type=Host network, host or tunnelonly
type=tunnelroute network, host or tunnelonly
link=$long the name of a link
link=a/b the name of a link
link=a:b the name of a link
link=.. the name of a link
interface=$long a letter
interface=0a a letter
interface=_a a letter
interface=sit0 a letter
interface=a/b a letter
interface=a%d a letter
interface=../x a letter
lan=a, NAME
lan=,a NAME
lan=a: NAME
lan=a:g NAME
lan=a:0x1 NAME
lan=a:123456789 NAME
lan=a:1,b:1 NAME
lan=a:1,b NAME
lan=a/b NAME
lan=$long NAME
lan=0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g NAME
route=Default default, none, guard, or PREFIX
route=2000::/3, default, none, guard, or PREFIX
route=default,2000::/3 default, none, guard, or PREFIX
route=2000::/129 default, none, guard, or PREFIX
route=2000:: default, none, guard, or PREFIX
route=2000::1/64 default, none, guard, or PREFIX
route=2000::/3,2000::/3 default, none, guard, or PREFIX
route=10.0.0.0/8 default, none, guard, or PREFIX
metric=0 1 to 4294967293
metric=4294967294 1 to 4294967293
metric=18446744073709551617 1 to 4294967293
metric=-1 1 to 4294967293
metric=1k 1 to 4294967293
mtu=1279 auto or 1280 to 65515
mtu=65516 auto or 1280 to 65515
mtu=Auto auto or 1280 to 65515
ttl=0 1 to 255
ttl=256 1 to 255
ping=0 1 to 240
ping=241 1 to 240
ping=4294967297 1 to 240
ping=1.5 1 to 240
tunnel=gre sit or none
script=x an absolute path
script=~/x an absolute path
END
}

@test "both ends of each range are good" {
    while read -r word shown; do
        echo "--- $word"
        accounts "$good $word"
        check --quiet
        gives 0
        silent
        [[ " $output " = *" ${shown:-$word} "* ]]
    done <<END
interface=abcdefghijklmno
interface=A0_.-z
link=abcdefghijklmno
lan=a:ffffffff
lan=a,b:F,c lan=a:0,b:f,c:2
lan=a:0000000A lan=a:a
lan=0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f lan=0:0,1:1,2:2,3:3,4:4,5:5,6:6,7:7,8:8,9:9,a:a,b:b,c:c,d:d,e:e,f:f
route=none
route=default
route=guard
path=trust
path=check
route=2000::/3,fc00::/7
route=::/0
route=2001:0DB8::/32 route=2001:db8::/32
metric=1
metric=4294967293
metric=0000000007 metric=7
mtu=1280
mtu=65515
ttl=1
ttl=255
ping=1
ping=240
type=host
script=/x
END
}

@test "words that contradict one another" {
    for word in lan=a route=none metric=1 mtu=1280 ttl=1; do
        bad "$good tunnel=none $word" "${word%%=*}=" tunnel=none
        bad "$good $word tunnel=none" "${word%%=*}=" tunnel=none
    done
    bad "$good type=host lan=a" lan=
    bad "$good lan=a type=tunnelonly" lan=
    good "$good tunnel=none" \
        '127.0.0.1 20200 foo ******** type=network interface=dtcp0 ping=60 tunnel=none'
    accounts "$good type=tunnelonly"
    check
    [[ $output = *' route=none '* ]]
}
