/* SPDX-License-Identifier: ISC */
/* What each command that is connected to a keeper is told. */
#include "keeper/callers.h"

#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "common/status_codes.h"
#include "unit.h"

static struct callers c;
static const struct in_addr none;

/* Connects a caller that asks this; returns its end. */
static int connects(struct control_request q)
{
	int fd[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	callers_add(&c, fd[0], &q);
	return fd[1];
}

/* What it is told next: -1 for nothing, -2 for the end. */
static int told(int fd)
{
	struct control_reply r;
	int got = control_recv_reply(fd, &r);

	if (got <= 0)
		return got - 1;
	return (int)r.kind * 1000 + r.code;
}

enum { TEXT = CONTROL_TEXT * 1000, RESULT = CONTROL_RESULT * 1000, NOTHING = -1, END = -2 };

static void messages(void)
{
	int quiet, verbose, idle[2];

	callers_init(&c);
	CHECK_INT(c.listener, -1);
	quiet = connects((struct control_request){.op = CONTROL_UP, .threshold = LOG_ERR});
	verbose = connects((struct control_request){.op = CONTROL_UP, .threshold = LOG_DEBUG});
	/* One that has not asked yet. */
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, idle), 0);
	c.list[2].fd = idle[0];
	callers_log(&c, LOG_DEBUG, "text");
	CHECK_INT(told(quiet), NOTHING);
	CHECK_INT(told(verbose), TEXT + LOG_DEBUG);
	callers_log(&c, LOG_ERR, "text");
	CHECK_INT(told(quiet), TEXT + LOG_ERR);
	CHECK_INT(told(verbose), TEXT + LOG_ERR);
	CHECK_INT(told(idle[1]), NOTHING);
}

static void outcome(void)
{
	int once, persists, hasty, down;

	callers_init(&c);
	CHECK(!callers_waiting(&c));
	once = connects((struct control_request){.op = CONTROL_UP});
	persists = connects((struct control_request){.op = CONTROL_UP, .persist = 1});
	hasty = connects((struct control_request){.op = CONTROL_UP, .no_wait = 1});
	down = connects((struct control_request){.op = CONTROL_DOWN});
	CHECK(callers_waiting(&c));
	callers_answer(&c, STATUS_UNREACHABLE, none);
	CHECK_INT(told(once), RESULT + STATUS_UNREACHABLE);
	CHECK_INT(told(once), END);
	CHECK_INT(told(persists), NOTHING);
	CHECK_INT(told(hasty), NOTHING);
	callers_answer(&c, STATUS_OK, none);
	CHECK_INT(told(persists), RESULT + STATUS_OK);
	CHECK_INT(told(hasty), RESULT + STATUS_OK);
	CHECK_INT(told(down), NOTHING);
	/* It is down, whatever the keeper ended by. */
	callers_answer_last(&c, "dtcp0", STATUS_REFUSED, false);
	CHECK_INT(told(down), RESULT + STATUS_OK);
	CHECK(!callers_waiting(&c));
	down = connects((struct control_request){.op = CONTROL_DOWN});
	callers_answer_last(&c, "dtcp0", STATUS_OK, true);
	CHECK_INT(told(down), RESULT + STATUS_SYSTEM);
}

/* Who waits for an address hears that it is up when it is so with that one. */
static void awaited(void)
{
	const struct in_addr address = {htonl(0xc0000201)}, other = {htonl(0xc0000202)};
	int waits, fails;

	callers_init(&c);
	waits = connects((struct control_request){.op = CONTROL_UP, .persist = 1});
	c.list[0].awaits = address;
	callers_answer(&c, STATUS_OK, other);
	CHECK_INT(told(waits), NOTHING);
	callers_answer(&c, STATUS_OK, address);
	CHECK_INT(told(waits), RESULT + STATUS_OK);
	fails = connects((struct control_request){.op = CONTROL_UP});
	CHECK(!c.list[0].awaits.s_addr);
	c.list[0].awaits = address;
	callers_answer(&c, STATUS_UNREACHABLE, other);
	CHECK_INT(told(fails), RESULT + STATUS_UNREACHABLE);
}

static void hasty(void)
{
	for (int up = 0; up < 2; up++) {
		int fd;

		callers_init(&c);
		fd = connects((struct control_request){.op = CONTROL_UP, .no_wait = 1});
		callers_answer_hasty(&c, up);
		CHECK_INT(told(fd), NOTHING); /* its request was not worked off */
		c.list[0].hasty = true;
		callers_answer_hasty(&c, up);
		CHECK_INT(told(fd), RESULT + (up ? STATUS_OK : STATUS_PENDING));
	}
}

/* Who asked for what was up already hears so, once, before it is answered. */
static void idle(void)
{
	int waits, no_wait;

	callers_init(&c);
	waits = connects((struct control_request){.op = CONTROL_UP});
	no_wait = connects((struct control_request){.op = CONTROL_UP, .no_wait = 1});
	c.list[1].hasty = true;
	unit_log_clear();
	callers_say_idle(&c, "dtcp0", false);
	callers_say_idle(&c, "dtcp0", true);
	CHECK_STR(unit_log(), ""); /* they wait for it to come up */
	c.list[0].idle = true;
	callers_say_idle(&c, "dtcp0", true);
	CHECK_STR(unit_log(), "");
	callers_say_idle(&c, "dtcp0", false);
	CHECK_HAS(unit_log(), "5 dtcp0: is up already");
	unit_log_clear();
	c.list[1].idle = true;
	callers_answer(&c, STATUS_OK, none);
	callers_say_idle(&c, "dtcp0", true);
	callers_say_idle(&c, "dtcp0", false);
	CHECK_STR(unit_log(), ""); /* nobody is there any more */
	CHECK_INT(told(waits), RESULT + STATUS_OK);
	CHECK_INT(told(no_wait), RESULT + STATUS_OK);
}

static void last(void)
{
	int up, fails;

	callers_init(&c);
	up = connects((struct control_request){.op = CONTROL_UP, .threshold = LOG_ERR});
	callers_answer_last(&c, "dtcp0", STATUS_OK, false);
	CHECK_INT(told(up), TEXT + LOG_ERR); /* ended while it was coming up */
	CHECK_INT(told(up), RESULT + STATUS_SYSTEM);
	fails = connects((struct control_request){.op = CONTROL_UP, .persist = 1});
	callers_answer_last(&c, "dtcp0", STATUS_PROTOCOL, false);
	CHECK_INT(told(fails), RESULT + STATUS_PROTOCOL);
	CHECK_INT(told(fails), NOTHING); /* its end is the process's */
	CHECK(!callers_waiting(&c));
}

static void requests(void)
{
	struct control_request q = {.op = CONTROL_DOWN}, got;
	int fd[2];

	callers_init(&c);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	c.list[0].fd = fd[0];
	CHECK(!caller_recv(&c.list[0], &got));
	CHECK(control_ask(fd[1], &q));
	CHECK(caller_recv(&c.list[0], &got));
	CHECK_INT(got.op, CONTROL_DOWN);
	CHECK_INT(told(fd[1]), 1000 * CONTROL_HEARD); /* before anything is done about it */
	CHECK(!c.list[0].waiting);
	CHECK_INT(send(fd[1], "x", 1, 0), 1);
	CHECK(!caller_recv(&c.list[0], &got));
	CHECK_INT(c.list[0].fd, -1);
	CHECK_INT(told(fd[1]), END);
}

static void room(void)
{
	struct control_request q = {.op = CONTROL_UP};
	int fd[CALLERS_MAX + 1];

	callers_init(&c);
	for (int i = 0; i <= CALLERS_MAX; i++)
		fd[i] = connects(q);
	CHECK_INT(told(fd[CALLERS_MAX]), END);
	CHECK_INT(told(fd[CALLERS_MAX - 1]), NOTHING);
	caller_ask_next(&c.list[3]);
	CHECK_INT(told(fd[3]), CONTROL_ENDING * 1000);
	fd[CALLERS_MAX] = connects(q);
	CHECK_INT(told(fd[CALLERS_MAX]), NOTHING);
}

static const struct unit_case cases[] = {
	{"each gets the messages that it wants, while it waits", messages},
	{"a failure is no answer to one that persists", outcome},
	{"one that waits for an address is answered when that is used", awaited},
	{"one that does not wait is answered when its request was worked off", hasty},
	{"who asked for what was up already hears so", idle},
	{"at the end each is answered", last},
	{"a request is read, and who says nonsense is hung up on", requests},
	{"one too many is turned away", room},
};
UNIT_MAIN(cases)
