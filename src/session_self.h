/* SPDX-License-Identifier: ISC */
#ifndef SESSION_SELF_H
#define SESSION_SELF_H

#include <stdint.h>

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
	int64_t pinged_us; /* when the ping was sent that is not answered yet; 0: none */
};

/* Resolves, connects and logs in. STATUS_OK with an offer; STATUS_PENDING where
 * the keeper interrupted it; else an exit status with the reason in
 * s->dialogue.why. */
int session_log_in(struct self *s, struct offer *o);

#endif
