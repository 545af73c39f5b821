/* SPDX-License-Identifier: ISC */
#include "server/far.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

void far_plan(struct far *f, const struct config_user *u, enum dtcp_type type, const char *name,
	      struct in_addr local, struct in_addr remote, unsigned way_mtu)
{
	memset(f, 0, sizeof *f);
	snprintf(f->name, sizeof f->name, "%s", name);
	f->type = type;
	f->ttl = u->ttl;
	f->local = local;
	f->remote = remote;
	f->mtu = u->mtu ? u->mtu : tunnel_auto_mtu(way_mtu);
	if (type == DTCP_NETWORK) {
		f->n_prefixes = u->n_prefixes;
		memcpy(f->prefixes, u->prefixes, sizeof f->prefixes);
	}
	if (type == DTCP_HOST) {
		f->client6 = u->client6;
		f->server6 = u->server6;
	}
}

bool far_equal(const struct far *a, const struct far *b)
{
	return far_movable(a, b) && a->local.s_addr == b->local.s_addr &&
	       a->remote.s_addr == b->remote.s_addr && a->mtu == b->mtu && a->ttl == b->ttl;
}

bool far_movable(const struct far *a, const struct far *b)
{
	if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->n_prefixes != b->n_prefixes ||
	    memcmp(&a->client6, &b->client6, sizeof a->client6) != 0 ||
	    memcmp(&a->server6, &b->server6, sizeof a->server6) != 0)
		return false;
	for (unsigned i = 0; i < a->n_prefixes; i++)
		if (!prefix_equal(&a->prefixes[i], &b->prefixes[i]))
			return false;
	return true;
}

void far_offer(const struct far *f, char *out, size_t size)
{
	size_t len =
		(size_t)snprintf(out, size, "%s %s", text_ipv4(f->remote), text_ipv4(f->local));

	if (f->type == DTCP_HOST && len < size)
		snprintf(out + len, size - len, " %s %s", text_ipv6(&f->client6),
			 text_ipv6(&f->server6));
	for (unsigned i = 0; i < f->n_prefixes && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, " %s", text_prefix(&f->prefixes[i]));
}

static bool make_room(struct far_lines *l, size_t more)
{
	size_t size = l->size ? l->size : 4096;
	char *text;

	while (size < l->len + more)
		size *= 2;
	if (size == l->size)
		return true;
	text = realloc(l->text, size);
	if (!text)
		return false;
	l->text = text;
	l->size = size;
	return true;
}

void far_line(struct far_lines *l, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line || !make_room(l, (size_t)n + 2)) {
		l->failed = true;
		return;
	}
	memcpy(l->text + l->len, line, (size_t)n);
	l->len += (size_t)n;
	l->text[l->len++] = '\n';
	l->text[l->len] = '\0';
}

/* Not "ip tunnel add", which asks the interface sit0 to make one: not every namespace has
 * it. This has to be told to take IPv6 alone. In a batch a name may be taken for an
 * abbreviation of something else, hence the word "name". */
void far_add(struct far_lines *l, const struct far *f)
{
	far_line(l, "link add name %s type sit mode ip6ip local %s remote %s ttl %u", f->name,
		 text_ipv4(f->local), text_ipv4(f->remote), f->ttl);
}

void far_configure(struct far_lines *l, const struct far *f)
{
	far_line(l, "link set dev %s mtu %u up", f->name, f->mtu);
	if (f->type == DTCP_HOST)
		far_line(l, "address add %s peer %s dev %s", text_ipv6(&f->server6),
			 text_ipv6(&f->client6), f->name);
	for (unsigned i = 0; i < f->n_prefixes; i++)
		far_line(l, "route add %s dev %s proto %d metric %d", text_prefix(&f->prefixes[i]),
			 f->name, FAR_ROUTE_PROTO, FAR_METRIC);
}

void far_move(struct far_lines *l, const struct far *to)
{
	far_line(l, "tunnel change name %s mode sit local %s remote %s ttl %u", to->name,
		 text_ipv4(to->local), text_ipv4(to->remote), to->ttl);
	/* The kernel may have set it anew from the link on the way. */
	far_line(l, "link set dev %s mtu %u", to->name, to->mtu);
}

void far_remove(struct far_lines *l, const char *name)
{
	far_line(l, "link del dev %s", name);
}

void far_unreachable(struct far_lines *l, const char *verb, const struct prefix *p)
{
	far_line(l, "route %s unreachable %s proto %d metric %u", verb, text_prefix(p),
		 FAR_ROUTE_PROTO, TUNNEL_METRIC_WORST);
}

/* A filter that lets sources pass, or drops; each has a number of its own, by which they
 * are looked at in turn. "protocol all" is for what is no IPv6: sit takes IPv4, too,
 * where it is not told its mode. */
static void filter(struct far_lines *l, const struct far *f, unsigned number, const char *source,
		   const char *action)
{
	far_line(l,
		 "filter add dev %s ingress pref %u protocol ipv6 u32 match ip6 src %s action %s",
		 f->name, number, source, action);
}

void far_filter(struct far_lines *l, const struct far *f)
{
	unsigned number = 1;

	far_line(l, "qdisc add dev %s clsact", f->name);
	filter(l, f, number++, "fe80::/10", "pass");
	for (unsigned i = 0; i < f->n_prefixes; i++)
		filter(l, f, number++, text_prefix(&f->prefixes[i]), "pass");
	if (f->type == DTCP_HOST)
		filter(l, f, number++, text_ipv6(&f->client6), "pass");
	/* What asks for an address or a router before it has one is no forgery, and is
	 * not to be counted as one. */
	filter(l, f, number++, "::/128", "drop");
	far_line(l, "filter add dev %s ingress pref %u protocol all u32 match u32 0 0 action drop",
		 f->name, number);
}

unsigned far_filters(const struct far *f)
{
	return 3 + f->n_prefixes + (f->type == DTCP_HOST);
}
