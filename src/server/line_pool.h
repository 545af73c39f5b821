/* SPDX-License-Identifier: ISC */
#ifndef LINE_POOL_H
#define LINE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/line.h"

/* Room for what clients have said of a line that is not complete, or that cannot be
 * answered yet. Few are so at a time, and only as many take memory. The addresses are
 * taken at the start, since the front can get no memory once it is in its jail. */
struct line_pool {
	union line_place {
		struct line line;
		union line_place *next;
	} *all, *spare; /* spare: those that were in use, the last one first */
	uint32_t begun;	/* of all, those before this were in use */
};

/* For n of them. False where memory is short. */
bool line_pool_init(struct line_pool *p, uint32_t n);

/* An empty one. */
struct line *line_pool_take(struct line_pool *p);

/* It is not needed any more. */
void line_pool_give(struct line_pool *p, struct line *l);

#endif
