/* SPDX-License-Identifier: ISC */
#ifndef STANDING_H
#define STANDING_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/config.h"
#include "server/far.h"
#include "server/look.h"

/* What is to be in the kernel whoever is connected: an unreachable route for each prefix.
 * And what is not to be there: what a dtcpd before this one left. */

struct prefixes {
	struct prefix *list;
	size_t n, room;
};

struct standing {
	struct prefixes wanted, old; /* old: to go, unless they are wanted, too */
	char (*leftovers)[IF_NAMESIZE]; /* interfaces */
	size_t n_leftovers;
	bool due;	/* something of it is to be done ... */
	int64_t at;	/* ... at this time, of CLOCK_MONOTONIC */
	bool asked;	/* ip(8) has got its lines */
	unsigned tries; /* that have failed, one after the other */
};

void standing_free(struct standing *s);

/* The prefixes of the users of c are wanted, in place of those before; NULL: none. False
 * where memory is short. */
bool standing_users(struct standing *s, const struct config *c);

/* An interface that is to go; a prefix whose route is. False where memory is short. */
bool standing_leftover(struct standing *s, const char *name);
bool standing_leftover_prefix(struct standing *s, const struct prefix *p);

/* Adds the lines for ip(8), if it is time: none where all is as it should be. */
void standing_plan(struct standing *s, struct far_lines *lines);

/* An interface of this name is made: a leftover that had it is gone. */
void standing_made(struct standing *s, const char *name);

/* After ip(8): what it was asked for is there, and gone, or is tried again, after a message with
 * what it said. l NULL: that is not known. True where all is done, or fewer interfaces are left:
 * the record is to say so. */
bool standing_judge(struct standing *s, const struct look *l, const char *said);

/* Somebody may have removed a route. */
void standing_look(struct standing *s, const struct look *l);

/* How many milliseconds the next try waits for after so many that have failed: also of what else
 * cannot be removed. */
int64_t standing_pause_ms(unsigned tries);

/* True where all that can be done at once was tried. */
bool standing_stuck(const struct standing *s);

#endif
