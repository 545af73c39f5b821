/* SPDX-License-Identifier: ISC */
#include "rundir/presence.h"

#include <poll.h>
#include <unistd.h>

#include "unit.h"

static bool was_called(int presence)
{
	struct pollfd p = {.fd = presence, .events = POLLIN};
	bool called = poll(&p, 1, 0) == 1;

	if (called)
		presence_accept(presence);
	return called;
}

/* A keeper that has its name looks for others of that interface, and does not call itself. */
static void not_itself(void)
{
	static const char dir[] = "/nonexistent/unit";
	int own = presence_hold(dir, "unit0"), other = presence_hold(dir, "unit1");

	CHECK(own >= 0 && other >= 0);
	CHECK_INT(presence_find(dir, "unit0", true), 0);
	CHECK(!was_called(own));
	CHECK_INT(presence_find(dir, "unit0", false), getpid());
	CHECK(was_called(own));
	CHECK(!was_called(other));
	CHECK(presence_is(dir, "unit0", getpid()));
	close(own);
	close(other);
	CHECK_INT(presence_find(dir, "unit0", false), 0);
}

static const struct unit_case cases[] = {
	{"who else keeps an interface", not_itself},
};
UNIT_MAIN(cases)
