/* SPDX-License-Identifier: ISC */
#include "protocol/offer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "unit.h"

static char why[OFFER_WHY_MAX];

static struct offer network(const char *remote, const char *prefix)
{
	struct offer o = {.type = DTCP_NETWORK, .n_prefixes = 1};

	CHECK(inet_pton(AF_INET, remote, &o.remote) == 1);
	CHECK(prefix_parse(prefix, &o.prefixes[0]));
	return o;
}

static struct offer host(const char *near6, const char *peer6)
{
	struct offer o = {.type = DTCP_HOST};

	CHECK(inet_pton(AF_INET, "192.0.2.1", &o.remote) == 1);
	CHECK(inet_pton(AF_INET6, near6, &o.near6) == 1);
	CHECK(inet_pton(AF_INET6, peer6, &o.peer6) == 1);
	return o;
}

static bool far_end(const char *remote)
{
	struct offer o = network(remote, "2001:db8::/32");

	snprintf(why, sizeof why, "%s", "");
	return offer_check(&o, why);
}

static bool prefix(const char *text)
{
	struct offer o = network("192.0.2.1", text);

	snprintf(why, sizeof why, "%s", "");
	return offer_check(&o, why);
}

static bool links(const char *near6, const char *peer6)
{
	struct offer o = host(near6, peer6);

	snprintf(why, sizeof why, "%s", "");
	return offer_check(&o, why);
}

/* At the bounds of each forbidden range: the address within, and its message. */
static void far_ends(void)
{
	static const char *const bad[] = {
		"0.0.0.0", "0.0.0.1", "0.255.255.255", "127.0.0.0", "127.0.0.1",
		"127.255.255.255", "224.0.0.0", "224.0.0.1", "239.255.255.255", "240.0.0.0",
		"255.255.255.254", "255.255.255.255",
	};
	static const char *const good[] = {
		"1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255", "10.0.0.1",
		"192.0.2.1",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_FOR(bad[i], !far_end(bad[i]));
		CHECK_HAS(why, bad[i]);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK_FOR(good[i], far_end(good[i]));
}

/* The far end is checked whatever the type. */
static void far_end_of_every_type(void)
{
	struct offer o = host("2001:db8::1", "2001:db8::2");

	CHECK(offer_check(&o, why));
	o.remote.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!offer_check(&o, why));
	o.type = DTCP_TUNNELONLY;
	CHECK(!offer_check(&o, why));
	o.remote.s_addr = htonl(0xc0000201);
	CHECK(offer_check(&o, why));
}

static void prefix_ranges(void)
{
	static const char *const bad[] = {
		"::/32", "::/64", "1fff:ffff::/32", "4000::/32", "fbff:ffff::/32", "fe00::/32",
		"fe80::/64", "ff02::/32", "::ffff:0:0/64", "64:ff9b::/64", "fec0::/48",
	};
	static const char *const good[] = {"2000::/32", "3fff:ffff::/32", "fc00::/32",
					   "fdff:ffff::/32", "2001:3e0:3c3::/48"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_FOR(bad[i], !prefix(bad[i]));
		CHECK_HAS(why, "2000::/3");
		CHECK_HAS(why, "/");
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK_FOR(good[i], prefix(good[i]));
}

static void prefix_lengths(void)
{
	for (unsigned len = 0; len <= 128; len++) {
		char text[32];

		snprintf(text, sizeof text, "2001:db8::/%u", len);
		CHECK_INT(prefix(text), len >= 32 && len <= 64);
		if (len >= 32 && len <= 64)
			continue;
		CHECK_HAS(why, text);
		CHECK_HAS(why, "/32 to /64");
	}
	/* What no parser lets through, but another process might send. */
	struct offer o = network("192.0.2.1", "2001:db8::/32");

	o.prefixes[0].len = 255;
	CHECK(!offer_check(&o, why));
}

static void every_prefix(void)
{
	struct offer o = network("192.0.2.1", "2001:db8::/32");

	for (unsigned i = 1; i < TUNNEL_PREFIXES; i++) {
		o.n_prefixes = i + 1;
		CHECK(prefix_parse("2001:db8::/66", &o.prefixes[i]));
		CHECK(!offer_check(&o, why));
		CHECK(prefix_parse("2001:db8::/64", &o.prefixes[i]));
		CHECK(offer_check(&o, why));
	}
}

static void prefix_numbers(void)
{
	struct offer o = network("192.0.2.1", "2001:db8::/32");

	o.n_prefixes = 0;
	CHECK(!offer_check(&o, why));
	CHECK_HAS(why, "came with 0 prefixes");
	o.n_prefixes = TUNNEL_PREFIXES + 1;
	CHECK(!offer_check(&o, why));
	o.n_prefixes = 0xffffffff;
	CHECK(!offer_check(&o, why));
	o = host("2001:db8::1", "2001:db8::2");
	CHECK(offer_check(&o, why));
	o.n_prefixes = TUNNEL_PREFIXES + 1;
	CHECK(!offer_check(&o, why));
}

static void cleared(void)
{
	struct offer o = network("192.0.2.1", "2001:db8::1/32");

	o.n_prefixes = 3;
	CHECK(prefix_parse("2001:db8::/32", &o.prefixes[1]));
	CHECK(prefix_parse("fd00:0:0:1fff::/60", &o.prefixes[2]));
	CHECK(offer_check(&o, why));
	CHECK_INT(o.cleared, 2);
	CHECK_STR(text_prefix(&o.prefixes[0]), "2001:db8::/32");
	CHECK_STR(text_prefix(&o.prefixes[2]), "fd00:0:0:1ff0::/60");
}

static void twice(void)
{
	static const char *const offered[] = {"2001:db8:1::/48", "fd00::/48", "2001:db8:1::/48",
					      "2001:db8:1::/49", "fd00:0:0:1::/48", "fd01::/48"};
	static const char *const kept[] = {"2001:db8:1::/48", "fd00::/48", "2001:db8:1::/49",
					   "fd01::/48"};
	struct offer o = network("192.0.2.1", offered[0]);

	for (o.n_prefixes = 1; o.n_prefixes < 6; o.n_prefixes++)
		CHECK(prefix_parse(offered[o.n_prefixes], &o.prefixes[o.n_prefixes]));
	CHECK(offer_check(&o, why));
	CHECK_INT(o.n_prefixes, 4);
	CHECK_INT(o.ignored, 2);
	CHECK_INT(o.cleared, 1);
	for (unsigned i = 0; i < 4; i++)
		CHECK_STR(text_prefix(&o.prefixes[i]), kept[i]);
}

static void behind_nat(void)
{
	struct offer o = network("192.0.2.1", "2001:db8::/32");

	CHECK(inet_pton(AF_INET, "192.168.0.2", &o.local) == 1);
	CHECK(inet_pton(AF_INET, "192.0.2.9", &o.seen_as) == 1);
	CHECK(offer_behind_nat(&o, why));
	CHECK_HAS(why, "sees us as 192.0.2.9, not as 192.168.0.2");
	o.seen_as = o.local;
	CHECK(!offer_behind_nat(&o, why));
}

static void link_addresses(void)
{
	static const char *const bad[] = {"::", "::1", "fe80::1", "ff02::1", "1fff::1", "4000::1",
					  "::ffff:192.0.2.1", "fbff::1", "fe00::1"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_FOR(bad[i], !links(bad[i], "2001:db8::2"));
		CHECK_HAS(why, bad[i]);
		CHECK_FOR(bad[i], !links("2001:db8::1", bad[i]));
		CHECK_HAS(why, bad[i]);
	}
	CHECK(links("2000::", "2000::1"));
	CHECK(links("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::"));
	CHECK(links("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1"));
	CHECK(!links("2001:db8::1", "2001:db8::1"));
	CHECK_HAS(why, "2001:db8::1");
}

static const struct unit_case cases[] = {
	{"a far end in 0/8, 127/8, 224/4, 240/4 is refused, at the bounds", far_ends},
	{"the far end is checked for every type", far_end_of_every_type},
	{"a prefix outside 2000::/3 and fc00::/7 is refused, at the bounds", prefix_ranges},
	{"a prefix is /32 to /64", prefix_lengths},
	{"the last prefix is checked like the first", every_prefix},
	{"a network has 1 to 49 prefixes", prefix_numbers},
	{"bits beyond the length are cleared and counted", cleared},
	{"a prefix that is offered twice is one, and the order stays", twice},
	{"behind NAT is who is seen as another address", behind_nat},
	{"link addresses lie in 2000::/3 or fc00::/7 and differ", link_addresses},
};
UNIT_MAIN(cases)
