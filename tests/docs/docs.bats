#!/usr/bin/env bats
# The pages that people read: each says the same in both languages, the manual lints,
# what is linked exists. code.bats compares them with the code.

load ../where

ROOT=$BATS_TEST_DIRNAME/../..

# The pages that there are in both languages, without .md and .ja.md.
PAGES='README etc/doc/trouble etc/doc/security'

# Lines between ``` fences; the fence itself is kept, so that blocks don't merge. What
# ```text begins is a drawing, with words of the language.
blocks() {
    awk '/^```/ { inside = !inside; drawing = inside && /text$/; print; next } inside && !drawing' "$1"
}

headings() {
    awk '/^```/ { inside = !inside } !inside && /^#+ / { print $1 }' "$1"
}

# How many rows each table has, and the first cell of each where it is code.
tables() {
    awk -F '|' '/^\|/ { print ($2 ~ /^ `[^`]*` $/ || $2 ~ /^ [0-9]+ $/) ? $2 : "row" }' "$1"
}

links() {
    grep -o '](\([^)]*\))' "$1" | sed 's/^](//; s/)$//'
}

# Without the one to the other language, which leads to another page on each side.
linked() {
    links "$1" | sed 's/\.ja\.md$/.md/' | grep -vx "$(basename "$1" .md | sed 's/\.ja$//').md"
}

# same LEAST WHAT: both languages of each page have the same of it; README has LEAST.
same() {
    local page
    [ "$("$2" "$ROOT/README.md" | wc -l)" -ge "$1" ]
    for page in $PAGES; do
        diff <("$2" "$ROOT/$page.md") <("$2" "$ROOT/$page.ja.md")
    done
}

@test "pages have the same headings in both languages, in the same order" {
    same 10 headings
}

@test "pages have the same command blocks in both languages" {
    same 40 blocks
}

@test "pages have the same tables in both languages: the same words, statuses and number of rows" {
    same 24 tables
}

@test "pages link to the same pages in both languages, and all of them exist" {
    same 10 linked
    local name page
    for name in $PAGES; do
        for page in "$name.md" "$name.ja.md"; do
            while read -r target; do
                [ -e "$ROOT/$(dirname "$page")/$target" ] || {
                    echo "$page: $target does not exist"
                    return 1
                }
            done < <(links "$ROOT/$page")
        done
    done
}

@test "README.md is read in a few minutes: 9 kB at most" {
    [ "$(wc -c <"$ROOT/README.md")" -le 9000 ]
}

@test "Japanese pages: headings and rows of tables are Japanese, one word for one thing" {
    local page word
    for page in $PAGES; do
        # What is no name, and not ASCII.
        if awk '/^```/ { inside = !inside } !inside && (/^##/ || /^\|/) && !/^\|[-|]*$/' "$ROOT/$page.ja.md" |
            LC_ALL=C grep -nv '[^ -~]'; then
            return 1
        fi
        for word in メモリ サーバ ユーザ プロセッサ フォルダ ライブラリ コンパイラ フィルタ ルータ パラメータ; do
            if sed "s/${word}ー//g" "$ROOT/$page.ja.md" | grep -n "$word"; then
                return 1
            fi
        done
        if grep -nE '実験室|ラボ|起床|書き換えられる者' "$ROOT/$page.ja.md"; then
            return 1
        fi
    done
}

@test "README.md: which row of hooks somebody is, is found by what it says" {
    local page look name
    for page in README.md README.ja.md; do
        look=$(grep -oE "grep -iE '[^']*'" "$ROOT/$page")
        # As ps shows them: 15 characters at most.
        for name in pppd dhclient dhcpcd udhcpc NetworkManager systemd-network; do
            eval "$look" <<<"$name"
        done
        [ -z "$(eval "$look" <<<bash)" ]
    done
}

@test "every hook is in hooks/README.md, and every file named there exists" {
    for hook in "$ROOT"/hooks/*; do
        hook=$(basename "$hook")
        [ "$hook" = README.md ] || grep -q "| \`$hook\` |" "$ROOT/hooks/README.md" || {
            echo "$hook is missing there"
            false
        }
    done
    awk -F '|' '/^\|.*\| (0755|0644) \|/ { gsub(/[` ]/, "", $3); print $3 }' "$ROOT/hooks/README.md" |
        sort -u >"$BATS_TEST_TMPDIR/named"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/named")" -ge 12 ]
    while read -r name; do
        [ -e "$ROOT/hooks/$name" ] || {
            echo "$name does not exist"
            false
        }
    done <"$BATS_TEST_TMPDIR/named"
}

# With the address a late ip-down would end the tunnel over a link that has it again.
@test "what an ip-up.local and an ip-down.local have to call is what our own hooks call" {
    local page end call
    for end in up down; do
        call=$(sed -n 's|^exec @LIBEXECDIR@/||p' "$ROOT/hooks/pppd-ip-$end")
        [[ $call == "dtcp-up-hook $end "* ]]
        for page in etc/doc/trouble.md etc/doc/trouble.ja.md hooks/README.md src/dtcp-up.8; do
            grep -oE "dtcp-up-hook $end [^\`]*" "$ROOT/$page" >"$BATS_TEST_TMPDIR/called" || true
            diff "$BATS_TEST_TMPDIR/called" - <<<"$call"
        done
        # Where the RPM package says that it stands.
        grep -q 'CAVEATS of dtcp-up(8) says what to$' "$ROOT/etc/packaging/dtcp-up.spec"
        sed -n '/^\.Sh CAVEATS/,/^\.Sh SEC/p' "$ROOT/src/dtcp-up.8" | grep -F "$call"
    done
}

# That it is so is up-dhcp.bats of tests/lab.
@test "where --down is said to take the tunnel down, it is said that a renewed lease brings it back" {
    local page
    for page in README etc/doc/security; do
        grep -qw 'DHCP .*lease' "$ROOT/$page.md"
        grep -q 'DHCP .*リース' "$ROOT/$page.ja.md"
    done
    sed -n '/^\.It Fl d ,/,/^\.It Fl e/p' "$ROOT/src/dtcp-up.8" | grep -w lease
}

# Else another link's hook takes the interface, and the unit fails every ten seconds.
@test "where dtcp-up@LINK is said to be enabled for an account, it is said that this needs link=" {
    grep -q 'link=ppp0, too' "$ROOT/etc/dtcp-up@.service"
    grep -A 1 'Its account needs$' "$ROOT/src/dtcp-up.8" | grep -q '^\.Cm link='
    local page
    for page in etc/doc/trouble.md etc/doc/trouble.ja.md; do
        grep -E 'dtcp-up@ppp0.*link=ppp0' "$ROOT/$page"
    done
}

# By hand it would be taken out of its unit.
@test "wherever a tunnel is to be started anew by hand, the pages say how a unit does it" {
    local page hand="\`dtcp-up --down; dtcp-up\`" unit="\`systemctl restart dtcp-up\`"
    for page in README.md README.ja.md etc/doc/trouble.md etc/doc/trouble.ja.md; do
        grep -qF "$hand" "$ROOT/$page"
        diff <(grep -oF "$hand" "$ROOT/$page" | wc -l) <(grep -oF "$unit" "$ROOT/$page" | wc -l)
    done
}

@test "the manual pages lint" {
    for page in "$ROOT"/src/*.[58]; do
        run timeout 300 mandoc -T lint -W warning "$page"
        echo "$output"
        [ "$status" -eq 0 ]
    done
}

# pages_named FILE: the manual pages that it refers to, as `SECTION NAME`.
pages_named() { sed -nE 's/^\.Xr ([^ ]+) ([0-9]).*/\2 \1/p' "$1"; }

@test "the manual pages: SEE ALSO has all pages that are named, by section and name; programs have all sections" {
    local page self
    for page in "$ROOT"/src/*.[58]; do
        self="${page##*.} $(basename "$page" ".${page##*.}")"
        sed -n '/^\.Sh SEE ALSO$/,/^\.Pp\|^\.Sh STANDARDS/p' "$page" >"$BATS_TEST_TMPDIR/also"
        pages_named "$BATS_TEST_TMPDIR/also" >"$BATS_TEST_TMPDIR/listed"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/listed")" -ge 3 ]
        LC_ALL=C sort -c -u -f "$BATS_TEST_TMPDIR/listed"
        pages_named "$page" | grep -vxF "$self" | sort -u |
            grep -vxFf "$BATS_TEST_TMPDIR/listed" >"$BATS_TEST_TMPDIR/lacks" || true
        [ ! -s "$BATS_TEST_TMPDIR/lacks" ] || { echo "SEE ALSO of $self lacks:" && cat "$BATS_TEST_TMPDIR/lacks" && false; }
        [ "${page##*.}" = 5 ] || diff - <(sed -n '/^\.Sh EXIT STATUS/,$s/^\.Sh //p' "$page" | grep -v '^[ED]') <<-'END'
			SEE ALSO
			STANDARDS
			HISTORY
			AUTHORS
			CAVEATS
			SECURITY CONSIDERATIONS
		END
    done
}

# What --status calls things is said before anything else is called so.
@test "README.md explains its words where they come first" {
    local page explained
    explained=$(grep -n '^The \*link\*' "$ROOT/README.md" | cut -d : -f 1)
    # Outside of the sample and the diagram.
    [ "$(awk '/^```/ { inside = !inside } !inside && /(^| )link|near end/ { print NR; exit }' "$ROOT/README.md")" = "$explained" ]
}

# in_both PAGE NUMBER WHAT BEFORE AFTER <WORDS: there are NUMBER of them at least, and
# each is at the beginning of a row of the page in both languages, between BEFORE and
# AFTER.
in_both() {
    local word page words
    words=$(cat)
    [ "$(wc -w <<<"$words")" -ge "$2" ] || return 1
    for word in $words; do
        for page in "$1.md" "$1.ja.md"; do
            grep -q "^| $4$word$5" "$ROOT/$page" || {
                echo "$page lacks $3 $word"
                return 1
            }
        done
    done
}

@test "each word of the account file in the manual is in both READMEs" {
    sed -n 's/^\.It Cm \([a-z]*\) Ns =.*/\1/p' "$ROOT/src/dtcp.conf.5" | in_both README 11 word '`' =
}

@test "each exit status of the manual is in the pages on what fails" {
    sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/s/^\.It \([0-9]*\)$/\1/p' "$ROOT/src/dtcp-up.8" |
        in_both etc/doc/trouble 9 status '' ' |'
}

@test "one line of prerequisites stands in each README, which make fresh takes from there" {
    for page in README.md README.ja.md; do
        [ "$(grep -c '^apt-get ' "$ROOT/$page")" = 1 ]
    done
    # All that make itself wants is there, and no more.
    line=$(sed -n 's/^apt-get update && apt-get install //p' "$ROOT/README.md")
    diff <(tr ' ' '\n' <<<"$line" | sort) <(awk '$1 == "build" { print $2 }' "$ROOT/tests/deps.sh" | sort)
    # What deps.sh shows as its usage is what the Makefile calls it with.
    for set in demo check lint fresh; do
        grep -qE "^#   $set +" "$ROOT/tests/deps.sh"
    done
}
