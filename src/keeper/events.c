/* SPDX-License-Identifier: ISC */
#include "keeper/events.h"

#include <string.h>

#include "common/log.h"

void events_post(struct events *q, enum fsm_event kind, int status)
{
	if (q->n == EVENTS_MAX) {
		log_msg(LOG_ERR, "event %d (status %d) is lost: %d others wait before it",
			(int)kind, status, EVENTS_MAX);
		return;
	}
	q->queue[q->n++] = (struct event){kind, status};
}

bool events_take(struct events *q, struct event *out)
{
	if (q->n == 0)
		return false;
	*out = q->queue[0];
	q->n--;
	memmove(q->queue, q->queue + 1, q->n * sizeof q->queue[0]);
	return true;
}
