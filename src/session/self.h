/* SPDX-License-Identifier: ISC */
#ifndef SELF_H
#define SELF_H

#include <stdbool.h>

#include "session/connection.h"
#include "session/dialogue.h"
#include "session/session.h"

/* What the session's files share. Nobody else includes this. */

/* What the process knows of itself. */
struct self {
	struct session_how how;
	struct connection net;
	struct dialogue dialogue;
	int channel, helper;
	struct in_addr local; /* what the connection is bound to */
	bool pinged; /* a ping was sent that is not answered yet */
	bool quiet;  /* nobody wants to see the dialogue of the login, or of that ping */
};

/* Resolves, connects and logs in. STATUS_OK with an offer; STATUS_PENDING where
 * the keeper interrupted it; else an exit status with the reason in
 * s->dialogue.why. */
int session_log_in(struct self *s, struct offer *o);

#endif
