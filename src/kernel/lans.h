/* SPDX-License-Identifier: ISC */
#ifndef LANS_H
#define LANS_H

#include <stdbool.h>

struct inventory;
struct inventory_address;
struct kernel;

/* The LAN interfaces of a tunnel (lan= of the account): what each is to us, struct
 * tunnel_lan. None of them is a reason for a tunnel to fail. For the files of this room
 * alone. */

/* Says what each is by what was found there, and tells of one that is missing or takes no
 * address. True where that has changed. */
bool lans_judge(struct kernel *k, const struct inventory *found);

/* ip(8) could not give one its address: it gets none until something about it changes. */
void lans_refuse(struct kernel *k, const struct inventory_address *a);

/* True for the name of one of them. One that refused its address may take it now. */
bool lans_concern(struct kernel *k, const char *name);

#endif
