/* SPDX-License-Identifier: ISC */
#include "common/tunnel.h"

#include <string.h>

unsigned tunnel_auto_mtu(unsigned link_mtu)
{
	if (link_mtu < 1280 + TUNNEL_HEADER)
		return link_mtu ? 1280 : 1480;
	return link_mtu > 1480 + TUNNEL_HEADER ? 1480 : link_mtu - TUNNEL_HEADER;
}

bool tunnel_address(const struct tunnel *t, struct in6_addr *own)
{
	if (t->type == DTCP_HOST) {
		*own = t->near6;
		return true;
	}
	*own = t->prefixes[0].addr;
	own->s6_addr[15] |= 1; /* the first one of the prefix */
	return t->type == DTCP_NETWORK;
}

bool tunnel_same(const struct tunnel *a, const struct tunnel *b)
{
	if (memcmp(a, b, offsetof(struct tunnel, lans)) != 0)
		return false;
	for (unsigned i = 0; i < a->n_lans; i++)
		if (memcmp(&a->lans[i], &b->lans[i], offsetof(struct tunnel_lan, state)) != 0)
			return false;
	return true;
}

const char *tunnel_type_name(enum dtcp_type type)
{
	static const char *const names[] = {"network", "host", "tunnelonly"};

	return names[type];
}
