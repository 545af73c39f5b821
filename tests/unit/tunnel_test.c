/* SPDX-License-Identifier: ISC */
/* A tunnel as data, and the exact lines for ip(8). */
#include "tunnel.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel_lines.h"
#include "unit.h"

static struct lines l;

/* The tunnel that an account with these words and an offer call for. */
static struct tunnel plan(const char *words, const struct offer *o)
{
	char line[512], why[ACCOUNT_WHY_MAX] = "";
	struct account *a;
	struct tunnel t;

	snprintf(line, sizeof line, "s 1 u p %s", words);
	if (!CHECK_FOR(words, account_parse(line, strlen(line), &a, why) == 1)) {
		printf("%s\n", why);
		abort();
	}
	tunnel_plan(&t, a, o, 1492);
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

static const char *built(const struct tunnel *t, bool routes)
{
	memset(&l, 0, sizeof l);
	tunnel_add(t, &l);
	tunnel_configure(t, routes, &l);
	CHECK(!l.overflow);
	return l.text;
}

static const char *undone(const struct tunnel *t, bool routes, bool interface)
{
	memset(&l, 0, sizeof l);
	tunnel_undo(t, routes, interface, &l);
	CHECK(!l.overflow);
	return l.text;
}

static void build_network(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route add unreachable 2001:db8:1::/48 proto 202\n"
		  "route add ::/0 from 2001:db8:1::/48 dev dtcp0 proto 202\n"
		  "route add unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n"
		  "route add ::/0 dev dtcp0 metric 4096 proto 202\n");
	CHECK_STR(built(&t, false),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route add unreachable 2001:db8:1::/48 proto 202\n"
		  "route add unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n");
}

static void build_lan(void)
{
	struct offer o = network("2001:db8:1::/48", "fd00:1::/48");
	struct tunnel t = plan("lan=eth1,eth2:abcd interface=v6 ttl=9 mtu=1300 metric=7", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name v6 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 9\n"
		  "link set dev v6 mtu 1300 up\n"
		  "addr add 2001:db8:1::1/64 dev eth1\n"
		  "addr add 2001:db8:1:abcd::1/64 dev eth2\n"
		  "route add unreachable 2001:db8:1::/48 proto 202\n"
		  "route add unreachable fd00:1::/48 proto 202\n"
		  "route add ::/0 from 2001:db8:1::/48 dev v6 proto 202\n"
		  "route add ::/0 from fd00:1::/48 dev v6 proto 202\n"
		  "route add unreachable ::/0 from 2001:db8:1::/48 metric 4294967295 proto 202\n"
		  "route add unreachable ::/0 from fd00:1::/48 metric 4294967295 proto 202\n"
		  "route add ::/0 dev v6 metric 7 proto 202\n");
}

static void build_host(void)
{
	struct offer o = host();
	struct tunnel t = plan("type=host", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8::6 peer 2001:db8::5/128 dev dtcp0\n"
		  "route add ::/0 from 2001:db8::6/128 dev dtcp0 proto 202\n"
		  "route add unreachable ::/0 from 2001:db8::6/128 metric 4294967295 proto 202\n"
		  "route add ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void build_tunnelonly(void)
{
	struct offer o = ends(DTCP_TUNNELONLY);
	struct tunnel t = plan("type=tunnelonly", &o);
	static const char *const bare =
		"tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		"link set dev dtcp0 mtu 1472 up\n";

	CHECK_STR(built(&t, true), bare);
	t = plan("type=tunnelonly route=default", &o);
	CHECK_STR(built(&t, true), "tunnel add name dtcp0 mode sit remote 192.0.2.1 local "
				   "198.51.100.7 ttl 64\n"
				   "link set dev dtcp0 mtu 1472 up\n"
				   "route add ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void build_routes(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("route=2001:db8:2::/48,fd00::/8", &o);

	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route add unreachable 2001:db8:1::/48 proto 202\n"
		  "route add 2001:db8:2::/48 dev dtcp0 metric 4096 proto 202\n"
		  "route add fd00::/8 dev dtcp0 metric 4096 proto 202\n");
	t = plan("route=none", &o);
	CHECK_STR(built(&t, true),
		  "tunnel add name dtcp0 mode sit remote 192.0.2.1 local 198.51.100.7 ttl 64\n"
		  "link set dev dtcp0 mtu 1472 up\n"
		  "addr add 2001:db8:1::1/128 dev dtcp0\n"
		  "route add unreachable 2001:db8:1::/48 proto 202\n");
}

static void no_source_routes(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	t.no_source_routes = true;
	CHECK(!strstr(built(&t, true), "from"));
	CHECK(!strstr(undone(&t, true, true), "from"));
	CHECK_HAS(built(&t, true), "route add ::/0 dev dtcp0 metric 4096 proto 202\n");
}

static void withdraw(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);

	memset(&l, 0, sizeof l);
	tunnel_routes_del(&t, &l);
	CHECK_STR(l.text, "route del ::/0 dev dtcp0 metric 4096 proto 202\n"
			  "route del ::/0 from 2001:db8:1::/48 dev dtcp0 proto 202\n");
	memset(&l, 0, sizeof l);
	tunnel_routes(&t, "add", &l);
	CHECK_STR(l.text, "route add ::/0 from 2001:db8:1::/48 dev dtcp0 proto 202\n"
			  "route add ::/0 dev dtcp0 metric 4096 proto 202\n");
	CHECK_INT(l.count, 2);
	memset(&l, 0, sizeof l);
	tunnel_routes(&t, "replace", &l);
	CHECK_STR(l.text, "route replace ::/0 from 2001:db8:1::/48 dev dtcp0 proto 202\n"
			  "route replace ::/0 dev dtcp0 metric 4096 proto 202\n");
	t = plan("route=none", &o);
	memset(&l, 0, sizeof l);
	tunnel_routes(&t, "add", &l);
	tunnel_routes_del(&t, &l);
	CHECK_INT(l.count, 0);
}

/* The same near end and prefix, with another address of the link. */
static void move(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel old = plan("", &o), t = old;

	memset(&l, 0, sizeof l);
	tunnel_move(&old, &t, true, &l);
	CHECK_STR(l.text, "");
	t.local = unit_ipv4("203.0.113.9");
	t.mtu = 1400;
	tunnel_move(&old, &t, true, &l);
	CHECK_STR(l.text,
		  "tunnel change name dtcp0 mode sit remote 192.0.2.1 local 203.0.113.9 ttl 64\n"
		  "addr replace fe80::cb00:7109/64 dev dtcp0\n"
		  "addr del fe80::c633:6407/64 dev dtcp0\n"
		  "link set dev dtcp0 mtu 1400\n");
	memset(&l, 0, sizeof l);
	t.mtu = old.mtu;
	tunnel_move(&old, &t, false, &l);
	CHECK_STR(l.text,
		  "tunnel change name dtcp0 mode sit remote 192.0.2.1 local 203.0.113.9 ttl 64\n");
}

/* Each step of the build is undone once, and in the reverse order. */
static void reverse(void)
{
	static const char *const steps[] = {
		"route del ::/0 dev v6 metric",
		"route del unreachable ::/0 from 2001:db8:1::/48",
		"route del ::/0 from 2001:db8:1::/48 dev",
		"route del unreachable 2001:db8:1::/48",
		"addr del 2001:db8:1:1::1/64 dev eth2",
		"addr del 2001:db8:1::1/64 dev eth1",
		"tunnel del name v6",
	};
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("lan=eth1,eth2 interface=v6", &o);
	const char *text = undone(&t, true, true), *at = text;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (!CHECK_HAS(at, steps[i]))
			break;
		at = strstr(at, steps[i]) + 1;
	}
	CHECK_INT(l.count, sizeof steps / sizeof steps[0]);
	/* What was built and is not named above: MTU and up, which go with it. */
	built(&t, true);
	CHECK_INT(l.count, sizeof steps / sizeof steps[0] + 1);
}

static void undo_parts(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("lan=eth1,eth2", &o);

	CHECK(!strstr(undone(&t, false, true), "dev dtcp0"));
	CHECK(!strstr(undone(&t, true, false), "tunnel del"));
	t.lans[0].state = LAN_FOREIGN; /* somebody else's stays */
	t.lans[1].state = LAN_ABSENT;
	CHECK(!strstr(undone(&t, true, true), "addr del"));
	CHECK(!strstr(built(&t, true), "addr add"));
}

/* As much as an offer and an account can hold fits. */
static void largest(void)
{
	struct offer o = network("2001:db8:1111:1111::/64", NULL);
	char words[512] = "interface=a12345678901234 metric=4294967293 lan=";
	struct tunnel t;

	for (unsigned i = 0; i < OFFER_PREFIXES; i++)
		o.prefixes[i] = o.prefixes[0];
	o.n_prefixes = OFFER_PREFIXES;
	t = plan(strcat(words, "b12345678901234:0"), &o);
	for (unsigned i = 1; i < ACCOUNT_LANS; i++)
		t.lans[i] = t.lans[0];
	t.n_lans = ACCOUNT_LANS;
	built(&t, true);
	CHECK_INT(l.count, 2 + ACCOUNT_LANS + 3 * OFFER_PREFIXES + 1);
	undone(&t, true, true);
}

static void overflow(void)
{
	struct offer o = network("2001:db8:1::/48", NULL);
	struct tunnel t = plan("", &o);
	size_t last = 0;

	memset(&l, 0, sizeof l);
	while (!l.overflow && l.count < 1000) {
		last = l.len;
		tunnel_add(&t, &l);
	}
	CHECK(l.overflow);
	CHECK(l.len == last && l.text[l.len] == '\0' && l.text[l.len - 1] == '\n');
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
	{"undo: each step once, in the reverse order", reverse},
	{"undo: parts, and nothing that is not ours", undo_parts},
	{"the largest tunnel fits", largest},
	{"lines that do not fit are left out whole", overflow},
};
UNIT_MAIN(cases)
