/* SPDX-License-Identifier: ISC */
#include "path.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "unit.h"

enum { NOW = 5000 };

/* A check in the state s after n echoes; big: one that fills the MTU is asked
 * too. PATH_TIMER comes when it is due. */
static struct path in_state(enum path_state s, bool big, unsigned n)
{
	struct path p;

	path_init(&p);
	if (s == PATH_REST)
		return p;
	CHECK(path_step(&p, big ? PATH_START_BIG : PATH_START, NOW - PATH_WAIT_MS * n) != 0);
	if (s == PATH_ANSWERED)
		CHECK_INT(path_step(&p, PATH_ANSWER, NOW), PATH_GOOD);
	for (unsigned i = 1; i < n; i++)
		CHECK(path_step(&p, PATH_TIMER, p.wake) != 0);
	CHECK_INT(p.state, s);
	CHECK_INT(p.wake, NOW);
	return p;
}

struct row {
	enum path_state state;
	bool big;
	unsigned echoes; /* out so far */
	enum path_event event;
	enum path_state next;
	unsigned result;
};

static const struct row rows[] = {
	{PATH_REST, false, 0, PATH_START, PATH_ASKED, PATH_SEND},
	{PATH_REST, false, 0, PATH_START_BIG, PATH_ASKED, PATH_SEND | PATH_SEND_BIG},
	{PATH_REST, false, 0, PATH_ANSWER, PATH_REST, 0},
	{PATH_REST, false, 0, PATH_ANSWER_BIG, PATH_REST, 0},
	{PATH_REST, false, 0, PATH_TIMER, PATH_REST, 0},

	{PATH_ASKED, false, 1, PATH_START, PATH_ASKED, 0},
	{PATH_ASKED, false, 1, PATH_START_BIG, PATH_ASKED, 0},
	{PATH_ASKED, false, 1, PATH_ANSWER, PATH_REST, PATH_GOOD},
	{PATH_ASKED, false, 1, PATH_TIMER, PATH_ASKED, PATH_SEND},
	{PATH_ASKED, false, 2, PATH_TIMER, PATH_ASKED, PATH_SEND},
	{PATH_ASKED, false, 3, PATH_TIMER, PATH_REST, PATH_BAD},
	{PATH_ASKED, false, 3, PATH_ANSWER, PATH_REST, PATH_GOOD},

	{PATH_ASKED, true, 1, PATH_START, PATH_ASKED, 0},
	{PATH_ASKED, true, 1, PATH_START_BIG, PATH_ASKED, 0},
	{PATH_ASKED, true, 1, PATH_ANSWER, PATH_ANSWERED, PATH_GOOD},
	/* Any answer counts, and one that fills the MTU is all that is asked. */
	{PATH_ASKED, true, 1, PATH_ANSWER_BIG, PATH_REST, PATH_GOOD},
	{PATH_ASKED, true, 1, PATH_TIMER, PATH_ASKED, PATH_SEND | PATH_SEND_BIG},
	{PATH_ASKED, true, 3, PATH_TIMER, PATH_REST, PATH_BAD},

	{PATH_ANSWERED, true, 1, PATH_START, PATH_ANSWERED, 0},
	{PATH_ANSWERED, true, 1, PATH_START_BIG, PATH_ANSWERED, 0},
	{PATH_ANSWERED, true, 1, PATH_ANSWER, PATH_ANSWERED, 0},
	{PATH_ANSWERED, true, 1, PATH_ANSWER_BIG, PATH_REST, 0},
	{PATH_ANSWERED, true, 1, PATH_TIMER, PATH_ANSWERED, PATH_SEND_BIG},
	{PATH_ANSWERED, true, 3, PATH_TIMER, PATH_REST, PATH_MTU_BAD},
};

static void table(void)
{
	bool seen[PATH_STATES][PATH_EVENTS] = {{false}};
	char what[80];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct path p = in_state(r->state, r->big, r->echoes);
		unsigned result = path_step(&p, r->event, NOW);

		seen[r->state][r->event] = true;
		snprintf(what, sizeof what, "row %zu: state %d, event %d: state %d, result %#x", i,
			 r->state, r->event, p.state, result);
		CHECK_FOR(what, p.state == r->next && result == r->result);
		CHECK_FOR(what, (p.wake == CLOCK_NEVER) == (p.state == PATH_REST));
	}
	/* An answer to what was not asked is none: a small check has no big one. */
	seen[PATH_ASKED][PATH_ANSWER_BIG] = true;
	for (int s = 0; s < PATH_STATES; s++)
		for (int e = 0; e < PATH_EVENTS; e++) {
			snprintf(what, sizeof what, "state %d, event %d", s, e);
			CHECK_FOR(what, seen[s][e]);
		}
}

static void early(void)
{
	struct path p;

	path_init(&p);
	path_step(&p, PATH_START, NOW);
	CHECK_INT(p.wake, NOW + 1000);
	CHECK_INT(path_step(&p, PATH_TIMER, NOW + 999), 0);
	CHECK_INT(path_step(&p, PATH_TIMER, NOW + 1000), PATH_SEND);
	CHECK_INT(p.wake, NOW + 2000);
}

/* Three echoes, 1 s apart, and a second for the last to be answered. */
static void three(void)
{
	int64_t now = NOW;
	struct path p;

	path_init(&p);
	for (int check = 1; check <= 2; check++) {
		unsigned sent = 0;

		for (unsigned r = path_step(&p, PATH_START, now); r == PATH_SEND;) {
			sent++;
			now = p.wake;
			r = path_step(&p, PATH_TIMER, now);
			if (r != PATH_SEND)
				CHECK_INT(r, PATH_BAD);
		}
		CHECK_INT(sent, 3);
		CHECK_INT(now, NOW + check * 3000);
	}
}

static void anew(void)
{
	struct path p;

	path_init(&p);
	CHECK_INT(path_step(&p, PATH_START_BIG, NOW), PATH_SEND | PATH_SEND_BIG);
	CHECK_INT(path_step(&p, PATH_ANSWER, NOW), PATH_GOOD);
	CHECK_INT(path_step(&p, PATH_ANSWER_BIG, NOW), 0);
	CHECK_INT(path_step(&p, PATH_START, NOW), PATH_SEND);
	CHECK_INT(path_step(&p, PATH_ANSWER, NOW), PATH_GOOD);
	CHECK_INT(p.state, PATH_REST);
}

static const struct unit_case cases[] = {
	{"every pair of state and event", table},
	{"an echo has a second to be answered", early},
	{"three echoes without an answer make a path bad", three},
	{"each check starts anew", anew},
};
UNIT_MAIN(cases)
