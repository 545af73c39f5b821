/* SPDX-License-Identifier: ISC */
#include "protocol/offer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

bool offer_far_end_ok(struct in_addr a)
{
	uint32_t first = ntohl(a.s_addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

static bool bad_prefix(const struct prefix *p, char *why)
{
	const char *text = text_prefix(p);

	if (!prefix_routable(&p->addr)) {
		snprintf(why, OFFER_WHY_MAX, "the prefix %s is not in 2000::/3 or fc00::/7", text);
		return true;
	}
	if (p->len < 32 || p->len > 64) {
		snprintf(why, OFFER_WHY_MAX, "the prefix %s is not from /32 to /64 long", text);
		return true;
	}
	return false;
}

static bool bad_link_address(const struct in6_addr *a, char *why)
{
	if (prefix_routable(a))
		return false;
	snprintf(why, OFFER_WHY_MAX, "the link address %s is not in 2000::/3 or fc00::/7",
		 text_ipv6(a));
	return true;
}

static bool is_among(const struct prefix *list, unsigned n, const struct prefix *p)
{
	for (unsigned i = 0; i < n; i++)
		if (prefix_equal(&list[i], p))
			return true;
	return false;
}

bool offer_check(struct offer *o, char why[OFFER_WHY_MAX])
{
	unsigned kept = 0;

	if (!offer_far_end_ok(o->remote)) {
		snprintf(why, OFFER_WHY_MAX, "the far end %s is no unicast IPv4 address",
			 text_ipv4(o->remote));
		return false;
	}
	if (o->type == DTCP_HOST) {
		if (bad_link_address(&o->near6, why) || bad_link_address(&o->peer6, why))
			return false;
		if (memcmp(&o->near6, &o->peer6, sizeof o->near6) == 0) {
			snprintf(why, OFFER_WHY_MAX, "both link addresses are %s",
				 text_ipv6(&o->near6));
			return false;
		}
	}
	if (o->n_prefixes > TUNNEL_PREFIXES || (o->type == DTCP_NETWORK && o->n_prefixes == 0)) {
		snprintf(why, OFFER_WHY_MAX, "type network came with %u prefixes", o->n_prefixes);
		return false;
	}
	for (unsigned i = 0; i < o->n_prefixes; i++) {
		/* Before masking, so that the message shows what the server said. */
		if (bad_prefix(&o->prefixes[i], why))
			return false;
		if (prefix_mask(&o->prefixes[i]))
			o->cleared++;
		/* The kernel refuses a route that it has already. */
		if (is_among(o->prefixes, kept, &o->prefixes[i]))
			o->ignored++;
		else
			o->prefixes[kept++] = o->prefixes[i];
	}
	o->n_prefixes = kept;
	return true;
}

bool offer_ok(struct offer *o, enum dtcp_type type, bool far_is_ours, char why[OFFER_WHY_MAX])
{
	if (o->type != type) {
		snprintf(why, OFFER_WHY_MAX, "the offer is of another type");
		return false;
	}
	if (!offer_check(o, why))
		return false;
	if (far_is_ours)
		snprintf(why, OFFER_WHY_MAX, "the far end %s is an address of this host",
			 text_ipv4(o->remote));
	return !far_is_ours;
}

bool offer_behind_nat(const struct offer *o, char text[OFFER_WHY_MAX])
{
	snprintf(text, OFFER_WHY_MAX, "sees us as %s, not as %s: this host is behind NAT, which "
				      "must forward protocol 41 to it",
		 text_ipv4(o->seen_as), text_ipv4(o->local));
	return o->seen_as.s_addr != o->local.s_addr;
}
