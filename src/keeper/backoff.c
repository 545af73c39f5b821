/* SPDX-License-Identifier: ISC */
#include "keeper/backoff.h"

/* A number from low to high, both included, that random picks. */
static int64_t pick(int64_t low, int64_t high, uint32_t random)
{
	return low + (int64_t)((uint64_t)random * (uint64_t)(high - low + 1) >> 32);
}

int64_t backoff_delay(unsigned n, uint32_t random)
{
	int64_t most = BACKOFF_BASE_MS;

	if (n == 0)
		return pick(0, BACKOFF_FIRST_MS, random);
	for (unsigned i = 1; i < n && most < BACKOFF_CAP_MS; i++)
		most *= 2;
	if (most > BACKOFF_CAP_MS)
		most = BACKOFF_CAP_MS;
	return pick(most / 2, most, random);
}

/* By the golden ratio, which spreads numbers that follow each other evenly over all of 32
 * bits (Knuth, The Art of Computer Programming, 6.4). */
uint32_t backoff_random(int64_t now_us)
{
	return (uint32_t)now_us * 2654435769u;
}
