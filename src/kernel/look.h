/* SPDX-License-Identifier: ISC */
#ifndef KERNEL_LOOK_H
#define KERNEL_LOOK_H

#include <stdbool.h>

#include "kernel/inventory.h"

/* Finds in the kernel what concerns one tunnel, by its name and route protocol number
 * (those of wanted): its interface with its addresses; of other interfaces the addresses
 * that wanted or ours names; routes into the tunnel that are marked, and those of others
 * that wanted has too; routes that refuse what wanted or ours has a route for. False,
 * after a message, where the kernel cannot be asked.
 *
 * *fd is the socket that asks (netlink_open()), -1 for none yet. It is kept from one look
 * to the next, and replaced where something went wrong on it.
 *
 * It takes 8 system calls, and one more for every other LAN interface after the first,
 * however many routes others have. */
bool look(int *fd, struct inventory *found, const struct inventory *wanted,
	  const struct inventory *ours);

/* True where another route with r's destination and metric goes before r, which is in:
 * device is where it leads, "" where it refuses packets. found is of the last look(). */
bool look_before(const struct inventory *found, const struct inventory_route *r,
		 char device[IF_NAMESIZE]);

/* Finds a sit tunnel that has the ends and the link that are wanted; false where there
 * is none. */
bool look_for_ends(const struct inventory *wanted, char name[IF_NAMESIZE]);

/* True where the kernel knows no routes for certain sources (IPV6_SUBTREES). */
bool look_no_source_routes(void);

#endif
