/* SPDX-License-Identifier: ISC */
#include "server/failures.h"

#include <stdio.h>
#include <string.h>

static bool over(const struct failure *e, int64_t now)
{
	return e->count == 0 || now - e->latest >= FAILURES_WINDOW_MS;
}

static const struct failure *find(const struct failures *f, struct in_addr client)
{
	for (size_t i = 0; i < FAILURES_ADDRESSES; i++)
		if (f->list[i].count > 0 && f->list[i].client.s_addr == client.s_addr)
			return &f->list[i];
	return NULL;
}

/* For so long there are as many as may be in ten minutes: until the oldest of them is older. */
static int64_t blocked(const struct failures *f, const struct failure *e, int64_t now)
{
	const struct failure_times *t = &f->times[e - f->list];
	int64_t left = t->when[t->next] + FAILURES_WINDOW_MS - now;

	return e->count == FAILURES_MOST && left > 0 ? left : 0;
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
		bool blocks = blocked(f, e, now) > 0, best_blocks = blocked(f, best, now) > 0;

		if (over(e, now)) {
			best = e;
			break;
		}
		if (blocks != best_blocks ? best_blocks : e->latest < best->latest)
			best = e;
	}
	*best = (struct failure){.client = client};
	f->times[best - f->list] = (struct failure_times){0};
	return best;
}

bool failures_add(struct failures *f, struct in_addr client, int64_t now)
{
	struct failure *e = entry(f, client, now);
	struct failure_times *t = &f->times[e - f->list];

	if (blocked(f, e, now))
		return false;
	t->when[t->next] = e->latest = now;
	t->next = (t->next + 1) % FAILURES_MOST;
	if (e->count < FAILURES_MOST)
		e->count++;
	if (!blocked(f, e, now) || (t->said && now - t->said < FAILURES_WINDOW_MS))
		return false;
	t->said = now;
	return true;
}

int64_t failures_blocked(const struct failures *f, struct in_addr client, int64_t now)
{
	const struct failure *e = find(f, client);

	return e ? blocked(f, e, now) : 0;
}

bool failed_anew(struct failed *f, const struct message *login)
{
	f->paired = f->count > 0 && !f->paired && login->code != LOGIN_MALFORMED &&
		    (f->upper != (login->upper != 0)) && strcmp(f->name, login->name) == 0 &&
		    memcmp(f->response, login->response, sizeof f->response) == 0;
	f->count++;
	f->upper = login->upper;
	memcpy(f->response, login->response, sizeof f->response);
	snprintf(f->name, sizeof f->name, "%s", login->name);
	return !f->paired;
}
