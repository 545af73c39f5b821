/* SPDX-License-Identifier: ISC */
#include "server/failures.h"

#include <string.h>

#include "unit.h"

static struct failures f;

static bool add(uint32_t client, int64_t now)
{
	return failures_add(&f, (struct in_addr){client}, now);
}

static int64_t blocked(uint32_t client, int64_t now)
{
	return failures_blocked(&f, (struct in_addr){client}, now);
}

static void thirty(void)
{
	memset(&f, 0, sizeof f);
	for (int i = 0; i < FAILURES_MOST - 1; i++)
		CHECK(!add(1, 1000 + i));
	CHECK_INT(blocked(1, 1100), 0);
	CHECK(add(1, 1100));
	CHECK_INT(blocked(1, 1100), FAILURES_WINDOW_MS - 100);
	CHECK_INT(blocked(2, 1100), 0);
	CHECK_INT(blocked(1, 1000 + FAILURES_WINDOW_MS - 1), 1);
	CHECK_INT(blocked(1, 1000 + FAILURES_WINDOW_MS), 0);
	CHECK(!add(1, 1101)); /* said once */
	/* Ten minutes later all begins anew. */
	CHECK(!add(1, 1000 + FAILURES_WINDOW_MS));
	CHECK_INT(blocked(1, 1000 + FAILURES_WINDOW_MS), 0);
}

static void slow(void)
{
	memset(&f, 0, sizeof f);
	for (int i = 0; i < 10 * FAILURES_MOST; i++)
		CHECK(!add(1, (int64_t)i * FAILURES_WINDOW_MS / (FAILURES_MOST - 1)));
}

static void many(void)
{
	memset(&f, 0, sizeof f);
	for (int i = 0; i < FAILURES_MOST; i++)
		add(1, 1);
	/* More addresses than are remembered: who is blocked stays so. */
	for (uint32_t i = 0; i < 2 * FAILURES_ADDRESSES; i++)
		add(100 + i, 2 + (int64_t)i);
	CHECK(blocked(1, 10000) > 0);
	/* The latest are there, the first ones are forgotten. */
	for (int i = 0; i < FAILURES_MOST - 1; i++)
		add(100 + 2 * FAILURES_ADDRESSES - 1, 20000);
	CHECK(blocked(100 + 2 * FAILURES_ADDRESSES - 1, 20000) > 0);
}

static const struct unit_case cases[] = {
	{"thirty failures within ten minutes block an address for the rest of them", thirty},
	{"fewer in ten minutes never do", slow},
	{"a crowd of addresses does not free one that is blocked", many},
};

UNIT_MAIN(cases)
