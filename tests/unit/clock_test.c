/* SPDX-License-Identifier: ISC */
#include "common/clock.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static void timeouts(void)
{
	const int64_t now = 1000000;

	CHECK_INT(clock_poll_timeout(CLOCK_NEVER, now), -1);
	CHECK_INT(clock_poll_timeout(now - 1, now), 0);
	CHECK_INT(clock_poll_timeout(now, now), 0);
	CHECK_INT(clock_poll_timeout(now + 1, now), 2);
	CHECK_INT(clock_poll_timeout(now + INT_MAX - 2, now), INT_MAX - 1);
	CHECK_INT(clock_poll_timeout(now + INT_MAX - 1, now), INT_MAX);
	CHECK_INT(clock_poll_timeout(now + INT_MAX, now), INT_MAX);
	CHECK_INT(clock_poll_timeout(CLOCK_NEVER - 1, now), INT_MAX);
}

static void waits(void)
{
	int pair[2] = {-1, -1};
	int64_t end = clock_ms() + 30;

	CHECK_INT(pipe(pair), 0);
	CHECK_INT(clock_wait(pair[0], end), 0);
	CHECK(clock_ms() >= end);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(clock_wait(pair[0], CLOCK_NEVER), 1);
	close(pair[0]);
	close(pair[1]);
}

static void dates(void)
{
	int64_t now = time(NULL), boot = clock_boot_s();

	CHECK(boot > 0);
	CHECK_INT(clock_date(now - 10, boot - 10), now - 10);
	/* What was said while the clock stood elsewhere. */
	CHECK(clock_date(7, boot - 10) >= now - 11);
	CHECK(clock_date(now + 100000, boot - 10) <= time(NULL) - 9);
}

static const struct unit_case cases[] = {
	{"the time until a deadline, as poll takes it", timeouts},
	{"a date is right though the clock was set", dates},
	{"a wait ends at its deadline, and not before", waits},
};
UNIT_MAIN(cases)
