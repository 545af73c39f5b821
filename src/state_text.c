/* SPDX-License-Identifier: ISC */
/* The text form of struct state: one row of a table for each line. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

struct out {
	char *text;
	size_t len;
};

static void put(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
	size_t room = STATE_FILE_MAX - o->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->text + o->len, room, fmt, ap);
	va_end(ap);
	o->len += n < 0 || (size_t)n >= room ? room : (size_t)n;
	if (o->len > STATE_FILE_MAX - 1)
		o->len = STATE_FILE_MAX; /* full: state_format() says so */
}

static void put_address4(struct out *o, const char *name, struct in_addr a)
{
	char text[INET_ADDRSTRLEN];

	if (a.s_addr)
		put(o, "%s=%s\n", name, inet_ntop(AF_INET, &a, text, sizeof text));
}

static void put_address6(struct out *o, const char *name, const struct in6_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	put(o, "%s=%s\n", name, inet_ntop(AF_INET6, a, text, sizeof text));
}

static void put_prefixes(struct out *o, const char *name, const struct prefix *p, unsigned n)
{
	char text[PREFIX_TEXT_MAX];

	for (unsigned i = 0; i < n; i++)
		put(o, "%s=%s\n", name, prefix_text(&p[i], text));
}

static void put_tunnel(struct out *o, const struct tunnel *t)
{
	char text[INET6_ADDRSTRLEN];

	put(o, "type=%s\n", account_type_name(t->type));
	put_address4(o, "local", t->local);
	put_address4(o, "remote", t->remote);
	put(o, "ttl=%u\nmtu=%u\nroute=%d\nmetric=%u\nsource_routes=%d\n", t->ttl, t->mtu, t->route,
	    t->metric, !t->no_source_routes);
	if (t->type == DTCP_HOST) {
		put_address6(o, "near6", &t->near6);
		put_address6(o, "peer6", &t->peer6);
	}
	put_prefixes(o, "prefix", t->prefixes, t->n_prefixes);
	put_prefixes(o, "route_prefix", t->routes, t->n_routes);
	for (unsigned i = 0; i < t->n_lans; i++)
		put(o, "lan=%s %d %s\n", t->lans[i].name, t->lans[i].state,
		    inet_ntop(AF_INET6, &t->lans[i].address, text, sizeof text));
}

size_t state_format(const struct state *s, char text[STATE_FILE_MAX])
{
	struct out o = {text, 0};

	put(&o, "interface=%s\npid=%d\nstart=%llu\nstate=%s\nsince=%lld\n", s->tunnel.name,
	    (int)s->pid, s->start, state_word_name(s->word), (long long)s->since);
	put(&o, "server=%s\nuser=%s\nlink=%s\nbuild=%d\nknown=%d\nin_kernel=%d\nroutes=%d\n",
	    s->server, s->user, s->link, s->build, s->known, s->in_kernel, s->routes);
	put_address4(&o, "seen_as", s->seen_as);
	put(&o, "reconnects=%u\nlast_pong=%lld\ndtcp_rtt_us=%" PRId64 "\npath_ok=%d\n"
		"path_rtt_us=%" PRId64 "\n",
	    s->reconnects, (long long)s->last_pong, s->dtcp_rtt_us, s->path_ok, s->path_rtt_us);
	put_tunnel(&o, &s->tunnel);
	return o.len < STATE_FILE_MAX ? o.len : 0;
}

/* Numbers are clamped by their type; a file of root's own is read here. */
static void get_text(char *to, size_t size, const char *value)
{
	snprintf(to, size, "%s", value);
}

static void get_lan(struct tunnel *t, char *value)
{
	struct tunnel_lan lan = {0};
	char *state = strchr(value, ' '), *address = state ? strchr(state + 1, ' ') : NULL;

	if (!address || t->n_lans == ACCOUNT_LANS)
		return;
	*state++ = *address++ = '\0';
	if (!account_link_ok(value) || inet_pton(AF_INET6, address, &lan.address) != 1)
		return;
	get_text(lan.name, sizeof lan.name, value);
	lan.state = atoi(state) == LAN_OURS ? LAN_OURS : LAN_ABSENT;
	t->lans[t->n_lans++] = lan;
}

static void get_prefix(struct prefix *list, unsigned *n, unsigned max, const char *value)
{
	if (*n < max && prefix_parse(value, &list[*n]))
		(*n)++;
}

static bool tunnel_value(struct tunnel *t, const char *name, char *value)
{
	if (strcmp(name, "type") == 0) {
		for (int i = DTCP_NETWORK; i <= DTCP_TUNNELONLY; i++)
			if (strcmp(value, account_type_name((enum dtcp_type)i)) == 0)
				t->type = (enum dtcp_type)i;
	} else if (strcmp(name, "local") == 0) {
		inet_pton(AF_INET, value, &t->local);
	} else if (strcmp(name, "remote") == 0) {
		inet_pton(AF_INET, value, &t->remote);
	} else if (strcmp(name, "ttl") == 0) {
		t->ttl = (uint8_t)atoi(value);
	} else if (strcmp(name, "mtu") == 0) {
		t->mtu = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(name, "route") == 0) {
		int mode = atoi(value);

		t->route = mode == ROUTE_NONE || mode == ROUTE_LIST ? (enum route_mode)mode
								    : ROUTE_DEFAULT;
	} else if (strcmp(name, "metric") == 0) {
		t->metric = (uint32_t)strtoul(value, NULL, 10);
	} else if (strcmp(name, "source_routes") == 0) {
		t->no_source_routes = atoi(value) == 0;
	} else if (strcmp(name, "near6") == 0) {
		inet_pton(AF_INET6, value, &t->near6);
	} else if (strcmp(name, "peer6") == 0) {
		inet_pton(AF_INET6, value, &t->peer6);
	} else if (strcmp(name, "prefix") == 0) {
		get_prefix(t->prefixes, &t->n_prefixes, OFFER_PREFIXES, value);
	} else if (strcmp(name, "route_prefix") == 0) {
		get_prefix(t->routes, &t->n_routes, ACCOUNT_ROUTES, value);
	} else if (strcmp(name, "lan") == 0) {
		get_lan(t, value);
	} else {
		return false;
	}
	return true;
}

static void status_value(struct state *s, const char *name, const char *value)
{
	if (strcmp(name, "pid") == 0)
		s->pid = (pid_t)strtol(value, NULL, 10);
	else if (strcmp(name, "start") == 0)
		s->start = strtoull(value, NULL, 10);
	else if (strcmp(name, "state") == 0)
		s->word = strcmp(value, "up") == 0	     ? STATE_UP
			  : strcmp(value, "connecting") == 0 ? STATE_CONNECTING
							     : STATE_DOWN;
	else if (strcmp(name, "since") == 0)
		s->since = (time_t)strtoll(value, NULL, 10);
	else if (strcmp(name, "server") == 0)
		get_text(s->server, sizeof s->server, value);
	else if (strcmp(name, "user") == 0)
		get_text(s->user, sizeof s->user, value);
	else if (strcmp(name, "link") == 0)
		get_text(s->link, sizeof s->link, account_link_ok(value) ? value : "");
	else if (strcmp(name, "build") == 0)
		s->build = atoi(value) != 0;
	else if (strcmp(name, "known") == 0)
		s->known = atoi(value) != 0;
	else if (strcmp(name, "in_kernel") == 0)
		s->in_kernel = atoi(value) != 0;
	else if (strcmp(name, "routes") == 0)
		s->routes = atoi(value) != 0;
	else if (strcmp(name, "seen_as") == 0)
		inet_pton(AF_INET, value, &s->seen_as);
	else if (strcmp(name, "reconnects") == 0)
		s->reconnects = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "last_pong") == 0)
		s->last_pong = (time_t)strtoll(value, NULL, 10);
	else if (strcmp(name, "dtcp_rtt_us") == 0)
		s->dtcp_rtt_us = strtoll(value, NULL, 10);
	else if (strcmp(name, "path_rtt_us") == 0)
		s->path_rtt_us = strtoll(value, NULL, 10);
	else if (strcmp(name, "path_ok") == 0)
		s->path_ok = atoi(value) < 0 ? -1 : atoi(value) > 0;
}

void state_parse(struct state *s, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		char line[512], *equals;

		if (n < sizeof line && !memchr(text + at, '\0', n)) {
			memcpy(line, text + at, n);
			line[n] = '\0';
			equals = strchr(line, '=');
			if (equals) {
				*equals = '\0';
				if (!tunnel_value(&s->tunnel, line, equals + 1))
					status_value(s, line, equals + 1);
			}
		}
		at += n + 1;
	}
}
