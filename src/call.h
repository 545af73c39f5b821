/* SPDX-License-Identifier: ISC */
#ifndef CALL_H
#define CALL_H

#include <net/if.h>
#include <netinet/in.h>

struct account;
struct options;

/* What a call is about, found from the command line, the account file and the
 * links that are there. */
struct call {
	struct account *accounts; /* those to try, in order */
	char interface[IF_NAMESIZE];
	char link[IF_NAMESIZE];   /* "": not known */
	struct in_addr address;   /* 0.0.0.0: the link's, or the kernel's choice */
};

enum { CALL_GO = -1 };

/* CALL_GO, or an exit status after a message: STATUS_CONFIG, or STATUS_OK where
 * every account is passed over. */
int call_find(struct call *c, const struct options *o);

#endif
