/* SPDX-License-Identifier: ISC */
#ifndef LINK_H
#define LINK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "offer.h"

/* The link below the tunnel, as the kernel has it now. */

/* Finds the address of link to use: prefer where the link has it, else its
 * first global one (not 127/8, not 169.254/16). False where it has none. */
bool link_address(const char *link, struct in_addr prefer, struct in_addr *out);

/* Finds the link that has the address; false where none has. */
bool link_of(struct in_addr address, char link[IF_NAMESIZE]);

/* True for an offer of this type that passes offer_check() and whose far end is
 * neither an address nor a broadcast address of this host; else says why not. */
bool link_offer_ok(struct offer *o, enum dtcp_type type, char why[OFFER_WHY_MAX]);

/* True where an interface has this IPv6 address. */
bool link_has_address6(const char *name, const struct in6_addr *a);

/* Bytes; 0 where there is no such link. */
unsigned link_mtu(const char *link);

/* 0 where there is no such interface. */
unsigned link_index(const char *name);

enum link_kind { LINK_ABSENT, LINK_SIT, LINK_OTHER, LINK_UNKNOWN };

/* What the interface of this name is (ARPHRD_SIT of <linux/if_arp.h>);
 * LINK_UNKNOWN after a message, where the kernel could not be asked. */
enum link_kind link_kind(const char *name);

/* True for a global IPv4 address in the sense above. */
bool link_global(struct in_addr a);

#endif
