/* SPDX-License-Identifier: ISC */
#include "common/clock.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_boot_s(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

int64_t clock_date(int64_t was, int64_t began)
{
	int64_t date = time(NULL) - (clock_boot_s() - began);

	/* Both are whole seconds. */
	return date > was + 2 || date < was - 2 ? date : was;
}

int clock_poll_timeout(int64_t deadline, int64_t now)
{
	if (deadline == CLOCK_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	/* clock_ms() rounds down, so one more keeps poll from waking early. */
	if (deadline - now >= INT_MAX - 1)
		return INT_MAX;
	return (int)(deadline - now) + 1;
}

int clock_wait(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, clock_poll_timeout(deadline, clock_ms()));
}
