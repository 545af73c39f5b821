/* SPDX-License-Identifier: ISC */
#ifndef STEP_H
#define STEP_H

#include "kernel/kernel.h"

/* One ip(8) of struct kernel, from its start to its end. For the files of this room
 * alone. */

/* Has ip(8) run these lines; more: step_feed_rest() follows. Uses the one that waits, if it
 * can do that; otherwise that one is told to end, and this is all of the step. False after a
 * message where none can be run. */
bool step_start(struct kernel *k, const struct lines *l, bool removes, bool more);

/* Feeds the rest, which may be nothing. Then ip(8) is to end by itself, or, where it is
 * to be kept (spare.keep), to tell when it has done its lines. */
void step_feed_rest(struct kernel *k, const struct lines *l);

/* Starts an ip(8) that waits for lines; one that cannot be run is no failure yet. */
void step_prepare(struct kernel *k);

/* It has done its lines, and from now on waits for others. */
void step_keep(struct kernel *k);

/* It gets no more lines, and ends by itself. */
void step_let_go(struct kernel *k);

/* It has ended: with exit status 0, all its lines taken. */
bool step_ok(const struct kernel *k);

/* Says how it ended and what it said, after what. */
void step_complain(const struct kernel *k, int priority, const char *what);

#endif
