/* SPDX-License-Identifier: ISC */
#include "server/session_log.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

static const char *shown_name(const struct session *e, char out[4 * CONFIG_NAME_MAX + 1])
{
	return text_escape(out, 4 * CONFIG_NAME_MAX + 1, e->name, strlen(e->name));
}

static const char *carries(const struct far *f)
{
	if (f->n_prefixes > 0)
		return text_prefix(&f->prefixes[0]);
	return f->type == DTCP_HOST ? text_ipv6(&f->client6) : "no prefix";
}

void session_log_begin(const struct session_log *l, struct session *e)
{
	char name[4 * CONFIG_NAME_MAX + 1];
	uint64_t in, out;

	builder_bytes(l->builder, e->now.name, &in, &out);
	e->index = builder_index(l->builder, e->now.name);
	e->bytes_in = in;
	e->bytes_out = out;
	log_msg(LOG_NOTICE, "%s: %s has a tunnel to %s for %s", e->now.name, shown_name(e, name),
		text_ipv4(e->now.remote), carries(&e->now));
	script_queue_add(l->scripts, l->script, "up", e, 0, 0);
}

void session_log_end(const struct session_log *l, const struct session *e, const char *why)
{
	char name[4 * CONFIG_NAME_MAX + 1];
	uint64_t in, out;

	if (!e->answered)
		return;
	builder_bytes(l->builder, e->now.name, &in, &out);
	in -= in < e->bytes_in ? in : e->bytes_in;
	out -= out < e->bytes_out ? out : e->bytes_out;
	log_msg(LOG_NOTICE,
		"%s: the session of %s from %s for %s is over (%s): %lld s, %llu bytes "
		"in, %llu bytes out",
		e->now.name, shown_name(e, name), text_ipv4(e->want.remote), carries(&e->want), why,
		(long long)(clock_boot_s() - e->began), (unsigned long long)in,
		(unsigned long long)out);
	script_queue_add(l->scripts, l->script, "down", e, in, out);
}
