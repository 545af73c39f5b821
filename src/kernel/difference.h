/* SPDX-License-Identifier: ISC */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include "kernel/inventory.h"
#include "kernel/ip_lines.h"

/* From what is found in the kernel to what is wanted there. Pure. */

/* What a line is about. */
enum part {
	PART_NONE,         /* there is no line */
	PART_REMOVAL,      /* something is to go */
	PART_INTERFACE,    /* the interface is not there */
	PART_ENDS,         /* its ends, TTL or link are others */
	PART_UP,           /* it is down, or has another MTU */
	PART_ADDRESS,      /* an address of the interface is missing */
	PART_LAN,          /* an address of a LAN interface is missing */
	PART_REFUSING,     /* a route that refuses packets is missing */
	PART_SOURCE_ROUTE, /* a route for certain sources is missing */
	PART_ROUTE         /* a route into the tunnel is missing */
};

struct difference {
	enum part first; /* the first line's */
	unsigned nth;    /* PART_LAN: its number in wanted->addresses */
	struct lines lines;
};

/* Makes the lines for ip(8) that lead from found to wanted, in the order in which they
 * are to be run, none where nothing differs. What goes: routes into the tunnel that are
 * marked as ours, and of what ours lists (inventory_ours()) the addresses and those
 * routes that are marked. Everything else that is found and not wanted is somebody
 * else's and stays; what somebody else made as it is wanted is taken as it is.
 *
 * Where the interface is missing its line is the last one, since the rest is up to what
 * is found once it is there. Where !wanted->exists the interface goes, if it is a sit
 * tunnel. Addresses are left out where their device is not there or has no IPv6.
 * Settings are no lines: those of found->settings & wanted->settings are to be set to
 * 0, once the interface is there and before it is up. */
void difference(const struct inventory *found, const struct inventory *wanted,
		const struct inventory *ours, struct difference *d);

#endif
