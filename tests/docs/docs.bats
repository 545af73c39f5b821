#!/usr/bin/env bats
# The pages that people read: both READMEs say the same, the manual lints, what
# is linked exists. code.bats compares them with the code.

ROOT=$BATS_TEST_DIRNAME/../..

# Lines between ``` fences; the fence itself is kept, so that blocks don't merge.
blocks() {
    awk '/^```/ { inside = !inside; print; next } inside' "$1"
}

headings() {
    awk '/^```/ { inside = !inside } !inside && /^#+ / { print $1 }' "$1"
}

# How many rows each table has, and the first cell of each where it is code.
tables() {
    awk -F '|' '/^\|/ { print ($2 ~ /^ `[^`]*` $/ || $2 ~ /^ [0-9]+ $/) ? $2 : "row" }' "$1"
}

links() {
    grep -o '](\([^)]*\))' "$1" | sed 's/^](//; s/)$//' | grep -v '^README'
}

same() {
    diff <("$1" "$ROOT/README.md") <("$1" "$ROOT/README.ja.md")
}

@test "both READMEs have the same headings, in the same order" {
    [ "$(headings "$ROOT/README.md" | wc -l)" -ge 10 ]
    same headings
}

@test "both READMEs have the same command blocks" {
    [ "$(blocks "$ROOT/README.md" | wc -l)" -ge 20 ]
    same blocks
}

@test "both READMEs have the same tables: the same words, statuses and number of rows" {
    [ "$(tables "$ROOT/README.md" | wc -l)" -ge 30 ]
    same tables
}

@test "both READMEs link to the same pages, and all of them exist" {
    same links
    for page in README.md README.ja.md; do
        links "$ROOT/$page" | while read -r target; do
            [ -e "$ROOT/$target" ] || {
                echo "$page: $target does not exist"
                false
            }
        done
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

@test "the manual pages lint" {
    for page in "$ROOT"/src/*.[58]; do
        run timeout 20 mandoc -T lint -W warning "$page"
        echo "$output"
        [ "$status" -eq 0 ]
    done
}

@test "each word of the account file in the manual is in both READMEs" {
    words=$(sed -n 's/^\.It Cm \([a-z]*\) Ns =.*/\1/p' "$ROOT/src/dtcp.conf.5")
    [ "$(wc -w <<<"$words")" -eq 11 ]
    for word in $words; do
        for page in README.md README.ja.md; do
            grep -q "^| \`$word=" "$ROOT/$page" || {
                echo "$page lacks $word="
                false
            }
        done
    done
}

@test "each exit status of the manual is in both READMEs" {
    statuses=$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/s/^\.It \([0-9]*\)$/\1/p' "$ROOT/src/dtcp-up.8")
    [ "$(wc -w <<<"$statuses")" -eq 9 ]
    for status in $statuses; do
        for page in README.md README.ja.md; do
            grep -q "^| $status |" "$ROOT/$page" || {
                echo "$page lacks status $status"
                false
            }
        done
    done
}
