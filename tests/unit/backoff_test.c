/* SPDX-License-Identifier: ISC */
#include "keeper/backoff.h"

#include <string.h>

#include "keeper/fsm.h"
#include "unit.h"

enum { CLIENTS = 1000, MINUTES = 20 };

static void check_bounds(unsigned n, int64_t low, int64_t high)
{
	unsigned seed = n + 1;

	CHECK_INT(backoff_delay(n, 0), low);
	CHECK_INT(backoff_delay(n, UINT32_MAX), high);
	for (int i = 0; i < 1000; i++) {
		int64_t d = backoff_delay(n, unit_random(&seed));

		CHECK(d >= low && d <= high);
	}
}

static void bounds(void)
{
	int64_t most = 2000;

	check_bounds(0, 0, 3000);
	for (unsigned n = 1; n < 40; n++) {
		check_bounds(n, most / 2, most);
		most = most * 2 < 300000 ? most * 2 : 300000;
	}
	CHECK_INT(most, 300000);
}

static void cap(void)
{
	check_bounds(9, 150000, 300000);
	check_bounds(1000000, 150000, 300000);
	check_bounds(UINT32_MAX, 150000, 300000);
}

static void growth(void)
{
	for (unsigned n = 1; n < 8; n++) {
		CHECK(backoff_delay(n + 1, 0) >= 2 * backoff_delay(n, 0));
		CHECK(backoff_delay(n + 1, 1u << 31) > backoff_delay(n, 1u << 31));
	}
}

/* Who meets a server that is just being started again comes soon after: both delays together
 * are no longer than routes outlive a session (FSM_GRACE_MS). */
static void second(void)
{
	CHECK_INT(backoff_delay(0, UINT32_MAX) + backoff_delay(1, UINT32_MAX), FSM_GRACE_MS);
}

/* The delay follows the random number: no value is far more likely than another. */
static void even(void)
{
	unsigned seconds[3] = {0};

	for (uint32_t i = 0; i < 3000; i++)
		seconds[backoff_delay(0, i * (UINT32_MAX / 3000)) / 1000 % 3]++;
	for (int i = 0; i < 3; i++)
		CHECK(seconds[i] >= 990 && seconds[i] <= 1010);
}

/* As even where the times are close to each other, or the clock is a coarse one. */
static void times(void)
{
	static const int64_t steps[] = {1, 7, 1000, 4000, 10000};

	for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
		unsigned seconds[3] = {0};

		for (int64_t i = 0; i < 3000; i++) {
			uint32_t random = backoff_random(987654321012 + i * steps[s]);

			seconds[backoff_delay(0, random) / 1000 % 3]++;
		}
		for (int i = 0; i < 3; i++)
			CHECK(seconds[i] >= 900 && seconds[i] <= 1100);
	}
}

/* A server that 1,000 clients lose at the same moment and that stays away:
 * how many come in each second. */
static unsigned busiest(const unsigned *comes, unsigned from, unsigned to)
{
	unsigned most = 0;

	for (unsigned s = from; s < to; s++)
		most = comes[s] > most ? comes[s] : most;
	return most;
}

static void crowd(void)
{
	static unsigned comes[60 * MINUTES];
	unsigned seed = 20200;

	for (int c = 0; c < CLIENTS; c++) {
		int64_t at = 0;

		for (unsigned n = 0; n < 9; n++) {
			at += backoff_delay(n, unit_random(&seed));
			if (at < 60 * MINUTES * 1000)
				comes[at / 1000]++;
		}
	}
	/* A third of them a second at first, twice that while the first ones come again, and
	 * fewer each time. */
	CHECK(comes[0] > 250 && comes[0] < 400);
	CHECK(busiest(comes, 1, 3) < 700);
	CHECK(busiest(comes, 3, 20) < 400);
	CHECK(busiest(comes, 20, 60) < 150);
	CHECK(busiest(comes, 60, 60 * MINUTES) < 50);
}

static const struct unit_case cases[] = {
	{"each delay's bounds", bounds},
	{"the delay stops growing at five minutes", cap},
	{"each delay is longer than the one before", growth},
	{"the second try comes while routes are still in", second},
	{"the first delays are spread evenly over three seconds", even},
	{"so are those of keepers whose connections broke at about the same time", times},
	{"1,000 clients that lose one server do not come back in the same second", crowd},
};
UNIT_MAIN(cases)
