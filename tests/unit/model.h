/* SPDX-License-Identifier: ISC */
#ifndef MODEL_H
#define MODEL_H

/* A model of the kernel for unit tests: an inventory, and what each line for ip(8) makes
 * of it. Included by the tests that need it, each once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/inventory.h"
#include "unit.h"

enum { MODEL_WORDS = 16 };

/* The links that there are. */
static const struct tunnel_link model_links[] = {{"", 0, 0}, {"wan", 2, 1500}, {"ppp0", 7, 1492}};

static struct prefix model_prefix(const char *text)
{
	struct prefix p = {0};

	CHECK(prefix_parse(text, &p));
	return p;
}

static struct in6_addr address_of(const char *word, uint8_t *len)
{
	struct prefix p;
	char text[64];

	snprintf(text, sizeof text, strchr(word, '/') ? "%s" : "%s/128", word);
	p = model_prefix(text);
	*len = p.len;
	return p.addr;
}

static bool gone(struct inventory *m, const char *device, const struct in6_addr *a)
{
	for (unsigned i = 0; i < m->n_addresses; i++)
		if (strcmp(m->addresses[i].device, device) == 0 &&
		    IN6_ARE_ADDR_EQUAL(&m->addresses[i].address, a)) {
			m->addresses[i] = m->addresses[--m->n_addresses];
			return true;
		}
	return false;
}

static void model_put_address(struct inventory *m, const char *device, struct in6_addr a, uint8_t len)
{
	struct inventory_address new = {.address = a, .len = len};

	snprintf(new.device, sizeof new.device, "%s", device);
	if (!inventory_has_address(m, device, &a))
		inventory_add_address(m, &new);
}

/* addr add|replace|del A[/LEN] [peer P/LEN] dev D */
static bool do_addr(struct inventory *m, unsigned n, char *const *w)
{
	const struct inventory_device *d = inventory_device(m, w[n - 1]);
	bool tunnel = strcmp(w[n - 1], m->name) == 0;
	uint8_t len;
	struct in6_addr a = address_of(w[2], &len);

	if (tunnel ? !m->exists : !d || !d->index || d->ipv6_off)
		return false;
	if (strcmp(w[1], "del") == 0)
		return gone(m, w[n - 1], &a);
	if (strcmp(w[1], "add") == 0 && inventory_has_address(m, w[n - 1], &a))
		return false;
	model_put_address(m, w[n - 1], a, len);
	return true;
}

static bool model_same(const struct inventory_route *a, const struct inventory_route *b)
{
	return inventory_same_route(a, b);
}

/* route append|del [unreachable] TO [from F] [dev D] metric M proto P */
static bool do_route(struct inventory *m, unsigned n, char *const *w)
{
	struct inventory_route r = {.marked = true};
	unsigned at = 2;

	r.refuse = strcmp(w[at], "unreachable") == 0;
	at += r.refuse;
	r.to = model_prefix(w[at++]);
	if (strcmp(w[at], "from") == 0) {
		r.from = model_prefix(w[at + 1]);
		at += 2;
	}
	if (!r.refuse) {
		if (strcmp(w[at], "dev") != 0 || strcmp(w[at + 1], m->name) != 0 || !m->exists ||
		    !m->up)
			return false;
		at += 2;
	}
	if (n != at + 4 || strcmp(w[at], "metric") != 0 || strcmp(w[at + 2], "proto") != 0 ||
	    strcmp(w[at + 3], "202") != 0)
		return false;
	r.metric = (uint32_t)strtoul(w[at + 1], NULL, 10);
	for (unsigned i = 0; i < m->n_routes; i++)
		if (model_same(&m->routes[i], &r)) {
			if (strcmp(w[1], "append") == 0 || !m->routes[i].marked)
				return false;
			m->routes[i] = m->routes[--m->n_routes];
			return true;
		}
	if (strcmp(w[1], "append") != 0)
		return false;
	inventory_add_route(m, &r);
	return true;
}

static void model_lose_interface(struct inventory *m)
{
	m->exists = m->up = false;
	for (unsigned i = m->n_addresses; i-- > 0;)
		if (strcmp(m->addresses[i].device, m->name) == 0)
			m->addresses[i] = m->addresses[--m->n_addresses];
	for (unsigned i = m->n_routes; i-- > 0;)
		if (!m->routes[i].refuse)
			m->routes[i] = m->routes[--m->n_routes];
}

static bool set_ends(struct inventory *m, unsigned n, char *const *w, unsigned at)
{
	struct tunnel_link link = model_links[0];

	if (n != at + 6 && n != at + 8)
		return false;
	for (size_t i = 1; n == at + 8 && i < sizeof model_links / sizeof model_links[0]; i++)
		if (strcmp(w[at + 7], model_links[i].name) == 0)
			link = model_links[i];
	if (link.index != m->link.index)
		m->mtu = 1400; /* a number of the kernel's own */
	m->remote = unit_ipv4(w[at + 1]);
	m->local = unit_ipv4(w[at + 3]);
	m->ttl = (uint8_t)atoi(w[at + 5]);
	m->link = link;
	return true;
}

static bool do_tunnel(struct inventory *m, unsigned n, char *const *w)
{
	if (strcmp(w[1], "del") == 0) {
		if (!m->exists || !m->sit)
			return false;
		model_lose_interface(m);
		return true;
	}
	if (m->exists != (strcmp(w[1], "change") == 0))
		return false;
	if (strcmp(w[0], "link") == 0 ? n < 8 || strcmp(w[6], "mode") != 0 || strcmp(w[7], "ip6ip") != 0
				      : !m->exists && !m->sit0)
		return false;
	if (!m->exists)
		m->mtu = 1480;
	m->exists = m->sit = true;
	return set_ends(m, n, w, strcmp(w[0], "link") == 0 ? 8 : 6);
}

static bool do_link(struct inventory *m, unsigned n, char *const *w)
{
	if (strcmp(w[1], "add") == 0)
		return do_tunnel(m, n, w);
	if (!m->exists || strcmp(w[3], m->name) != 0)
		return false;
	if (strcmp(w[1], "show") == 0)
		return true;
	m->mtu = (unsigned)atoi(w[5]);
	if (n == 7 && !m->up && !m->no_link_local)
		model_put_address(m, m->name, inventory_link_local(m->local), 64);
	m->up = m->up || n == 7;
	return true;
}

/* False where ip(8) would fail at this line. */
static bool model_run(struct inventory *m, const char *line, int len)
{
	char text[256], *w[MODEL_WORDS], *save = NULL;
	unsigned n = 0;

	snprintf(text, sizeof text, "%.*s", len, line);
	for (char *word = strtok_r(text, " ", &save); word && n < MODEL_WORDS;
	     word = strtok_r(NULL, " ", &save))
		w[n++] = word;
	if (strcmp(w[0], "addr") == 0)
		return do_addr(m, n, w);
	if (strcmp(w[0], "route") == 0)
		return do_route(m, n, w);
	return strcmp(w[0], "link") == 0 ? do_link(m, n, w) : do_tunnel(m, n, w);
}

#endif
