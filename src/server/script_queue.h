/* SPDX-License-Identifier: ISC */
#ifndef SCRIPT_QUEUE_H
#define SCRIPT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/script.h"
#include "server/sessions.h"

/* Runs the script of the file for the beginning and the end of each session, one at a
 * time and in their order, beside the server, which never waits for it. */

/* That wait at most; the oldest goes, with a warning. A user's are few, so that one who comes
 * and goes faster than the script runs does not hold up the others'. */
enum { SCRIPT_QUEUE_MOST = 4096, SCRIPT_QUEUE_USER = 16 };

struct queued_event {
	struct queued_event *next;
	char name[8]; /* "up", "down" */
	char user[CONFIG_NAME_MAX + 1];
	struct far far;
	unsigned index; /* of the interface */
	uint64_t bytes_in, bytes_out;
};

struct script_queue {
	struct script script;
	struct queued_event *first, **last;
	unsigned waiting;
};

/* e must be all zero. */
void script_queue_init(struct script_queue *e);

/* The session s has begun or ended; path is the script, "" for none. */
void script_queue_add(struct script_queue *e, const char *path, const char *name,
		      const struct session *s, uint64_t bytes_in, uint64_t bytes_out);

/* Starts the next one, where none runs. */
void script_queue_work(struct script_queue *e, const char *path);

/* A child was reaped; true where it was a script. */
bool script_queue_reaped(struct script_queue *e, pid_t pid, int status);

bool script_queue_idle(const struct script_queue *e);

/* Kills the one that runs, and leaves out those that wait, with a warning. */
void script_queue_end(struct script_queue *e);

#endif
