/* SPDX-License-Identifier: ISC */
#include "server/far.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct config config;
static struct far f;
static struct far_lines l;

static void plan(const char *words, enum dtcp_type type)
{
	char text[512] = "user u p ";

	strcat(text, words);
	CHECK(config_parse(&config, "f", text, strlen(text)));
	far_plan(&f, config.users, type, "dtcp7", unit_ipv4("198.51.100.1"),
		 unit_ipv4("203.0.113.5"), 1492);
	config_free(&config);
}

/* The lines that fn makes. */
static const char *lines(void (*fn)(struct far_lines *l, const struct far *f))
{
	l.len = 0;
	if (l.text)
		l.text[0] = '\0';
	fn(&l, &f);
	CHECK(!l.failed);
	return l.text;
}

static void network(void)
{
	char offer[128];

	plan("prefix=2001:db8:1::/48,2001:db8:2::/56 ttl=9", DTCP_NETWORK);
	CHECK_STR(lines(far_add), "link add name dtcp7 type sit mode ip6ip local 198.51.100.1 remote "
				  "203.0.113.5 ttl 9\n");
	CHECK_STR(lines(far_configure),
		  "link set dev dtcp7 mtu 1472 up\n"
		  "route add 2001:db8:1::/48 dev dtcp7 proto 203 metric 1023\n"
		  "route add 2001:db8:2::/56 dev dtcp7 proto 203 metric 1023\n");
	CHECK_STR(lines(far_move), "tunnel change name dtcp7 mode sit local 198.51.100.1 remote "
				   "203.0.113.5 ttl 9\nlink set dev dtcp7 mtu 1472\n");
	CHECK_STR(lines(far_filter),
		  "qdisc add dev dtcp7 clsact\n"
		  "filter add dev dtcp7 ingress pref 1 protocol ipv6 u32 match ip6 src fe80::/10 "
		  "action pass\n"
		  "filter add dev dtcp7 ingress pref 2 protocol ipv6 u32 match ip6 src "
		  "2001:db8:1::/48 action pass\n"
		  "filter add dev dtcp7 ingress pref 3 protocol ipv6 u32 match ip6 src "
		  "2001:db8:2::/56 action pass\n"
		  "filter add dev dtcp7 ingress pref 4 protocol ipv6 u32 match ip6 src ::/128 "
		  "action drop\n"
		  "filter add dev dtcp7 ingress pref 5 protocol all u32 match u32 0 0 action "
		  "drop\n");
	CHECK_INT(far_filters(&f), 5);
	far_offer(&f, offer, sizeof offer);
	CHECK_STR(offer, "203.0.113.5 198.51.100.1 2001:db8:1::/48 2001:db8:2::/56");
	free(l.text);
	l = (struct far_lines){0};
}

static void host(void)
{
	char offer[128];

	plan("prefix=2001:db8:1::/48 host=2001:db8::6,2001:db8::5", DTCP_HOST);
	CHECK_STR(lines(far_configure), "link set dev dtcp7 mtu 1472 up\n"
					"address add 2001:db8::5 peer 2001:db8::6 dev dtcp7\n");
	CHECK_HAS(lines(far_filter), "src 2001:db8::6 action pass");
	CHECK(!strstr(l.text, "2001:db8:1::"));
	CHECK_INT(far_filters(&f), 4);
	far_offer(&f, offer, sizeof offer);
	CHECK_STR(offer, "203.0.113.5 198.51.100.1 2001:db8::6 2001:db8::5");
	plan("tunnelonly=yes mtu=1280", DTCP_TUNNELONLY);
	CHECK_STR(lines(far_configure), "link set dev dtcp7 mtu 1280 up\n");
	CHECK_INT(far_filters(&f), 3);
	far_offer(&f, offer, sizeof offer);
	CHECK_STR(offer, "203.0.113.5 198.51.100.1");
	free(l.text);
	l = (struct far_lines){0};
}

static void same(void)
{
	struct far old;

	plan("prefix=2001:db8:1::/48", DTCP_NETWORK);
	old = f;
	CHECK(far_equal(&old, &f) && far_movable(&old, &f));
	f.remote = unit_ipv4("203.0.113.6");
	f.mtu = 1400;
	CHECK(!far_equal(&old, &f) && far_movable(&old, &f));
	old.mtu = f.mtu;
	old.remote = f.remote;
	old.local = f.local;
	CHECK(far_equal(&old, &f));
	old.ttl = 9;
	CHECK(!far_equal(&old, &f) && far_movable(&old, &f));
	plan("prefix=2001:db8:2::/48", DTCP_NETWORK);
	CHECK(!far_movable(&old, &f));
}

static const struct unit_case cases[] = {
	{"network: the interface, its filters, and then its routes", network},
	{"host and tunnelonly get what is theirs alone", host},
	{"only ends and MTU can be moved", same},
};

UNIT_MAIN(cases)
