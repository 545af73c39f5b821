/* SPDX-License-Identifier: ISC */
#ifndef NETLINK_READ_H
#define NETLINK_READ_H

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/prefix.h"

/* What a message of rtnetlink(7) holds. Pure. */

/* What rtnetlink(7) says, message by message. */
typedef void netlink_fn(void *arg, const struct nlmsghdr *h);

/* Calls fn for each whole message in a buffer, whatever the buffer holds. */
void netlink_each(const void *buf, size_t len, netlink_fn *fn, void *arg);

/* The first attribute of this type with at least size bytes, behind the fixed
 * part of a message, which has to be there as a whole. NULL: none. */
const struct rtattr *netlink_attr(const struct nlmsghdr *h, size_t fixed, unsigned short type,
				  size_t size);

/* The same among the attributes within another one. */
const struct rtattr *netlink_within(const struct rtattr *outer, unsigned short type, size_t size);

/* The fixed part, of this size, of a message of this type; NULL for a message of another
 * type, or one that is too short. */
const void *netlink_body(const struct nlmsghdr *h, unsigned short type, size_t size);

/* Copies what an attribute holds; leaves *to as it is where a is NULL or too short. */
void netlink_get(void *to, size_t size, const struct rtattr *a);

/* An attribute of 32 bits, 0 where there is none. */
uint32_t netlink_word(const struct nlmsghdr *h, size_t fixed, unsigned short type);

/* The name in a message about an interface, "" where it has none. */
void netlink_name(const struct nlmsghdr *h, char name[IF_NAMESIZE]);

/* An interface. */
struct netlink_link {
	unsigned index, type, flags, mtu; /* type: ARPHRD_, flags: IFF_, mtu in bytes */
	char name[IF_NAMESIZE];
};

/* False, with *l as it was, for a message that does not tell of an interface that is there. */
bool netlink_link(const struct nlmsghdr *h, struct netlink_link *l);

/* What a message about a sit interface says of the tunnel; 0 for what it does not say. */
struct netlink_ends {
	struct in_addr local, remote;
	uint8_t ttl;
	unsigned link; /* the interface below */
};
void netlink_ends(const struct nlmsghdr *h, struct netlink_ends *e);

/* An IPv6 route of the main table. */
struct netlink_route6 {
	unsigned char type, proto;
	struct prefix to, from; /* from.len 0: whatever the source */
	uint32_t metric;
	unsigned index; /* of the interface that it leads into, 0: not just one */
};

/* False for any other message. */
bool netlink_route6(const struct nlmsghdr *h, struct netlink_route6 *r);

#endif
