/* SPDX-License-Identifier: ISC */
#include "server/clash.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

/* A prefix, or an address as /128, and whose it is. */
struct claim {
	struct prefix prefix;
	enum { CLAIM_PREFIX, CLAIM_CLIENT, CLAIM_SERVER } of;
	const struct config_user *user;
};

static int by_address(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return prefix_order(&x->prefix, &y->prefix);
}

static bool within(const struct prefix *inner, const struct prefix *outer)
{
	struct prefix cut = *inner;

	cut.len = outer->len;
	prefix_mask(&cut);
	return inner->len >= outer->len && prefix_equal(&cut, outer);
}

/* Sorted by address, the wider first: what lies within a prefix follows it. */
static bool claims_ok(const char *path, struct claim *list, size_t n)
{
	const struct claim *cover = NULL;

	qsort(list, n, sizeof *list, by_address);
	for (size_t i = 0; i < n; i++) {
		const struct claim *c = &list[i];

		if (!cover || !within(&c->prefix, &cover->prefix)) {
			cover = c;
			continue;
		}
		if (c->user == cover->user && c->of != CLAIM_PREFIX)
			continue; /* the addresses of host= may be of the user's own prefix */
		if (c->of == CLAIM_SERVER && cover->of == CLAIM_SERVER)
			continue; /* this machine may have one for all */
		log_msg(LOG_ERR, "%s:%u: %s of user '%s' overlaps %s of user '%s' in line %u", path,
			c->user->line, text_prefix(&c->prefix), c->user->name,
			text_prefix(&cover->prefix), cover->user->name, cover->user->line);
		return false;
	}
	return true;
}

static bool no_overlap(const struct config *c, const char *path)
{
	struct claim *list = calloc(c->n_users, (CONFIG_PREFIXES_MAX + 2) * sizeof *list);
	size_t n = 0;
	bool ok;

	if (!list) {
		log_msg(LOG_ERR, "%s: out of memory", path);
		return false;
	}
	for (const struct config_user *u = c->users; u; u = u->next) {
		for (unsigned i = 0; i < u->n_prefixes; i++)
			list[n++] = (struct claim){u->prefixes[i], CLAIM_PREFIX, u};
		if (u->host) {
			list[n++] = (struct claim){{u->client6, 128}, CLAIM_CLIENT, u};
			list[n++] = (struct claim){{u->server6, 128}, CLAIM_SERVER, u};
		}
	}
	ok = claims_ok(path, list, n);
	free(list);
	return ok;
}

static int by_interface(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;

	return strcmp(x->user->interface, y->user->interface);
}

/* Of two users that are the same in something, the one that stands further down. */
static const struct config_user *later(const struct config_entry *two,
				       const struct config_user **earlier)
{
	bool second = two[1].user->line > two[0].user->line;

	*earlier = two[!second].user;
	return two[second].user;
}

/* Names, of users and of interfaces, are each one user's. The list is sorted by the former. */
static bool sorted_ok(const char *path, struct config_entry *list, size_t n)
{
	const struct config_user *a, *b;

	for (size_t i = 1; i < n; i++) {
		if (config_by_name(&list[i - 1], &list[i]) != 0)
			continue;
		a = later(&list[i - 1], &b);
		log_msg(LOG_ERR, "%s:%u: user '%s' stands in line %u too", path, a->line, a->name,
			b->line);
		return false;
	}
	qsort(list, n, sizeof *list, by_interface);
	for (size_t i = 1; i < n; i++) {
		if (!list[i].user->interface[0] || by_interface(&list[i - 1], &list[i]) != 0)
			continue;
		a = later(&list[i - 1], &b);
		log_msg(LOG_ERR, "%s:%u: interface=%s is that of user '%s' in line %u too", path,
			a->line, a->interface, b->name, b->line);
		return false;
	}
	return true;
}

static bool names_ok(const struct config *c, const char *path)
{
	struct config_entry *list = config_sorted(c, config_by_name);
	bool ok;

	if (!list) {
		log_msg(LOG_ERR, "%s: out of memory", path);
		return false;
	}
	ok = sorted_ok(path, list, c->n_users);
	free(list);
	return ok;
}

bool clash_none(const struct config *c, const char *path)
{
	return names_ok(c, path) && no_overlap(c, path);
}
