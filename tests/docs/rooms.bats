#!/usr/bin/env bats
# The rooms of src/: who may include whom. What parses a server's bytes must not
# reach what has privileges, and nothing low may need something above it.

load ../where

ROOT=$BATS_TEST_DIRNAME/../..

# may ROOM: a pattern for the headers that the files of this room may include.
may() {
    case $1 in
    command) echo '(command|kernel|rundir|account|protocol|common)/.*|keeper/keeper\.h|session/session\.h' ;;
    keeper) echo '(keeper|kernel|rundir|account|protocol|common)/.*|session/session\.h' ;;
    session) echo '(session|protocol|common)/.*|account/account\.h' ;;
    server) echo '(server|protocol|account|kernel|rundir|common)/.*' ;;
    kernel) echo '(kernel|common)/.*' ;;
    rundir) echo '(rundir|account|common)/.*' ;;
    account) echo '(account|common)/.*' ;;
    protocol) echo '(protocol|common)/.*' ;;
    common) echo 'common/.*' ;;
    *) return 1 ;;
    esac
}

# trespasses TREE: each #include below TREE that goes through a wall.
trespasses() {
    local room pattern
    for room in "$1"/*/; do
        room=$(basename "$room")
        pattern=$(may "$room") || {
            echo "$room: nobody has said whom this room may include"
            continue
        }
        grep -rnE '^#include "' "$1/$room" | grep -vE "#include \"($pattern)\"" || true
    done
}

@test "rooms: no file includes what its room may not" {
    found=$(trespasses "$ROOT/src")
    echo "$found"
    [ -z "$found" ]
}

@test "rooms: an include through a wall is seen, as is a room without rules" {
    mkdir -p "$BATS_TEST_TMPDIR"/src/{session,kernel,attic}
    echo '#include "keeper/parts.h"' >"$BATS_TEST_TMPDIR/src/session/a.c"
    echo '#include "protocol/line.h"' >"$BATS_TEST_TMPDIR/src/kernel/b.h"
    echo '#include "kernel/netlink.h"' >"$BATS_TEST_TMPDIR/src/kernel/c.c"
    [ "$(trespasses "$BATS_TEST_TMPDIR/src" | wc -l)" -eq 3 ]
}

@test "rooms: only main files lie outside of a room" {
    cd "$ROOT/src"
    for file in *.c *.h; do
        [ ! -e "$file" ] || grep -q '^int main(' "$file"
    done
}

@test "rooms: the struct that the keeper's files share is seen by four of them" {
    seen=$(grep -rlF '#include "keeper/parts.h"' "$ROOT/src" | sed "s|^$ROOT/src/||" | sort)
    echo "$seen"
    diff <(printf '%s\n' keeper/{act,hear,keeper,loop}.c) <(echo "$seen")
}

@test "rooms: src/README.md says of each file of dtcpd which process has it, and names no other" {
    # shellcheck disable=SC2016 # backquotes of Markdown
    said=$(sed -n '/^## The room of dtcpd/,$p' "$ROOT/src/README.md" | grep -oE '`[a-z_]+(\.h)?`' | tr -d '`' |
        sed 's/\.h$//' | grep -vxE 'ip|tc' | sort -u)
    there=$(cd "$ROOT/src/server" && printf '%s\n' *.[ch] | sed 's/\.[ch]$//' | sort -u)
    diff <(echo "$there") <(echo "$said")
}

@test "rooms: the files that CONTRIBUTING.md and src/README.md name are there" {
    cd "$ROOT"
    # shellcheck disable=SC2016 # backquotes of Markdown
    named=$(grep -ohE '`(src|tests|etc|hooks)/[^ *`]*`' CONTRIBUTING.md src/README.md | tr -d '`' | sort -u)
    [ "$(wc -l <<<"$named")" -ge 20 ]
    missing=$(for file in $named; do [ -e "$file" ] || echo "$file"; done)
    echo "$missing"
    [ -z "$missing" ]
}

@test "rooms: each header has a guard of its own" {
    cd "$ROOT/src"
    twice=$(grep -rhE '^#define [A-Z0-9_]+_H$' --include='*.h' . | sort | uniq -d)
    echo "$twice"
    [ -z "$twice" ]
    [ "$(grep -rlE '^#define [A-Z0-9_]+_H$' --include='*.h' . | wc -l)" -ge 80 ]
}
