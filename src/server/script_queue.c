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

static void drop_first(struct script_queue *e)
{
	struct queued_event *old = e->first;

	e->first = old->next;
	if (!e->first)
		e->last = &e->first;
	e->waiting--;
	free(old);
}

void script_queue_add(struct script_queue *e, const char *path, const char *name,
		      const struct session *s, uint64_t bytes_in, uint64_t bytes_out)
{
	struct queued_event *new;

	if (!path[0])
		return;
	if (e->waiting == SCRIPT_QUEUE_MOST) {
		log_msg(LOG_WARNING, "%s %s for user '%s' is left out: %d events wait", path,
			e->first->name, e->first->user, SCRIPT_QUEUE_MOST);
		drop_first(e);
	}
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

static void fill(struct script_call *c, const struct queued_event *v)
{
	const struct far *f = &v->far;

	script_set(c, "DTCP_EVENT", "%s", v->name);
	script_set(c, "DTCP_INTERFACE", "%s", f->name);
	script_set(c, "DTCP_IFINDEX", "%u", v->index);
	script_set(c, "DTCP_USER", "%s", v->user);
	script_set(c, "DTCP_TYPE", "%s", tunnel_type_name(f->type));
	script_set(c, "DTCP_LOCAL", "%s", text_ipv4(f->local));
	script_set(c, "DTCP_REMOTE", "%s", text_ipv4(f->remote));
	script_set(c, "DTCP_MTU", "%u", f->mtu);
	if (f->type == DTCP_HOST) {
		script_set(c, "DTCP_ADDRESS", "%s", text_ipv6(&f->server6));
		script_set(c, "DTCP_PEER", "%s", text_ipv6(&f->client6));
	}
	script_set(c, "DTCP_PREFIX", "%s", f->n_prefixes ? text_prefix(&f->prefixes[0]) : "");
	script_set(c, "DTCP_PREFIXES", "%s", "");
	for (unsigned i = 0; i < f->n_prefixes; i++)
		script_add(c, "%s%s", i ? " " : "", text_prefix(&f->prefixes[i]));
	if (strcmp(v->name, "down") == 0) {
		script_set(c, "DTCP_BYTES_IN", "%llu", (unsigned long long)v->bytes_in);
		script_set(c, "DTCP_BYTES_OUT", "%llu", (unsigned long long)v->bytes_out);
	}
}

void script_queue_work(struct script_queue *e, const char *path)
{
	while (e->first && script_idle(&e->script)) {
		/* The file may name none any more. */
		if (path[0]) {
			fill(script_event(&e->script, path, e->first->name), e->first);
			script_start(&e->script);
		}
		drop_first(e);
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
