# What the tests of attacks (attack-*.bats) share: the session's process, and
# taking its place. Load it after lab.
# shellcheck shell=bash

PUPPET=$LAB_PROJECT/build/faults/puppet

# attack_puppet: has the puppet built, also where the file is run alone.
attack_puppet() {
	[ -x "$PUPPET" ] || make -s -C "$LAB_PROJECT" faults-programs >&2
}

attack_keeper() { cat "$RUN_DIR/dtcp0.pid"; }
attack_up() { dtcp_up --status >/dev/null; }

# attack_session: the session's process number, as soon as it waits.
attack_session() { timeout $((20 * LAB_SLOW)) "$PUPPET" "$RUN_DIR/dtcp0.pid" find; }

# attack_as PID: every attack, made by process PID (or by the session of a
# pidfile's keeper): lines `ATTACK: done|ERROR`.
attack_as() {
	customer timeout $((20 * LAB_SLOW)) "$PUPPET" "$1" attack "$(attack_keeper)" "$RUN_DIR" "$ACCOUNTS" dtcp0
}

# attack_forge WHAT...: the session sends this to the root part. It may be
# killed for that before it can say how that went.
attack_forge() { timeout $((60 * LAB_SLOW)) "$PUPPET" "$RUN_DIR/dtcp0.pid" forge "$@" || [ $? = 1 ]; }

# attack_connecting [OPTION...]: a command whose session waits for a greeting
# that does not come; its output is in /run/lab/command.log.
attack_connecting() {
	lab_spawn command nsenter --net=/run/netns/customer -- "$DTCP_UP" --wait 30 \
		"$@" "$LAB_CLIENT4"
	wait_for 10 test -s "$RUN_DIR/dtcp0.pid"
}
