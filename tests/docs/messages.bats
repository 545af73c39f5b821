#!/usr/bin/env bats
# The tables of messages (tests/messages) have all that the sources of dtcpd say.

load ../where

SAID=$BATS_TEST_DIRNAME/../messages/said.py
SRC=$BATS_TEST_DIRNAME/../../src
TABLES=("$BATS_TEST_DIRNAME"/../messages/far*.txt)

@test "each text of dtcpd is in a table of messages" {
    run "$SAID" "$SRC"/server/*.c "$SRC/dtcpd.c" -- "${TABLES[@]}"
    echo "$output"
    [ "$status" = 0 ]
    # It found them.
    [ "${output%% *}" -ge 130 ]
}

@test "a text that is in no table is found" {
    cat >"$BATS_TEST_TMPDIR/new.c" <<'END'
log_msg(LOG_ERR, "%s: something new "
	"is wrong: %m", name);
snprintf(why, size, "the moon is %u days old", n);
log_msg(LOG_ERR, "out of memory");
END
    run "$SAID" "$BATS_TEST_TMPDIR/new.c" -- "${TABLES[@]}"
    echo "$output"
    [ "$status" = 1 ]
    [[ ${lines[0]} = *'new.c: %s: something new is wrong: %m' ]]
    [[ ${lines[1]} = *'new.c: the moon is %u days old' ]]
    [ "${lines[2]}" = '3 texts, 2 in no table' ]
}

@test "each table is kept by a test" {
    for table in "$BATS_TEST_DIRNAME"/../messages/*.txt; do
        name=$(basename "$table" .txt)
        grep -qE "as_table $name\$" "$BATS_TEST_DIRNAME"/../{loopback,lab}/*.bats || { echo "$name" && false; }
    done
}
