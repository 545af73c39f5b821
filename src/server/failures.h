/* SPDX-License-Identifier: ISC */
#ifndef FAILURES_H
#define FAILURES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/message.h"

/* Failed logins: which of a connection's count as one, and, by address, whose connections are
 * refused. */

enum {
	FAILURES_MOST = 30,	     /* from one address ... */
	FAILURES_WINDOW_MS = 600000, /* ... within any ten minutes */
	FAILURES_ADDRESSES = 4096    /* remembered; the one that failed longest ago goes */
};

struct failures {
	struct failure {
		struct in_addr client;
		unsigned count; /* of when[], 0: this entry is free */
		int64_t latest;
	} list[FAILURES_ADDRESSES];
	/* Of the same address. Apart, since each connection is looked for in the list. */
	struct failure_times {
		int64_t when[FAILURES_MOST]; /* the last ones, as a ring */
		unsigned next;		     /* the place of the next one, or of the oldest */
		int64_t said;		     /* when it was last told of the block, 0: never */
	} times[FAILURES_ADDRESSES];
};

/* Counts a failed login, unless the address is blocked. True where it is from now on, and was not
 * within the ten minutes before. */
bool failures_add(struct failures *f, struct in_addr client, int64_t now);

/* Milliseconds for which connections from client are refused; 0: they are not. */
int64_t failures_blocked(const struct failures *f, struct in_addr client, int64_t now);

/* The failed logins of one connection; all zero: none yet. */
struct failed {
	unsigned count;
	bool paired; /* the last one was the one before it in the other letter case */
	bool upper;  /* the last one's, and so on */
	unsigned char response[DTCP_DIGEST_BYTES];
	char name[CONFIG_NAME_MAX + 1];
};

/* Notes that this login has failed. False where it is the last one once more in the other
 * letter case, as clients try it who do not know which one the server wants: both are one
 * failure. */
bool failed_anew(struct failed *f, const struct message *login);

#endif
