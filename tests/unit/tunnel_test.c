/* SPDX-License-Identifier: ISC */
/* A tunnel as data, and the exact lines for ip(8). */
#include "common/tunnel.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/difference.h"
#include "account/account.h"
#include "account/account_line.h"
#include "protocol/offer.h"
#include "protocol/plan.h"
#include "unit.h"

static struct inventory found, wanted, ours;
static struct difference d;

/* The tunnel that an account with these words and an offer call for. */
static struct tunnel plan(const char *words, const struct offer *o)
{
	char line[512], why[ACCOUNT_WHY_MAX] = "";
	struct account *a;
	struct tunnel t;

	snprintf(line, sizeof line, "s 1 u p %s", words);
	if (!CHECK_FOR(words, account_line_parse(line, strlen(line), &a, why) == 1)) {
		printf("%s\n", why);
		abort();
	}
	plan_tunnel(&t, a->interface, &a->settings, o, &(struct tunnel_link){"wan", 2, 1492});
	account_free(a);
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	return t;
}

static struct offer ends(enum dtcp_type type)
{
	return (struct offer){.type = type, .local = unit_ipv4("198.51.100.7"),
			      .remote = unit_ipv4("192.0.2.1")};
}

static struct offer network(const char *first, const char *second)
{
	struct offer o = ends(DTCP_NETWORK);

	CHECK(prefix_parse(first, &o.prefixes[o.n_prefixes++]));
	if (second)
		CHECK(prefix_parse(second, &o.prefixes[o.n_prefixes++]));
	return o;
}

static struct offer host(void)
{
	struct offer o = ends(DTCP_HOST);

	CHECK(inet_pton(AF_INET6, "2001:db8::6", &o.near6) == 1);
	CHECK(inet_pton(AF_INET6, "2001:db8::5", &o.peer6) == 1);
	return o;
}

/* All lines that make it, from nothing. */
static const char *built(const struct tunnel *t, bool routes)
{
	static char text[2 * sizeof d.lines.text];

	inventory_of(&wanted, t, routes);
	inventory_ours(&ours, t);
	inventory_start(&found, t->name, TUNNEL_ROUTE_PROTO);
	found.sit0 = true;
	difference(&found, &wanted, &ours, &d);
	CHECK_INT(d.lines.count, 1);
	CHECK_INT(d.first, PART_INTERFACE);
	strcpy(text, d.lines.text);
	inventory_fresh(&found, &wanted);
	difference(&found, &wanted, &ours, &d);
	CHECK(!d.lines.full);
	return strcat(text, d.lines.text);
}

/* Lines that remove it, where all of it is there. */
static const char *undone(const struct tunnel *t)
{
	inventory_of(&found, t, true);
	inventory_ours(&ours, t);
	inventory_start(&wanted, t->name, TUNNEL_ROUTE_PROTO);
	difference(&found, &wanted, &ours, &d);
	CHECK(!d.lines.full);
	return d.lines.text;
}

/* From all of one to all of the other. */
static const char *changed(const struct tunnel *from, bool routes, const struct tunnel *to,
			   bool then)
{
	inventory_of(&found, from, routes);
	inventory_ours(&ours, to);
	inventory_of(&wanted, to, then);
	difference(&found, &wanted, &ours, &d);
	return d.lines.text;
}

static void build_network(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n"
		  "route append ::/0 from 2001:db8:1::/48 dev dtcp0 metric 1024 proto 202\n"
		  "route append unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n"
		  "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
	CHECK_STR(built(&t, false),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n"
		  "route append unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n");
}

static void build_lan(void)
{
	struct offer o = network("2001:db8:1::/48", "fd00:1::/48");
	struct tunnel t = plan("lan=eth1,eth2:abcd interface=v6 ttl=9 mtu=1300 metric=7", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name v6 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 9 dev wan\n"
		  "link set dev v6 mtu 1300 up\n"
		  "addr add 2001:db8:1::1/128 dev v6\n"
		  "addr add 2001:db8:1::1/64 dev eth1\n"
		  "addr add 2001:db8:1:abcd::1/64 dev eth2\n"
		  "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n"
		  "route append unreachable fd00:1::/48 metric 1024 proto 202\n"
		  "route append ::/0 from 2001:db8:1::/48 dev v6 metric 1024 proto 202\n"
		  "route append ::/0 from fd00:1::/48 dev v6 metric 1024 proto 202\n"
		  "route append unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n"
		  "route append unreachable ::/0 from fd00:1::/48 metric 4294967295 proto 202\n"
		  "route append ::/0 dev v6 metric 7 proto 202\n");
}

static void build_host(void)
{
	struct offer o = host();
	struct tunnel t = plan("type=host", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8::6 peer 2001:db8::5/128 dev dtcp0\n"
		  "route append ::/0 from 2001:db8::6/128 dev dtcp0 metric 1024 proto 202\n"
		  "route append unreachable ::/0 from 2001:db8::6/128 metric 4294967295 proto 202\n"
		  "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void build_tunnelonly(void)
{
	struct offer o = ends(DTCP_TUNNELONLY);
	struct tunnel t = plan("type=tunnelonly", &o);
	static const char *const bare =
		"tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		"link set dev dtcp0 mtu 1472 up\n";

	CHECK_STR(built(&t, true), bare);
	t = plan("type=tunnelonly route=default", &o);
	CHECK_STR(built(&t, true), "tunnel add name dtcp0 mode sit remote 192.0.2.1 local "
				   "198.51.100.7 ttl 64 dev wan\n"
				   "link set dev dtcp0 mtu 1472 up\n"
				   "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void build_routes(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("route=2001:db8:2::/48,fd00::/8", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n"
		  "route append 2001:db8:2::/48 dev dtcp0 metric 4096 proto 202\n"
		  "route append fd00::/8 dev dtcp0 metric 4096 proto 202\n");
	t = plan("route=none", &o);
	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev wan\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n");
}

static void no_source_routes(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	t.no_source_routes = true;
	CHECK(!strstr(built(&t, true), "from"));
	CHECK(!strstr(undone(&t), "from"));
	CHECK_HAS(built(&t, true), "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void withdraw(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	CHECK_STR(changed(&t, true, &t, false),
		  "route del ::/0 dev dtcp0 metric 4096 proto 202\n"
		  "route del ::/0 from 2001:db8:1::/48 dev dtcp0 metric 1024 proto 202\n");
	CHECK_INT(d.first, PART_REMOVAL);
	CHECK_STR(changed(&t, false, &t, true),
		  "route append ::/0 from 2001:db8:1::/48 dev dtcp0 metric 1024 proto 202\n"
		  "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
	CHECK_INT(d.lines.count, 2);
	CHECK_INT(d.first, PART_SOURCE_ROUTE);
	t = plan("route=none", &o);
	CHECK_STR(changed(&t, true, &t, false), "");
	CHECK_STR(changed(&t, false, &t, true), "");
}

/* The same near end and prefix, with another address of the link. */
static void move(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel old = plan("", &o), t = old;

	CHECK_STR(changed(&old, true, &t, true), "");
	t.local = unit_ipv4("203.0.113.9");
	CHECK(tunnel_same(&old, &t));
	CHECK_STR(changed(&old, true, &t, true),
		  "tunnel change name dtcp0 mode sit remote 192.0.2.1 local 203.0.113.9 ttl 64 "
		  "dev wan\n"
		  "link set dev dtcp0 mtu 1472\n"
		  "addr replace fe80::cb00:7109/64 dev dtcp0\n"
		  "addr del fe80::c633:6407/64 dev dtcp0\n");
	CHECK_INT(d.first, PART_ENDS);
	t = old;
	t.mtu = 1400;
	CHECK_STR(changed(&old, true, &t, true), "link set dev dtcp0 mtu 1400\n");
	CHECK_INT(d.first, PART_UP);
}

/* Another link below with the same address: the kernel sets an MTU of its own, so
 * that it is set even where it stays the same. A link that was made anew under its name
 * is another one. */
static void relink(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel old = plan("", &o), t = old;

	t.link = (struct tunnel_link){"ppp0", 7, 1492};
	CHECK(tunnel_same(&old, &t));
	CHECK_STR(changed(&old, true, &t, true),
		  "tunnel change name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64 dev "
		  "ppp0\n"
		  "link set dev dtcp0 mtu 1472\n");
	t.link = (struct tunnel_link){"wan", 3, 1492};
	CHECK_HAS(changed(&old, true, &t, true), "tunnel change name dtcp0 ");
	memset(&t.link, 0, sizeof t.link);
	CHECK_HAS(built(&t, false), " ttl 64\n");
}

/* A namespace without sit0, on which `ip tunnel add` depends. */
static void no_sit0(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	inventory_of(&wanted, &t, true);
	inventory_start(&found, t.name, TUNNEL_ROUTE_PROTO);
	difference(&found, &wanted, &found, &d);
	CHECK_STR(d.lines.text, "link add name dtcp0 type sit mode ip6ip remote 192.0.2.1 local "
				"198.51.100.7 ttl 64 dev wan\n");
}

/* The kernel gives the interface a link-local address when it comes up, but where its
 * settings say none. */
static void link_local(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	CHECK(!strstr(built(&t, true), "fe80"));
	found.no_link_local = true;
	difference(&found, &wanted, &ours, &d);
	CHECK_HAS(d.lines.text, " up\naddr replace fe80::c633:6407/64 dev dtcp0\naddr add 2001:");
	inventory_of(&found, &t, true);
	found.addresses[0] = found.addresses[--found.n_addresses]; /* somebody removed it */
	difference(&found, &wanted, &ours, &d);
	CHECK_STR(d.lines.text, "addr replace fe80::c633:6407/64 dev dtcp0\n");
	CHECK_INT(d.first, PART_ADDRESS);
}

/* Nothing leads into the tunnel, and nothing of ours past it. */
static void guard(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	t.route = ROUTE_GUARD;
	CHECK_HAS(built(&t, true), "route append unreachable 2001:db8:1::/48 metric 1024 proto 202\n"
				   "route append unreachable ::/0 from 2001:db8:1::/48 metric "
				   "4294967295 proto 202\n");
	CHECK(!strstr(d.lines.text, "::/0 dev") && !strstr(d.lines.text, "48 dev"));
	CHECK_HAS(undone(&t), "route del unreachable ::/0 from 2001:db8:1::/48");
}

/* Each step of the build is undone once, and in the reverse order. */
static void reverse(void)
{
	static const char *const steps[] = {
		"route del ::/0 dev v6 metric 4096",
		"route del unreachable ::/0 from 2001:db8:1::/48 metric 4294967295",
		"route del ::/0 from 2001:db8:1::/48 dev v6 metric 1024",
		"route del unreachable 2001:db8:1::/48 metric 1024",
		"addr del 2001:db8:1:1::1/64 dev eth2",
		"addr del 2001:db8:1::1/64 dev eth1",
		"tunnel del name v6",
	};
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("lan=eth1,eth2 interface=v6", &o);
	const char *text = undone(&t), *at = text;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (!CHECK_HAS(at, steps[i]))
			break;
		at = strstr(at, steps[i]) + 1;
	}
	CHECK_INT(d.lines.count, sizeof steps / sizeof steps[0]);
	/* What was built besides: MTU and up, and the interface's address, which go with it. */
	built(&t, true);
	CHECK_INT(d.lines.count, sizeof steps / sizeof steps[0] + 1);
}

/* Nothing that is not ours, and not another interface of the name. */
static void undo_parts(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("lan=eth1,eth2", &o);

	CHECK_HAS(undone(&t), "addr del 2001:db8:1::1/64 dev eth1\n");
	t.lans[0].state = LAN_FOREIGN;
	t.lans[1].state = LAN_ABSENT;
	CHECK(!strstr(undone(&t), "addr del"));
	CHECK_HAS(d.lines.text, "tunnel del name dtcp0\n");
	found.sit = false;
	difference(&found, &wanted, &ours, &d);
	CHECK(!strstr(d.lines.text, "tunnel del"));
	for (unsigned i = 0; i < found.n_routes; i++)
		found.routes[i].marked = false;
	difference(&found, &wanted, &ours, &d);
	CHECK_STR(d.lines.text, "");
}

/* As much as an offer and an account can hold fits. */
static void largest(void)
{
	struct offer o = network("2001:db8:1111:1111::/64", NULL);
	char words[512] = "interface=a12345678901234 metric=4294967293 lan=";
	struct tunnel t;

	for (unsigned i = 0; i < TUNNEL_PREFIXES; i++) {
		o.prefixes[i] = o.prefixes[0];
		o.prefixes[i].addr.s6_addr[7] = (uint8_t)(128 + i);
	}
	o.n_prefixes = TUNNEL_PREFIXES;
	t = plan(strcat(words, "b12345678901234:0"), &o);
	for (unsigned i = 1; i < TUNNEL_LANS; i++) {
		t.lans[i] = t.lans[0];
		t.lans[i].address.s6_addr[8] = (uint8_t)i;
	}
	t.n_lans = TUNNEL_LANS;
	built(&t, true);
	CHECK_INT(d.lines.count, 2 + TUNNEL_LANS + 3 * TUNNEL_PREFIXES + 1);
	undone(&t);
	CHECK_INT(d.lines.count, 1 + TUNNEL_LANS + 3 * TUNNEL_PREFIXES + 1);
}

static void full(void)
{
	static struct lines l;
	size_t last = 0;

	lines_start(&l);
	while (!l.full && l.count < 10000) {
		last = l.len;
		lines_add(&l, "number %u", l.count);
	}
	CHECK(l.full);
	CHECK(l.len == last && l.text[l.len] == '\0' && l.text[l.len - 1] == '\n');
	lines_add(&l, "%s", ""); /* nor one that is short enough, after it */
	CHECK_INT(l.len, last);
	CHECK(lines_have_first_of(&l, "number 7\nnumber x"));
	CHECK(!lines_have_first_of(&l, "number x\nnumber 7\n") && !lines_have_first_of(&l, ""));
}

static const struct unit_case cases[] = {
	{"build: network", build_network},
	{"build: network with LANs, two prefixes, and numbers of the account", build_lan},
	{"build: host", build_host},
	{"build: tunnelonly, with and without a route", build_tunnelonly},
	{"build: a list of routes, and none", build_routes},
	{"build and undo without source routes", no_source_routes},
	{"routes are withdrawn and return, the plain one first and last", withdraw},
	{"move: near end, link-local address, MTU, and nothing else", move},
	{"move: another link below, and then the MTU", relink},
	{"without sit0, by `ip link add`", no_sit0},
	{"a link-local address, where the kernel gives none", link_local},
	{"route=guard: no route into the tunnel, and none past it", guard},
	{"undo: each step once, in the reverse order", reverse},
	{"undo: parts, and nothing that is not ours", undo_parts},
	{"the largest tunnel fits", largest},
	{"lines that do not fit are left out whole", full},
};
UNIT_MAIN(cases)
