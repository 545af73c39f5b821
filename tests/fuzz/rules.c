/* SPDX-License-Identifier: ISC */
/* What is allowed, told once more and in another way than src/ does. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "account/account.h"
#include "fuzz.h"
#include "common/log.h"
#include "kernel/difference.h"
#include "protocol/offer.h"
#include "common/tunnel.h"

_Noreturn void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

static void check_log(void *arg, int priority, const char *text)
{
	(void)arg;
	MUST(priority >= LOG_ERR && priority <= LOG_DEBUG);
	MUST(strlen(text) < LOG_TEXT_MAX);
	for (; *text; text++)
		MUST(*text >= 0x20 && *text < 0x7f);
}

void fuzz_log(void)
{
	log_setup(LOG_TO_FUNCTION, LOG_DEBUG);
	log_set_function(check_log, NULL);
}

static bool routable(const struct in6_addr *a)
{
	unsigned first = a->s6_addr[0];

	return (first >= 0x20 && first <= 0x3f) || first == 0xfc || first == 0xfd;
}

static bool within(const struct in6_addr *a, const struct prefix *p)
{
	for (unsigned bit = 0; bit < p->len; bit++)
		if ((a->s6_addr[bit / 8] ^ p->addr.s6_addr[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool far_end(struct in_addr a)
{
	static const struct {
		uint32_t net, mask;
	} bad[] = {{0, 0xff000000}, {0x7f000000, 0xff000000}, {0xe0000000, 0xf0000000},
		   {0xf0000000, 0xf0000000}};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if ((ntohl(a.s_addr) & bad[i].mask) == bad[i].net)
			return false;
	return true;
}

void fuzz_allowed_offer(const struct offer *o)
{
	MUST(far_end(o->remote));
	if (o->type == DTCP_HOST) {
		MUST(routable(&o->near6) && routable(&o->peer6));
		MUST(!IN6_ARE_ADDR_EQUAL(&o->near6, &o->peer6));
	}
	MUST(o->type != DTCP_NETWORK || o->n_prefixes >= 1);
	MUST(o->n_prefixes <= TUNNEL_PREFIXES);
	for (unsigned i = 0; i < o->n_prefixes; i++) {
		const struct prefix *p = &o->prefixes[i];

		MUST(routable(&p->addr) && p->len >= 32 && p->len <= 64);
		for (unsigned bit = p->len; bit < 128; bit++)
			MUST(!(p->addr.s6_addr[bit / 8] & (0x80 >> bit % 8)));
	}
}

/* A line as words. */
struct words {
	unsigned n;
	char *w[16];
};

static bool are(const struct words *l, unsigned from, const char *what)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof copy, "%s", what);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (from >= l->n)
			return false;
		if (strcmp(word, "*") != 0 && strcmp(word, l->w[from]) != 0)
			return false;
		from++;
	}
	return from == l->n;
}

static struct prefix prefix_of(const char *word)
{
	struct prefix p;

	MUST(prefix_parse(word, &p));
	return p;
}

/* One of the prefixes of the offer, or the address of type host. */
static void check_source(const char *word, const struct offer *o)
{
	struct prefix p = prefix_of(word);
	bool found = o->type == DTCP_HOST && p.len == 128 &&
		     IN6_ARE_ADDR_EQUAL(&p.addr, &o->near6);

	for (unsigned i = 0; o->type == DTCP_NETWORK && i < o->n_prefixes; i++)
		found = found || (p.len == o->prefixes[i].len &&
				  IN6_ARE_ADDR_EQUAL(&p.addr, &o->prefixes[i].addr));
	MUST(found);
}

static void check_tunnel(const struct words *l, const struct account *a, const struct offer *o)
{
	struct in_addr remote, local;

	MUST(strcmp(l->w[3], a->interface) == 0);
	if (are(l, 0, "tunnel del name *"))
		return;
	MUST(are(l, 0, "tunnel add name * mode sit remote * local * ttl * dev wan") ||
	     are(l, 0, "tunnel change name * mode sit remote * local * ttl * dev wan"));
	MUST(inet_pton(AF_INET, l->w[7], &remote) == 1 && remote.s_addr == o->remote.s_addr);
	MUST(far_end(remote));
	MUST(inet_pton(AF_INET, l->w[9], &local) == 1);
	MUST(strtoul(l->w[11], NULL, 10) == a->settings.ttl);
}

static void check_address(const struct words *l, const struct account *a, const struct offer *o)
{
	struct prefix p;
	struct in6_addr near6;
	bool ours = strcmp(l->w[l->n - 1], a->interface) == 0;

	if (are(l, 0, "addr add * peer * dev *")) {
		p = prefix_of(l->w[4]);
		MUST(ours && o->type == DTCP_HOST && p.len == 128);
		MUST(inet_pton(AF_INET6, l->w[2], &near6) == 1);
		MUST(routable(&p.addr) && routable(&near6));
		return;
	}
	MUST(are(l, 0, "addr add * dev *") || are(l, 0, "addr del * dev *") ||
	     are(l, 0, "addr replace * dev *"));
	p = prefix_of(l->w[2]);
	if (ours && p.addr.s6_addr[0] == 0xfe) { /* in a move: the link-local address */
		MUST(p.len == 64 && IN6_IS_ADDR_LINKLOCAL(&p.addr));
		return;
	}
	MUST(o->type == DTCP_NETWORK && routable(&p.addr) && within(&p.addr, &o->prefixes[0]));
	MUST(p.len == (ours ? 128 : 64));
	for (unsigned i = 0; i < a->settings.n_lans; i++)
		ours = ours || strcmp(l->w[l->n - 1], a->settings.lans[i].name) == 0;
	MUST(ours);
}

static void check_route(const struct words *l, const struct account *a, const struct offer *o)
{
	bool known = false;
	struct prefix p;

	MUST(strcmp(l->w[1], "append") == 0 || strcmp(l->w[1], "del") == 0);
	MUST(strcmp(l->w[l->n - 2], "proto") == 0 && strcmp(l->w[l->n - 1], "202") == 0);
	if (are(l, 2, "unreachable * metric 1024 proto *")) {
		check_source(l->w[3], o);
	} else if (are(l, 2, "unreachable ::/0 from * metric 4294967295 proto *")) {
		check_source(l->w[5], o);
	} else if (are(l, 2, "::/0 from * dev * metric 1024 proto *")) {
		check_source(l->w[4], o);
		MUST(strcmp(l->w[6], a->interface) == 0);
	} else {
		MUST(are(l, 2, "* dev * metric * proto *"));
		MUST(strcmp(l->w[4], a->interface) == 0);
		MUST(strtoul(l->w[6], NULL, 10) == a->settings.metric);
		p = prefix_of(l->w[2]);
		known = a->settings.route == ROUTE_DEFAULT && p.len == 0;
		for (unsigned i = 0; i < a->settings.n_routes; i++)
			known = known || prefix_equal(&p, &a->settings.routes[i]);
		MUST(known);
	}
}

static void check_line(char *line, const struct account *a, const struct offer *o)
{
	struct words l = {0};
	char *save = NULL;

	for (const char *c = line; *c; c++)
		MUST((unsigned char)*c >= 0x20 && *c != 0x7f && !strchr("#\"'\\", *c));
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		MUST(l.n < sizeof l.w / sizeof l.w[0]);
		l.w[l.n++] = w;
	}
	MUST(l.n >= 4);
	if (strcmp(l.w[0], "tunnel") == 0) {
		check_tunnel(&l, a, o);
	} else if (strcmp(l.w[0], "addr") == 0) {
		check_address(&l, a, o);
	} else if (strcmp(l.w[0], "route") == 0) {
		check_route(&l, a, o);
	} else {
		MUST(are(&l, 0, "link set dev * mtu * up") || are(&l, 0, "link set dev * mtu *"));
		MUST(strcmp(l.w[3], a->interface) == 0);
		MUST(atoi(l.w[5]) >= 1280 && atoi(l.w[5]) <= 65515);
	}
}

static void check_text(const char *text, const struct account *a, const struct offer *o)
{
	char line[512];

	while (*text) {
		size_t len = strcspn(text, "\n");

		MUST(len < sizeof line && text[len] == '\n');
		memcpy(line, text, len);
		line[len] = '\0';
		check_line(line, a, o);
		text += len + 1;
	}
}

static struct inventory found, wanted, ours;
static struct difference d;

static void check_difference(const struct account *a, const struct offer *o)
{
	difference(&found, &wanted, &ours, &d);
	MUST(!d.lines.full);
	check_text(d.lines.text, a, o);
}

void fuzz_allowed_tunnel(const struct tunnel *t, const struct account *a, const struct offer *o)
{
	inventory_of(&wanted, t, true);
	inventory_ours(&ours, t);
	inventory_start(&found, t->name, TUNNEL_ROUTE_PROTO);
	found.sit0 = true;
	check_difference(a, o);
	inventory_fresh(&found, &wanted);
	check_difference(a, o);
	inventory_of(&found, t, true);
	inventory_start(&wanted, t->name, TUNNEL_ROUTE_PROTO);
	check_difference(a, o);
}

void fuzz_allowed_change(const struct tunnel *from, bool routes, const struct tunnel *to,
			 bool then, const struct account *a, const struct offer *o)
{
	inventory_of(&found, from, routes);
	inventory_of(&wanted, to, then);
	inventory_ours(&ours, to);
	check_difference(a, o);
}
