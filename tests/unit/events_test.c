/* SPDX-License-Identifier: ISC */
#include "keeper/events.h"

#include <string.h>

#include "unit.h"

static void order(void)
{
	struct events q = {.n = 0};
	struct event e;

	CHECK(!events_take(&q, &e));
	events_post(&q, EV_FAIL, 71);
	events_post(&q, EV_STOP, 0);
	CHECK(events_take(&q, &e));
	CHECK_INT(e.kind, EV_FAIL);
	CHECK_INT(e.status, 71);
	events_post(&q, EV_ASK, 0);
	CHECK(events_take(&q, &e));
	CHECK_INT(e.kind, EV_STOP);
	CHECK(events_take(&q, &e));
	CHECK_INT(e.kind, EV_ASK);
	CHECK(!events_take(&q, &e));
}

static void full(void)
{
	struct events q = {.n = 0};
	struct event e;

	unit_log_clear();
	for (int i = 0; i < EVENTS_MAX; i++)
		events_post(&q, EV_ASK, i);
	CHECK_STR(unit_log(), "");
	events_post(&q, EV_STOP, 0);
	CHECK_HAS(unit_log(), "3 event ");
	CHECK_HAS(unit_log(), "is lost");
	for (int i = 0; i < EVENTS_MAX; i++) {
		CHECK(events_take(&q, &e));
		CHECK_INT(e.status, i);
	}
	CHECK(!events_take(&q, &e));
}

static const struct unit_case cases[] = {
	{"events come out in the order in which they were posted", order},
	{"an event that finds no room is an error in the log", full},
};
UNIT_MAIN(cases)
