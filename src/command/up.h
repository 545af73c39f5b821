/* SPDX-License-Identifier: ISC */
#ifndef UP_H
#define UP_H

#include <stdbool.h>

struct account;
struct options;
struct state;

/* Whether an event of this link is worth starting a keeper with these accounts. last:
 * what a keeper that was killed knew. */
typedef bool up_worth_fn(const struct account *accounts, const char *link,
			 const struct state *last);

/* Brings one interface up: asks its keeper, or starts one, where worth (NULL: in any
 * case) says so. Returns the exit status. */
int up_interface(const struct options *o, up_worth_fn *worth);

#endif
