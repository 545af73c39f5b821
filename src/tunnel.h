/* SPDX-License-Identifier: ISC */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "offer.h"

/* The protocol number of all routes that dtcp-up makes, by which they can be
 * found. Numbers below 16 are the kernel's own meanings, and none of rt_protos
 * of iproute2 has this one. */
enum { TUNNEL_ROUTE_PROTO = 202 };

/* Of unreachable default routes: the worst that there is, and out of reach of
 * metric=. */
#define TUNNEL_METRIC_WORST 4294967295u

enum { TUNNEL_HEADER = 20 }; /* bytes of IPv4 before each packet */

/* What an address of a LAN interface is to us. */
enum lan_state { LAN_WANTED, LAN_OURS, LAN_FOREIGN, LAN_ABSENT };

struct tunnel_lan {
	char name[IF_NAMESIZE];
	struct in6_addr address; /* with /64 */
	enum lan_state state;
};

/* A tunnel as data: all that is in the kernel for it, or is to be. No byte is
 * left unset. What tunnel_same() compares comes first. */
struct tunnel {
	char name[IF_NAMESIZE];
	enum dtcp_type type;
	struct in_addr remote;
	uint8_t ttl;
	struct in6_addr near6, peer6; /* type host */
	unsigned n_prefixes, n_lans, n_routes;
	enum route_mode route;
	uint32_t metric;
	struct prefix prefixes[OFFER_PREFIXES];
	struct prefix routes[ACCOUNT_ROUTES];
	struct tunnel_lan lans[ACCOUNT_LANS]; /* of these all but the state */
	struct in_addr local;
	unsigned mtu;
	bool no_source_routes; /* the kernel has none */
};

/* Makes the tunnel that an account and an offer call for. link_mtu is that of
 * the link, 0 where unknown. Words that cannot be met are warned of. */
void tunnel_plan(struct tunnel *t, const struct account *a, const struct offer *o,
		 unsigned link_mtu);

/* The MTU for a link of this MTU: 20 less, from 1280 to 1480 (RFC 4213,
 * 3.2.1). */
unsigned tunnel_auto_mtu(unsigned link_mtu);

/* The global address of the interface itself: none for type tunnelonly, or where
 * the LAN interfaces have them. */
bool tunnel_address(const struct tunnel *t, struct in6_addr *own);

/* True where b can be made of a by tunnel_move(): all but the near end and the
 * MTU is the same. */
bool tunnel_same(const struct tunnel *a, const struct tunnel *b);

#endif
