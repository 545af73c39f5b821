/* SPDX-License-Identifier: ISC */
#ifndef FAR_H
#define FAR_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/prefix.h"
#include "common/tunnel.h"
#include "server/config.h"

/* Our end of one user's tunnel, as data, and the lines for ip(8) and tc(8) that make
 * it. */

enum {
	/* The protocol number of all routes that dtcpd makes. Numbers below 16 are the
	 * kernel's own meanings, 202 is dtcp-up's, and none of rt_protos of iproute2 has
	 * this one. */
	FAR_ROUTE_PROTO = 203,
	/* Of routes into tunnels: before those that others have of the same prefix without naming a
	 * metric, which is 1024 then, such as an unreachable one for all of it. */
	FAR_METRIC = 1023,
};

struct far {
	char name[IF_NAMESIZE];
	enum dtcp_type type;
	unsigned n_prefixes; /* type network */
	struct prefix prefixes[CONFIG_PREFIXES_MAX];
	struct in6_addr client6, server6; /* type host */
	/* What far_move() can change. */
	struct in_addr local, remote;
	unsigned mtu; /* bytes */
	uint8_t ttl;
};

/* Makes the end that user u is to have for a tunnel of this type. way_mtu is that of the way
 * to the client, in bytes, 0 where unknown. */
void far_plan(struct far *f, const struct config_user *u, enum dtcp_type type, const char *name,
	      struct in_addr local, struct in_addr remote, unsigned way_mtu);

bool far_equal(const struct far *a, const struct far *b);

/* True where a can become b by far_move(). */
bool far_movable(const struct far *a, const struct far *b);

/* The words of the answer to a login, after +OK: client first, then server. */
void far_offer(const struct far *f, char *out, size_t size);

/* Text that grows; what does not fit into memory sets failed. Free text. */
struct far_lines {
	char *text;
	size_t len, size;
	bool failed;
};

void far_line(struct far_lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Lines for `ip -force -batch -`, in this order: the interface, still down; then, when
 * far_filter() has been carried out, all the rest. */
void far_add(struct far_lines *l, const struct far *f);
void far_configure(struct far_lines *l, const struct far *f);

/* From whatever ends, MTU and TTL it has to those of to. */
void far_move(struct far_lines *l, const struct far *to);

/* The interface goes, and with it its routes, addresses and filters. */
void far_remove(struct far_lines *l, const char *name);

/* The unreachable route of a prefix: packets to a user who is away are answered, and do not go
 * round in circles. verb is "add" or "del". */
void far_unreachable(struct far_lines *l, const char *verb, const struct prefix *p);

/* Lines for `tc -force -batch -`: what comes out of the tunnel is dropped unless its
 * source is link-local or the user's. */
void far_filter(struct far_lines *l, const struct far *f);

/* How many filters that makes. */
unsigned far_filters(const struct far *f);

#endif
