/* SPDX-License-Identifier: ISC */
#include "server/failures.h"

#include <stdio.h>
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
	/* Ten minutes after the last one all begins anew. */
	CHECK(!add(1, 1100 + FAILURES_WINDOW_MS));
	CHECK_INT(blocked(1, 1100 + FAILURES_WINDOW_MS), 0);
}

/* Whichever ten minutes: it does not matter when the first one was. */
static void sliding(void)
{
	const int64_t late = FAILURES_WINDOW_MS - 1000;

	memset(&f, 0, sizeof f);
	CHECK(!add(1, 1));
	for (int i = 0; i < FAILURES_MOST - 2; i++)
		CHECK(!add(1, late));
	CHECK(!add(1, FAILURES_WINDOW_MS + 1));
	CHECK_INT(blocked(1, FAILURES_WINDOW_MS + 1), 0);
	CHECK(add(1, FAILURES_WINDOW_MS + 2));
	CHECK_INT(blocked(1, FAILURES_WINDOW_MS + 2), FAILURES_WINDOW_MS - 1002);
	/* When the oldest is so old that there are fewer, one more is too many again, which was
	 * said already. */
	memset(&f, 0, sizeof f);
	for (int i = 0; i < FAILURES_MOST; i++)
		CHECK(add(1, 1 + i * 1000LL) == (i == FAILURES_MOST - 1));
	CHECK_INT(blocked(1, FAILURES_WINDOW_MS), 1);
	CHECK_INT(blocked(1, FAILURES_WINDOW_MS + 1), 0);
	CHECK(!add(1, FAILURES_WINDOW_MS + 1));
	CHECK_INT(blocked(1, FAILURES_WINDOW_MS + 1), 1000);
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

static struct failed tries;

static bool anew(const char *name, unsigned char response, bool upper)
{
	struct message m = {.upper = upper, .response = {response}};

	snprintf(m.name, sizeof m.name, "%s", name);
	return failed_anew(&tries, &m);
}

static void letter_cases(void)
{
	struct message malformed = {.code = LOGIN_MALFORMED};

	tries = (struct failed){0};
	CHECK(anew("foo", 1, false));
	CHECK(!anew("foo", 1, true));
	/* Two are one, and no third is. */
	CHECK(anew("foo", 1, false));
	CHECK(!anew("foo", 1, true));
	CHECK(anew("foo", 1, true));
	/* The same once more, for somebody else, or another response. */
	CHECK(anew("foo", 1, true));
	CHECK(anew("two", 1, false));
	CHECK(anew("two", 2, true));
	CHECK_INT(tries.count, 8);
	tries = (struct failed){0};
	CHECK(failed_anew(&tries, &malformed));
	malformed.upper = 1;
	CHECK(failed_anew(&tries, &malformed));
}

static const struct unit_case cases[] = {
	{"thirty failures within ten minutes block an address for the rest of them", thirty},
	{"thirty within any ten minutes do, whenever the first one was", sliding},
	{"fewer in ten minutes never do", slow},
	{"a response in both letter cases has failed once, anything else each time", letter_cases},
	{"a crowd of addresses does not free one that is blocked", many},
};

UNIT_MAIN(cases)
