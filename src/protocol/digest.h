/* SPDX-License-Identifier: ISC */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>

#include "protocol/dtcp.h"

/* Loads libcrypto, which takes a while; digest_response() does it otherwise.
 * False after a message. libcrypto is loaded at run time, by the short-lived
 * process that answers a login, since what it touches (about 3 MB) would stay
 * with the keeper and the session for ever. */
bool digest_load(void);

/* The MD5 of user, challenge and password joined; user and password have at most
 * DIGEST_WORD_MAX bytes each. False after a message. */
enum { DIGEST_WORD_MAX = 1024 };
bool digest_response(const char *user, const char *challenge, const char *password,
		     unsigned char out[DTCP_DIGEST_BYTES]);

#endif
