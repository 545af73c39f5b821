/* SPDX-License-Identifier: ISC */
#include "rundir/presence.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* Takes the name of this socket with another digit at its end. */
static int hold_longer(int presence)
{
	struct sockaddr_un un;
	socklen_t len = sizeof un - 1;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	CHECK_INT(getsockname(presence, (struct sockaddr *)&un, &len), 0);
	((char *)&un)[len] = '1';
	CHECK_INT(bind(fd, (struct sockaddr *)&un, len + 1), 0);
	CHECK_INT(listen(fd, 1), 0);
	return fd;
}

/* A keeper that has its name looks for others of that interface, and does not call itself. */
static void not_itself(void)
{
	static const char dir[] = "/nonexistent/unit";
	int own = presence_hold(dir, "unit0"), other = presence_hold(dir, "unit1"), longer;

	CHECK(own >= 0 && other >= 0);
	CHECK_INT(presence_find(dir, "unit0", true), 0);
	CHECK(!was_called(own));
	CHECK_INT(presence_find(dir, "unit0", false), getpid());
	CHECK(was_called(own));
	CHECK(!was_called(other));
	CHECK(presence_is(dir, "unit0", getpid()));
	CHECK(was_called(own));
	/* Another directory's keeper, and whose name only begins as ours does. */
	CHECK_INT(presence_elsewhere("/nonexistent/other", "unit0"), getpid());
	CHECK(was_called(own));
	CHECK_INT(presence_elsewhere("/nonexistent/other", "unit"), 0);
	CHECK_INT(presence_elsewhere(dir, "unit0"), 0);
	CHECK(!was_called(own) && !was_called(other));
	longer = hold_longer(own);
	CHECK_INT(presence_find(dir, "unit0", true), getpid());
	CHECK(was_called(longer) && !was_called(own));
	close(longer);
	close(own);
	close(other);
	CHECK_INT(presence_find(dir, "unit0", false), 0);
	CHECK_INT(presence_elsewhere("/nonexistent/other", "unit0"), 0);
}

static const struct unit_case cases[] = {
	{"who else keeps an interface", not_itself},
};
UNIT_MAIN(cases)
