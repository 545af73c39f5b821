/* SPDX-License-Identifier: ISC */
#include "script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "text.h"

void script_init(struct script *s)
{
	s->run.in = s->run.out = -1;
	s->deadline = CLOCK_NEVER;
}

bool script_idle(const struct script *s)
{
	return s->run.pid == 0 && !s->next.event;
}

/* Builds NAME=VALUE after NAME=VALUE in one text. */
struct env {
	struct script_call *call;
	size_t len;
	unsigned n;
};

/* Goes on with the value of the last one. */
static void add(struct env *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct env *e, const char *fmt, ...)
{
	char *at = e->call->text + e->len;
	size_t room = SCRIPT_ENV_MAX - e->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		*at = '\0';
	else
		e->len += (size_t)n;
}

static void set(struct env *e, const char *name, const char *value)
{
	if (e->n + 1 >= SCRIPT_VARIABLES || e->len + 1 >= SCRIPT_ENV_MAX)
		return;
	if (e->n > 0)
		e->len++; /* beyond the end of the one before */
	e->call->env[e->n++] = e->call->text + e->len;
	e->call->env[e->n] = NULL;
	add(e, "%s=%s", name, value);
}

static const char *ipv4(struct in_addr a)
{
	return a.s_addr ? text_ipv4(a) : "";
}

static void add_prefixes(struct env *e, const struct tunnel *t)
{
	for (unsigned i = 0; i < t->n_prefixes; i++)
		add(e, "%s%s", i ? " " : "", text_prefix(&t->prefixes[i]));
}

static void fill(struct script_call *c, const char *path, const char *event,
		 const struct state *st, const struct state *old)
{
	const struct tunnel *t = &st->tunnel;
	struct env e = {c, 0, 0};

	c->event = event;
	snprintf(c->path, sizeof c->path, "%s", path);
	set(&e, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set(&e, "DTCP_EVENT", event);
	set(&e, "DTCP_INTERFACE", t->name);
	set(&e, "DTCP_LINK", st->link);
	set(&e, "DTCP_SERVER", st->server);
	set(&e, "DTCP_TYPE", account_type_name(t->type));
	set(&e, "DTCP_LOCAL", ipv4(t->local));
	set(&e, "DTCP_REMOTE", ipv4(t->remote));
	set(&e, "DTCP_PREFIX", t->n_prefixes ? text_prefix(&t->prefixes[0]) : "");
	set(&e, "DTCP_PREFIXES", "");
	add_prefixes(&e, t);
	set(&e, "DTCP_LAN", "");
	for (unsigned i = 0; i < t->n_lans; i++)
		add(&e, "%s%s=%s/64", i ? " " : "", t->lans[i].name,
		    text_ipv6(&t->lans[i].address));
	set(&e, "DTCP_MTU", "");
	add(&e, "%u", t->mtu);
	set(&e, "DTCP_OLD_LOCAL", ipv4(old->tunnel.local));
	set(&e, "DTCP_OLD_PREFIXES", "");
	add_prefixes(&e, &old->tunnel);
}

static void start_next(struct script *s, const char *iface)
{
	char event[16];
	char *argv[3] = {NULL, event, NULL};

	while (s->run.pid == 0 && s->next.event) {
		s->now = s->next;
		for (char **v = s->now.env; *v; v++)
			*v = s->now.text + (*v - s->next.text);
		s->next.event = NULL;
		snprintf(event, sizeof event, "%s", s->now.event);
		argv[0] = s->now.path;
		log_msg(LOG_DEBUG, "%s %s", s->now.path, event);
		if (run_start(&s->run, argv, s->now.env, false)) {
			s->deadline = clock_ms() + SCRIPT_LIMIT_MS;
			return;
		}
		log_msg(LOG_WARNING, "%s: script %s %s cannot be run: %m", iface, s->now.path,
			event);
	}
}

void script_tell(struct script *s, const char *path, const char *event,
		 const struct state *st, const struct state *old, bool urgent)
{
	fill(&s->next, path, event, st, old);
	if (urgent)
		s->deadline = clock_min(s->deadline, clock_ms() + SCRIPT_URGENT_MS);
	start_next(s, st->tunnel.name);
}

/* What it printed, line by line. */
static void show(const struct run *r, const char *iface, const char *path)
{
	const char *p = r->text;

	while (*p) {
		int len = (int)strcspn(p, "\n");

		log_msg(LOG_NOTICE, "%s: %s: %.*s", iface, path, len, p);
		p += len + (p[len] == '\n');
	}
	if (r->cut)
		log_msg(LOG_NOTICE, "%s: %s: %zu bytes more", iface, path, r->cut);
}

void script_reaped(struct script *s, const char *iface, int status)
{
	char result[64];

	run_reaped(&s->run, status);
	s->deadline = CLOCK_NEVER;
	show(&s->run, iface, s->now.path);
	if (!run_ok(&s->run))
		log_msg(LOG_WARNING, "%s: script %s %s: %s", iface, s->now.path, s->now.event,
			run_result(&s->run, result, sizeof result));
	start_next(s, iface);
}

void script_timer(struct script *s, int64_t now)
{
	if (s->run.pid > 0 && now >= s->deadline) {
		s->deadline = CLOCK_NEVER;
		run_kill(&s->run);
	}
}
