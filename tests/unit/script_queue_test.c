/* SPDX-License-Identifier: ISC */
#include "server/script_queue.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct script_queue q;

static void add(const char *name, const char *user, unsigned index)
{
	struct session s = {.used = true, .index = index};

	snprintf(s.name, sizeof s.name, "%s", user);
	script_queue_add(&q, "/script", name, &s, 0, 0);
}

static void begin(void)
{
	q = (struct script_queue){0};
	script_queue_init(&q);
	unit_log_clear();
}

/* What waits: the numbers, and who. */
static const char *waiting(void)
{
	static char text[8192];
	size_t len = 0;

	text[0] = '\0';
	for (const struct queued_event *v = q.first; v && len < sizeof text - 40; v = v->next)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%u ", v->user, v->index);
	return text;
}

static void end(void)
{
	script_queue_end(&q);
	CHECK(script_queue_idle(&q));
	CHECK_INT(q.waiting, 0);
}

static void in_order(void)
{
	begin();
	add("up", "a", 1);
	add("up", "b", 2);
	add("down", "a", 3);
	CHECK_STR(waiting(), "a1 b2 a3 ");
	CHECK_STR(unit_log(), "");
	end();
	CHECK_HAS(unit_log(), "3 more are left out");
}

static void one_who_loops(void)
{
	begin();
	add("up", "b", 1);
	for (unsigned i = 0; i < SCRIPT_QUEUE_USER; i++)
		add("up", "a", 10 + i);
	add("down", "b", 2);
	CHECK_STR(unit_log(), "");
	add("down", "a", 99);
	CHECK_STR(unit_log(), "4 /script up for user 'a' is left out: 16 events of that user wait\n");
	CHECK_INT(strncmp(waiting(), "b1 a11 a12 ", 11), 0);
	CHECK_HAS(waiting(), " a25 b2 a99 ");
	/* The last one in the list goes by the same rule. */
	for (unsigned i = 0; i < 100; i++)
		add("up", "a", 100 + i);
	CHECK_INT(q.waiting, SCRIPT_QUEUE_USER + 2);
	CHECK_HAS(waiting(), "a199 ");
	end();
}

static void many(void)
{
	char user[8];

	begin();
	for (unsigned i = 0; i < SCRIPT_QUEUE_MOST; i++) {
		snprintf(user, sizeof user, "u%u", i);
		add("up", user, i);
	}
	CHECK_STR(unit_log(), "");
	add("up", "new", 7);
	CHECK_STR(unit_log(), "4 /script up for user 'u0' is left out: 4096 events wait\n");
	CHECK_INT(q.waiting, SCRIPT_QUEUE_MOST);
	end();
}

static const struct unit_case cases[] = {
	{"events wait in their order", in_order},
	{"one user's events leave room for the others'", one_who_loops},
	{"of very many users' the oldest goes", many},
};

UNIT_MAIN(cases)
