/* SPDX-License-Identifier: ISC */
#ifndef SESSION_H
#define SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/privs.h"

struct account;

/* The session: the unprivileged process that resolves, connects, logs in,
 * keeps alive. One process for one connection. This is the root part's view
 * of it; what it sends is in msg.h. */
struct session {
	pid_t pid;   /* 0: none */
	int channel; /* -1: none */
};

struct session_how {
	struct account *account;
	struct account *all;  /* the list that it is in: the other passwords are wiped */
	struct privs_user user; /* to run as */
	void *hidden;           /* memory of the caller's that it must not have, and
				 * gives back at once; NULL: none */
	size_t hidden_size;
	int64_t deadline;     /* of the login, clock_ms() */
	int letter_case;       /* see struct dialogue */
	bool quiet; /* nobody wants to see the dialogue */
};

/* Starts one. It sends MSG_SERVER for one address of its server after the other,
 * each to be answered by session_give_line() or session_give_none(), and then
 * MSG_OFFER or MSG_FAIL, with MSG_LOG in between; after MSG_OFFER one MSG_PONG or
 * MSG_FAIL for each MSG_PING, and MSG_FAIL when the connection ends. After MSG_QUIT it
 * says quit to the server, sends MSG_BYE when that is answered, and ends when the
 * server closes the connection, or after 5 s; 0.4 s where the channel closes
 * instead. False with errno. */
bool session_start(struct session *s, const struct session_how *how);

/* Answers MSG_SERVER: connect from local (0.0.0.0: as the kernel chooses), by the
 * link of this index and no other (0: as the kernel chooses). False with errno where
 * nothing was sent: EPERM where only the privileged may bind to a link (before Linux
 * 5.7). */
bool session_give_line(const struct session *s, unsigned link, struct in_addr local);

/* Answers it: no link leads to this address. */
bool session_give_none(const struct session *s);

/* Closes the channel and, with kill_it, ends the process at once. The process
 * is then a zombie to be waited for by the caller (s->pid is cleared). */
void session_drop(struct session *s, bool kill_it);

/* Ends the process if it still runs, and waits for that: its status, as waitpid(2)
 * says it. The channel stays. */
int session_wait(struct session *s);

/* How a process with that status ended, as words that follow "the session process". */
const char *session_end_text(int status);

#endif
