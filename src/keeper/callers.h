/* SPDX-License-Identifier: ISC */
#ifndef CALLERS_H
#define CALLERS_H

#include <stdbool.h>

#include "rundir/control.h"

/* Commands that are connected, and what each is told: messages while it waits, and
 * at last an exit status. */

enum { CALLERS_MAX = 16 };

struct caller {
	int fd;       /* -1: none */
	bool waiting; /* for the outcome of what it asked */
	bool hasty;   /* is answered as soon as its request was worked off */
	struct in_addr awaits; /* is up to its wish only with this address; 0.0.0.0: with any */
	bool idle;    /* the tunnel was up already when it asked for it, and is since */
	struct control_request asked;
};

struct callers {
	int listener; /* -1: none */
	struct caller list[CALLERS_MAX];
};

void callers_init(struct callers *c);
void callers_close(struct callers *c);

/* Takes a caller that connects. Where there is no room it is turned away, and asks
 * again. */
void callers_accept(struct callers *c);

/* The caller that has started this keeper, with what it asks. */
void callers_add(struct callers *c, int fd, const struct control_request *asked);

/* Reads from one whose descriptor is readable. True with a request; one that is gone or
 * says nonsense is hung up on. */
bool caller_recv(struct caller *one, struct control_request *q);

/* It is told messages, and the outcome, from now on. */
void caller_waits(struct caller *one, const struct control_request *q);

/* Answers it, and hangs up. */
void caller_answer(struct caller *one, int status);
void caller_ask_next(struct caller *one); /* this keeper is ending */

/* A message to all who wait and want such urgent ones: a log_fn. */
void callers_log(void *arg, int priority, const char *text);

/* Whether one of them wants messages of this priority. */
bool callers_want(const struct callers *c, int priority);

bool callers_waiting(const struct callers *c);

/* There is another session now: when it is up, that is news to each who waits. */
void callers_login(struct callers *c);

/* Says that the tunnel was up already, where one of those who are about to hear that it
 * is up asked for it then. hasty: of those who do not wait. */
void callers_say_idle(const struct callers *c, const char *interface, bool hasty);

/* Tells those who wait for the tunnel that it is up, with this near end, or that it has failed
 * with this status. After a failure one with --persist goes on waiting. */
void callers_answer(struct callers *c, int status, struct in_addr local);

/* Answers those who are hasty. */
void callers_answer_hasty(struct callers *c, bool up);

/* The keeper ends with this status; left: the tunnel could not be removed. Who wanted it down
 * hears about that alone, whatever the keeper failed by before. The connections stay open: the
 * end of the process tells the callers. */
void callers_answer_last(struct callers *c, const char *interface, int status, bool left);

#endif
