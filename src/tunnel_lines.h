/* SPDX-License-Identifier: ISC */
#ifndef TUNNEL_LINES_H
#define TUNNEL_LINES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "tunnel.h"

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
/* Routes into the tunnel; verb "add", or "replace" for those that may be there. */
void tunnel_routes(const struct tunnel *t, const char *verb, struct lines *l);
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
