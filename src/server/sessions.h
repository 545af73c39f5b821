/* SPDX-License-Identifier: ISC */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/config.h"
#include "server/far.h"
#include "server/message.h"

/* Who is to have which tunnel: a table without system calls. A user has one session
 * at most, and an address one tunnel. */

/* A connection, as the front counts them. */
struct holder {
	uint32_t slot, generation;
};

struct session {
	bool used;
	uint32_t user;			/* its number */
	char name[CONFIG_NAME_MAX + 1]; /* of the user */
	/* What is wanted. */
	bool held; /* by a connection; otherwise the tunnel is to go */
	struct holder holder;
	bool answered; /* the holder has its +OK */
	bool owed;     /* leaver waits until the tunnel is gone */
	struct holder leaver;
	struct far want;
	/* What is in the kernel, as far as is known. */
	bool exists;	   /* now is there, or may be in part */
	bool ready;	   /* and has been seen to be all there */
	unsigned tries;	   /* that have failed; the first one may have met a temporary lack */
	bool anew;	   /* another login has come since the round began */
	bool failed;	   /* could not be built */
	unsigned stays;	   /* how often now could not be removed */
	int64_t remove_at; /* it is not tried again before, of CLOCK_MONOTONIC */
	struct far now;
	bool joined; /* ff02::2 on it, by this socket */
	int group;
	/* For --status and the log. */
	int64_t since, pinged;	      /* seconds since 1970, 0: never */
	int64_t began;		      /* since, as clock_boot_s() */
	unsigned index;		      /* of the interface */
	uint64_t bytes_in, bytes_out; /* of the interface when the session began */
};

struct sessions {
	uint32_t most; /* limit */
	uint32_t size; /* of list */
	struct session *list;
};

/* Memory for twice so many sessions, since a tunnel that goes is in the table, too. The
 * limit is room, until somebody sets another one below it. */
bool sessions_init(struct sessions *t, uint32_t room);

/* Whether an interface of that name may be made. */
typedef bool name_free_fn(void *arg, const char *name);

/* What a login needs to know that is not in the table. */
struct login_how {
	const struct config *config;
	name_free_fn *name_free;
	void *arg;
	unsigned way_mtu; /* bytes, of the way to the client, 0: unknown */
	int64_t now;	  /* seconds since 1970 */
	int64_t boot;	  /* the same time as clock_boot_s() */
};

struct login {
	enum message_result result; /* other than RESULT_OK: nothing was changed */
	struct session *session;
	bool displaced;	   /* an older session of the user ended */
	struct holder old; /* whose that was */
	bool gone;	   /* nothing is left of what leaver had */
	struct holder leaver;
};

/* MESSAGE_WANT. The older session of the user ends, whatever its state; its tunnel
 * stays, and is handed over or moved. */
struct login sessions_login(struct sessions *t, const struct message *m,
			    const struct login_how *how);

/* How many there are: those that a connection has. */
uint32_t sessions_held(const struct sessions *t);

/* The session of that connection, or NULL. */
struct session *sessions_held_by(struct sessions *t, struct holder h);

/* True where the tunnel that is wanted is there. */
bool sessions_is_up(const struct session *s);

/* The session has no holder from now on: its tunnel is to go. With owed its holder is
 * to be told when it is gone. */
void sessions_leave(struct session *s, bool owed);

/* Whether the session of that connection is over, and its tunnel about to go: then it is owed
 * from now on. */
bool sessions_owe(struct sessions *t, struct holder h);

/* The entry can be used for another user. */
void sessions_free(struct session *s);

/* What has to be done for a session to be as it is wanted. */
enum session_step {
	STEP_NONE,
	STEP_ADD,    /* nothing is there */
	STEP_REPAIR, /* something of it is missing */
	STEP_MOVE,
	STEP_REMOVE, /* it is not wanted, or wanted so differently that it is built anew */
	STEP_FREE    /* not wanted and not there */
};
enum session_step sessions_step(const struct session *s);

#endif
