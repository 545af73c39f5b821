/* SPDX-License-Identifier: ISC */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "rundir/netns.h"
#include "server/record.h"
#include "server/sessions.h"

struct builder;

/* dtcpd.state of the run directory: what record.h says, on the disk. */

/* Reads it in directory dir, and calls fn for each line that is understood. False with
 * errno where it cannot be read. */
typedef void record_fn(void *arg, enum record_kind kind, const struct record_line *r);
bool record_file_read(int dir, record_fn *fn, void *arg);

/* The file as root keeps it: when it was written, and when it is to be. */
struct record_file {
	int *dir, *pidfile;  /* the run directory and its lock, which may have to be made anew */
	const char *run_dir; /* its path */
	const struct sessions *sessions;
	const struct standing *standing;
	bool listens;	  /* the front has begun to */
	bool known;	  /* what was left from before is known, and so in what is written */
	bool lost;	  /* another process has the run directory: */
	int64_t look_at;  /* when it is looked at again */
	bool written;	  /* the file is there */
	bool stale;	  /* it could not be written the last time, and that was said */
	int64_t write_at; /* when it is to be written anew, or CLOCK_NEVER */
};

void record_file_init(struct record_file *r, int *dir, int *pidfile, const char *run_dir,
		      const struct sessions *sessions, const struct standing *standing);

/* Where the namespace of a line of the file is. NETNS_OTHER after a message: the run directory
 * is that one's. */
enum netns_place record_file_place(unsigned long long netns, const char *run_dir);

/* Has b remove what a dtcpd that was killed has left, as far as the file says. False after a
 * message, where there is one that cannot be read, or is about another network namespace: then
 * it stays as it is, for the next. */
bool record_file_take_over(struct record_file *r, struct builder *b);

/* Writes it now, in a run directory that is made anew where somebody has removed it; arg is the
 * struct record_file, as struct builder_how wants it. False after a message; then it is tried
 * again a second later, without one. */
bool record_file_write(void *arg);

/* It is to be written within so many milliseconds. */
void record_file_soon(struct record_file *r, int64_t in_ms);

/* Writes it where it is time for that. */
void record_file_work(struct record_file *r);

/* Removes it: nothing is left of which it would have to tell. */
void record_file_remove(const struct record_file *r);

#endif
