/* SPDX-License-Identifier: ISC */
/* When the path is asked, and when it is good or bad. */
#include "keeper/path.h"

#include <stdio.h>

#include "common/clock.h"
#include "unit.h"

enum { START = 1000, MOST = 60000 };

static struct path p;
static int64_t now;

static unsigned happens(enum path_event e)
{
	return path_step(&p, e, now, now + PATH_LIMIT_MS);
}

static unsigned timer(void)
{
	now = p.wake;
	return happens(PATH_EV_TIMER);
}

/* Brings a path to a state. A big echo is never out. */
static void at(enum path_state s)
{
	now = START;
	path_init(&p);
	p.most = MOST;
	if (s == PATH_REST)
		return;
	happens(PATH_EV_FIRST);
	if (s == PATH_FIRST)
		return;
	if (s == PATH_CHECK) {
		happens(PATH_EV_ANSWER);
		happens(PATH_EV_ANSWER_BIG);
		happens(PATH_EV_START);
	} else {
		while (!(timer() & PATH_FAILED))
			;
	}
}

/* The timer is due. */
static const struct unit_row rows[] = {
	{PATH_REST, PATH_EV_FIRST, PATH_FIRST, PATH_SEND},
	{PATH_REST, PATH_EV_START, PATH_CHECK, PATH_SEND},

	{PATH_FIRST, PATH_EV_FIRST, PATH_FIRST, PATH_SEND},
	{PATH_FIRST, PATH_EV_ANSWER, PATH_REST, PATH_GOOD | PATH_SEND_BIG},
	{PATH_FIRST, PATH_EV_ANSWER_BIG, PATH_REST, PATH_GOOD},
	{PATH_FIRST, PATH_EV_TIMER, PATH_FIRST, PATH_SEND},

	{PATH_CHECK, PATH_EV_FIRST, PATH_FIRST, PATH_SEND},
	{PATH_CHECK, PATH_EV_ANSWER, PATH_REST, PATH_GOOD},
	{PATH_CHECK, PATH_EV_ANSWER_BIG, PATH_REST, PATH_GOOD},
	{PATH_CHECK, PATH_EV_TIMER, PATH_CHECK, PATH_SEND},

	{PATH_BAD, PATH_EV_FIRST, PATH_FIRST, PATH_SEND},
	{PATH_BAD, PATH_EV_START, PATH_BAD, PATH_SEND},
	{PATH_BAD, PATH_EV_ANSWER, PATH_REST, PATH_GOOD | PATH_SEND_BIG},
	{PATH_BAD, PATH_EV_ANSWER_BIG, PATH_REST, PATH_GOOD},
	{PATH_BAD, PATH_EV_TIMER, PATH_BAD, PATH_SEND},
};

static void pairs(void)
{
	for (int s = 0; s < PATH_STATES; s++)
		for (int e = 0; e < PATH_EVENTS; e++) {
			struct unit_row row = unit_row(rows, sizeof rows / sizeof rows[0], s, e);
			unsigned done;
			char what[80];

			at((enum path_state)s);
			if (e == PATH_EV_TIMER && p.wake != CLOCK_NEVER)
				now = p.wake;
			done = happens((enum path_event)e);
			snprintf(what, sizeof what, "state %d, event %d: %d, %#x", s, e, p.state, done);
			CHECK_FOR(what, (int)p.state == row.next && done == row.result);
		}
}

static void too_early(void)
{
	for (int s = 0; s < PATH_STATES; s++) {
		at((enum path_state)s);
		if (p.wake == CLOCK_NEVER)
			continue;
		now = p.wake - 1;
		CHECK_INT(happens(PATH_EV_TIMER), 0);
		CHECK_INT(p.state, s);
	}
}

static void first(void)
{
	static const int64_t sent[] = {200, 600, 1400, 3000};

	at(PATH_FIRST);
	for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
		CHECK_INT(timer(), PATH_SEND);
		CHECK_INT(now - START, sent[i]);
	}
	CHECK_INT(timer(), PATH_FAILED);
	CHECK_INT(now - START, 5000);
	CHECK_INT(p.state, PATH_BAD);
}

static void check(void)
{
	at(PATH_CHECK);
	for (int i = 1; i <= 4; i++) {
		CHECK_INT(timer(), PATH_SEND);
		CHECK_INT(now - START, 2000 * i);
	}
	CHECK_INT(timer(), PATH_FAILED);
	CHECK_INT(now - START, 10000);
	/* However late the answer comes. */
	at(PATH_CHECK);
	now += 9999;
	CHECK_INT(happens(PATH_EV_ANSWER), PATH_GOOD);
	CHECK_INT(p.state, PATH_REST);
}

static void traffic(void)
{
	at(PATH_CHECK);
	now = START + 5000;
	happens(PATH_EV_TRAFFIC);
	while (timer() == PATH_SEND)
		;
	CHECK_INT(now - START, 15000);
	/* No further than 30 s. */
	at(PATH_CHECK);
	while (timer() == PATH_SEND)
		happens(PATH_EV_TRAFFIC);
	CHECK_INT(p.state, PATH_BAD);
	CHECK_INT(now - START, 30000);
	/* It makes no path good that is not. */
	CHECK_INT(happens(PATH_EV_TRAFFIC), 0);
	CHECK_INT(p.state, PATH_BAD);
	at(PATH_FIRST);
	CHECK_INT(happens(PATH_EV_TRAFFIC), 0);
	CHECK_INT(p.state, PATH_FIRST);
}

static void looks(void)
{
	static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, MOST, MOST};
	int64_t since;

	at(PATH_BAD);
	for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
		since = now;
		CHECK_INT(timer(), PATH_SEND);
		CHECK_INT(now - since, pauses[i]);
	}
	at(PATH_BAD);
	p.most = 1500;
	CHECK_INT(timer(), PATH_SEND);
	since = now;
	CHECK_INT(timer(), PATH_SEND);
	CHECK_INT(now - since, 1500);
}

static void big(void)
{
	/* Answered by the third. */
	at(PATH_FIRST);
	CHECK_INT(happens(PATH_EV_ANSWER), PATH_GOOD | PATH_SEND_BIG);
	CHECK_INT(timer(), PATH_SEND_BIG);
	CHECK_INT(timer(), PATH_SEND_BIG);
	now++;
	CHECK_INT(happens(PATH_EV_ANSWER_BIG), 0);
	CHECK(p.wake == CLOCK_NEVER);
	/* By none. */
	at(PATH_FIRST);
	happens(PATH_EV_ANSWER);
	CHECK_INT(timer(), PATH_SEND_BIG);
	CHECK_INT(timer(), PATH_SEND_BIG);
	CHECK_INT(timer(), PATH_MTU_BAD);
	CHECK_INT(now - START, 6000);
	CHECK(p.wake == CLOCK_NEVER);
	/* Beside the check of a keepalive. */
	at(PATH_FIRST);
	happens(PATH_EV_ANSWER);
	now += 500;
	CHECK_INT(happens(PATH_EV_START), PATH_SEND);
	CHECK_INT(timer(), PATH_SEND_BIG);
	CHECK_INT(timer(), PATH_SEND);
	CHECK_INT(happens(PATH_EV_ANSWER), PATH_GOOD);
	CHECK_INT(timer(), PATH_SEND_BIG);
	/* Where small ones are not answered either the MTU is not to blame. */
	at(PATH_FIRST);
	happens(PATH_EV_ANSWER);
	happens(PATH_EV_START);
	p.big_left = 100;
	while (!(timer() & PATH_FAILED))
		;
	CHECK_INT(p.big_left, 0);
	CHECK_INT(p.wake - now, 1000);
	/* Once for each tunnel. */
	CHECK_INT(happens(PATH_EV_ANSWER), PATH_GOOD);
	CHECK(p.wake == CLOCK_NEVER);
}

static const struct unit_case cases[] = {
	{"every pair of state and event", pairs},
	{"no timer acts before its time", too_early},
	{"a new path has 5 s to be answered, and is asked soon and often", first},
	{"a good path is bad after five echoes and 10 s without an answer", check},
	{"other packets stretch the 10 s, to 30 s at most", traffic},
	{"a bad path is looked at after 1, 2, 4 s and so on", looks},
	{"an echo that fills the MTU goes out once for each tunnel", big},
};
UNIT_MAIN(cases)
