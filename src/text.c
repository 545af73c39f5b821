/* SPDX-License-Identifier: ISC */
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "prefix.h"

static char *address(int family, const void *a)
{
	static char ring[4][PREFIX_TEXT_MAX];
	static unsigned last;
	char *text = ring[++last % 4];

	inet_ntop(family, a, text, INET6_ADDRSTRLEN);
	return text;
}

const char *text_ipv4(struct in_addr a)
{
	return address(AF_INET, &a);
}

const char *text_ipv6(const struct in6_addr *a)
{
	return address(AF_INET6, a);
}

const char *text_prefix(const struct prefix *p)
{
	char *text = address(AF_INET6, &p->addr);
	size_t len = strlen(text);

	snprintf(text + len, PREFIX_TEXT_MAX - len, "/%u", p->len);
	return text;
}
