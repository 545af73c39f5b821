/* SPDX-License-Identifier: ISC */
#ifndef PREFIX_H
#define PREFIX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2001:db8::/32" with the longest address, and its terminator. */
#define PREFIX_TEXT_MAX (INET6_ADDRSTRLEN + 4)

struct prefix {
	struct in6_addr addr;
	uint8_t len; /* bits */
};

/* Reads ADDRESS/LEN from text; false where it is not exactly that, or where
 * LEN is over 128. Bits beyond LEN are left as they are. */
bool prefix_parse(const char *text, struct prefix *p);

/* Clears the bits beyond the length; true where one was set. */
bool prefix_mask(struct prefix *p);

bool prefix_equal(const struct prefix *a, const struct prefix *b);

/* For qsort(3): by address, the wider first. */
int prefix_order(const void *a, const void *b);

/* True for addresses of 2000::/3 (RFC 4291) and fc00::/7 (RFC 4193): those
 * that a tunnel may carry as ours. */
bool prefix_routable(const struct in6_addr *a);

/* Makes ::1 of /64 number subnet of p. False where p has no such subnet. */
bool prefix_subnet(const struct prefix *p, uint32_t subnet, struct in6_addr *out);

#endif
