/* SPDX-License-Identifier: ISC */
#include "common/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

void script_init(struct script *s, const char *who)
{
	s->who = who;
	s->run.in = s->run.out = -1;
	s->deadline = CLOCK_NEVER;
}

bool script_idle(const struct script *s)
{
	return s->run.pid == 0 && !s->next.event[0];
}

void script_add(struct script_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_append(c->text, sizeof c->text, &c->len, fmt, ap);
	va_end(ap);
}

void script_set(struct script_call *c, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (c->n == SCRIPT_VARIABLES || c->len + strlen(name) + 4 > sizeof c->text)
		return;
	if (c->n++ > 0)
		c->len++; /* skip the terminator of the variable before */
	script_add(c, "%s=", name);
	va_start(ap, fmt);
	text_append(c->text, sizeof c->text, &c->len, fmt, ap);
	va_end(ap);
}

struct script_call *script_event(struct script *s, const char *path, const char *event)
{
	struct script_call *c = &s->next;

	snprintf(c->event, sizeof c->event, "%s", event);
	snprintf(c->path, sizeof c->path, "%s", path);
	c->n = 0;
	c->len = 0;
	script_set(c, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	return c;
}

static bool run(struct script *s)
{
	struct script_call *c = &s->now;
	char *argv[] = {c->path, c->event, NULL}, *env[SCRIPT_VARIABLES + 1], *at = c->text;

	for (unsigned i = 0; i < c->n; i++, at += strlen(at) + 1)
		env[i] = at;
	env[c->n] = NULL;
	log_msg(LOG_DEBUG, "%s %s", c->path, c->event);
	if (program_start(&s->run, argv, env, false))
		return true;
	log_msg(LOG_WARNING, "%s: script %s %s cannot be run: %m", s->who, c->path, c->event);
	return false;
}

void script_start(struct script *s)
{
	if (s->run.pid != 0 || !s->next.event[0])
		return;
	s->now = s->next;
	s->next.event[0] = '\0';
	if (run(s))
		s->deadline = clock_ms() + SCRIPT_LIMIT_MS;
}

void script_hurry(struct script *s)
{
	if (s->run.pid != 0)
		s->deadline = clock_min(s->deadline, clock_ms() + SCRIPT_URGENT_MS);
}

/* What it printed, line by line. */
static void show(const struct script *s)
{
	const char *p = s->run.text;

	while (*p) {
		int len = (int)strcspn(p, "\n");

		log_msg(LOG_NOTICE, "%s: %s: %.*s", s->who, s->now.path, len, p);
		p += len + (p[len] == '\n');
	}
	if (s->run.cut)
		log_msg(LOG_NOTICE, "%s: %s: %zu bytes more", s->who, s->now.path, s->run.cut);
}

void script_reaped(struct script *s, int status)
{
	char result[64];

	program_reaped(&s->run, status);
	s->deadline = CLOCK_NEVER;
	show(s);
	if (!program_ok(&s->run))
		log_msg(LOG_WARNING, "%s: script %s %s: %s", s->who, s->now.path, s->now.event,
			program_result(&s->run, result, sizeof result));
	script_start(s);
}

void script_timer(struct script *s, int64_t now)
{
	if (s->run.pid > 0 && now >= s->deadline) {
		s->deadline = CLOCK_NEVER;
		program_kill(&s->run);
	}
}
