/* SPDX-License-Identifier: ISC */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>

#include "keeper/fsm.h"

/* What has happened and the state machine has not heard of yet. Whoever meets an
 * event only appends it here: settle() of the loop alone runs the machine. */

enum { EVENTS_MAX = 16 };

struct event {
	enum fsm_event kind;
	int status; /* of EV_FAIL, EV_LOST, EV_KERNEL_FAIL */
};

struct events {
	struct event queue[EVENTS_MAX];
	unsigned n;
};

/* Appends an event. One source causes two or three at most; where the queue is
 * full all the same, the event is lost and the log says so. */
void events_post(struct events *q, enum fsm_event kind, int status);

/* Takes the first one; false where there is none. */
bool events_take(struct events *q, struct event *out);

#endif
