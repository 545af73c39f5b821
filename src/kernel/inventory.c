/* SPDX-License-Identifier: ISC */
#include "kernel/inventory.h"

#include <stdio.h>
#include <string.h>

/* The metric of IPv6 routes for which none is named (the kernel's IP6_RT_PRIO_USER). */
enum { METRIC = 1024 };

/* Anyone at the far end could install a default route, or an address, otherwise. */
const char *const inventory_settings[INVENTORY_SETTINGS] = {"accept_ra", "autoconf",
							    "accept_redirects"};

void inventory_start(struct inventory *v, const char *name, uint8_t proto)
{
	memset(v, 0, offsetof(struct inventory, addresses));
	snprintf(v->name, sizeof v->name, "%s", name);
	v->proto = proto;
}

void inventory_add_route(struct inventory *v, const struct inventory_route *r)
{
	if (v->n_routes < INVENTORY_ROUTES)
		v->routes[v->n_routes++] = *r;
}

void inventory_add_address(struct inventory *v, const struct inventory_address *a)
{
	if (v->n_addresses < INVENTORY_ADDRESSES)
		v->addresses[v->n_addresses++] = *a;
}

static void address(struct inventory *v, const char *device, const struct in6_addr *a, uint8_t len,
		    const struct in6_addr *peer)
{
	struct inventory_address new = {.address = *a, .len = len};

	snprintf(new.device, sizeof new.device, "%s", device);
	if (peer)
		new.peer = *peer;
	inventory_add_address(v, &new);
}

struct in6_addr inventory_link_local(struct in_addr local)
{
	struct in6_addr a = {.s6_addr = {0xfe, 0x80}};

	memcpy(a.s6_addr + 12, &local, sizeof local);
	return a;
}

bool inventory_is_link_local(const struct in6_addr *a)
{
	struct in6_addr none = inventory_link_local((struct in_addr){0});

	return memcmp(a, &none, 12) == 0;
}

static void lans(struct inventory *v, const struct tunnel *t, bool ours_alone)
{
	for (unsigned i = 0; i < t->n_lans; i++)
		if (t->lans[i].state == LAN_OURS ||
		    (t->lans[i].state == LAN_FOREIGN && !ours_alone))
			address(v, t->lans[i].name, &t->lans[i].address, 64, NULL);
}

/* What may be the source of packets for the tunnel: the prefixes, or the host's
 * address. False after the last one. */
static bool source(const struct tunnel *t, unsigned i, struct prefix *from)
{
	if (t->no_source_routes)
		return false;
	if (t->type == DTCP_HOST) {
		*from = (struct prefix){t->near6, 128};
		return i == 0;
	}
	if (i >= t->n_prefixes)
		return false;
	*from = t->prefixes[i];
	return true;
}

/* These keep packets for unused parts of a prefix from going round (RFC 7084,
 * WPD-5). */
static void prefix_routes(struct inventory *v, const struct tunnel *t)
{
	for (unsigned i = 0; i < t->n_prefixes; i++)
		inventory_add_route(v, &(struct inventory_route){.to = t->prefixes[i],
								 .metric = METRIC,
								 .refuse = true,
								 .marked = true});
}

/* Whatever other default route there is, packets with our addresses leave by the
 * tunnel. */
static void source_routes(struct inventory *v, const struct tunnel *t)
{
	struct inventory_route r = {.metric = METRIC, .marked = true};

	for (unsigned i = 0; t->route == ROUTE_DEFAULT && source(t, i, &r.from); i++)
		inventory_add_route(v, &r);
}

/* These answer what would otherwise leave by another way with our source, and stay
 * while the routes into the tunnel are out. */
static void refusing_defaults(struct inventory *v, const struct tunnel *t)
{
	struct inventory_route r = {.metric = TUNNEL_METRIC_WORST, .refuse = true, .marked = true};

	if (t->route != ROUTE_DEFAULT && t->route != ROUTE_GUARD)
		return;
	for (unsigned i = 0; source(t, i, &r.from); i++)
		inventory_add_route(v, &r);
}

static void plain_routes(struct inventory *v, const struct tunnel *t)
{
	struct inventory_route r = {.metric = t->metric, .marked = true};

	if (t->route == ROUTE_DEFAULT)
		inventory_add_route(v, &r);
	for (unsigned i = 0; t->route == ROUTE_LIST && i < t->n_routes; i++) {
		r.to = t->routes[i];
		inventory_add_route(v, &r);
	}
}

void inventory_of(struct inventory *v, const struct tunnel *t, bool routes)
{
	struct in6_addr link_local = inventory_link_local(t->local), own;

	inventory_start(v, t->name, TUNNEL_ROUTE_PROTO);
	v->exists = v->sit = v->up = true;
	v->local = t->local;
	v->remote = t->remote;
	v->ttl = t->ttl;
	v->link = t->link;
	v->mtu = t->mtu;
	/* A far end of type tunnelonly may have no other way to assign addresses. */
	v->settings = t->type == DTCP_TUNNELONLY ? 0 : INVENTORY_ALL_SETTINGS;
	address(v, t->name, &link_local, 64, NULL);
	if (tunnel_address(t, &own))
		address(v, t->name, &own, 128, t->type == DTCP_HOST ? &t->peer6 : NULL);
	lans(v, t, false);
	prefix_routes(v, t);
	if (routes)
		source_routes(v, t);
	refusing_defaults(v, t);
	if (routes)
		plain_routes(v, t);
}

void inventory_ours(struct inventory *v, const struct tunnel *t)
{
	inventory_start(v, t->name, TUNNEL_ROUTE_PROTO);
	lans(v, t, true);
	prefix_routes(v, t);
	refusing_defaults(v, t);
}

void inventory_fresh(struct inventory *v, const struct inventory *wanted)
{
	inventory_start(v, wanted->name, wanted->proto);
	v->exists = v->sit = v->sit0 = true;
	v->local = wanted->local;
	v->remote = wanted->remote;
	v->ttl = wanted->ttl;
	v->link = wanted->link;
	v->settings = INVENTORY_ALL_SETTINGS;
	for (unsigned i = 0; i < wanted->n_addresses; i++) {
		const char *name = wanted->addresses[i].device;

		if (strcmp(name, wanted->name) == 0 || inventory_device(v, name) ||
		    v->n_devices == INVENTORY_DEVICES)
			continue;
		memset(&v->devices[v->n_devices], 0, sizeof v->devices[0]);
		memcpy(v->devices[v->n_devices].name, wanted->addresses[i].device, IF_NAMESIZE);
		v->devices[v->n_devices++].index = 1;
	}
}

bool inventory_same_route(const struct inventory_route *a, const struct inventory_route *b)
{
	return a->refuse == b->refuse && a->metric == b->metric && prefix_equal(&a->to, &b->to) &&
	       prefix_equal(&a->from, &b->from);
}

static bool serves(const struct inventory_route *a, const struct inventory_route *wanted)
{
	if (inventory_same_route(a, wanted))
		return true;
	return a->refuse && wanted->refuse && !a->from.len && !wanted->from.len &&
	       prefix_equal(&a->to, &wanted->to);
}

bool inventory_has_route(const struct inventory *v, const struct inventory_route *r)
{
	for (unsigned i = 0; i < v->n_routes; i++)
		if (serves(&v->routes[i], r))
			return true;
	return false;
}

bool inventory_has_address(const struct inventory *v, const char *device,
			   const struct in6_addr *address)
{
	for (unsigned i = 0; i < v->n_addresses; i++)
		if (strcmp(v->addresses[i].device, device) == 0 &&
		    IN6_ARE_ADDR_EQUAL(&v->addresses[i].address, address))
			return true;
	return false;
}

const struct inventory_device *inventory_device(const struct inventory *v, const char *name)
{
	for (unsigned i = 0; i < v->n_devices; i++)
		if (strcmp(v->devices[i].name, name) == 0)
			return &v->devices[i];
	return NULL;
}
