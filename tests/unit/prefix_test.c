/* SPDX-License-Identifier: ISC */
#include "common/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "unit.h"

static const char *round_trip(const char *text)
{
	struct prefix p;

	if (!prefix_parse(text, &p))
		return "refused";
	return text_prefix(&p);
}

static void parse(void)
{
	CHECK_STR(round_trip("2001:db8::/32"), "2001:db8::/32");
	CHECK_STR(round_trip("2001:03e0:03c3::/48"), "2001:3e0:3c3::/48");
	CHECK_STR(round_trip("::/0"), "::/0");
	CHECK_STR(round_trip("::1/128"), "::1/128");
	CHECK_STR(round_trip("2001:db8::1/32"), "2001:db8::1/32");
	CHECK_STR(round_trip("1111:2222:3333:4444:5555:6666:7777:8888/128"),
		  "1111:2222:3333:4444:5555:6666:7777:8888/128");
	CHECK_STR(round_trip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128"),
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	CHECK_STR(round_trip("2001:DB8::/048"), "2001:db8::/48");
	CHECK_STR(round_trip("2001:db8::/59"), "2001:db8::/59");
}

static void malformed(void)
{
	static const char *const bad[] = {
		"", "/", "2001:db8::", "/32", "2001:db8::/", "2001:db8::/129", "2001:db8::/999",
		"2001:db8::/0032", "2001:db8::/4294967328", "2001:db8::/-1", "2001:db8::/+32",
		"2001:db8::/ 32", "2001:db8::/32 ", " 2001:db8::/32", "2001:db8::/32/32",
		"2001:db8::/3x", "2001:db8::g/32", "2001:db8/32", "2001:db8:::/32", "1.2.3.4/24",
		"2001::db8::1/32", "fe80::1%eth0/64", "2001:db8::/0x20",
		"11111111111111111111111111111111111111111111111111/32",
		/* as long as the room for an address, which its end needs too */
		"ffff:ffff:ffff:ffff:ffff:ffff:0255.255.255.255/128",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_FOR(bad[i], strcmp(round_trip(bad[i]), "refused") == 0);
}

/* Against a mask made bit by bit. */
static void mask(void)
{
	for (unsigned len = 0; len <= 128; len++) {
		struct prefix p = {.len = (uint8_t)len}, full = p;

		memset(&p.addr, 0xff, sizeof p.addr);
		for (unsigned bit = 0; bit < len; bit++)
			full.addr.s6_addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		CHECK_INT(prefix_mask(&p), len < 128);
		CHECK(prefix_equal(&p, &full));
		CHECK(!prefix_mask(&p));
	}
}

static void equal(void)
{
	struct prefix a, b;

	CHECK(prefix_parse("2001:db8::/32", &a) && prefix_parse("2001:0db8::/32", &b));
	CHECK(prefix_equal(&a, &b));
	CHECK(prefix_parse("2001:db8::/33", &b) && !prefix_equal(&a, &b));
	CHECK(prefix_parse("2001:db9::/32", &b) && !prefix_equal(&a, &b));
}

static void routable(void)
{
	for (unsigned first = 0; first < 256; first++) {
		struct in6_addr a = {.s6_addr = {(uint8_t)first, 0xff}};
		bool want = (first >= 0x20 && first <= 0x3f) || first == 0xfc || first == 0xfd;

		CHECK_INT(prefix_routable(&a), want);
	}
}

static const char *subnet(const char *prefix, uint32_t number)
{
	static char out[INET6_ADDRSTRLEN];
	struct in6_addr a;
	struct prefix p;

	if (!prefix_parse(prefix, &p) || !prefix_subnet(&p, number, &a))
		return "none";
	inet_ntop(AF_INET6, &a, out, sizeof out);
	return out;
}

static void subnets(void)
{
	CHECK_STR(subnet("2001:db8::/32", 0), "2001:db8::1");
	CHECK_STR(subnet("2001:db8::/32", 0xffffffff), "2001:db8:ffff:ffff::1");
	CHECK_STR(subnet("2001:db8::/33", 0x7fffffff), "2001:db8:7fff:ffff::1");
	CHECK_STR(subnet("2001:db8::/33", 0x80000000), "none");
	CHECK_STR(subnet("2001:db8:1::/48", 0xabcd), "2001:db8:1:abcd::1");
	CHECK_STR(subnet("2001:db8:1::/48", 0x10000), "none");
	CHECK_STR(subnet("2001:db8:1:10::/60", 0xf), "2001:db8:1:1f::1");
	CHECK_STR(subnet("2001:db8:1:10::/60", 0x10), "none");
	CHECK_STR(subnet("2001:db8:1:2::/63", 1), "2001:db8:1:3::1");
	CHECK_STR(subnet("2001:db8:1:2::/64", 0), "2001:db8:1:2::1");
	CHECK_STR(subnet("2001:db8:1:2::/64", 1), "none");
	CHECK_STR(subnet("2001:db8:1:2::/65", 0), "none");
	CHECK_STR(subnet("2000::/31", 0), "none");
}

static const struct unit_case cases[] = {
	{"a prefix is read and written", parse},
	{"what is not exactly a prefix is refused", malformed},
	{"bits beyond every length are cleared", mask},
	{"prefixes are compared by address and length", equal},
	{"only 2000::/3 and fc00::/7 are routable", routable},
	{"subnets from /32 to /64, and the first that does not fit", subnets},
};
UNIT_MAIN(cases)
