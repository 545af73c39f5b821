/* SPDX-License-Identifier: ISC */
#ifndef LISTS_H
#define LISTS_H

#include "kernel/netlink.h"

/* What the kernel is asked for in more than one place, by netlink_ask_on(), or by
 * netlink_ask() where fd is -1; these return what that does. A kernel may answer with more
 * than is asked for, so what comes is looked at all the same. */

/* One interface, by name, or by index where that is not 0. ENODEV: there is none. */
int lists_link(int fd, const char *name, unsigned index, netlink_fn *fn, void *arg);

/* One interface, by name, with what it has sent and received. */
int lists_counters(const char *name, netlink_fn *fn, void *arg);

/* The interfaces of these names, asked about at once on fd: an answer's nlmsg_seq is the
 * number of its name. Of one that is not there nothing comes. n: LISTS_NAMES at most. */
enum { LISTS_NAMES = 32 };
int lists_named(int fd, const char *const names[], unsigned n, netlink_fn *fn, void *arg);

/* All interfaces; counters: with what they have sent and received, which makes an answer
 * twice as long. */
int lists_links(int fd, bool counters, netlink_fn *fn, void *arg);

/* Addresses of a family, of all interfaces where index is 0. */
int lists_addresses(int fd, unsigned char family, unsigned index, netlink_fn *fn, void *arg);

/* IPv6 routes of the main table: of this type, with this protocol number, into this
 * interface; 0: any. */
struct lists_filter {
	unsigned char type, proto;
	unsigned index;
};
int lists_routes6(int fd, const struct lists_filter *f, netlink_fn *fn, void *arg);

#endif
