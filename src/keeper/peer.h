/* SPDX-License-Identifier: ISC */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/msg.h"
#include "session/session.h"

/* The session processes as the keeper sees them: the one in use, and at most one
 * that says quit to its server. Whatever runs there may have been taken over, so
 * all that it says is checked here. */
struct peer {
	struct session session, leaving;
	bool pinged;        /* a pong is awaited */
	bool answered;      /* the server has answered the quit of the leaving session, and has
			     * yet to close */
	int64_t pinged_us;  /* when it was asked for */
	int64_t heard_since; /* since when messages are counted */
	unsigned heard;
	int status; /* of the session in use, as waitpid(2) says it, once it has ended */
};

/* More than PEER_HEARD_MAX messages within PEER_SPAN_MS are too many: it must not fill
 * the log, nor keep the keeper busy. An honest one sends some 20 at a login and
 * three at a ping. */
enum { PEER_HEARD_MAX = 100, PEER_SPAN_MS = 10000 };

void peer_init(struct peer *p);

/* Starts a session in place of the one in use. False with errno. */
bool peer_start(struct peer *p, const struct session_how *how);

/* Asks for a pong; quiet: without the messages of the dialogue, which nobody wants. */
void peer_ping(struct peer *p, int64_t now_us, bool quiet);

/* Has the session in use say quit; it stays until its server closes, 5 s at most.
 * One that is still leaving ends at once. */
void peer_quit(struct peer *p);

/* Ends both at once. */
void peer_drop(struct peer *p);

/* Says that the process pid was reaped, so that its number is nobody's any more. True
 * where it is the session in use, of whose end peer_hear() tells. */
bool peer_reaped(struct peer *p, pid_t pid, int status);

/* The channel of the session in use is readable. True with a message in m; what
 * is not to be believed or the end of the process is a MSG_FAIL, with a text that
 * says why. After MSG_FAIL there is no session. */
bool peer_hear(struct peer *p, struct msg *m, int64_t now_us);

/* How long the last pong took. */
int64_t peer_rtt_us(const struct peer *p, int64_t now_us);

/* The same of the one that leaves: what it says goes to the log. True when it has
 * ended. */
bool peer_leaves(struct peer *p, int64_t now_us);

#endif
