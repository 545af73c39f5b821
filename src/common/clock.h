/* SPDX-License-Identifier: ISC */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Times are milliseconds of CLOCK_MONOTONIC unless a name says otherwise. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);
int64_t clock_us(void);

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
