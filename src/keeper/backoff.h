/* SPDX-License-Identifier: ISC */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* How long to wait before try number n (from 0) after a failure, in
 * milliseconds. random picks the delay within the bounds.
 * The first time 0 to 3 s, so that the clients of a server that restarts do
 * not come at once; then 1 to 2 s, so that one that came too early is back 5 s
 * after the loss; from then on each time twice as long, up to 2.5 to 5 min. */
int64_t backoff_delay(unsigned n, uint32_t random);

/* A random number for that, made of the microsecond in which a connection broke: delays have
 * to differ from one keeper to the next, and no more. */
uint32_t backoff_random(int64_t now_us);

enum {
	BACKOFF_FIRST_MS = 3000,
	BACKOFF_BASE_MS = 2000,
	BACKOFF_CAP_MS = 300000,
	/* a refused login is tried at most once in this time per account */
	BACKOFF_REFUSED_MS = 60000
};

#endif
