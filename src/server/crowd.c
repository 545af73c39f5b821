/* SPDX-License-Identifier: ISC */
#include "server/crowd.h"

/* The oldest of an address, and how many that address has. */
static int oldest_of(const struct crowd_member *list, size_t n, struct in_addr client,
		     unsigned *count)
{
	int oldest = -1;

	*count = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].client.s_addr != client.s_addr)
			continue;
		++*count;
		if (oldest < 0 || list[i].order < list[oldest].order)
			oldest = (int)i;
	}
	return oldest;
}

static int oldest_leaving(const struct crowd_member *list, size_t n)
{
	int oldest = -1;

	for (size_t i = 0; i < n; i++)
		if (list[i].leaving && (oldest < 0 || list[i].order < list[oldest].order))
			oldest = (int)i;
	return oldest;
}

/* One that is leaving, or the oldest of the address that has most, whose number is most. */
static int victim_of_all(const struct crowd_member *list, size_t n, unsigned *most)
{
	int victim = oldest_leaving(list, n);
	unsigned count;

	*most = 0;
	for (size_t i = 0; i < n && (victim < 0 || *most > 0); i++) {
		int oldest = oldest_of(list, n, list[i].client, &count);

		if (count > *most || (count == *most && list[oldest].order < list[victim].order)) {
			*most = count;
			victim = oldest;
		}
	}
	return victim;
}

int crowd_victim(const struct crowd_member *list, size_t n, struct in_addr client)
{
	unsigned count;
	int victim = oldest_of(list, n, client, &count);

	if (count >= CROWD_MOST_OF_ONE)
		return victim;
	return n < CROWD_MOST ? -1 : victim_of_all(list, n, &count);
}

int64_t crowd_open_at(const struct crowd_member *list, size_t n)
{
	unsigned most;
	int victim;

	if (n < CROWD_MOST)
		return 0;
	victim = victim_of_all(list, n, &most);
	return most == 1 ? list[victim].until : 0;
}
