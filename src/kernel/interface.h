/* SPDX-License-Identifier: ISC */
#ifndef INTERFACE_H
#define INTERFACE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "common/tunnel.h"

/* Interfaces and their addresses, as the kernel has them now. */

/* Finds the link that has the address; false where none has. */
bool interface_of(struct in_addr address, char link[IF_NAMESIZE]);

/* True where a is an address or a broadcast address of this host, or where the
 * kernel cannot be asked. */
bool interface_is_ours(struct in_addr a);

/* True where the interface of this index has this IPv6 address. */
bool interface_has_address6(unsigned index, const struct in6_addr *a);

/* The link of this name as it is now, for what goes below a tunnel; index and mtu
 * are 0 where there is none. Of the loopback only the MTU: nothing leaves by it. */
struct tunnel_link interface_link(const char *name);

/* 0 where there is no such interface. */
unsigned interface_index(const char *name);

/* In bytes; 0 where there is no such interface. */
unsigned interface_mtu(unsigned index);

/* True where addresses are looked for on the link itself: neither a point-to-point link nor
 * one without such a protocol (IFF_NOARP of netdevice(7)). */
bool interface_has_neighbours(unsigned index);

/* True for a sit tunnel, which is nobody's line. */
bool interface_is_sit(const char *name);

/* True for an IPv4 address that is not 0/8, 127/8 or 169.254/16. */
bool interface_global(struct in_addr a);

#endif
