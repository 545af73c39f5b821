/* SPDX-License-Identifier: ISC */
#include "server/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

enum {
	RETRY_MS = 1000,    /* until what could not be done is tried again ... */
	BLOCKED_MS = 60000, /* ... and after MANY_TRIES */
	TRIES = 2,
	MANY_TRIES = 20
};

static bool add_prefix(struct prefixes *l, const struct prefix *p)
{
	if (l->n == l->room) {
		size_t more = l->room ? 2 * l->room : 64;
		struct prefix *list = reallocarray(l->list, more, sizeof *list);

		if (!list)
			return false;
		l->list = list;
		l->room = more;
	}
	l->list[l->n++] = *p;
	return true;
}

static void due(struct standing *s)
{
	s->due = true;
	s->at = 0;
	s->tries = 0;
}

/* Of what was left in the file twice, and is so now three times, once is enough: who is killed
 * at each start would have ever more. */
static void once_each(struct prefixes *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->list, l->n, sizeof *l->list, prefix_order);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || !prefix_equal(&l->list[n - 1], &l->list[i]))
			l->list[n++] = l->list[i];
	l->n = n;
}

bool standing_users(struct standing *s, const struct config *c)
{
	for (size_t i = 0; i < s->wanted.n; i++)
		if (!add_prefix(&s->old, &s->wanted.list[i]))
			return false;
	s->wanted.n = 0;
	once_each(&s->old);
	due(s);
	for (const struct config_user *u = c ? c->users : NULL; u; u = u->next)
		for (unsigned i = 0; i < u->n_prefixes; i++)
			if (!add_prefix(&s->wanted, &u->prefixes[i]))
				return false;
	return true;
}

bool standing_leftover(struct standing *s, const char *name)
{
	char(*more)[IF_NAMESIZE] = reallocarray(s->leftovers, s->n_leftovers + 1, sizeof *more);

	if (!more)
		return false;
	s->leftovers = more;
	snprintf(more[s->n_leftovers++], sizeof *more, "%s", name);
	due(s);
	return true;
}

bool standing_leftover_prefix(struct standing *s, const struct prefix *p)
{
	due(s);
	return add_prefix(&s->old, p);
}

/* None where all is as it should be. */
static void add_lines(const struct standing *s, const struct look *l, struct far_lines *lines)
{
	/* By route that is there: it is wanted. Each old prefix looked for among all that are
	 * wanted would be long. */
	bool *wanted = calloc(l->n_routes + 1, sizeof *wanted);
	const struct look_route *r;

	if (!wanted) {
		lines->failed = true;
		return;
	}
	for (size_t i = 0; i < s->wanted.n; i++)
		if ((r = look_route(l, &s->wanted.list[i], 0)) != NULL)
			wanted[r - l->routes] = true;
	for (size_t i = 0; i < s->n_leftovers; i++)
		if (look_link(l, s->leftovers[i]))
			far_remove(lines, s->leftovers[i]);
	for (size_t i = 0; i < s->old.n; i++)
		if ((r = look_route(l, &s->old.list[i], 0)) != NULL && !wanted[r - l->routes])
			far_unreachable(lines, "del", &s->old.list[i]);
	for (size_t i = 0; i < s->wanted.n; i++)
		if (!look_route(l, &s->wanted.list[i], 0))
			far_unreachable(lines, "add", &s->wanted.list[i]);
	free(wanted);
}

/* Keeps those that the kernel has, l, or without it all but the one of this name. What is gone is
 * not ours to remove any more: the name may be a session's next, or another program's. True where
 * there are fewer. */
static bool keep_leftovers(struct standing *s, const struct look *l, const char *name)
{
	size_t n = 0, before = s->n_leftovers;

	for (size_t i = 0; i < before; i++)
		if (l ? look_link(l, s->leftovers[i]) != NULL : strcmp(s->leftovers[i], name) != 0)
			memmove(s->leftovers[n++], s->leftovers[i], sizeof *s->leftovers);
	s->n_leftovers = n;
	return n < before;
}

void standing_made(struct standing *s, const char *name)
{
	keep_leftovers(s, NULL, name);
}

int64_t standing_pause_ms(unsigned tries)
{
	return tries < MANY_TRIES ? RETRY_MS : BLOCKED_MS;
}

void standing_plan(struct standing *s, struct far_lines *lines)
{
	struct look l;

	if (!s->due || clock_ms() < s->at)
		return;
	s->at = clock_ms() + RETRY_MS;
	s->asked = look_take(&l, false);
	if (s->asked)
		add_lines(s, &l, lines);
	look_free(&l);
}

bool standing_judge(struct standing *s, const struct look *l, const char *said)
{
	struct far_lines missing = {0};
	bool asked = s->asked && l, fewer;

	s->asked = false;
	if (!asked)
		return false;
	fewer = keep_leftovers(s, l, "");
	add_lines(s, l, &missing);
	if (missing.len == 0 && !missing.failed) {
		s->due = false;
		s->old.n = s->n_leftovers = 0;
		return true;
	}
	if (++s->tries == TRIES)
		log_msg(LOG_ERR, "ip %.*s: could not be done: %s",
			(int)strcspn(missing.text ? missing.text : "", "\n"),
			missing.text ? missing.text : "", said);
	s->at = s->tries < TRIES ? 0 : clock_ms() + standing_pause_ms(s->tries);
	free(missing.text);
	return fewer;
}

void standing_look(struct standing *s, const struct look *l)
{
	for (size_t i = 0; i < s->wanted.n && !s->due; i++)
		if (!look_route(l, &s->wanted.list[i], 0))
			due(s);
}

bool standing_stuck(const struct standing *s)
{
	return s->tries >= TRIES;
}

void standing_free(struct standing *s)
{
	free(s->wanted.list);
	free(s->old.list);
	free(s->leftovers);
	*s = (struct standing){0};
}
