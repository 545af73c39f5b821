/* SPDX-License-Identifier: ISC */
#include "server/record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "rundir/netns.h"
#include "rundir/rundir.h"
#include "server/ability.h"

/* What the tunnel carries of the user's, in one word. */
static void addresses(const struct far *f, char *out, size_t size)
{
	size_t len = 0;

	snprintf(out, size, "%s", f->type == DTCP_HOST ? text_ipv6(&f->client6) : "-");
	for (unsigned i = 0; i < f->n_prefixes && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "," : "",
					text_prefix(&f->prefixes[i]));
}

static void format_tunnel(struct far_lines *l, const struct session *s, const struct far *f,
			  const char *type)
{
	char words[512], user[4 * CONFIG_NAME_MAX + 1];

	addresses(f, words, sizeof words);
	text_escape(user, sizeof user, s->name, strlen(s->name));
	far_line(l, "tunnel %s %s %s %s %lld %lld %s", f->name, type, text_ipv4(f->local),
		 text_ipv4(f->remote), (long long)s->since, (long long)s->pinged, words);
	/* A line of its own could be longer than far_line() takes. */
	if (!l->failed) {
		l->len--;
		far_line(l, " %s", user);
	}
}

static void format_prefixes(struct far_lines *l, const struct prefixes *p)
{
	for (size_t i = 0; i < p->n; i++)
		far_line(l, "prefix %s", text_prefix(&p->list[i]));
}

/* The one that was made as a proof is looked for at each start, whatever the file says. */
static void format_leftovers(struct far_lines *l, const struct standing *s)
{
	for (size_t i = 0; i < s->n_leftovers; i++)
		if (strcmp(s->leftovers[i], ABILITY_TRY) != 0)
			far_line(l, "tunnel %s - - - 0 0 - -", s->leftovers[i]);
}

void record_format(struct far_lines *l, const struct sessions *t, const struct standing *standing,
		   bool listens)
{
	unsigned long long netns = netns_own();

	far_line(l, "process %d %llu%s", (int)getpid(), rundir_process_start(getpid()),
		 listens ? "" : " starting");
	if (netns)
		far_line(l, "netns %llu", netns);
	for (uint32_t i = 0; i < t->size; i++) {
		const struct session *s = &t->list[i];
		/* Also who is about to get the answer: whoever has it may ask for the state at
		 * once. */
		bool up = s->used && s->held && (s->answered || sessions_is_up(s));

		if (!s->used)
			continue;
		if (up)
			format_tunnel(l, s, &s->want, tunnel_type_name(s->want.type));
		if (s->exists && (!up || strcmp(s->now.name, s->want.name) != 0))
			format_tunnel(l, s, &s->now, "-");
	}
	format_leftovers(l, standing);
	format_prefixes(l, &standing->wanted);
	format_prefixes(l, &standing->old);
}

enum record_kind record_parse(const char *line, struct record_line *r)
{
	struct record_tunnel *t = &r->tunnel;
	char word[64], rest[4];
	long long since, pinged;
	int fields;

	memset(r, 0, sizeof *r);
	fields = sscanf(line, "process %d %llu %63[^\n]", &r->pid, &r->start, word);
	r->starting = fields == 3 && strcmp(word, "starting") == 0;
	if (fields == 2 || r->starting)
		return RECORD_PROCESS;
	if (sscanf(line, "netns %llu", &r->netns) == 1)
		return RECORD_NETNS;
	if (sscanf(line, "prefix %63s%3s", word, rest) == 1 && prefix_parse(word, &r->prefix))
		return RECORD_PREFIX;
	if (sscanf(line, "tunnel %15s %15s %15s %15s %lld %lld %511s %512[^\n]", t->interface,
		   t->type, t->local, t->remote, &since, &pinged, t->prefixes, t->user) != 8 ||
	    !text_is_tunnel_name(t->interface))
		return RECORD_OTHER;
	t->since = since;
	t->pinged = pinged;
	return RECORD_TUNNEL;
}
