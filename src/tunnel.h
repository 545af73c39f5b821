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

/* A tunnel as data: all that is in the kernel for it, or is to be. */
struct tunnel {
	char name[IF_NAMESIZE];
	enum dtcp_type type;
	struct in_addr local, remote;
	uint8_t ttl;
	unsigned mtu;
	struct in6_addr near6, peer6; /* type host */
	unsigned n_prefixes, n_lans, n_routes;
	enum route_mode route;
	uint32_t metric;
	bool no_source_routes; /* the kernel has none */
	struct prefix prefixes[OFFER_PREFIXES];
	struct prefix routes[ACCOUNT_ROUTES];
	struct tunnel_lan lans[ACCOUNT_LANS];
};

/* Makes the tunnel that an account and an offer call for. link_mtu is that of
 * the link, 0 where unknown. Words that cannot be met are warned of. */
void tunnel_plan(struct tunnel *t, const struct account *a, const struct offer *o,
		 unsigned link_mtu);

/* The MTU for a link of this MTU: 20 less, from 1280 to 1480 (RFC 4213,
 * 3.2.1). */
unsigned tunnel_auto_mtu(unsigned link_mtu);

/* True where b can be made of a by tunnel_move(): all but the near end and the
 * MTU is the same. */
bool tunnel_same(const struct tunnel *a, const struct tunnel *b);

/* Lines for `ip -batch`, each ended by \n. In a batch a line cannot begin with
 * -6, so families show in the addresses. */
struct lines {
	size_t len;
	unsigned count;
	bool overflow;
	char text[16384];
};

/* Empties l (its text is not touched, so that it costs no memory). */
void lines_start(struct lines *l);

/* The steps, in the order in which they are taken; each appends to l. */
void tunnel_add(const struct tunnel *t, struct lines *l);     /* the interface */
/* MTU, up, addresses, unreachable routes; with routes those into the tunnel. */
void tunnel_configure(const struct tunnel *t, bool routes, struct lines *l);
void tunnel_routes_add(const struct tunnel *t, struct lines *l); /* into the tunnel */
void tunnel_routes_del(const struct tunnel *t, struct lines *l);
void tunnel_lan_add(const struct tunnel_lan *lan, struct lines *l);

/* From the near end and MTU of old to those of t; with link_local_too also the
 * link-local address that the old near end gave the interface. */
void tunnel_move(const struct tunnel *old, const struct tunnel *t, bool link_local_too,
		 struct lines *l);

/* fe80::/64 and the IPv4 address of the near end (RFC 4213, 3.7). */
struct in6_addr tunnel_link_local(struct in_addr local);

/* Everything in reverse, whether it is there or not; interface says whether
 * the interface itself is to go as well. */
void tunnel_undo(const struct tunnel *t, bool routes, bool interface, struct lines *l);

/* True where what `ip -force -batch` printed for tunnel_undo() says of nothing
 * more than that things were gone before. */
bool tunnel_undone(const char *printed);

#endif
