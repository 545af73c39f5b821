/* SPDX-License-Identifier: ISC */
#ifndef FSM_POLICY_H
#define FSM_POLICY_H

#include "fsm.h"

/* What the state machine decides in more than one state: which account to try
 * and for how long, when to give up, how long to wait. Each changes the state
 * and returns what to do. Nobody but fsm.c includes this. */

/* Ends, with this exit status. */
unsigned fsm_stop(struct fsm *f, int status, int64_t now);

/* Begins a round over the accounts, or waits until one may be tried. */
unsigned fsm_new_round(struct fsm *f, int64_t now);

/* The account in use has failed: the next one, or the end of the round. */
unsigned fsm_account_failed(struct fsm *f, int status, int64_t now, uint32_t random);

/* The link has no address: waits for one, or ends where nobody wants that. */
unsigned fsm_no_address(struct fsm *f, int64_t now);

/* The address is gone, and with it the connection. */
unsigned fsm_address_gone(struct fsm *f, int64_t now);

/* Another session is needed, with another address or other settings. */
unsigned fsm_renew(struct fsm *f, int64_t now);

/* A session that was up has ended. */
unsigned fsm_reconnect(struct fsm *f, int status, int64_t now, uint32_t random);

/* Asks for a pong, if none is awaited. */
unsigned fsm_ping(struct fsm *f, int64_t now);

#endif
