/* SPDX-License-Identifier: ISC */
#include "server/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sessions_init(struct sessions *t, uint32_t room)
{
	*t = (struct sessions){.most = room, .size = 2 * room};
	/* Nothing is written, so what nobody uses takes no memory. */
	t->list = calloc(t->size, sizeof *t->list);
	return t->list;
}

static bool same_holder(struct holder a, struct holder b)
{
	return a.slot == b.slot && a.generation == b.generation;
}

struct session *sessions_held_by(struct sessions *t, struct holder h)
{
	for (uint32_t i = 0; i < t->size; i++) {
		struct session *s = &t->list[i];

		if (s->used && s->held && same_holder(s->holder, h))
			return s;
	}
	return NULL;
}

static struct session *of_user(struct sessions *t, uint32_t user)
{
	for (uint32_t i = 0; i < t->size; i++)
		if (t->list[i].used && t->list[i].user == user)
			return &t->list[i];
	return NULL;
}

/* True where the tunnel of another user leads there. */
static bool taken(const struct sessions *t, uint32_t user, struct in_addr client)
{
	for (uint32_t i = 0; i < t->size; i++) {
		const struct session *s = &t->list[i];

		if (s->used && s->held && s->user != user && s->want.remote.s_addr == client.s_addr)
			return true;
	}
	return false;
}

uint32_t sessions_held(const struct sessions *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->size; i++)
		n += t->list[i].used && t->list[i].held;
	return n;
}

/* An entry that is not in use, or NULL. */
static struct session *new_session(struct sessions *t)
{
	for (uint32_t i = 0; i < t->size; i++)
		if (!t->list[i].used)
			return &t->list[i];
	return NULL;
}

/* Some names dtcpN that follow each other, and which of them are somebody's. */
struct names {
	unsigned first;
	bool used[1024];
};

static void mark(struct names *l, const char *name)
{
	char again[IF_NAMESIZE];
	unsigned long n;

	if (strncmp(name, "dtcp", 4) != 0)
		return;
	n = strtoul(name + 4, NULL, 10);
	snprintf(again, sizeof again, "dtcp%u", (unsigned)n);
	if (n - l->first < sizeof l->used && strcmp(again, name) == 0) /* and not dtcp07 */
		l->used[n - l->first] = true;
}

static void mark_names(struct names *l, const struct sessions *t, const struct config *c)
{
	memset(l->used, 0, sizeof l->used);
	for (uint32_t i = 0; i < t->size; i++) {
		const struct session *s = &t->list[i];

		if (s->used)
			mark(l, s->want.name);
		if (s->used && s->exists)
			mark(l, s->now.name);
	}
	for (const struct config_user *u = c->users; u; u = u->next)
		mark(l, u->interface);
}

/* dtcpN with the least number that nobody has. Not each number is looked for among all
 * sessions: when a thousand come back together, that would be the most of the work. */
static void least_free_name(const struct sessions *t, const struct login_how *how,
			    char name[IF_NAMESIZE])
{
	struct names l;

	for (l.first = 0;; l.first += sizeof l.used) {
		mark_names(&l, t, how->config);
		for (unsigned n = 0; n < sizeof l.used; n++) {
			snprintf(name, IF_NAMESIZE, "dtcp%u", l.first + n);
			if (!l.used[n] && how->name_free(how->arg, name))
				return;
		}
	}
}

/* A user's alone, by interface=. */
static bool is_reserved(const struct config *c, const char *name)
{
	for (const struct config_user *u = c->users; u; u = u->next)
		if (strcmp(u->interface, name) == 0)
			return true;
	return false;
}

static void begin(struct sessions *t, struct session *s, const struct message *m,
		  const struct config_user *u, const struct login_how *how)
{
	char name[IF_NAMESIZE];

	if (u->interface[0])
		snprintf(name, sizeof name, "%s", u->interface);
	else if (s->used && !is_reserved(how->config, s->want.name))
		snprintf(name, sizeof name, "%s", s->want.name);
	else
		least_free_name(t, how, name);
	if (!s->used) {
		*s = (struct session){.used = true, .user = u->id};
		snprintf(s->name, sizeof s->name, "%s", u->name);
	}
	s->held = true;
	s->holder = (struct holder){m->slot, m->generation};
	s->answered = s->failed = false;
	s->tries = s->stays = 0;
	s->remove_at = 0;
	s->anew = true;
	s->since = how->now;
	s->began = how->boot;
	s->pinged = 0;
	far_plan(&s->want, u, (enum dtcp_type)m->type, name, m->server, m->client, how->way_mtu);
}

struct login sessions_login(struct sessions *t, const struct message *m,
			    const struct login_how *how)
{
	const struct config_user *u = config_user(how->config, m->user);
	struct login l = {.result = RESULT_FAILED};
	struct session *s;

	if (!u)
		return l; /* the file was read anew meanwhile */
	l.result = RESULT_UNSUPPORTED;
	if (!config_serves(u, (enum dtcp_type)m->type))
		return l;
	l.result = RESULT_TAKEN;
	if (taken(t, m->user, m->client))
		return l;
	l.result = RESULT_FULL;
	s = of_user(t, m->user);
	if (!(s && s->held) && sessions_held(t) >= t->most)
		return l;
	if (!s)
		s = new_session(t);
	if (!s)
		return l;
	l.displaced = s->used && s->held;
	l.old = s->holder;
	l.gone = s->used && s->owed;
	l.leaver = s->leaver;
	s->owed = false;
	begin(t, s, m, u, how);
	l.session = s;
	l.result = RESULT_OK;
	return l;
}

bool sessions_is_up(const struct session *s)
{
	return s->used && s->held && !s->failed && s->ready && far_equal(&s->now, &s->want);
}

void sessions_leave(struct session *s, bool owed)
{
	s->held = false;
	s->owed = owed;
	s->leaver = s->holder;
}

bool sessions_owe(struct sessions *t, struct holder h)
{
	for (uint32_t i = 0; i < t->size; i++) {
		struct session *s = &t->list[i];

		if (s->used && !s->held && same_holder(s->leaver, h)) {
			s->owed = true;
			return true;
		}
	}
	return false;
}

void sessions_free(struct session *s)
{
	*s = (struct session){0};
}

enum session_step sessions_step(const struct session *s)
{
	if (!s->held)
		return s->exists ? STEP_REMOVE : STEP_FREE;
	if (s->failed)
		return STEP_NONE;
	if (!s->exists)
		return STEP_ADD;
	if (far_equal(&s->now, &s->want))
		return s->ready ? STEP_NONE : STEP_REPAIR;
	/* What could not be moved is built anew: its place may be that of another, which has to
	 * go first to where this one is. */
	return far_movable(&s->now, &s->want) && s->tries == 0 ? STEP_MOVE : STEP_REMOVE;
}
