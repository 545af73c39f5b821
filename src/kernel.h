/* SPDX-License-Identifier: ISC */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "run.h"
#include "tunnel.h"

struct watch_event;

/* Brings what is in the kernel to what is wanted there, by one ip(8) at a
 * time, which is fed lines for `ip -batch -` and never waited for. */

enum kernel_op { KOP_NONE, KOP_BUILD, KOP_MOVE, KOP_ROUTES, KOP_LAN, KOP_UNDO };

struct kernel {
	/* what is, or may be, in the kernel */
	struct tunnel now;
	bool exists, routes;
	/* what is wanted there */
	struct tunnel want;
	bool want_exists, want_routes;
	/* what is under way */
	enum kernel_op op;
	bool target_routes;    /* of the op */
	bool added;            /* KOP_BUILD: the interface is there, the rest was fed */
	bool unread;           /* ip(8) did not take all of its lines */
	bool explained;        /* why the op fails has been said */
	bool retried;          /* KOP_UNDO: the second try */
	bool failed;           /* an op failed since the last kernel_want() */
	bool left;             /* something could not be removed */
	bool doubt;            /* what is there has to be looked at again */
	bool again;            /* KOP_ROUTES: those that should be there already */
	bool no_source_routes; /* the kernel said so */
	int64_t rebuilt;       /* when somebody made that necessary; 0: never */
	int64_t deadline;      /* of the program that runs, or CLOCK_NEVER */
	int64_t end_by;        /* everything must be over by then, or CLOCK_NEVER */
	struct run run;
	/* Writes down what is about to be made, for whoever comes after a crash;
	 * false where it cannot. */
	bool (*record)(void *arg);
	void *record_arg;
};

enum kernel_result {
	KERNEL_BUSY,
	KERNEL_DONE,  /* the kernel holds what is wanted */
	KERNEL_FAILED /* after a message; all was removed again unless k->left */
};

/* record: see struct kernel; NULL where nothing will be wanted but the end of
 * what kernel_adopt() is told. */
void kernel_init(struct kernel *k, bool (*record)(void *arg), void *arg);

/* Says that this is (perhaps only in part) in the kernel, and not as it should
 * be: it is removed before anything is built. */
void kernel_adopt(struct kernel *k, const struct tunnel *t);

/* Sets what is wanted; t NULL: nothing. Then goes on as kernel_go(). */
enum kernel_result kernel_want(struct kernel *k, const struct tunnel *t, bool routes);
enum kernel_result kernel_want_routes(struct kernel *k, bool routes);

/* Starts whatever is needed next, if nothing is under way. */
enum kernel_result kernel_go(struct kernel *k);

/* Says that all must be over at end_by: programs get shares of that time. */
void kernel_hurry(struct kernel *k, int64_t now, int64_t end_by);

/* What the keeper's loop tells. */
enum kernel_result kernel_reaped(struct kernel *k, int status); /* k->run.pid ended */
void kernel_timer(struct kernel *k, int64_t now); /* k->deadline */
/* A change of the kernel, ours or somebody else's (kernel_watch.c). */
void kernel_watch(struct kernel *k, const struct watch_event *e);

#endif
