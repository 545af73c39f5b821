/* SPDX-License-Identifier: ISC */
#include "server/script_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

void script_queue_init(struct script_queue *e)
{
	script_init(&e->script, "dtcpd");
	e->last = &e->first;
}

/* Takes the event out at which *at points. */
static void drop(struct script_queue *e, struct queued_event **at)
{
	struct queued_event *old = *at;

	*at = old->next;
	if (!*at)
		e->last = at;
	e->waiting--;
	free(old);
}

static void leave_out(struct script_queue *e, const char *path, struct queued_event **at,
		      int most, const char *whose)
{
	log_msg(LOG_WARNING, "%s %s for user '%s' is left out: %d events%s wait", path, (*at)->name,
		(*at)->user, most, whose);
	drop(e, at);
}

static void make_room(struct script_queue *e, const char *path, const char *user)
{
	struct queued_event **oldest = NULL;
	unsigned n = 0;

	for (struct queued_event **at = &e->first; *at; at = &(*at)->next) {
		if (strcmp((*at)->user, user) != 0)
			continue;
		if (n++ == 0)
			oldest = at;
	}
	if (n >= SCRIPT_QUEUE_USER)
		leave_out(e, path, oldest, SCRIPT_QUEUE_USER, " of that user");
	else if (e->first && e->waiting >= SCRIPT_QUEUE_MOST)
		leave_out(e, path, &e->first, SCRIPT_QUEUE_MOST, "");
}

void script_queue_add(struct script_queue *e, const char *path, const char *name,
		      const struct session *s, uint64_t bytes_in, uint64_t bytes_out)
{
	struct queued_event *new;

	if (!path[0])
		return;
	make_room(e, path, s->name);
	new = calloc(1, sizeof *new);
	if (!new) {
		log_msg(LOG_WARNING, "%s %s for user '%s' is left out: out of memory", path, name,
			s->name);
		return;
	}
	snprintf(new->name, sizeof new->name, "%s", name);
	memcpy(new->user, s->name, sizeof new->user);
	new->far = s->want;
	new->index = s->index;
	new->bytes_in = bytes_in;
	new->bytes_out = bytes_out;
	*e->last = new;
	e->last = &new->next;
	e->waiting++;
}

/* All that a script of dtcp-up gets at such an event, so that one can serve both ends; what has no
 * meaning here is empty. */
static void fill(struct script_call *c, const struct queued_event *v)
{
	static const char *const empty[] = {"DTCP_LINK", "DTCP_SERVER", "DTCP_LAN",
					    "DTCP_OLD_LOCAL", "DTCP_OLD_PREFIXES"};
	const struct far *f = &v->far;
	bool host = f->type == DTCP_HOST;

	script_set(c, "DTCP_EVENT", "%s", v->name);
	script_set(c, "DTCP_INTERFACE", "%s", f->name);
	script_set(c, "DTCP_IFINDEX", "%u", v->index);
	script_set(c, "DTCP_USER", "%s", v->user);
	script_set(c, "DTCP_TYPE", "%s", tunnel_type_name(f->type));
	script_set(c, "DTCP_LOCAL", "%s", text_ipv4(f->local));
	script_set(c, "DTCP_REMOTE", "%s", text_ipv4(f->remote));
	script_set(c, "DTCP_MTU", "%u", f->mtu);
	script_set(c, "DTCP_ADDRESS", "%s", host ? text_ipv6(&f->server6) : "");
	script_set(c, "DTCP_PEER", "%s", host ? text_ipv6(&f->client6) : "");
	script_set(c, "DTCP_PREFIX", "%s", f->n_prefixes ? text_prefix(&f->prefixes[0]) : "");
	script_set(c, "DTCP_PREFIXES", "%s", "");
	for (unsigned i = 0; i < f->n_prefixes; i++)
		script_add(c, "%s%s", i ? " " : "", text_prefix(&f->prefixes[i]));
	script_set(c, "DTCP_BYTES_IN", "%llu", (unsigned long long)v->bytes_in);
	script_set(c, "DTCP_BYTES_OUT", "%llu", (unsigned long long)v->bytes_out);
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		script_set(c, empty[i], "%s", "");
}

void script_queue_work(struct script_queue *e, const char *path)
{
	while (e->first && script_idle(&e->script)) {
		/* The file may name none any more. */
		if (path[0]) {
			fill(script_event(&e->script, path, e->first->name), e->first);
			script_start(&e->script);
		}
		drop(e, &e->first);
	}
}

bool script_queue_reaped(struct script_queue *e, pid_t pid, int status)
{
	if (pid != e->script.run.pid)
		return false;
	script_reaped(&e->script, status);
	return true;
}

bool script_queue_idle(const struct script_queue *e)
{
	return !e->first && script_idle(&e->script);
}

void script_queue_end(struct script_queue *e)
{
	if (script_queue_idle(e))
		return;
	log_msg(LOG_WARNING, "script %s %s is killed, and %u more are left out: dtcpd ends",
		e->script.now.path, e->script.now.event, e->waiting);
	program_kill(&e->script.run);
	while (e->first)
		drop(e, &e->first);
}
