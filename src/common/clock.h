/* SPDX-License-Identifier: ISC */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Times are milliseconds of CLOCK_MONOTONIC unless a name says otherwise. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);
int64_t clock_us(void);

/* Seconds since boot, those asleep included (CLOCK_BOOTTIME): how long something has lasted,
 * though the clock may have been set meanwhile. */
int64_t clock_boot_s(void);

/* The date (seconds since 1970) of what began when clock_boot_s() was began, as the clock now
 * says, which may have been set since; was, where that is right but for rounding. */
int64_t clock_date(int64_t was, int64_t began);

/* Milliseconds from now to deadline as poll(2) wants them: 0 when it has
 * passed, -1 for CLOCK_NEVER. Rounded up, so that poll never wakes early. */
int clock_poll_timeout(int64_t deadline, int64_t now);

/* Waits until fd can be read or the deadline; more than 0 where it can be. */
int clock_wait(int fd, int64_t deadline);

static inline int64_t clock_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
