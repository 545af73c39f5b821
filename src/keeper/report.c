/* SPDX-License-Identifier: ISC */
#include "keeper/report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sd_notify.h"
#include "common/text.h"
#include "keeper/fsm.h"
#include "rundir/state_file.h"

void report_init(struct report *r, const char *who, int dir, const char *run_dir, bool notify)
{
	state_init(&r->state, who);
	r->dir = dir;
	r->run_dir = run_dir;
	r->notify = notify;
	r->down_since = CLOCK_NEVER;
	script_init(&r->script, who);
}

static const char *who(const struct report *r)
{
	return r->script.who;
}

/* When the state began. The clock may have been set since: a router that has none of its own
 * learns the time by the line. */
static void date(struct report *r, bool anew)
{
	if (anew) {
		r->began = clock_boot_s();
		r->state.since = time(NULL);
	}
	r->state.since = clock_date(r->state.since, r->began);
}

static void look(struct report *r, const struct report_now *n)
{
	struct state *s = &r->state;
	enum state_word word = n->up ? STATE_UP : STATE_CONNECTING;

	date(r, word != s->word || !r->began);
	/* What kept it down until now is not why it will be down some day. */
	if (n->up && s->word != STATE_UP)
		r->error[0] = s->last_error[0] = '\0';
	s->word = word;
	r->been_up = r->been_up || n->up;
	snprintf(s->link, sizeof s->link, "%s", n->link);
	/* Without the interface's name, with which each message begins. */
	if (strncmp(r->error, who(r), strlen(who(r))) == 0)
		snprintf(s->last_error, sizeof s->last_error, "%s", r->error + strlen(who(r)) + 2);
	s->in_kernel = n->in_kernel;
	s->routes = n->in_kernel && n->routes;
	if (n->in_kernel)
		s->tunnel = *n->tunnel;
	s->path_ok = n->path_ok;
	s->path_rtt_us = n->path_rtt_us;
	s->login_after = (n->not_before + 999) / 1000;
}

static bool write_file(struct report *r, const char *text, size_t len)
{
	bool ok;

	memcpy(r->written, text, len);
	r->written_len = len;
	r->written_word = r->state.word;
	r->written_routes = r->state.routes;
	ok = state_write(r->dir, who(r), text, len);
	if (!ok && !r->failed)
		log_msg(r->been_up ? LOG_WARNING : LOG_ERR,
			"%s: the state cannot be written to %s: %m", who(r), r->run_dir);
	r->failed = !ok;
	return ok;
}

bool report_record(struct report *r, const struct report_now *n)
{
	char text[STATE_FILE_MAX];
	size_t len;

	look(r, n);
	len = state_format(&r->state, text);
	return write_file(r, text, len);
}

static void log_change(const struct report *r)
{
	const struct state *s = &r->state;
	const struct tunnel *t = &s->tunnel;

	if (s->word == STATE_UP && r->written_word != STATE_UP)
		log_msg(LOG_NOTICE, "%s: up: %s to %s by server %s, %s%s, MTU %u", who(r),
			text_ipv4(t->local), text_ipv4(t->remote), s->server,
			t->n_prefixes ? "prefix " : "type ",
			t->n_prefixes ? text_prefix(&t->prefixes[0]) : tunnel_type_name(t->type),
			t->mtu);
	if (r->written_routes && !s->routes && r->been_up && s->build)
		log_msg(LOG_NOTICE, "%s: routes into the tunnel are withdrawn", who(r));
}

static bool same_for_script(const struct state *a, const struct state *b)
{
	return tunnel_same(&a->tunnel, &b->tunnel) && a->tunnel.mtu == b->tunnel.mtu &&
	       a->tunnel.local.s_addr == b->tunnel.local.s_addr &&
	       strcmp(a->server, b->server) == 0 && strcmp(a->link, b->link) == 0;
}

static const char *ipv4(struct in_addr a)
{
	return a.s_addr ? text_ipv4(a) : "";
}

static void set_prefixes(struct script_call *c, const char *name, const struct tunnel *t)
{
	script_set(c, name, "%s", "");
	for (unsigned i = 0; i < t->n_prefixes; i++)
		script_add(c, "%s%s", i ? " " : "", text_prefix(&t->prefixes[i]));
}

static void set_number(struct script_call *c, const char *name, unsigned n)
{
	script_set(c, name, "%s", "");
	if (n)
		script_add(c, "%u", n);
}

/* The script's environment: how things stand, and how they stood at the event before.
 * What is not known is empty. */
static void set_environment(struct script_call *c, const struct report *r,
			    const struct report_now *n)
{
	const struct state *s = &r->state, *old = &r->told;
	const struct tunnel *t = &s->tunnel;
	struct in6_addr own;

	script_set(c, "DTCP_EVENT", "%s", c->event);
	script_set(c, "DTCP_INTERFACE", "%s", t->name);
	set_number(c, "DTCP_IFINDEX", n->index);
	script_set(c, "DTCP_LINK", "%s", s->link);
	script_set(c, "DTCP_SERVER", "%s", s->server);
	script_set(c, "DTCP_TYPE", "%s", tunnel_type_name(t->type));
	script_set(c, "DTCP_LOCAL", "%s", ipv4(t->local));
	script_set(c, "DTCP_REMOTE", "%s", ipv4(t->remote));
	script_set(c, "DTCP_ADDRESS", "%s",
		   s->known && tunnel_address(t, &own) ? text_ipv6(&own) : "");
	script_set(c, "DTCP_PEER", "%s",
		   t->type == DTCP_HOST && s->known ? text_ipv6(&t->peer6) : "");
	script_set(c, "DTCP_PREFIX", "%s", t->n_prefixes ? text_prefix(&t->prefixes[0]) : "");
	set_prefixes(c, "DTCP_PREFIXES", t);
	script_set(c, "DTCP_LAN", "%s", "");
	for (unsigned i = 0; i < t->n_lans; i++)
		script_add(c, "%s%s=%s/64", i ? " " : "", t->lans[i].name,
			   text_ipv6(&t->lans[i].address));
	set_number(c, "DTCP_MTU", t->mtu);
	script_set(c, "DTCP_OLD_LOCAL", "%s", ipv4(old->tunnel.local));
	set_prefixes(c, "DTCP_OLD_PREFIXES", &old->tunnel);
}

static void tell(struct report *r, const struct report_now *n, const char *event)
{
	if (n->script) {
		set_environment(script_event(&r->script, n->script, event), r, n);
		script_start(&r->script);
	}
	r->told = r->state;
	r->told_index = n->index;
	r->told_emptied = n->emptied;
	r->last_event = event;
}

void report_fail(struct report *r, const struct report_now *n, int status)
{
	struct script_call *c;

	if (r->last_event || n->now < r->next_fail || !n->script)
		return;
	r->next_fail = n->now + REPORT_FAIL_MS;
	look(r, n);
	c = script_event(&r->script, n->script, "fail");
	set_environment(c, r, n);
	script_set(c, "DTCP_STATUS", "%d", status);
	script_set(c, "DTCP_ERROR", "%s", r->error);
	script_start(&r->script);
}

static bool told_lost(const struct report *r)
{
	return r->last_event && strcmp(r->last_event, "lost") == 0;
}

/* A session lost and restored, or a tunnel moved, within FSM_GRACE_MS is not reported:
 * routes into the tunnel outlive a session by so long. */
static void tell_script(struct report *r, const struct report_now *n)
{
	if (r->state.word == STATE_UP) {
		r->down_since = CLOCK_NEVER;
		if (!r->last_event)
			tell(r, n, "up");
		else if (told_lost(r) || r->told_index != n->index ||
			 r->told_emptied != n->emptied || !same_for_script(&r->told, &r->state))
			tell(r, n, "change");
		return;
	}
	if (!r->last_event || told_lost(r))
		return;
	if (r->down_since == CLOCK_NEVER)
		r->down_since = clock_min(n->now, n->lost_at);
	if ((n->settled || n->now >= r->down_since + FSM_GRACE_MS) && !n->routes)
		tell(r, n, "lost");
}

int64_t report_wake(const struct report *r)
{
	bool known = r->last_event && !told_lost(r);

	if (!known || r->down_since == CLOCK_NEVER || r->state.routes)
		return CLOCK_NEVER;
	return r->down_since + FSM_GRACE_MS;
}

static bool is_written(const struct report *r, const char *text, size_t len)
{
	return len == r->written_len && memcmp(text, r->written, len) == 0;
}

void report_update(struct report *r, const struct report_now *n)
{
	char text[STATE_FILE_MAX];
	bool was_up = r->written_word == STATE_UP;
	size_t len;

	look(r, n);
	len = state_format(&r->state, text);
	if (!is_written(r, text, len)) {
		log_change(r);
		write_file(r, text, len);
		if (r->notify && r->state.word == STATE_UP && !was_up)
			sd_notify_tell(who(r), "READY=1\nSTATUS=up");
	}
	tell_script(r, n);
}

void report_down(struct report *r, const struct report_now *n)
{
	if (r->notify)
		sd_notify_tell(who(r), "STOPPING=1");
	if (!r->last_event)
		return;
	look(r, n);
	script_hurry(&r->script);
	tell(r, n, "down");
}
