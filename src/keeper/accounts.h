/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include "account/account.h"
#include "account/account_file.h"
#include "keeper/fsm.h"

/* The accounts of the interface, by the numbers that the state machine gives
 * them, and what was learnt of each. */
struct accounts {
	struct account *list; /* owned */
	struct account *by_number[FSM_ACCOUNTS];
	int letter_case[FSM_ACCOUNTS]; /* see struct dialogue */
	const struct account *in_use; /* whose offer stands; NULL: none yet */
	char mark[ACCOUNT_FILE_MARK_MAX]; /* of the file when it was read */
};

/* Takes over a list of FSM_ACCOUNTS at most in place of the one before, which is
 * freed. What the state machine and we know of an account that was there before
 * stays. */
void accounts_load(struct accounts *a, struct fsm *f, struct account *list);

/* Reads the file again for the accounts of this interface, by this link and this
 * server ("" and NULL: any). False after a message where none is usable, and
 * then nothing has changed. */
bool accounts_reload(struct accounts *a, struct fsm *f, const char *file, const char *server,
		     const char *link, const char *interface);

void accounts_free(struct accounts *a);

#endif
