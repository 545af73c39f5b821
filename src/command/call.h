/* SPDX-License-Identifier: ISC */
#ifndef CALL_H
#define CALL_H

#include <net/if.h>
#include <netinet/in.h>

#include "account/account_file.h"

struct account;
struct options;

/* What a call is about, found from the command line, the account file and the
 * links that are there. */
struct call {
	const char *config;       /* the account file */
	char mark[ACCOUNT_FILE_MARK_MAX]; /* of it, from before it was read */
	struct account *accounts; /* those to try, in order */
	char interface[IF_NAMESIZE];
	char link[IF_NAMESIZE];   /* --link; "": each account over its own line */
	struct in_addr address;   /* ADDRESS; 0.0.0.0: none given */
};

enum { CALL_GO = -1 };

/* CALL_GO, or STATUS_CONFIG after a message: where the account file is at fault, or
 * none of its accounts is meant by the command line. */
int call_find(struct call *c, const struct options *o);

/* Says that no account matches the command line. */
void call_none(const struct options *o);

#endif
