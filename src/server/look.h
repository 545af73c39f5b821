/* SPDX-License-Identifier: ISC */
#ifndef SERVER_LOOK_H
#define SERVER_LOOK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/prefix.h"

/* What is in the kernel of all that dtcpd may have made. */

struct look_link { /* a sit interface */
	char name[IF_NAMESIZE];
	unsigned index;
	struct in_addr local, remote;
	bool up;
	unsigned mtu;
	uint8_t ttl;
	uint64_t packets_in, packets_out, bytes_in, bytes_out;
};

struct look_route { /* of our protocol number */
	struct prefix prefix;
	unsigned index; /* of the interface that it leads into */
	bool unreachable;
};

struct look {
	bool counters;
	struct look_link *links;
	struct look_route *routes;
	size_t n_links, n_routes, links_room, routes_room;
	bool failed; /* memory was missing: nothing follows from what is not here */
	int fd;	     /* for all of its questions, -1: none is open */
};
#define LOOK_NONE ((struct look){.fd = -1})

/* Asks the kernel; counters: also for packets and bytes, which makes its answer twice as
 * long. False after a message. Free with look_free(), in any case. */
bool look_take(struct look *l, bool counters);

/* The same of one interface, and of the routes into it; a thousand others make it no longer. */
bool look_one(struct look *l, const char *name);

void look_free(struct look *l);

/* What the interface has received and sent, 0 where there is none. */
void look_bytes(const char *name, uint64_t *in, uint64_t *out);

/* NULL: none. */
const struct look_link *look_link(const struct look *l, const char *name);

/* The route of ours for p into the interface of this index; 0: the unreachable one. */
const struct look_route *look_route(const struct look *l, const struct prefix *p, unsigned index);

/* How many filters look at what comes in by the interface of this index; -1 after a
 * message, where the kernel cannot be asked. This asks now, on the socket of the look. */
int look_filters(struct look *l, unsigned index);

/* The number of an interface now, 0 where there is none. */
unsigned look_index(struct look *l, const char *name);

/* A route of somebody else's that is about (a part of) a prefix. */
struct look_other {
	struct prefix prefix; /* of the route; len 0: there is none */
	char link[IF_NAMESIZE]; /* by which it leads, one of several */
	bool on_link; /* its addresses are looked for on that link itself */
};

/* For each of n prefixes the first route, not of ours and not the default one, that has to
 * do with it. They are in the order of prefix_order(), and none is within another. Where the
 * kernel cannot be asked nothing is found. */
void look_elsewhere(const struct prefix *list, size_t n, struct look_other *others);

#endif
