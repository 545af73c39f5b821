/* SPDX-License-Identifier: ISC */
/* From any state of the kernel to any tunnel: the lines for ip(8) lead there, do what
 * ip(8) can do, and touch nothing of others. A model of the kernel carries them out. */
#include "kernel/difference.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "unit.h"

enum { STATES = 20000 };

static const char *const devices[] = {"dtcp0", "lan0", "lan1", "lan2"};
static const char *const prefixes[] = {"2001:db8:1::/48", "2001:db8:2::/48", "fd00:3::/56",
				       "2001:db8:1:5::/64"};
static unsigned seed;

static unsigned any(unsigned n)
{
	return unit_random(&seed) % n;
}

/* A function for lines_each(): no line may fail. */
static void model_line(void *arg, const char *line, int len)
{
	char text[256];

	snprintf(text, sizeof text, "%.*s", len, line);
	CHECK_FOR(text, model_run(arg, line, len));
}

/* States. */

static struct in6_addr first_of(struct prefix p)
{
	p.addr.s6_addr[15] |= 1;
	return p.addr;
}

static struct tunnel some_tunnel(void)
{
	struct tunnel t;

	memset(&t, 0, sizeof t);
	snprintf(t.name, sizeof t.name, "%s", devices[0]);
	t.type = (enum dtcp_type)any(3);
	t.remote.s_addr = htonl(0xc0000201 + any(2));
	t.local.s_addr = htonl(0xcb007132 + any(2));
	t.ttl = (uint8_t)(64 + any(2));
	t.mtu = 1280 + 200 * any(2);
	t.link = model_links[any(3)];
	t.route = (enum route_mode)any(4);
	t.metric = any(2) ? 4096 : 1024;
	t.near6 = first_of(model_prefix(prefixes[1]));
	t.peer6 = first_of(model_prefix(prefixes[2]));
	t.no_source_routes = any(5) == 0;
	if (t.type == DTCP_NETWORK) {
		t.n_prefixes = 1 + any(2);
		t.prefixes[0] = model_prefix(prefixes[any(2)]);
		t.prefixes[1] = model_prefix(prefixes[2]);
		for (t.n_lans = 0; t.n_lans < any(3); t.n_lans++) {
			struct tunnel_lan *lan = &t.lans[t.n_lans];

			snprintf(lan->name, sizeof lan->name, "%s", devices[1 + t.n_lans]);
			CHECK(prefix_subnet(&t.prefixes[0], t.n_lans, &lan->address));
			lan->state = (enum lan_state)any(LAN_REFUSED + 1);
		}
	}
	t.n_routes = any(3);
	t.routes[0] = model_prefix("2001:db8:7::/48");
	t.routes[1] = model_prefix("::/0");
	return t;
}

static void some_routes_of_others(struct inventory *v)
{
	static const uint32_t metrics[] = {1024, 4096, TUNNEL_METRIC_WORST, 1};

	for (unsigned i = any(6); i > 0; i--) {
		struct inventory_route r = {.metric = metrics[any(4)], .refuse = any(2)};

		if (any(2))
			r.to = model_prefix(prefixes[any(4)]);
		if (any(2))
			r.from = model_prefix(prefixes[any(4)]);
		r.marked = any(3) == 0;
		for (unsigned n = 0; n < v->n_routes; n++)
			if (model_same(&v->routes[n], &r))
				r.metric = 0; /* there is one already */
		if (r.metric && (r.refuse || v->exists))
			inventory_add_route(v, &r);
	}
}

/* Something like a tunnel, whole or in part, beside what others made. */
static void some_state(struct inventory *v)
{
	struct tunnel t = some_tunnel();

	inventory_of(v, &t, any(2));
	v->sit0 = any(4) > 0;
	v->no_link_local = any(2);
	for (unsigned i = v->n_addresses; i-- > 0;)
		if (any(3) == 0)
			v->addresses[i] = v->addresses[--v->n_addresses];
	for (unsigned i = v->n_routes; i-- > 0;)
		if (any(3) == 0)
			v->routes[i] = v->routes[--v->n_routes];
	for (unsigned i = 1; i < 4; i++) {
		struct inventory_device *d = &v->devices[v->n_devices++];

		memset(d, 0, sizeof *d);
		snprintf(d->name, sizeof d->name, "%s", devices[i]);
		d->index = any(4) ? 10 + i : 0;
		d->ipv6_off = any(5) == 0;
		if (d->index && !d->ipv6_off && any(2))
			model_put_address(v, d->name, first_of(model_prefix(prefixes[any(4)])), 64);
	}
	for (unsigned i = v->n_addresses; i-- > 0;) {
		const struct inventory_device *d = inventory_device(v, v->addresses[i].device);

		if (d && (!d->index || d->ipv6_off))
			v->addresses[i] = v->addresses[--v->n_addresses];
	}
	if (any(4) == 0)
		v->mtu = 1400;
	if (any(3) == 0)
		model_lose_interface(v);
	else if (any(4) == 0) {
		model_lose_interface(v); /* as one that is down has nothing */
		v->exists = true;
	}
	some_routes_of_others(v);
	if (v->exists && !v->up) /* no route leads into what is down */
		for (unsigned i = v->n_routes; i-- > 0;)
			if (!v->routes[i].refuse)
				v->routes[i] = v->routes[--v->n_routes];
}

static bool has_same(const struct inventory *v, const struct inventory_route *r)
{
	for (unsigned i = 0; i < v->n_routes; i++)
		if (model_same(&v->routes[i], r) && v->routes[i].marked == r->marked)
			return true;
	return false;
}

/* What was there and is nobody's but others' is there still, unless it was on or into
 * the interface, and that had to go. */
static void check_others(const struct inventory *was, const struct inventory *is,
			 const struct inventory *wanted, const struct inventory *ours)
{
	bool kept = wanted->exists || !was->exists;

	for (unsigned i = 0; i < was->n_routes; i++) {
		const struct inventory_route *r = &was->routes[i];
		bool mine = r->marked && (!r->refuse || has_same(ours, r));

		CHECK(mine || (!r->refuse && !kept) || has_same(is, r));
	}
	for (unsigned i = 0; i < was->n_addresses; i++) {
		const struct inventory_address *a = &was->addresses[i];
		bool tunnel = strcmp(a->device, was->name) == 0;
		bool mine = tunnel ? inventory_is_link_local(&a->address)
				   : inventory_has_address(ours, a->device, &a->address);

		CHECK(mine || (tunnel && !kept) ||
		      inventory_has_address(is, a->device, &a->address));
	}
}

static void check_wanted(const struct inventory *is, const struct inventory *wanted,
			 const struct inventory *ours)
{
	CHECK_INT(is->exists, wanted->exists);
	for (unsigned i = 0; i < is->n_routes; i++) {
		const struct inventory_route *r = &is->routes[i];

		CHECK(has_same(wanted, r) || !r->marked || (r->refuse && !has_same(ours, r)));
	}
	if (!wanted->exists)
		return;
	CHECK(is->up && is->mtu == wanted->mtu && is->ttl == wanted->ttl);
	CHECK(is->local.s_addr == wanted->local.s_addr &&
	      is->remote.s_addr == wanted->remote.s_addr && is->link.index == wanted->link.index);
	for (unsigned i = 0; i < wanted->n_routes; i++)
		CHECK(inventory_has_route(is, &wanted->routes[i]));
	/* Of another near end it keeps no link-local address. */
	for (unsigned i = 0; i < is->n_addresses; i++) {
		const struct inventory_address *a = &is->addresses[i];

		CHECK(strcmp(a->device, is->name) != 0 || !inventory_is_link_local(&a->address) ||
		      inventory_has_address(wanted, a->device, &a->address));
	}
	for (unsigned i = 0; i < wanted->n_addresses; i++) {
		const struct inventory_address *a = &wanted->addresses[i];
		const struct inventory_device *d = inventory_device(is, a->device);

		CHECK(inventory_has_address(is, a->device, &a->address) ||
		      (strcmp(a->device, is->name) != 0 && (!d || !d->index || d->ipv6_off)));
	}
}

static void anything(void)
{
	static struct inventory was, is, wanted, ours;
	static struct difference d;

	for (unsigned i = 0; i < STATES; i++) {
		struct tunnel t, other;
		int rounds = 0;

		seed = i * 2654435761u + 1;
		t = some_tunnel();
		other = some_tunnel();
		some_state(&was);
		inventory_of(&wanted, &t, any(2));
		if (any(3) == 0)
			inventory_start(&wanted, t.name, 202);
		inventory_ours(&ours, any(2) ? &t : &other);
		is = was;
		do {
			difference(&is, &wanted, &ours, &d);
			lines_each(d.lines.text, model_line, &is);
		} while (d.lines.count > 0 && ++rounds < 4);
		/* The interface, and then the rest at once. */
		CHECK(rounds <= (was.exists ? 1 : 2) && d.first == PART_NONE);
		check_wanted(&is, &wanted, &ours);
		check_others(&was, &is, &wanted, &ours);
	}
}

/* What is as it is wanted asks for nothing, whoever made it. */
static void nothing_differs(void)
{
	static struct inventory v, ours;
	static struct difference d;

	for (unsigned i = 0; i < STATES / 10; i++) {
		struct tunnel t;

		seed = i + 1;
		t = some_tunnel();
		inventory_of(&v, &t, any(2));
		inventory_ours(&ours, &t);
		for (unsigned n = 0; n < v.n_routes; n++)
			v.routes[n].marked = any(2);
		difference(&v, &v, &ours, &d);
		CHECK_INT(d.lines.count, 0);
		CHECK_INT(d.first, PART_NONE);
	}
}

/* An unreachable route of the prefix does what ours would, whatever its metric. */
static void refusing_already(void)
{
	static struct inventory found, wanted, ours;
	static struct difference d;
	struct tunnel t;

	memset(&t, 0, sizeof t);
	t.type = DTCP_NETWORK;
	t.n_prefixes = 1;
	t.prefixes[0] = model_prefix(prefixes[0]);
	t.route = ROUTE_NONE;
	inventory_of(&wanted, &t, true);
	inventory_ours(&ours, &t);
	found = wanted;
	found.routes[0].metric = 77;
	found.routes[0].marked = false;
	difference(&found, &wanted, &ours, &d);
	CHECK_INT(d.lines.count, 0);
	/* A more specific one is another. */
	found.routes[0].to = model_prefix(prefixes[3]);
	difference(&found, &wanted, &ours, &d);
	CHECK_STR(d.lines.text, "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n");
	CHECK_INT(d.first, PART_REFUSING);
}

/* An interface that is no sit tunnel is not ours to remove. */
static void another_kind(void)
{
	static struct inventory found, wanted, ours;
	static struct difference d;

	inventory_start(&wanted, devices[0], 202);
	inventory_start(&ours, devices[0], 202);
	inventory_start(&found, devices[0], 202);
	found.exists = found.up = true;
	difference(&found, &wanted, &ours, &d);
	CHECK_INT(d.lines.count, 0);
	found.sit = true;
	difference(&found, &wanted, &ours, &d);
	CHECK_STR(d.lines.text, "tunnel del name dtcp0\n");
}

/* No more lines than fit are made; the rest comes with the next look. */
static void many(void)
{
	static struct inventory is, wanted, ours;
	static struct difference d;
	int rounds = 0;

	inventory_start(&wanted, "a12345678901234", 202);
	inventory_start(&ours, "a12345678901234", 202);
	wanted.exists = wanted.sit = wanted.up = true;
	for (unsigned i = 0; i < INVENTORY_ROUTES; i++) {
		struct inventory_route r = {model_prefix("2001:db8:1111:2222:3333:4444:5555:6666/128"),
					    model_prefix("2001:db8:1111:2222:3333:4444:5555:6666/128"),
					    i + 1, false, true};

		inventory_add_route(&wanted, &r);
	}
	inventory_fresh(&is, &wanted);
	do {
		difference(&is, &wanted, &ours, &d);
		lines_each(d.lines.text, model_line, &is);
	} while (d.lines.full && ++rounds < 10);
	CHECK(rounds > 0);
	difference(&is, &wanted, &ours, &d);
	CHECK_INT(d.lines.count, 0);
	CHECK_INT(is.n_routes, INVENTORY_ROUTES);
}

/* In a batch of ip(8) some characters are no part of a name. */
static void odd_links(void)
{
	static const char *const names[][2] = {
		{"wan", " dev wan\n"}, {"", " ttl 64\n"}, {"w=n", " dev w=n\n"},
		{"w\xc3\xa4n", " dev w\xc3\xa4n\n"}, {"wan#1", " dev if7\n"},
		{"\"wan", " dev if7\n"}, {"'wan", " dev if7\n"}, {"wan\\", " dev if7\n"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (int there = 0; there < 2; there++) {
			static struct inventory is, wanted, ours;
			static struct difference d;
			struct tunnel t = {.name = "dtcp0", .type = DTCP_TUNNELONLY, .ttl = 64,
					   .mtu = 1480, .link = {.index = 7}};

			snprintf(t.link.name, sizeof t.link.name, "%s", names[i][0]);
			inventory_of(&wanted, &t, true);
			inventory_start(&ours, "dtcp0", 202);
			inventory_start(&is, "dtcp0", 202);
			is.sit0 = true;
			is.exists = is.sit = is.up = there;
			difference(&is, &wanted, &ours, &d);
			CHECK_HAS(d.lines.text, names[i][1]);
		}
}

static const struct unit_case cases[] = {
	{"a link whose name ip -batch would misread goes by its number", odd_links},
	{"any state, any tunnel: the lines lead there and touch nothing of others", anything},
	{"nothing differs, no lines", nothing_differs},
	{"what refuses a prefix already is enough", refusing_already},
	{"an interface of another kind stays", another_kind},
	{"more than fits is made in turn", many},
};
UNIT_MAIN(cases)
