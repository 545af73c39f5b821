/* SPDX-License-Identifier: ISC */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/dtcp.h"
#include "session/connection.h"

struct account;

/* Gives the MD5 response to a challenge. False with the reason in why. */
typedef bool dialogue_answer_fn(void *arg, const char *challenge,
				unsigned char digest[DTCP_DIGEST_BYTES], char *why, size_t size);

/* Hears that the server has greeted and was asked for the tunnel: its answer takes a
 * round trip at least. */
typedef void dialogue_asked_fn(void *arg);

enum { DIALOGUE_WHY_MAX = 640 };

struct dialogue {
	const struct account *account;
	const char *doubt; /* account_password_doubt(), which a refusal repeats */
	dialogue_answer_fn *answer;
	dialogue_asked_fn *asked;
	void *arg; /* of both */
	int letter_case; /* of the digest's letters: 0 lower, 1 upper, -1 as the challenge's */
	bool upper;     /* out: the case that worked */
	bool stranger;  /* out: the greeting was not DTCP */
	char why[DIALOGUE_WHY_MAX]; /* out: what went wrong, values quoted */
};

/* Logs in on a connection just made, until n->deadline: greeting, tunnel
 * command, once more in the other letter case where the server says that the
 * authentication failed, offer. Returns STATUS_OK with a checked offer (whose
 * local is left alone), else an exit status with the reason in d->why;
 * STATUS_PENDING where the keeper interrupted it (nothing in d->why). */
int dialogue_login(struct dialogue *d, struct connection *n, struct offer *o);

/* Sends the keepalive, without waiting for its answer. */
bool dialogue_ping(struct connection *n);

/* Takes the line that is to answer a keepalive, without waiting: STATUS_OK for
 * +OK, STATUS_PENDING where no whole line is there yet, else as above. */
int dialogue_pong(struct dialogue *d, struct connection *n);

/* Says quit, and waits until n->deadline for an answer. */
bool dialogue_quit(struct connection *n);

/* Waits until n->deadline for the server to close the connection, which says that it
 * has removed the tunnel, but not for one that says more than a few lines. */
void dialogue_wait_end(struct connection *n);

#endif
