/* SPDX-License-Identifier: ISC */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"
#include "common/script.h"
#include "rundir/state.h"

/* What the keeper tells others of how things stand: the state file, the account's
 * script, the service manager, and a line in the log; each change once. */
struct report {
	int dir;                 /* the run directory: not ours to close */
	const char *run_dir;     /* its name, for messages */
	bool notify;             /* the service manager is told */
	bool been_up;
	int64_t began;           /* the state: seconds since boot; 0: there is none yet */
	/* the script */
	unsigned told_index;     /* of the interface then */
	unsigned told_emptied;   /* likewise */
	const char *last_event;  /* NULL: none yet */
	int64_t down_since;      /* since when something is amiss, or CLOCK_NEVER */
	int64_t next_fail;       /* before that no other `fail` is told */
	/* the state file */
	size_t written_len;
	enum state_word written_word;
	bool written_routes;
	bool failed;             /* the last attempt to write it failed */
	/* What is large comes last, and of that first what is always written to: of the rest
	 * no memory is taken. */
	struct state state; /* as it stands; fields that nobody else can tell are set by
			     * those who learn them */
	struct state told;       /* what the last event told the script */
	char written[STATE_FILE_MAX]; /* the state file */
	char error[LOG_TEXT_MAX]; /* the last warning or error that was logged since it came up,
				   * or since the beginning */
	struct script script;
};

/* How things stand, as the parts of the keeper have it. */
struct report_now {
	int64_t now;
	bool up;
	bool in_kernel, routes;  /* a tunnel is there, or may be; routes into it */
	bool settled;            /* routes are out for good: nobody is about to put them back */
	const struct tunnel *tunnel; /* what is in the kernel, while in_kernel */
	unsigned index;          /* of the interface; 0: not known */
	unsigned emptied;        /* how often others had the kernel drop what leads into it */
	const char *link;
	int path_ok;             /* -1 unknown, 0, 1 */
	int64_t path_rtt_us;     /* -1 unknown */
	int64_t lost_at;         /* when the session ended, or CLOCK_NEVER */
	int64_t not_before;      /* no login before, since one was refused; 0: none was */
	const char *script;      /* NULL: none */
};

/* r must be all zero. who and run_dir have to outlive it. */
void report_init(struct report *r, const char *who, int dir, const char *run_dir, bool notify);

/* Tells everybody who has not heard of it yet. */
void report_update(struct report *r, const struct report_now *n);

/* Tells the script `fail`, with the exit status and what was last logged: every account
 * has failed before the tunnel was up. Not more than once a minute. */
enum { REPORT_FAIL_MS = 60000 };
void report_fail(struct report *r, const struct report_now *n, int status);

/* Writes the state file, before the kernel is changed; false after a message. */
bool report_record(struct report *r, const struct report_now *n);

/* Tells the script `down` and the service manager that the end has begun. */
void report_down(struct report *r, const struct report_now *n);

/* When report_update() has something to say although nothing happens, or
 * CLOCK_NEVER. */
int64_t report_wake(const struct report *r);

#endif
