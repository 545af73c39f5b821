/* SPDX-License-Identifier: ISC */
/* The wall between what reads the network and what has privileges, a second time:
 * this program is linked from the rooms of the session and of what is common, whole,
 * and from nothing else (unit.mk). It can only be built while none of them needs a
 * part of keeper, kernel, command or rundir. */
#include "session/session.h"

#include "unit.h"

static void ends(void)
{
	struct session none = {0, -1};

	session_drop(&none, true);
	CHECK_INT(none.channel, -1);
}

static const struct unit_case cases[] = {
	{"the session is built without anything that has privileges", ends},
};

UNIT_MAIN(cases)
