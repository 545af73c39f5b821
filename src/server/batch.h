/* SPDX-License-Identifier: ISC */
#ifndef BATCH_H
#define BATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/program.h"
#include "server/far.h"
#include "server/orphan.h"

/* ip(8) or tc(8) at work on lines, one at a time. */
struct batch {
	struct far_lines lines; /* what the next one is to do */
	struct program run;
	size_t fed;	  /* bytes of lines that the program has */
	int64_t deadline; /* of the program, of CLOCK_MONOTONIC, or CLOCK_NEVER */
	int64_t limit_ms; /* for which it may do nothing */
	char mark[ORPHAN_MARK_MAX]; /* in the environment of each program, see orphan.h */
	char said[256];	  /* the first line that was printed since batch_forget() */
};

void batch_init(struct batch *b);
void batch_free(struct batch *b);

/* No lines, and no memory for them. They go by themselves when their program has ended. */
void batch_clear(struct batch *b);

/* Forgets what was said. */
void batch_forget(struct batch *b);

/* What was said, for the end of a message. */
const char *batch_said(const struct batch *b);

/* Runs the program of this path on the lines, and does not wait for it. False after a
 * message. */
bool batch_start(struct batch *b, char *path);

/* The same, to its end; there are no lines afterwards. */
bool batch_run(struct batch *b, char *path);

static inline bool batch_runs(const struct batch *b)
{
	return b->run.pid != 0;
}

/* Time is short from now on: a program that hangs has END_IP_MS. */
void batch_hurry(struct batch *b);

/* True where the program that runs has taken its lines, and nothing was heard of it since, for
 * so long that batch_heard() will kill it. */
bool batch_hangs(const struct batch *b);

/* Something was heard of it: it is at work, however slow. */
void batch_works(struct batch *b);

/* For poll(2): BATCH_POLLS entries. batch_heard() takes them back, and kills a program
 * that hangs. */
enum { BATCH_POLLS = 2 };
void batch_polls(const struct batch *b, struct pollfd p[BATCH_POLLS]);
void batch_heard(struct batch *b, const struct pollfd p[BATCH_POLLS]);

/* A child was reaped; true where it was this program. */
bool batch_reaped(struct batch *b, pid_t pid, int status);

#endif
