/* SPDX-License-Identifier: ISC */
/* A buffer of netlink messages. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "kernel/watch.h"

static void check(void *arg, const struct watch_event *e)
{
	unsigned *events = arg;

	(*events)++;
	MUST(e->kind == WATCH_ADDRESS4 || e->kind == WATCH_LINK_NEW ||
	     e->kind == WATCH_LINK_GONE || e->kind == WATCH_ADDRESS6_GONE ||
	     e->kind == WATCH_ROUTE_GONE || e->kind == WATCH_ROUTE_REPLACED ||
	     e->kind == WATCH_ROUTE4);
	MUST(memchr(e->name, '\0', sizeof e->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *aligned = malloc(size ? size : 1);
	unsigned events = 0;

	memcpy(aligned, data, size);
	watch_parse(aligned, size, check, &events);
	free(aligned);
	MUST(events <= size / 16); /* the size of a message's header */
	return 0;
}
