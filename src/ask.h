/* SPDX-License-Identifier: ISC */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"

/* A command's side of the talk with a keeper. Otherwise an exit status. */
enum { ASK_AGAIN = -1, /* it is ending, or gone: look who is there now */
       ASK_LATE = -2,  /* no result by the deadline */
       ASK_SIGNAL = -3 /* *signal_seen was set */ };

/* Reads what a keeper says on fd, and shows its messages, until the result. */
int ask_wait(int fd, int64_t deadline, const volatile int *signal_seen);

/* Asks the keeper of iface; as above. Waits up to two seconds for one that is
 * just starting to listen. */
int ask_keeper(int dir, const char *iface, const struct control_request *r, int64_t deadline,
	       const volatile int *signal_seen);

/* Sleeps for a short while between looks at what another process does. */
void ask_pause(void);

#endif
