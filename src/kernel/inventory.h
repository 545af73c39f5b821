/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_H
#define INVENTORY_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/tunnel.h"

/* All that is in the kernel for one tunnel: its interface, addresses and routes. What is
 * wanted there and what is found there have the same form, so that they can be compared
 * (difference.h). It is large, but of the lists only the entries that are counted are
 * ever touched. */

enum { INVENTORY_ADDRESSES = 64, INVENTORY_ROUTES = 320, INVENTORY_DEVICES = TUNNEL_LANS };

/* A route of the main table that either leads into the tunnel, or refuses packets
 * (unreachable, blackhole, prohibit). */
struct inventory_route {
	struct prefix to, from; /* from.len 0: whatever the source */
	uint32_t metric;
	bool refuse;
	bool marked; /* carries our route protocol number */
};

struct inventory_address {
	char device[IF_NAMESIZE];
	struct in6_addr address, peer; /* peer ::, where there is none */
	uint8_t len;
};

/* Another interface on which addresses are wanted. */
struct inventory_device {
	char name[IF_NAMESIZE];
	unsigned index; /* 0: there is none of this name */
	bool ipv6_off;
};

/* What lets others configure an interface, a bit each: see inventory_settings[]. */
enum { INVENTORY_SETTINGS = 3, INVENTORY_ALL_SETTINGS = (1 << INVENTORY_SETTINGS) - 1 };
extern const char *const inventory_settings[INVENTORY_SETTINGS]; /* names under /proc/sys */

struct inventory {
	char name[IF_NAMESIZE];
	uint8_t proto; /* the route protocol number that marks what is ours */
	bool exists;   /* the interface */
	struct in_addr local, remote;
	uint8_t ttl;
	struct tunnel_link link; /* mtu is not used; found: name is not known */
	unsigned mtu;
	bool up;
	unsigned settings; /* found: those that are not 0; wanted: those that must be 0 */
	/* Found only. */
	unsigned index;
	bool sit;           /* false: an interface of another kind has the name */
	bool ipv6_off;      /* no IPv6 on the interface */
	bool no_link_local; /* the kernel will give it no link-local address */
	bool tentative;     /* one of its addresses that are wanted cannot be used yet */
	bool sit0;          /* the namespace has it, on which `ip tunnel add` depends */
	unsigned n_devices;
	struct inventory_device devices[INVENTORY_DEVICES];
	/* In the order in which they are made. */
	unsigned n_addresses, n_routes;
	struct inventory_address addresses[INVENTORY_ADDRESSES];
	struct inventory_route routes[INVENTORY_ROUTES];
};

/* Nothing at all, for the tunnel interface of this name. */
void inventory_start(struct inventory *v, const char *name, uint8_t proto);

/* All of t; with routes those into the tunnel, too. An address for a LAN is part of
 * it while t says that it is ours or that it is there (LAN_OURS, LAN_FOREIGN). */
void inventory_of(struct inventory *v, const struct tunnel *t, bool routes);

/* What of t is not on the tunnel's interface and was made for it: addresses of LANs
 * (LAN_OURS), routes that refuse. These go, marked as ours, when they are not
 * wanted. */
void inventory_ours(struct inventory *v, const struct tunnel *t);

/* The same route, whoever made it. */
bool inventory_same_route(const struct inventory_route *a, const struct inventory_route *b);

/* True where v has r, or what serves the same end: a route that keeps packets for
 * unused parts of a prefix from going round does so whatever its metric. */
bool inventory_has_route(const struct inventory *v, const struct inventory_route *r);

/* True where v has this address on the device, with whatever length. */
bool inventory_has_address(const struct inventory *v, const char *device,
			   const struct in6_addr *address);

/* What is found when the interface has just been made, and all else that is needed is
 * there. */
void inventory_fresh(struct inventory *v, const struct inventory *wanted);

/* What is found is added while there is room; more than that is left for later. */
void inventory_add_route(struct inventory *v, const struct inventory_route *r);
void inventory_add_address(struct inventory *v, const struct inventory_address *a);

/* The device of this name among those that were looked at; NULL where it was not. */
const struct inventory_device *inventory_device(const struct inventory *v, const char *name);

/* fe80::/64 and the IPv4 address of the near end (RFC 4213, 3.7); true for what has
 * that form. */
struct in6_addr inventory_link_local(struct in_addr local);
bool inventory_is_link_local(const struct in6_addr *a);

#endif
