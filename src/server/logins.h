/* SPDX-License-Identifier: ISC */
#ifndef LOGINS_H
#define LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/builder.h"
#include "server/channel.h"
#include "server/config.h"
#include "server/message.h"
#include "server/record_file.h"
#include "server/script_queue.h"
#include "server/sessions.h"

/* Root's side of the talk with auth: who wants a tunnel, what became of that, and whose
 * session is over. What is wanted goes into the table of sessions, by which the builder
 * works. */
struct logins {
	struct config *config;
	struct sessions *sessions;
	struct builder *builder;
	struct channel *auth;
	struct script_queue *scripts;
	struct record_file *record;
};

/* Tells auth each user with name and password, which root forgets then. False where
 * memory is short. */
bool logins_tell_users(struct logins *l);

/* Tells it after how many seconds of silence a session ends, from now on. */
void logins_tell_idle(struct logins *l);

/* What auth has said: all that it may say to root but MESSAGE_READY. */
void logins_hear(struct logins *l, const struct message *m);

/* Tells auth what became of what was wanted. Whoever is told that the tunnel is there
 * finds it in the state file, too. */
void logins_answer(struct logins *l);

/* The builder_gone_fn: a tunnel is gone; arg is the struct logins. */
void logins_gone(void *arg, struct session *e);

/* Ends the sessions of users that the file does not have any more. False where memory is
 * short. */
bool logins_end_unknown(struct logins *l);

/* Ends all sessions, of which auth is not told: it ends, too. */
void logins_end_all(struct logins *l);

#endif
