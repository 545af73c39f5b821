/* SPDX-License-Identifier: ISC */
#include "protocol/digest.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static const char *hex(const unsigned char d[DTCP_DIGEST_BYTES])
{
	static char out[2 * DTCP_DIGEST_BYTES + 1];

	for (int i = 0; i < DTCP_DIGEST_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", d[i]);
	return out;
}

static void seed_page(void)
{
	unsigned char d[DTCP_DIGEST_BYTES] = {0};

	CHECK(digest_response("sengoku", "7829445925a06093ef7f5d995ac7d7f5", "password", d));
	CHECK_STR(hex(d), "f0e130bfddaef3a5a526f77738bc91a3");
}

static void kame(void)
{
	unsigned char d[DTCP_DIGEST_BYTES] = {0};

	CHECK(digest_response("foo", "0B1517C87D516A5FA65BED722D51A04F", "bar", d));
	CHECK_STR(hex(d), "dac487c8dfbbf9ee5c7f8cdcc37b62a3");
}

/* RFC 1321, A.5: what is joined has no separators, wherever it is cut. */
static void joined(void)
{
	unsigned char d[DTCP_DIGEST_BYTES] = {0};

	CHECK(digest_response("", "", "", d));
	CHECK_STR(hex(d), "d41d8cd98f00b204e9800998ecf8427e");
	CHECK(digest_response("message", " ", "digest", d));
	CHECK_STR(hex(d), "f96b697d7cb7938d525a2f31aaf161d0");
	CHECK(digest_response("a", "bcdefghijklmnopqrstuvwxy", "z", d));
	CHECK_STR(hex(d), "c3fcd3d76192e4007dfb496cca67e13b");
}

static const struct unit_case cases[] = {
	{"the seed page's vector", seed_page},
	{"KAME's vector", kame},
	{"RFC 1321's vectors, cut into three", joined},
};
UNIT_MAIN(cases)
