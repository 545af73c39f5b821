/* SPDX-License-Identifier: ISC */
#ifndef FAILURES_H
#define FAILURES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Failed logins by address: whose connections are refused. */

enum {
	FAILURES_MOST = 30,	     /* from one address ... */
	FAILURES_WINDOW_MS = 600000, /* ... within ten minutes of the first one */
	FAILURES_ADDRESSES = 4096    /* remembered; the one whose window began first goes */
};

struct failures {
	struct failure {
		struct in_addr client;
		unsigned count; /* 0: this entry is free */
		int64_t since;
	} list[FAILURES_ADDRESSES];
};

/* Counts a failed login. True where this was the last one that is put up with: from now on the
 * address is blocked. */
bool failures_add(struct failures *f, struct in_addr client, int64_t now);

/* Milliseconds for which connections from client are refused; 0: they are not. */
int64_t failures_blocked(const struct failures *f, struct in_addr client, int64_t now);

#endif
