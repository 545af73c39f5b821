/* SPDX-License-Identifier: ISC */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/end_times.h"
#include "common/program.h"

/* Runs a script for events, one at a time and beside the caller, which never
 * waits for one. Of the events that come while one runs only the last is kept. */

enum {
	SCRIPT_LIMIT_MS = 30000, /* longest run */
	SCRIPT_URGENT_MS = END_URGENT_MS, /* of what still runs when script_hurry() is called */
	SCRIPT_VARIABLES = 32,
	SCRIPT_PATH_MAX = 1024,
	SCRIPT_ENV_MAX = 12288
};

/* An event, with the environment that the script gets for it. */
struct script_call {
	char event[16]; /* its argument; "": no call */
	char path[SCRIPT_PATH_MAX + 1];
	unsigned n;     /* variables */
	size_t len;     /* bytes of text, the last terminator left out */
	char text[SCRIPT_ENV_MAX]; /* NAME=VALUE, one after the other */
};

struct script {
	const char *who;  /* what each message begins with: not ours */
	struct program run;
	int64_t deadline; /* of the one that runs, or CLOCK_NEVER */
	struct script_call now, next;
};

/* s must be all zero. (It is large, and pages that nobody has written to cost
 * nothing.) who has to outlive it. */
void script_init(struct script *s, const char *who);

/* Begins an event; path is absolute. It takes the place of one that waits. The
 * environment is PATH and what the caller then adds; script_start() ends it. */
struct script_call *script_event(struct script *s, const char *path, const char *event);

/* Adds a variable, and goes on with the value of the last one. What does not fit
 * is left out. */
void script_set(struct script_call *c, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void script_add(struct script_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Runs the event that waits, or leaves it to wait for the one that runs. */
void script_start(struct script *s);

/* Somebody waits for the end of all: what runs now has SCRIPT_URGENT_MS left. */
void script_hurry(struct script *s);

/* s->run.pid ended with this status of waitpid(2); s->deadline has come. */
void script_reaped(struct script *s, int status);
void script_timer(struct script *s, int64_t now);

/* True where none runs and none waits. */
bool script_idle(const struct script *s);

#endif
