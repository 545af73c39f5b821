/* SPDX-License-Identifier: ISC */
/* The text form of struct state: one row of a table for each line, but for the
 * lists of the tunnel. */
#include "rundir/state.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/link.h"
#include "common/text.h"

/* Room for a line of the file: the pins are the longest. */
enum { LINE_SIZE = STATE_PINS_MAX + 16 };

enum kind { TEXT, LINK, NUMBER, TRISTATE, FLAG, NO_FLAG, WORD, TYPE, ROUTE, ADDRESS4, ADDRESS6 };

static const struct row {
	const char *name;
	uint8_t kind;
	uint16_t at, size;
} rows[] = {
#define ROW(name, kind, field) \
	{name, kind, offsetof(struct state, field), sizeof ((struct state *)NULL)->field}
	ROW("pid", NUMBER, pid),
	ROW("start", NUMBER, start),
	ROW("netns", NUMBER, netns),
	ROW("state", WORD, word),
	ROW("since", NUMBER, since),
	ROW("server", TEXT, server),
	ROW("user", TEXT, user),
	ROW("accounts", TEXT, accounts),
	ROW("accounts_mark", TEXT, mark),
	ROW("link", LINK, link),
	ROW("pins", TEXT, pins),
	ROW("build", FLAG, build),
	ROW("known", FLAG, known),
	ROW("in_kernel", FLAG, in_kernel),
	ROW("routes", FLAG, routes),
	ROW("seen_as", ADDRESS4, seen_as),
	ROW("server_address", ADDRESS4, server_address),
	ROW("reconnects", NUMBER, reconnects),
	ROW("login_after", NUMBER, login_after),
	ROW("path_ok", TRISTATE, path_ok),
	ROW("type", TYPE, tunnel.type),
	ROW("local", ADDRESS4, tunnel.local),
	ROW("remote", ADDRESS4, tunnel.remote),
	ROW("ttl", NUMBER, tunnel.ttl),
	ROW("mtu", NUMBER, tunnel.mtu),
	ROW("route", ROUTE, tunnel.route),
	ROW("metric", NUMBER, tunnel.metric),
	ROW("source_routes", NO_FLAG, tunnel.no_source_routes),
	ROW("near6", ADDRESS6, tunnel.near6),
	ROW("peer6", ADDRESS6, tunnel.peer6),
	ROW("last_pong", NUMBER, last_pong),
	ROW("dtcp_rtt_us", NUMBER, dtcp_rtt_us),
	ROW("path_rtt_us", NUMBER, path_rtt_us),
	ROW("last_error", TEXT, last_error),
};
enum { ROWS = sizeof rows / sizeof rows[0] };

void state_init(struct state *s, const char *iface)
{
	memset(s, 0, sizeof *s);
	snprintf(s->tunnel.name, sizeof s->tunnel.name, "%s", iface);
	s->build = true;
	s->dtcp_rtt_us = s->path_rtt_us = s->path_ok = -1;
}

/* Whether one of the pins is this link, as same() compares them. */
static bool has_pin(const struct state *s, const char *link, bool (*same)(const char *, const char *))
{
	char pins[STATE_PINS_MAX], *left = pins;

	memcpy(pins, s->pins, sizeof pins);
	for (char *pin; (pin = strsep(&left, " ")) != NULL;)
		if (pin[0] && same(pin, link))
			return true;
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

void state_pin(struct state *s, const char *link)
{
	size_t len = strlen(s->pins);

	if (!has_pin(s, link, same_text))
		snprintf(s->pins + len, sizeof s->pins - len, "%s%s", len ? " " : "", link);
}

bool state_on_link(const struct state *s, const char *link)
{
	return s->link[0] ? link_same(s->link, link) : has_pin(s, link, link_same);
}

const char *state_word_name(enum state_word w)
{
	static const char *const names[] = {"down", "connecting", "up"};

	return names[w];
}

struct out {
	char *text;
	size_t len;
	bool full;
};

static void put(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	o->full = !text_append(o->text, STATE_FILE_MAX, &o->len, fmt, ap) || o->full;
	va_end(ap);
}

/* Numbers of eight bytes have a sign, shorter ones have none. */
static int64_t number(const void *p, size_t size)
{
	int64_t wide;
	uint32_t word;

	switch (size) {
	case sizeof wide:
		memcpy(&wide, p, sizeof wide);
		return wide;
	case sizeof word:
		memcpy(&word, p, sizeof word);
		return word;
	default:
		return *(const uint8_t *)p;
	}
}

static void set_number(void *p, size_t size, int64_t wide)
{
	uint32_t word = (uint32_t)wide;

	switch (size) {
	case sizeof wide:
		memcpy(p, &wide, sizeof wide);
		break;
	case sizeof word:
		memcpy(p, &word, sizeof word);
		break;
	default:
		*(uint8_t *)p = (uint8_t)wide;
	}
}

static void put_row(struct out *o, const struct row *r, const struct state *s)
{
	const char *p = (const char *)s + r->at, *value = p;
	char text[INET6_ADDRSTRLEN];
	int64_t n = number(p, r->size);

	switch (r->kind) {
	case TEXT:
	case LINK:
		break;
	case WORD:
		value = state_word_name(s->word);
		break;
	case TYPE:
		value = tunnel_type_name(s->tunnel.type);
		break;
	case ADDRESS4:
		if (!n)
			return;
		value = inet_ntop(AF_INET, p, text, sizeof text);
		break;
	case ADDRESS6:
		if (s->tunnel.type != DTCP_HOST)
			return;
		value = inet_ntop(AF_INET6, p, text, sizeof text);
		break;
	default:
		if (r->kind == NO_FLAG)
			n = !n;
		if (r->kind == TRISTATE)
			n = s->path_ok;
		snprintf(text, sizeof text, "%lld", (long long)n);
		value = text;
		break;
	}
	put(o, "%s=%s\n", r->name, value);
}

static void put_prefixes(struct out *o, const char *name, const struct prefix *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put(o, "%s=%s\n", name, text_prefix(&p[i]));
}

size_t state_format(const struct state *s, char text[STATE_FILE_MAX])
{
	const struct tunnel *t = &s->tunnel;
	struct out o = {.text = text};

	put(&o, "interface=%s\n", t->name);
	for (unsigned i = 0; i < ROWS; i++)
		put_row(&o, &rows[i], s);
	put_prefixes(&o, "prefix", t->prefixes, t->n_prefixes);
	put_prefixes(&o, "route_prefix", t->routes, t->n_routes);
	for (unsigned i = 0; i < t->n_lans; i++)
		put(&o, "lan=%s %d %s\n", t->lans[i].name, t->lans[i].state,
		    text_ipv6(&t->lans[i].address));
	return o.full ? 0 : o.len;
}

static void get_lan(struct tunnel *t, char *value)
{
	struct tunnel_lan lan = {0};
	char *state = strchr(value, ' '), *address = state ? strchr(state + 1, ' ') : NULL;

	if (!address || t->n_lans == TUNNEL_LANS)
		return;
	*state++ = *address++ = '\0';
	if (!text_is_lan_name(value) || inet_pton(AF_INET6, address, &lan.address) != 1)
		return;
	snprintf(lan.name, sizeof lan.name, "%s", value);
	lan.state = strtoll(state, NULL, 10) == LAN_OURS ? LAN_OURS : LAN_ABSENT;
	t->lans[t->n_lans++] = lan;
}

static void get_prefix(struct prefix *list, unsigned *n, unsigned max, const char *value)
{
	if (*n < max && prefix_parse(value, &list[*n]))
		(*n)++;
}

/* The file is root's own: a number that is too large is only cut to its type. */
static void get_row(const struct row *r, struct state *s, const char *value)
{
	char *p = (char *)s + r->at;
	long long n = strtoll(value, NULL, 10);

	switch (r->kind) {
	case LINK:
		if (!text_is_link_name(value))
			value = "";
		/* fall through */
	case TEXT:
		snprintf(p, r->size, "%s", value);
		break;
	case NUMBER:
		set_number(p, r->size, n);
		break;
	case TRISTATE:
		s->path_ok = n < 0 ? -1 : n > 0;
		break;
	case FLAG:
	case NO_FLAG:
		set_number(p, r->size, (n != 0) == (r->kind == FLAG));
		break;
	case WORD:
		s->word = STATE_UP;
		while (s->word != STATE_DOWN && strcmp(value, state_word_name(s->word)) != 0)
			s->word--;
		break;
	case TYPE:
		for (int i = DTCP_NETWORK; i <= DTCP_TUNNELONLY; i++)
			if (strcmp(value, tunnel_type_name((enum dtcp_type)i)) == 0)
				s->tunnel.type = (enum dtcp_type)i;
		break;
	case ROUTE:
		s->tunnel.route = n > ROUTE_DEFAULT && n <= ROUTE_GUARD ? (enum route_mode)n
									: ROUTE_DEFAULT;
		break;
	default:
		inet_pton(r->kind == ADDRESS4 ? AF_INET : AF_INET6, value, p);
		break;
	}
}

static void get_line(struct state *s, const char *name, char *value)
{
	struct tunnel *t = &s->tunnel;

	if (strcmp(name, "prefix") == 0)
		get_prefix(t->prefixes, &t->n_prefixes, TUNNEL_PREFIXES, value);
	else if (strcmp(name, "route_prefix") == 0)
		get_prefix(t->routes, &t->n_routes, TUNNEL_ROUTES, value);
	else if (strcmp(name, "lan") == 0)
		get_lan(t, value);
	for (unsigned i = 0; i < ROWS; i++)
		if (strcmp(name, rows[i].name) == 0)
			get_row(&rows[i], s, value);
}

void state_parse(struct state *s, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		char line[LINE_SIZE], *equals;

		if (n < sizeof line && !memchr(text + at, '\0', n)) {
			memcpy(line, text + at, n);
			line[n] = '\0';
			equals = strchr(line, '=');
			if (equals) {
				*equals = '\0';
				get_line(s, line, equals + 1);
			}
		}
		at += n + 1;
	}
	/* Where there is a tunnel, the link in use is the one below it. */
	memcpy(s->tunnel.link.name, s->link, sizeof s->link);
}
