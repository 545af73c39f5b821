/* SPDX-License-Identifier: ISC */
/* The state file: what is read of it can be written and read again, printed,
 * and undone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "state.h"
#include "status_print.h"
#include "tunnel_lines.h"

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
	static struct lines l;
	unsigned ends = 0;

	lines_start(&l);
	tunnel_undo(t, true, true, &l);
	MUST(!l.overflow);
	for (const char *c = l.text; *c; c++)
		ends += *c == '\n';
	MUST(ends == l.count);
	MUST(strstr(l.text, "tunnel del name dtcp0\n"));
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
	MUST(s.tunnel.n_prefixes <= OFFER_PREFIXES && s.tunnel.n_lans <= ACCOUNT_LANS &&
	     s.tunnel.n_routes <= ACCOUNT_ROUTES);
	len = state_format(&s, one, &(size_t){0});
	MUST(len > 0 && len == strlen(one));
	state_init(&again, "dtcp0");
	state_parse(&again, one, len);
	MUST(state_format(&again, two, &(size_t){0}) == len && memcmp(one, two, len) == 0);
	check_printed(&s);
	check_undone(&s.tunnel);
	return 0;
}
