/* SPDX-License-Identifier: ISC */
#ifndef PRIVS_H
#define PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

/* True where this process has what a tunnel takes (capabilities(7): CAP_NET_ADMIN,
 * CAP_SETUID, CAP_SETGID; with raw also CAP_NET_RAW, for the path check). *missing
 * names the first that it lacks. */
bool privs_enough(bool raw, const char **missing);

/* Forbids core dumps and, for others of the same user, ptrace(2) and
 * /proc/PID/mem, since this process holds passwords. */
void privs_no_dump(void);

/* The unprivileged user to become. */
struct privs_user {
	uid_t uid;
	gid_t gid;
};

/* Finds the user of this name in /etc/passwd, or nobody. False after a message. */
bool privs_find_user(const char *name, struct privs_user *user);

/* Becomes that user for ever, without supplementary groups, capabilities, new
 * privileges (execve), or core dumps, and reads back that it is so. Called by
 * an ordinary user it changes no user. False after a message: the caller must
 * end then. */
bool privs_drop(const struct privs_user *user);

/* Closes every descriptor from first on. */
void privs_close_from(int first);

/* Leaves no descriptor open but fd, which is also 0, 1 and 2 afterwards: what
 * the C library says last then arrives there rather than anywhere else.
 * Returns the descriptor to use, or -1 after a message. */
int privs_only_descriptor(int fd);

#endif
