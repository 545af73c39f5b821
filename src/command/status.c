/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/commands.h"
#include "command/options.h"
#include "command/status_print.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "rundir/presence.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"

struct status {
	const struct options *options;
	int dir;
	unsigned shown, up;
	bool unknown;   /* some state could not be read */
	bool elsewhere; /* some is of another network namespace */
};

static void show(struct status *st, const struct state *s)
{
	if (st->options->json)
		status_json(s, st->shown == 0);
	else
		status_text(s, st->shown == 0);
	st->shown++;
	st->up += s->word == STATE_UP;
}

static void one(void *arg, const char *iface)
{
	struct status *st = arg;
	const struct options *o = st->options;
	struct state s;

	if (o->interface[0] && strcmp(o->interface, iface) != 0)
		return;
	if (!state_read(st->dir, iface, &s) && errno != ENOENT) {
		st->unknown = true;
		return;
	}
	if (o->link[0] && !state_on_link(&s, o->link))
		return;
	if (state_elsewhere(&s, o->run_dir)) {
		st->elsewhere = true;
		return;
	}
	/* Mounted with hidepid=, /proc shows other users no process of root's. */
	if (!state_alive(&s) && !presence_is(o->run_dir, iface, s.pid)) {
		s.word = STATE_DOWN;
		s.pid = 0;
	}
	show(st, &s);
}

/* Of all that is in the run directory. False after a message. */
static bool all(struct status *st)
{
	const char *path = st->options->run_dir;
	bool known;

	presence_wake(path, st->options->interface);
	st->dir = rundir_open(path, false);
	if (st->dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	known = st->dir >= 0 && rundir_each(st->dir, one, st);
	if (!known)
		log_msg(LOG_ERR, "%s: cannot be read: %m", path);
	if (st->dir >= 0)
		close(st->dir);
	return known && !st->unknown;
}

int command_status(const struct options *o)
{
	struct status st = {.options = o};
	struct state none;
	bool known;

	if (o->json)
		printf("[");
	known = all(&st);
	if (known && !st.shown && !st.elsewhere && o->interface[0] && !o->link[0]) {
		/* Asked for by name, it has an answer even where nothing is known. */
		state_init(&none, o->interface);
		show(&st, &none);
	} else if (known && !st.shown && !st.elsewhere && !o->json) {
		printf("no tunnel%s%s\n", o->link[0] ? " for link " : "", o->link);
	}
	if (o->json)
		printf("]\n");
	if (!log_stdout_done() || !known)
		return STATUS_SYSTEM;
	return st.shown && st.up == st.shown && !st.elsewhere ? STATUS_OK : STATUS_NOT_UP;
}
