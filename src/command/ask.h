/* SPDX-License-Identifier: ISC */
#ifndef ASK_H
#define ASK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "rundir/control.h"

/* A command's side of the talk with a keeper. The functions below return one of these, or an
 * exit status. */
enum { ASK_AGAIN = -1, /* it is ending, or gone: look who is there now */
       ASK_LATE = -2,  /* no result by the deadline */
       ASK_SIGNAL = -3 /* *signal_seen was set */ };

/* Reads what a keeper says on fd, and shows its messages, until the result, and
 * where that is its last word, until it has ended. Once it has said that it works on it, the
 * second deadline counts. */
int ask_wait(int fd, int64_t deadline, int64_t working_deadline,
	     const volatile sig_atomic_t *signal_seen);

/* Asks the keeper of iface; as above. Waits up to two seconds for one that is
 * just starting to listen. */
int ask_keeper(int dir, const char *iface, const struct control_request *r, int64_t deadline,
	       int64_t working_deadline,
	       const volatile sig_atomic_t *signal_seen);

/* True where the process that has locked the pidfile of iface is a keeper; false after a
 * message. */
bool ask_is_keeper(const char *iface, pid_t pid);

/* Sleeps for a short while between looks at what another process does. */
void ask_pause(void);

#endif
