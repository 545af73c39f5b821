/* SPDX-License-Identifier: ISC */
#include "server/line_pool.h"

#include <stdlib.h>

bool line_pool_init(struct line_pool *p, uint32_t n)
{
	/* Not calloc(3), which may write to it: what nobody uses is to take no memory. */
	*p = (struct line_pool){.all = malloc(n * sizeof *p->all)};
	return p->all;
}

struct line *line_pool_take(struct line_pool *p)
{
	union line_place *place = p->spare;

	if (place)
		p->spare = place->next;
	else
		place = &p->all[p->begun++];
	place->line.used = place->line.len = 0;
	return &place->line;
}

void line_pool_give(struct line_pool *p, struct line *l)
{
	union line_place *place = (union line_place *)l;

	place->next = p->spare;
	p->spare = place;
}
