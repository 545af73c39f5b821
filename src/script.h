/* SPDX-License-Identifier: ISC */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "run.h"
#include "state.h"

enum {
	SCRIPT_LIMIT_MS = 30000,
	SCRIPT_URGENT_MS = 700, /* of one that the last event waits for */
	SCRIPT_VARIABLES = 16,
	SCRIPT_ENV_MAX = 12288
};

/* An event with the environment that it had when it happened. */
struct script_call {
	const char *event; /* NULL: none */
	char path[ACCOUNT_LINE_MAX + 1];
	char *env[SCRIPT_VARIABLES];
	char text[SCRIPT_ENV_MAX];
};

/* Runs script= for events, one at a time beside the keeper; of events that
 * wait the last remains. */
struct script {
	struct run run;
	int64_t deadline; /* of the one that runs, or CLOCK_NEVER */
	struct script_call now, next;
};

/* s must be all zero (and is large: memory that nobody has touched is best). */
void script_init(struct script *s);

/* An event (up, lost, change, down) of how things stand; old_local and
 * old_prefixes as they were at the event before. With urgent the one that runs
 * has to be over soon. */
void script_tell(struct script *s, const char *path, const char *event,
		 const struct state *st, const struct state *old, bool urgent);

/* The child was reaped; its time has come. */
void script_reaped(struct script *s, const char *iface, int status);
void script_timer(struct script *s, int64_t now);

bool script_idle(const struct script *s);

#endif
