/* SPDX-License-Identifier: ISC */
#include "kernel/difference.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* What all steps look at. */
struct sides {
	const struct inventory *found, *wanted, *ours;
	struct difference *d;
};

/* Says what the next line is about; the first one is kept. */
static struct lines *about(const struct sides *s, enum part part, unsigned nth)
{
	if (s->d->lines.count == 0) {
		s->d->first = part;
		s->d->nth = nth;
	}
	return &s->d->lines;
}

/* Always with metric and protocol number, since without them `del` takes anybody's route;
 * and with the name of the device. */
static void route_line(const struct sides *s, enum part part, const char *verb,
		       const struct inventory_route *r)
{
	bool from = r->from.len > 0;

	lines_add(about(s, part, 0), "route %s %s%s%s%s%s%s metric %u proto %u", verb,
		  r->refuse ? "unreachable " : "", text_prefix(&r->to), from ? " from " : "",
		  from ? text_prefix(&r->from) : "", r->refuse ? "" : " dev ",
		  r->refuse ? "" : s->wanted->name, r->metric, s->wanted->proto);
}

/* The reverse of the order in which routes are made: what leads into the tunnel for
 * everybody goes first. */
enum { RANKS = 4 };
static int rank(const struct inventory_route *r)
{
	if (r->from.len > 0)
		return r->refuse ? 1 : 2;
	return r->refuse ? 3 : 0;
}

static bool has_same(const struct inventory *v, const struct inventory_route *r)
{
	for (unsigned i = 0; i < v->n_routes; i++)
		if (inventory_same_route(&v->routes[i], r))
			return true;
	return false;
}

static bool route_goes(const struct sides *s, const struct inventory_route *r)
{
	return r->marked && !has_same(s->wanted, r) && (!r->refuse || has_same(s->ours, r));
}

static void remove_routes(const struct sides *s)
{
	for (int i = 0; i < RANKS; i++)
		for (unsigned n = 0; n < s->found->n_routes; n++) {
			const struct inventory_route *r = &s->found->routes[n];

			if (rank(r) == i && route_goes(s, r))
				route_line(s, PART_REMOVAL, "del", r);
		}
}

static void address_line(const struct sides *s, enum part part, const char *verb,
			 const struct inventory_address *a, unsigned nth)
{
	struct lines *l = about(s, part, nth);

	if (IN6_IS_ADDR_UNSPECIFIED(&a->peer))
		lines_add(l, "addr %s %s/%u dev %s", verb, text_ipv6(&a->address), a->len,
			  a->device);
	else
		lines_add(l, "addr %s %s peer %s/%u dev %s", verb, text_ipv6(&a->address),
			  text_ipv6(&a->peer), a->len, a->device);
}

static bool on_tunnel(const struct sides *s, const struct inventory_address *a)
{
	return strcmp(a->device, s->wanted->name) == 0;
}

/* Those of the tunnel's own interface go with it. */
static void remove_lan_addresses(const struct sides *s)
{
	for (unsigned i = s->ours->n_addresses; i-- > 0;) {
		const struct inventory_address *a = &s->ours->addresses[i];

		if (inventory_has_address(s->found, a->device, &a->address) &&
		    !inventory_has_address(s->wanted, a->device, &a->address))
			address_line(s, PART_REMOVAL, "del", a, i);
	}
}

/* The kernel keeps the link-local address that an earlier near end gave the
 * interface. */
static void remove_old_link_local(const struct sides *s)
{
	for (unsigned i = 0; i < s->found->n_addresses; i++) {
		const struct inventory_address *a = &s->found->addresses[i];

		if (on_tunnel(s, a) && inventory_is_link_local(&a->address) &&
		    !inventory_has_address(s->wanted, a->device, &a->address))
			address_line(s, PART_REMOVAL, "del", a, i);
	}
}

/* The words that bind the tunnel to the link below it. In a batch # begins a comment, and
 * quotes and \ have a meaning of their own: a link with one of these in its name goes by
 * its number. */
enum { BELOW_MAX = IF_NAMESIZE + sizeof " dev if4294967295" };
static const char *below(const struct inventory *w, char text[BELOW_MAX])
{
	const struct tunnel_link *l = &w->link;

	text[0] = '\0';
	if (strpbrk(l->name, "#\"'\\"))
		snprintf(text, BELOW_MAX, " dev if%u", l->index);
	else if (l->name[0])
		snprintf(text, BELOW_MAX, " dev %s", l->name);
	return text;
}

/* `ip tunnel add` asks the interface sit0 to make one. Where the namespace has none,
 * `ip link add` does without; it has to be told to take IPv6 alone. */
static void make_interface(const struct sides *s)
{
	const struct inventory *w = s->wanted;
	char link[BELOW_MAX];

	lines_add(about(s, PART_INTERFACE, 0),
		  s->found->sit0 ? "tunnel add name %s mode sit remote %s local %s ttl %u%s"
				 : "link add name %s type sit mode ip6ip remote %s local %s "
				   "ttl %u%s",
		  w->name, text_ipv4(w->remote), text_ipv4(w->local), w->ttl, below(w, link));
}

/* `change` without `dev` would leave the old link below; with another one the kernel
 * sets an MTU of its own, so that ours follows each change. */
static void change_interface(const struct sides *s)
{
	const struct inventory *f = s->found, *w = s->wanted;
	char link[BELOW_MAX];
	bool change = f->local.s_addr != w->local.s_addr || f->remote.s_addr != w->remote.s_addr ||
		      f->ttl != w->ttl || f->link.index != w->link.index;

	if (change)
		lines_add(about(s, PART_ENDS, 0),
			  "tunnel change name %s mode sit remote %s local %s ttl %u%s", w->name,
			  text_ipv4(w->remote), text_ipv4(w->local), w->ttl, below(w, link));
	if (change || f->mtu != w->mtu || !f->up)
		lines_add(about(s, PART_UP, 0), "link set dev %s mtu %u%s", w->name, w->mtu,
			  f->up ? "" : " up");
}

/* The kernel gives the interface its link-local address when it comes up, if its settings
 * allow that, and never again. `replace` does no harm where it is there by then. */
static void add_address(const struct sides *s, unsigned nth)
{
	const struct inventory_address *a = &s->wanted->addresses[nth];
	const struct inventory_device *d = inventory_device(s->found, a->device);

	if (inventory_has_address(s->found, a->device, &a->address))
		return;
	if (!on_tunnel(s, a) && d && d->index && !d->ipv6_off)
		address_line(s, PART_LAN, "add", a, nth);
	if (!on_tunnel(s, a))
		return;
	if (!inventory_is_link_local(&a->address))
		address_line(s, PART_ADDRESS, "add", a, nth);
	else if (s->found->up || s->found->no_link_local)
		address_line(s, PART_ADDRESS, "replace", a, nth);
}

static enum part part_of(const struct inventory_route *r)
{
	if (r->from.len > 0)
		return PART_SOURCE_ROUTE;
	return r->refuse ? PART_REFUSING : PART_ROUTE;
}

/* `append`, since somebody else may have a route of the same metric: `add` would fail beside
 * that one, and `change` and `replace` would take it over. */
static void add_routes(const struct sides *s)
{
	for (unsigned i = 0; i < s->wanted->n_routes; i++) {
		const struct inventory_route *r = &s->wanted->routes[i];

		if (!inventory_has_route(s->found, r))
			route_line(s, part_of(r), "append", r);
	}
}

void difference(const struct inventory *found, const struct inventory *wanted,
		const struct inventory *ours, struct difference *d)
{
	/* d is what this function fills, so it is none of cppcheck's business yet. */
	/* cppcheck-suppress ctuuninitvar */
	struct sides s = {found, wanted, ours, d};

	lines_start(&d->lines);
	d->first = PART_NONE;
	d->nth = 0;
	remove_routes(&s);
	remove_lan_addresses(&s);
	if (!wanted->exists) {
		if (found->exists && found->sit)
			lines_add(about(&s, PART_REMOVAL, 0), "tunnel del name %s", wanted->name);
		return;
	}
	if (!found->exists) {
		make_interface(&s);
		return;
	}
	change_interface(&s);
	for (unsigned i = 0; i < wanted->n_addresses; i++)
		add_address(&s, i);
	remove_old_link_local(&s);
	add_routes(&s);
}
