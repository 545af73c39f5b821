/* SPDX-License-Identifier: ISC */
#include "keeper/echo.h"

#include <arpa/inet.h>
#include <string.h>

#include "unit.h"

enum { ID = 0x1234, MTU = 1300 };

/* A tunnel of this type. */
static struct tunnel tunnel(enum dtcp_type type)
{
	struct tunnel t = {.type = type, .mtu = MTU, .local = unit_ipv4("192.0.2.1")};

	if (type == DTCP_NETWORK) {
		t.n_prefixes = 1;
		CHECK(prefix_parse("2001:db8:1::/48", &t.prefixes[0]));
	}
	if (type == DTCP_HOST)
		CHECK_INT(inet_pton(AF_INET6, "2001:db8::6", &t.near6), 1);
	return t;
}

/* The echo as it is sent; returns its length. */
static size_t packet(unsigned char out[2048], const struct tunnel *t, enum echo_kind kind,
		     uint16_t number, enum echo_to to)
{
	struct echo e;
	size_t len = 0;

	echo_make(&e, t, kind, ID, number, to);
	for (unsigned i = 0; i < 4 && len + e.iov[i].iov_len <= 2048; i++) {
		memcpy(out + len, e.iov[i].iov_base, e.iov[i].iov_len);
		len += e.iov[i].iov_len;
	}
	return len;
}

static const char *text(const unsigned char *address)
{
	static char out[2][INET6_ADDRSTRLEN];
	static unsigned i;

	i = !i;
	inet_ntop(AF_INET6, address, out[i], sizeof out[i]);
	return out[i];
}

/* The sum over pseudo-header and message, which a right checksum makes 0xffff. */
static uint32_t sum(const unsigned char *p, size_t len)
{
	uint32_t s = (uint32_t)(len - 40) + IPPROTO_ICMPV6;

	for (size_t i = 8; i < len; i += 2)
		s += (uint32_t)(p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void made(void)
{
	static const struct {
		enum dtcp_type type;
		enum echo_kind kind;
		size_t len;
		const char *from;
	} rows[] = {
		{DTCP_NETWORK, ECHO_SMALL, ECHO_BYTES, "2001:db8:1::1"},
		{DTCP_NETWORK, ECHO_BIG, MTU, "2001:db8:1::1"},
		{DTCP_NETWORK, ECHO_LOCAL, ECHO_BYTES, "fe80::c000:201"},
		{DTCP_HOST, ECHO_BIG, MTU, "2001:db8::6"},
		{DTCP_HOST, ECHO_LOCAL, ECHO_BYTES, "fe80::c000:201"},
		{DTCP_TUNNELONLY, ECHO_SMALL, ECHO_BYTES, "fe80::c000:201"},
	};
	unsigned char p[2048];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tunnel t = tunnel(rows[i].type);

		CHECK_INT(packet(p, &t, rows[i].kind, 5, ECHO_TO_ROUTERS), rows[i].len);
		CHECK_STR(text(p + 8), rows[i].from);
		CHECK_STR(text(p + 24), "ff02::2");
		CHECK_INT(p[7], 255); /* hop limit */
		CHECK_INT(sum(p, rows[i].len), 0xffff);
		packet(p, &t, rows[i].kind, 5, ECHO_TO_NODES);
		CHECK_STR(text(p + 24), "ff02::1");
		CHECK_INT(sum(p, rows[i].len), 0xffff);
	}
}

/* Makes a packet its own answer. */
static void turn(unsigned char *p)
{
	memcpy(p + 24, p + 8, 16);
	memset(p + 8, 0xfd, 16); /* whoever answers */
	p[40] = ICMP6_ECHO_REPLY;
}

static void answered(void)
{
	static const enum echo_kind kinds[] = {ECHO_SMALL, ECHO_BIG, ECHO_LOCAL};
	struct tunnel t = tunnel(DTCP_NETWORK), other = tunnel(DTCP_HOST);
	unsigned char p[2048];
	enum echo_kind kind;
	uint16_t number;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for (unsigned n = 0; n < ECHO_NUMBERS; n += ECHO_NUMBERS / 3) {
			size_t len = packet(p, &t, kinds[i], (uint16_t)n, ECHO_TO_NODES);

			CHECK(!echo_is_answer(p, len, &t, ID, &kind, &number)); /* a question */
			turn(p);
			CHECK(echo_is_answer(p, len, &t, ID, &kind, &number));
			CHECK_INT(kind, kinds[i]);
			CHECK_INT(number, n);
			CHECK(!echo_is_answer(p, len, &t, ID + 1, &kind, &number));
			CHECK(!echo_is_answer(p, len - 1, &t, ID, &kind, &number));
			CHECK(!echo_is_answer(p, len + 1, &t, ID, &kind, &number));
			CHECK(kinds[i] == ECHO_LOCAL ||
			      !echo_is_answer(p, len, &other, ID, &kind, &number));
		}
}

/* Bytes that may be anything: class and flow, hop limit, whoever answers, the checksum,
 * which the kernel has looked at, and the number. */
static bool may_differ(unsigned i)
{
	return (i >= 1 && i < 4) || i == 7 || (i >= 8 && i < 24) || i == 42 || i == 43 || i == 46 ||
	       i == 47;
}

static void forged(void)
{
	struct tunnel t = tunnel(DTCP_NETWORK);
	unsigned char p[2048];
	enum echo_kind kind;
	uint16_t number;
	size_t len = packet(p, &t, ECHO_SMALL, 5, ECHO_TO_NODES);

	turn(p);
	for (unsigned i = 0; i < ECHO_BYTES; i++) {
		p[i] ^= 0x40;
		CHECK_INT(echo_is_answer(p, len, &t, ID, &kind, &number), may_differ(i));
		p[i] ^= 0x40;
	}
	for (size_t n = 0; n < ECHO_BYTES; n++)
		CHECK(!echo_is_answer(p, n, &t, ID, &kind, &number));
	p[47] |= 3; /* of a kind that there is not */
	CHECK(!echo_is_answer(p, len, &t, ID, &kind, &number));
}

static const struct unit_case cases[] = {
	{"an echo has the source, length and checksum that it should", made},
	{"an answer is known by kind and number", answered},
	{"what differs from what was sent is no answer", forged},
};

UNIT_MAIN(cases)
