/* SPDX-License-Identifier: ISC */
#ifndef STEP_H
#define STEP_H

#include "kernel/kernel.h"

/* One ip(8) of struct kernel, from its start to its end. For the files of this room
 * alone. */

/* Starts ip(8) and feeds it these lines; more: step_feed_rest() follows. False after a
 * message where it cannot be run. */
bool step_start(struct kernel *k, const struct lines *l, bool removes, bool more);

/* Feeds the rest, which may be nothing; ip(8) is to end by itself then. */
void step_feed_rest(struct kernel *k, const struct lines *l);

/* It has ended: with exit status 0, all its lines taken. */
bool step_ok(const struct kernel *k);

/* Says how it ended and what it said, after what. */
void step_complain(const struct kernel *k, int priority, const char *what);

#endif
