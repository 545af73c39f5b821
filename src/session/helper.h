/* SPDX-License-Identifier: ISC */
#ifndef HELPER_H
#define HELPER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/dtcp.h"

struct account;

/* The helper is a process of the session that lives for one login: it
 * resolves the server's name and answers the challenge. So what the resolver
 * and libcrypto leave in memory, and the password, go with it. */

enum { HELPER_ADDRESSES = 8, HELPER_TEXT = DTCP_CHALLENGE_MAX + 1 };

enum helper_kind {
	HELPER_RESOLVED = 1, /* n addresses; 0 and the reason in text */
	HELPER_CHALLENGE,    /* to the helper: text */
	HELPER_DIGEST,       /* digest; with n 0 it failed, the reason in text */
};

struct helper_msg {
	uint32_t kind;
	uint32_t n;
	struct in_addr addrs[HELPER_ADDRESSES];
	unsigned char digest[DTCP_DIGEST_BYTES];
	char text[HELPER_TEXT];
};

/* Starts the helper for an account; it ends when the returned descriptor is
 * closed, or with this process. With resolve_too it first sends
 * HELPER_RESOLVED. -1 with errno on failure. */
int helper_start(const struct account *a, bool resolve_too);

/* Takes one message from a descriptor that is readable; false at the end. */
bool helper_recv(int fd, struct helper_msg *m);
bool helper_send(int fd, const struct helper_msg *m);

#endif
