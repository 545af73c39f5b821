/* SPDX-License-Identifier: ISC */
#ifndef DTCP_H
#define DTCP_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/offer.h"

/* The Dynamic Tunnel Configuration Protocol as pure functions on lines
 * without their ends. No specification can be had: this follows what is known of
 * KAME's and Feel6's server and client (dtcp-up(8), STANDARDS). */

enum { DTCP_CHALLENGE_MAX = 508, DTCP_DIGEST_BYTES = 16, DTCP_COMMAND_MAX = 1200 };

enum dtcp_answer { DTCP_OK, DTCP_ERR, DTCP_BAD };

/* What kind of answer a line is. *rest is what follows "+OK " or "-ERR ". */
enum dtcp_answer dtcp_answer(const char *line, const char **rest);

/* Takes the challenge, the first word after "+OK", out of a greeting's rest.
 * False where there is none. */
bool dtcp_challenge(const char *rest, char challenge[DTCP_CHALLENGE_MAX + 1]);

/* True where the challenge's letters are upper-case: servers compare the
 * digest in the letter case of their challenge. */
bool dtcp_upper(const char *challenge);

/* True for the answer to a login with the digest in the wrong letter case
 * (also to a wrong user or password). */
bool dtcp_authentication_failed(const char *rest);

/* True for the answer to a login of a type that the server does not have. */
bool dtcp_unsupported_type(const char *rest);

/* Writes "tunnel USER RESPONSE TYPE" and CRLF; returns its length, or 0 where
 * it does not fit. */
size_t dtcp_command(char out[DTCP_COMMAND_MAX], const char *user,
		    const unsigned char digest[DTCP_DIGEST_BYTES], bool upper,
		    enum dtcp_type type);

/* Reads the words after the "+OK" of an answer to the command above. Checks
 * words alone; what they mean is offer_check()'s to judge. o->local is left
 * alone. False with the reason in why. */
bool dtcp_offer(const char *rest, enum dtcp_type type, struct offer *o,
		char why[OFFER_WHY_MAX]);

#endif
