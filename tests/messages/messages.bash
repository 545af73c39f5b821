# The table of messages: a file per subject in this folder, with what was
# provoked, the exit status, and each message. Load it in a BATS file.
# shellcheck shell=bash

MESSAGES_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# message WHAT STATUS TEXT [SED-OPTION...]: notes a row. SED makes that what
# differs from run to run reads the same.
message() {
    local what=$1 status=$2 text=$3
    shift 3
    {
        echo "$what"
        [ "$status" = - ] || echo "    exit $status"
        [ -z "$text" ] || sed -E "$@" -e 's/^/    /' <<<"$text"
    } >>"$BATS_TEST_TMPDIR/messages"
}

# as_table SUBJECT: the rows noted are those of the table.
as_table() {
    local table=$MESSAGES_DIR/$1.txt
    if [ "${MESSAGES-}" = update ]; then
        cp "$BATS_TEST_TMPDIR/messages" "$table"
    fi
    diff -u "$table" "$BATS_TEST_TMPDIR/messages"
}
