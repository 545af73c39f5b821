/* SPDX-License-Identifier: ISC */
#ifndef SESSION_H
#define SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "privs.h"

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
	struct account *all;  /* the list that holds it: others are forgotten */
	struct privs_user user; /* to run as */
	void *hidden;           /* a mapping of the caller's that is none of its */
	size_t hidden_size;     /* business, and its size; NULL: none */
	struct in_addr local; /* near end to bind to; 0.0.0.0: the kernel's choice */
	int64_t deadline;     /* of the login, clock_ms() */
	int first_case;       /* see struct dialogue */
	bool verbose;         /* send the dialogue as LOG_DEBUG messages */
};

/* Starts one. It first sends MSG_LOG messages and then MSG_OFFER or MSG_FAIL;
 * after MSG_OFFER one MSG_PONG or MSG_FAIL for each MSG_PING, and MSG_FAIL when
 * the connection ends. After MSG_QUIT, or when the channel closes, it says
 * quit to the server and ends within half a second. False with errno. */
bool session_start(struct session *s, const struct session_how *how);

/* Closes the channel and, with kill_it, ends the process at once. The process
 * is then a zombie to be waited for by the caller (s->pid is cleared). */
void session_drop(struct session *s, bool kill_it);

#endif
