/* SPDX-License-Identifier: ISC */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stdint.h>

/* The path check as a pure state machine: when to send echo requests into the
 * tunnel, and what their answers, or the lack of them, mean.
 *
 * state   | goes on
 * --------+---------------------------------------------------------------
 * REST    | START: sends, ASKED with 1 echo out
 * ASKED   | ANSWER: REST, the path is good, or ANSWERED where a big echo is out
 *         | too. ANSWER_BIG: REST, the path is good. TIMER after 1 s: sends
 *         | again, or after the third echo: REST, the path is bad
 * ANSWERED| small echoes were answered, one that fills the MTU was not yet:
 *         | ANSWER_BIG: REST. TIMER: sends it again, or after the third: REST,
 *         | the MTU is too large for the path
 *
 * START in ASKED or ANSWERED is ignored: a check is under way. */
enum path_state { PATH_REST, PATH_ASKED, PATH_ANSWERED };

enum path_event { PATH_START, PATH_START_BIG, PATH_ANSWER, PATH_ANSWER_BIG, PATH_TIMER };
enum { PATH_STATES = PATH_ANSWERED + 1, PATH_EVENTS = PATH_TIMER + 1 };

/* What to do or to know (a set). */
enum path_result {
	PATH_SEND = 1 << 0,     /* send a small echo request */
	PATH_SEND_BIG = 1 << 1, /* send one that fills the MTU */
	PATH_GOOD = 1 << 2,     /* answered */
	PATH_BAD = 1 << 3,      /* not answered, three times in a row */
	PATH_MTU_BAD = 1 << 4   /* only small ones are answered */
};

enum { PATH_TRIES = 3, PATH_WAIT_MS = 1000 };

struct path {
	enum path_state state;
	unsigned tries;
	bool big;           /* this check includes the big echo */
	int64_t wake;       /* out: when PATH_TIMER is due */
};

void path_init(struct path *p);
unsigned path_step(struct path *p, enum path_event e, int64_t now);

#endif
