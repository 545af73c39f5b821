/* SPDX-License-Identifier: ISC */
#ifndef PRESENCE_H
#define PRESENCE_H

#include <stdbool.h>
#include <sys/types.h>

/* A keeper's name outside of the run directory, by which it is found when somebody
 * has emptied that: an abstract socket (unix(7)), which is there for as long as its
 * process and belongs to the same network namespace as the tunnel. Anyone could take
 * such a name, so who has it is asked of the kernel (SO_PEERCRED). */

/* Takes a name for this process, as keeper of iface in the run directory of this
 * absolute path. Returns the socket that holds it and listens; -1 with errno. */
int presence_hold(const char *path, const char *iface);

/* Takes a caller that waits there, and hangs up: that it called is all it says. */
void presence_accept(int presence);

/* The process that keeps iface in the run directory of this path; 0 where there is none. held:
 * this process has a name there, too, which does not count. */
pid_t presence_find(const char *path, const char *iface, bool held);

/* The process that keeps iface with another run directory than that of this path, in this
 * network namespace; 0 where there is none. */
pid_t presence_elsewhere(const char *path, const char *iface);

/* Whether this process keeps iface in the run directory of this path: also for those who
 * do not get to see it under /proc. */
bool presence_is(const char *path, const char *iface, pid_t pid);

/* Has the keepers of this run directory (of iface alone, unless that is "") make
 * anew what is missing there. Waits two seconds at most for them. */
void presence_wake(const char *path, const char *iface);

#endif
