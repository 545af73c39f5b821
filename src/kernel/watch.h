/* SPDX-License-Identifier: ISC */
#ifndef WATCH_H
#define WATCH_H

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>

/* What rtnetlink(7) says of changes, reduced to what the keeper acts on. */
enum watch_kind {
	WATCH_ADDRESS4,   /* some IPv4 address came or went */
	WATCH_LINK_NEW,   /* interface name, index: there, or changed */
	WATCH_LINK_GONE,  /* interface name, index */
	WATCH_ADDRESS6_GONE, /* index, address */
	WATCH_ROUTE_GONE, /* a route of our protocol number was removed: index, or 0; address:
			   * where to, or, for a default route, from where; :: for any */
	WATCH_ROUTE_REPLACED, /* somebody's IPv6 route took the place of another, by hand or by
			       * a script; what that was the kernel does not say */
	WATCH_ROUTE4,     /* an IPv4 default route or rule came, went or changed */
	WATCH_OVERFLOW    /* messages were lost: ask the kernel anew */
};

struct watch_event {
	enum watch_kind kind;
	unsigned index;
	char name[IF_NAMESIZE]; /* "" where unknown */
	struct in6_addr address;
};

typedef void watch_fn(void *arg, const struct watch_event *e);

/* Opens the socket (non-blocking, close-on-exec), which hears of no other sit
 * tunnel than the one of this name; -1 with errno. */
int watch_open(const char *name);

/* Has a socket drop, before anybody is woken, what does not concern the tunnel
 * of this name. 0, or -1 with errno. */
int watch_filter(int fd, const char *name);

/* Reads what is there and calls fn for each event. */
void watch_read(int fd, watch_fn *fn, void *arg);

/* The same from a buffer of netlink messages, whatever they hold. */
void watch_parse(const void *buf, size_t len, watch_fn *fn, void *arg);

#endif
