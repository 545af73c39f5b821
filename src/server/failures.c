/* SPDX-License-Identifier: ISC */
#include "server/failures.h"

#include <stddef.h>

static bool over(const struct failure *e, int64_t now)
{
	return e->count == 0 || now - e->since >= FAILURES_WINDOW_MS;
}

static const struct failure *find(const struct failures *f, struct in_addr client)
{
	for (size_t i = 0; i < FAILURES_ADDRESSES; i++)
		if (f->list[i].count > 0 && f->list[i].client.s_addr == client.s_addr)
			return &f->list[i];
	return NULL;
}

/* The entry of client, or one for it: a free one, else the oldest of those that block
 * nobody, else the oldest. */
static struct failure *entry(struct failures *f, struct in_addr client, int64_t now)
{
	const struct failure *old = find(f, client);
	struct failure *best = &f->list[0];

	if (old)
		return &f->list[old - f->list];
	for (size_t i = 0; i < FAILURES_ADDRESSES; i++) {
		struct failure *e = &f->list[i];
		bool blocks = e->count >= FAILURES_MOST, best_blocks = best->count >= FAILURES_MOST;

		if (over(e, now)) {
			best = e;
			break;
		}
		if (blocks != best_blocks ? best_blocks : e->since < best->since)
			best = e;
	}
	*best = (struct failure){.client = client, .since = now};
	return best;
}

bool failures_add(struct failures *f, struct in_addr client, int64_t now)
{
	struct failure *e = entry(f, client, now);

	if (over(e, now))
		*e = (struct failure){.client = client, .since = now};
	e->count++;
	return e->count == FAILURES_MOST;
}

int64_t failures_blocked(const struct failures *f, struct in_addr client, int64_t now)
{
	const struct failure *e = find(f, client);

	if (!e || e->count < FAILURES_MOST || over(e, now))
		return 0;
	return e->since + FAILURES_WINDOW_MS - now;
}
