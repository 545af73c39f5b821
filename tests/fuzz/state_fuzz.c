/* SPDX-License-Identifier: ISC */
/* The state file: what is read of it can be written and read again, printed,
 * and undone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rundir/state.h"
#include "command/status_print.h"
#include "kernel/difference.h"

static void check_printed(const struct state *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *saved = stdout, *memory = open_memstream(&text, &len);

	MUST(memory);
	stdout = memory;
	status_json(s, true);
	status_text(s, false);
	stdout = saved;
	fclose(memory);
	for (size_t i = 0; i < len; i++)
		MUST((text[i] >= 0x20 && text[i] < 0x7f) || text[i] == '\n');
	free(text);
}

/* No line is more than one, and none is about another tunnel. */
static void check_undone(const struct tunnel *t)
{
	static struct inventory found, wanted, ours;
	static struct difference d;
	unsigned ends = 0;

	inventory_of(&found, t, true);
	inventory_ours(&ours, t);
	inventory_start(&wanted, t->name, TUNNEL_ROUTE_PROTO);
	difference(&found, &wanted, &ours, &d);
	MUST(!d.lines.full);
	for (const char *c = d.lines.text; *c; c++)
		ends += *c == '\n';
	MUST(ends == d.lines.count);
	MUST(strstr(d.lines.text, "tunnel del name dtcp0\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char one[STATE_FILE_MAX], two[STATE_FILE_MAX];
	static struct state s, again;
	size_t len;

	fuzz_log();
	state_init(&s, "dtcp0");
	state_parse(&s, (const char *)data, size);
	MUST(strcmp(s.tunnel.name, "dtcp0") == 0);
	MUST(s.tunnel.n_prefixes <= TUNNEL_PREFIXES && s.tunnel.n_lans <= TUNNEL_LANS &&
	     s.tunnel.n_routes <= TUNNEL_ROUTES);
	len = state_format(&s, one);
	MUST(len > 0 && len == strlen(one));
	state_init(&again, "dtcp0");
	state_parse(&again, one, len);
	MUST(state_format(&again, two) == len && memcmp(one, two, len) == 0);
	check_printed(&s);
	check_undone(&s.tunnel);
	return 0;
}
