/* SPDX-License-Identifier: ISC */
#ifndef SESSION_LOG_H
#define SESSION_LOG_H

#include "server/builder.h"
#include "server/script_queue.h"
#include "server/sessions.h"

/* What the log and the script are told of a session. */
struct session_log {
	struct builder *builder; /* counts the bytes */
	struct script_queue *scripts;
	const char *script; /* path, "": none */
};

/* Its tunnel is there. */
void session_log_begin(const struct session_log *l, struct session *e);

/* It is over; nothing is told of one that had no answer. To be called while the session
 * still has what it had. */
void session_log_end(const struct session_log *l, const struct session *e, const char *why);

#endif
