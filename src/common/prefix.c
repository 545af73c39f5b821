/* SPDX-License-Identifier: ISC */
#include "common/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool prefix_parse(const char *text, struct prefix *p)
{
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/'), *s;
	unsigned len = 0;

	memset(p, 0, sizeof *p); /* messages hold its bytes, padding included */
	if (!slash || (size_t)(slash - text) >= sizeof addr)
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	for (s = slash + 1; *s >= '0' && *s <= '9' && s - slash <= 3; s++)
		len = len * 10 + (unsigned)(*s - '0');
	if (s == slash + 1 || *s != '\0' || len > 128)
		return false;
	p->len = (uint8_t)len;
	return inet_pton(AF_INET6, addr, &p->addr) == 1;
}

bool prefix_mask(struct prefix *p)
{
	bool changed = false;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = p->len > i * 8 ? p->len - i * 8 : 0;
		unsigned beyond = keep >= 8 ? 0 : 0xffu >> keep;

		if (p->addr.s6_addr[i] & beyond)
			changed = true;
		p->addr.s6_addr[i] = (uint8_t)(p->addr.s6_addr[i] & ~beyond);
	}
	return changed;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && memcmp(&a->addr, &b->addr, sizeof a->addr) == 0;
}

int prefix_order(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof x->addr);

	return order ? order : x->len - y->len;
}

bool prefix_routable(const struct in6_addr *a)
{
	return (a->s6_addr[0] & 0xe0) == 0x20 || (a->s6_addr[0] & 0xfe) == 0xfc;
}

bool prefix_subnet(const struct prefix *p, uint32_t subnet, struct in6_addr *out)
{
	if (p->len > 64 || p->len < 32)
		return false;
	if (p->len > 32 && subnet >> (64 - p->len))
		return false;
	*out = p->addr;
	for (int i = 0; i < 4; i++)
		out->s6_addr[7 - i] |= (uint8_t)(subnet >> (8 * i));
	out->s6_addr[15] = 1;
	return true;
}
