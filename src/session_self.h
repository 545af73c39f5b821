/* SPDX-License-Identifier: ISC */
#ifndef SESSION_SELF_H
#define SESSION_SELF_H

#include <stdbool.h>

#include "dialogue.h"
#include "net.h"
#include "session.h"

/* What the session's files share. Nobody else includes this. */

/* What the process knows of itself. */
struct self {
	struct session_how how;
	struct net net;
	struct dialogue dialogue;
	int channel, helper;
	bool pinged; /* a ping was sent that is not answered yet */
};

/* Resolves, connects and logs in. STATUS_OK with an offer; STATUS_PENDING where
 * the keeper interrupted it; else an exit status with the reason in
 * s->dialogue.why. */
int session_log_in(struct self *s, struct offer *o);

#endif
