/* SPDX-License-Identifier: ISC */
#include "protocol/plan.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "common/tunnel.h"
#include "protocol/offer.h"

static void plan_lans(struct tunnel *t, const struct tunnel_settings *s)
{
	for (unsigned i = 0; i < s->n_lans; i++) {
		struct tunnel_lan *lan = &t->lans[t->n_lans];

		if (!prefix_subnet(&t->prefixes[0], s->lans[i].subnet, &lan->address)) {
			log_msg(LOG_WARNING,
				"%s: lan=%s:%x: subnet %x does not fit the prefix %s; "
				"%s gets no address",
				t->name, s->lans[i].name, s->lans[i].subnet, s->lans[i].subnet,
				text_prefix(&t->prefixes[0]), s->lans[i].name);
			continue;
		}
		memcpy(lan->name, s->lans[i].name, sizeof lan->name);
		t->n_lans++;
	}
}

void plan_tunnel(struct tunnel *t, const char *name, const struct tunnel_settings *s,
		 const struct offer *o, const struct tunnel_link *link)
{
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "%s", name);
	t->type = o->type;
	t->local = o->local;
	t->remote = o->remote;
	t->link = *link;
	t->ttl = s->ttl;
	t->mtu = s->mtu ? s->mtu : tunnel_auto_mtu(link->mtu);
	t->route = s->route;
	t->metric = s->metric;
	if (o->type == DTCP_HOST) {
		t->near6 = o->near6;
		t->peer6 = o->peer6;
	}
	if (o->type == DTCP_NETWORK) {
		t->n_prefixes = o->n_prefixes;
		memcpy(t->prefixes, o->prefixes, sizeof t->prefixes);
		plan_lans(t, s);
	}
	t->n_routes = s->n_routes;
	memcpy(t->routes, s->routes, sizeof t->routes);
}
