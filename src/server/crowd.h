/* SPDX-License-Identifier: ISC */
#ifndef CROWD_H
#define CROWD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connections that are not logged in, and which of them has to go when there are too
 * many. */

enum {
	CROWD_MOST = 256,
	CROWD_MOST_OF_ONE = 16,
	CROWD_PATIENCE_MS = 1000 /* for a client to log in, before it is sent away for others */
};

struct crowd_member {
	uint32_t slot;
	uint64_t order; /* the lower, the older */
	struct in_addr client;
	bool leaving; /* all was said; it only waits for the client to close */
	int64_t until; /* patience with it ends */
};

/* When one more may come in, of whatever address; 0: at once. After an outage very many
 * come in the same second, each from an address of its own. Nobody is sent away for them
 * who has had no time to log in yet: the others wait in the kernel's queue. */
int64_t crowd_open_at(const struct crowd_member *list, size_t n);

/* A connection from client has come in; list are those that were there before. Returns
 * the index of the one that has to go, or -1: the oldest of client's where those are too
 * many; else, where all together are too many, one that is leaving already, or the oldest
 * of the address that has most. */
int crowd_victim(const struct crowd_member *list, size_t n, struct in_addr client);

#endif
