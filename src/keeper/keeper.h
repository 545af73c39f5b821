/* SPDX-License-Identifier: ISC */
#ifndef KEEPER_H
#define KEEPER_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "account/account_file.h"
#include "common/privs.h"

struct account;

/* What a keeper is started with. */
struct keeper_how {
	char interface[IF_NAMESIZE];
	char link[IF_NAMESIZE];  /* --link; "": each account over its own line */
	struct in_addr address;  /* to log in from; 0.0.0.0: none given */
	struct account *accounts; /* at least one; the keeper's from now on */
	struct privs_user user;  /* of the session */
	const char *config;      /* absolute path, for SIGHUP */
	char config_mark[ACCOUNT_FILE_MARK_MAX]; /* from before it was read */
	const char *server;      /* --server, or NULL */
	const char *run_dir;
	int dir;                 /* the run directory, open */
	int caller;              /* one that is connected from the start, or -1 */
	bool persist, no_wait, foreground;
	char event[IF_NAMESIZE]; /* the link that a hook speaks of; "": no hook */
	int64_t wait_until;      /* CLOCK_NEVER: nobody waits */
	int threshold;           /* for log_setup() */
};

/* KEEPER_HELD: another keeper has the interface. Otherwise an exit status. */
enum { KEEPER_HELD = -1 };

/* Locks the pidfile, removes what a keeper before left, keeps the session and
 * the tunnel, and takes all down at the end. Returns when there is nothing
 * left. In the background it must run in a process of its own (see
 * keeper_detach()). */
int keeper_run(const struct keeper_how *how);

/* Leaves the caller's session, terminal, directory and standard descriptors. */
bool keeper_detach(void);

#endif
