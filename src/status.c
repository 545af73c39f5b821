/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "options.h"
#include "rundir.h"
#include "state.h"
#include "status_codes.h"
#include "status_print.h"

struct status {
	const struct options *options;
	int dir;
	unsigned shown, up;
};

static void one(void *arg, const char *iface)
{
	struct status *st = arg;
	const struct options *o = st->options;
	struct state s;

	if (o->interface[0] && strcmp(o->interface, iface) != 0)
		return;
	if (!state_read(st->dir, iface, &s))
		state_init(&s, iface);
	if (o->link[0] && strcmp(o->link, s.link) != 0)
		return;
	if (!state_alive(&s)) {
		s.word = STATE_DOWN;
		s.pid = 0;
	}
	if (o->json)
		status_json(&s, st->shown == 0);
	else
		status_text(&s, st->shown == 0);
	st->shown++;
	st->up += s.word == STATE_UP;
}

int command_status(const struct options *o)
{
	struct status st = {.options = o};

	log_setup(LOG_TO_STDERR, options_threshold(o));
	if (o->json)
		printf("[");
	st.dir = rundir_open(o->run_dir, false);
	if (st.dir >= 0) {
		rundir_each(st.dir, one, &st);
		close(st.dir);
	}
	if (!st.shown && o->interface[0] && !o->link[0]) {
		/* Asked for by name, it has an answer even where nothing is known. */
		st.dir = -1;
		one(&st, o->interface);
	} else if (!st.shown && !o->json) {
		printf("no tunnel is kept%s%s\n", o->link[0] ? " for link " : "", o->link);
	}
	if (o->json)
		printf("]\n");
	if (!log_stdout_done())
		return STATUS_SYSTEM;
	return st.shown && st.up == st.shown ? STATUS_OK : STATUS_NOT_UP;
}
