/* SPDX-License-Identifier: ISC */
#include "tunnel.h"

#include <string.h>

#include "log.h"
#include "text.h"

unsigned tunnel_auto_mtu(unsigned link_mtu)
{
	if (link_mtu < 1280 + TUNNEL_HEADER)
		return link_mtu ? 1280 : 1480;
	return link_mtu > 1480 + TUNNEL_HEADER ? 1480 : link_mtu - TUNNEL_HEADER;
}

static void plan_lans(struct tunnel *t, const struct account *a)
{
	for (unsigned i = 0; i < a->n_lans; i++) {
		struct tunnel_lan *lan = &t->lans[t->n_lans];

		if (!prefix_subnet(&t->prefixes[0], a->lans[i].subnet, &lan->address)) {
			log_msg(LOG_WARNING, "%s: lan=%s:%x: subnet %x does not fit the prefix %s; "
					     "%s gets no address", t->name, a->lans[i].name,
				a->lans[i].subnet, a->lans[i].subnet,
				text_prefix(&t->prefixes[0]), a->lans[i].name);
			continue;
		}
		memcpy(lan->name, a->lans[i].name, sizeof lan->name);
		t->n_lans++;
	}
}

void tunnel_plan(struct tunnel *t, const struct account *a, const struct offer *o,
		 unsigned link_mtu)
{
	memset(t, 0, sizeof *t);
	memcpy(t->name, a->interface, sizeof t->name);
	t->type = o->type;
	t->local = o->local;
	t->remote = o->remote;
	t->ttl = a->ttl;
	t->mtu = a->mtu ? a->mtu : tunnel_auto_mtu(link_mtu);
	t->route = a->route;
	t->metric = a->metric;
	if (o->type == DTCP_HOST) {
		t->near6 = o->near6;
		t->peer6 = o->peer6;
	}
	if (o->type == DTCP_NETWORK) {
		t->n_prefixes = o->n_prefixes;
		memcpy(t->prefixes, o->prefixes, sizeof t->prefixes);
		plan_lans(t, a);
	}
	t->n_routes = a->n_routes;
	memcpy(t->routes, a->routes, sizeof t->routes);
}

bool tunnel_address(const struct tunnel *t, struct in6_addr *own)
{
	if (t->type == DTCP_HOST) {
		*own = t->near6;
		return true;
	}
	*own = t->prefixes[0].addr;
	own->s6_addr[15] |= 1; /* the first one of the prefix */
	return t->type == DTCP_NETWORK && t->n_lans == 0;
}

bool tunnel_same(const struct tunnel *a, const struct tunnel *b)
{
	if (memcmp(a, b, offsetof(struct tunnel, lans)) != 0)
		return false;
	for (unsigned i = 0; i < a->n_lans; i++)
		if (memcmp(&a->lans[i], &b->lans[i], offsetof(struct tunnel_lan, state)) != 0)
			return false;
	return true;
}
