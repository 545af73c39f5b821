/* SPDX-License-Identifier: ISC */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/prefix.h"

/* The protocol number of all routes that dtcp-up makes, by which they can be
 * found. Numbers below 16 are the kernel's own meanings, and none of rt_protos
 * of iproute2 has this one. */
enum { TUNNEL_ROUTE_PROTO = 202 };

/* The metric of unreachable default routes: the worst that there is; metric= allows none
 * as high. */
#define TUNNEL_METRIC_WORST 4294967295u

enum { TUNNEL_HEADER = 20 }; /* bytes of IPv4 before each packet */

/* What a server can be asked for. */
enum dtcp_type { DTCP_NETWORK, DTCP_HOST, DTCP_TUNNELONLY };
/* ROUTE_GUARD: nothing leads into the tunnel but what somebody else puts there, and
 * packets with our addresses leave by no other way. */
enum route_mode { ROUTE_DEFAULT, ROUTE_NONE, ROUTE_LIST, ROUTE_GUARD };

/* A server's line of 512 bytes has room for 49 prefixes of the shortest form ("2000::/32"). Of
 * routes and LAN interfaces the account file takes 16 each. */
enum { TUNNEL_PREFIXES = 49, TUNNEL_ROUTES = 16, TUNNEL_LANS = 16 };

/* A LAN interface that gets an address of this subnet of the prefix (lan=). */
struct tunnel_subnet {
	char name[IF_NAMESIZE];
	uint32_t subnet;
};

/* What the account file says of a tunnel. */
struct tunnel_settings {
	uint8_t ttl;
	enum route_mode route;
	uint32_t metric;
	unsigned mtu; /* bytes, 0: auto */
	unsigned n_lans, n_routes;
	struct tunnel_subnet lans[TUNNEL_LANS];
	struct prefix routes[TUNNEL_ROUTES];
};

/* What the address of a LAN interface is to us. */
enum lan_state {
	LAN_WANTED,  /* not looked at yet */
	LAN_OURS,    /* made by us */
	LAN_FOREIGN, /* there, and somebody else's */
	LAN_ABSENT,  /* there is no such interface */
	LAN_NO_IPV6, /* it has no IPv6 */
	LAN_REFUSED  /* ip(8) could not give it the address */
};

struct tunnel_lan {
	char name[IF_NAMESIZE];
	struct in6_addr address; /* with /64 */
	enum lan_state state;
};

/* The link below a tunnel: the device that its packets leave by. */
struct tunnel_link {
	char name[IF_NAMESIZE]; /* "": whichever the kernel chooses */
	unsigned index;		/* one that was made anew under its name has another; 0: unknown */
	unsigned mtu;		/* bytes, 0: unknown */
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
	struct prefix prefixes[TUNNEL_PREFIXES];
	struct prefix routes[TUNNEL_ROUTES];
	struct tunnel_lan lans[TUNNEL_LANS]; /* compared without their states */
	/* What can be changed while the tunnel is there. */
	struct in_addr local;
	struct tunnel_link link;
	unsigned mtu;
	bool no_source_routes; /* the kernel has none */
};

/* The MTU for a link of this MTU: 20 less, from 1280 to 1480 (RFC 4213,
 * 3.2.1). */
unsigned tunnel_auto_mtu(unsigned link_mtu);

/* The global address of the interface itself, by which the machine's own packets go
 * into the tunnel; false for type tunnelonly, which has none. */
bool tunnel_address(const struct tunnel *t, struct in6_addr *own);

/* True where a can be changed into b while it is in the kernel: nothing but near end,
 * link and MTU differs. */
bool tunnel_same(const struct tunnel *a, const struct tunnel *b);

/* The word of the protocol and of the account file for it. */
const char *tunnel_type_name(enum dtcp_type type);

#endif
