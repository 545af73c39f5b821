/* SPDX-License-Identifier: ISC */
#include "tunnel_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

void lines_start(struct lines *l)
{
	l->len = 0;
	l->count = 0;
	l->overflow = false;
	l->text[0] = '\0';
}

static void line(struct lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line(struct lines *l, const char *fmt, ...)
{
	size_t room = sizeof l->text - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n + 1 >= room) {
		l->text[l->len] = '\0';
		l->overflow = true;
		return;
	}
	l->len += (size_t)n;
	l->text[l->len++] = '\n';
	l->text[l->len] = '\0';
	l->count++;
}

static const char *link_local(struct in_addr local)
{
	struct in6_addr a = tunnel_link_local(local);

	return text_ipv6(&a);
}

void tunnel_add(const struct tunnel *t, struct lines *l)
{
	line(l, "tunnel add name %s mode sit remote %s local %s ttl %u", t->name,
	     text_ipv4(t->remote), text_ipv4(t->local), t->ttl);
}

void tunnel_lan_add(const struct tunnel_lan *lan, struct lines *l)
{
	line(l, "addr add %s/64 dev %s", text_ipv6(&lan->address), lan->name);
}

static void addresses(const struct tunnel *t, struct lines *l)
{
	struct in6_addr own;

	if (t->type == DTCP_HOST)
		line(l, "addr add %s peer %s/128 dev %s", text_ipv6(&t->near6), text_ipv6(&t->peer6),
		     t->name);
	else if (tunnel_address(t, &own))
		line(l, "addr add %s/128 dev %s", text_ipv6(&own), t->name);
	for (unsigned i = 0; i < t->n_lans; i++)
		if (t->lans[i].state == LAN_OURS)
			tunnel_lan_add(&t->lans[i], l);
}

/* What may be the source of packets for the tunnel: the prefixes, or the
 * host's address. Number i of them, NULL after the last. */
static const char *source(const struct tunnel *t, unsigned i)
{
	struct prefix host = {t->near6, 128};

	if (t->type == DTCP_HOST)
		return i == 0 ? text_prefix(&host) : NULL;
	return i < t->n_prefixes ? text_prefix(&t->prefixes[i]) : NULL;
}

/* unreachable PREFIX keeps packets for unused parts of the prefix from going
 * round (RFC 7084, WPD-5). */
static void prefix_routes(const struct tunnel *t, const char *verb, struct lines *l)
{
	for (unsigned i = 0; i < t->n_prefixes; i++)
		line(l, "route %s unreachable %s proto %d", verb,
		     text_prefix(&t->prefixes[i]), TUNNEL_ROUTE_PROTO);
}

static void source_routes(const struct tunnel *t, const char *verb, struct lines *l)
{
	const char *from;

	if (t->route != ROUTE_DEFAULT || t->no_source_routes)
		return;
	for (unsigned i = 0; (from = source(t, i)) != NULL; i++)
		line(l, "route %s ::/0 from %s dev %s proto %d", verb, from, t->name,
		     TUNNEL_ROUTE_PROTO);
}

/* Answers what would otherwise leave by another way with our source, and stays
 * while the routes into the tunnel are out. */
static void unreachable_defaults(const struct tunnel *t, const char *verb, struct lines *l)
{
	const char *from;

	if (t->route != ROUTE_DEFAULT || t->no_source_routes)
		return;
	for (unsigned i = 0; (from = source(t, i)) != NULL; i++)
		line(l, "route %s unreachable ::/0 from %s metric %u proto %d", verb, from,
		     TUNNEL_METRIC_WORST, TUNNEL_ROUTE_PROTO);
}

static void plain_routes(const struct tunnel *t, const char *verb, struct lines *l)
{
	if (t->route == ROUTE_DEFAULT)
		line(l, "route %s ::/0 dev %s metric %u proto %d", verb, t->name, t->metric,
		     TUNNEL_ROUTE_PROTO);
	for (unsigned i = 0; t->route == ROUTE_LIST && i < t->n_routes; i++)
		line(l, "route %s %s dev %s metric %u proto %d", verb,
		     text_prefix(&t->routes[i]), t->name, t->metric, TUNNEL_ROUTE_PROTO);
}

void tunnel_configure(const struct tunnel *t, bool routes, struct lines *l)
{
	line(l, "link set dev %s mtu %u up", t->name, t->mtu);
	addresses(t, l);
	prefix_routes(t, "add", l);
	if (routes)
		source_routes(t, "add", l);
	unreachable_defaults(t, "add", l);
	if (routes)
		plain_routes(t, "add", l);
}

void tunnel_routes(const struct tunnel *t, const char *verb, struct lines *l)
{
	source_routes(t, verb, l);
	plain_routes(t, verb, l);
}

void tunnel_routes_del(const struct tunnel *t, struct lines *l)
{
	plain_routes(t, "del", l);
	source_routes(t, "del", l);
}

void tunnel_move(const struct tunnel *old, const struct tunnel *t, bool link_local_too,
		 struct lines *l)
{
	if (old->local.s_addr != t->local.s_addr) {
		line(l, "tunnel change name %s mode sit remote %s local %s ttl %u", t->name,
		     text_ipv4(t->remote), text_ipv4(t->local), t->ttl);
		/* The kernel keeps the old link-local address. */
		if (link_local_too) {
			line(l, "addr replace %s/64 dev %s", link_local(t->local), t->name);
			line(l, "addr del %s/64 dev %s", link_local(old->local), t->name);
		}
	}
	if (old->mtu != t->mtu)
		line(l, "link set dev %s mtu %u", t->name, t->mtu);
}

struct in6_addr tunnel_link_local(struct in_addr local)
{
	struct in6_addr a = {.s6_addr = {0xfe, 0x80}};

	memcpy(a.s6_addr + 12, &local, 4);
	return a;
}

void tunnel_undo(const struct tunnel *t, bool routes, bool interface, struct lines *l)
{
	if (routes)
		plain_routes(t, "del", l);
	unreachable_defaults(t, "del", l);
	if (routes)
		source_routes(t, "del", l);
	prefix_routes(t, "del", l);
	for (unsigned i = t->n_lans; i-- > 0;)
		if (t->lans[i].state == LAN_OURS)
			line(l, "addr del %s/64 dev %s", text_ipv6(&t->lans[i].address),
			     t->lans[i].name);
	/* Its addresses go with it. */
	if (interface)
		line(l, "tunnel del name %s", t->name);
}

bool tunnel_undone(const char *printed)
{
	static const char gone[][52] = {
		"RTNETLINK answers: No such process",
		"RTNETLINK answers: Cannot assign requested address",
		"RTNETLINK answers: No such device",
		"Error: ipv6: address not found",
		"failed: No such device",
		"Cannot find device",
		"Command failed -:",
	};

	while (*printed) {
		size_t len = strcspn(printed, "\n");
		bool known = len == 0;

		for (size_t i = 0; i < sizeof gone / sizeof gone[0] && !known; i++) {
			const char *at = strstr(printed, gone[i]);

			known = at && at < printed + len;
		}
		if (!known)
			return false;
		printed += len + (printed[len] == '\n');
	}
	return true;
}
