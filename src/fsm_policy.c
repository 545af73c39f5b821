/* SPDX-License-Identifier: ISC */
#include "fsm_policy.h"

#include "backoff.h"
#include "clock.h"
#include "status_codes.h"

/* Asked of the first try alone: whatever fails later passes, since a keeper that
 * was up is ended by nothing but its user. */
static bool passes(int status)
{
	return status == STATUS_UNREACHABLE || status == STATUS_SYSTEM ||
	       status == STATUS_REFUSED;
}

unsigned fsm_stop(struct fsm *f, int status, int64_t now)
{
	f->state = FSM_END_SCRIPT;
	f->status = status;
	f->end_by = now + FSM_END_MS;
	f->timer = now + FSM_SCRIPT_MS;
	return DO_QUIT | DO_SCRIPT;
}

/* The next account that was not tried in this round and is not to be left in
 * peace, or -1. The one that was up last comes first. */
static int next_account(const struct fsm *f, int64_t now)
{
	for (unsigned i = 0; i < f->n_accounts; i++) {
		unsigned n = i == 0 ? f->preferred : i <= f->preferred ? i - 1 : i;

		if (!(f->tried & 1u << n) && f->accounts[n].not_before <= now)
			return (int)n;
	}
	return -1;
}

/* How long this try may take: while a caller waits, accounts that have not
 * been tried share what is left of the wait. */
static int64_t login_limit(const struct fsm *f, int64_t now)
{
	int64_t left = f->wait_until - now, limit = FSM_LOGIN_MS;
	unsigned others = 0;

	if (!f->first || f->wait_until == CLOCK_NEVER || left <= 0)
		return limit;
	for (unsigned n = 0; n < f->n_accounts; n++)
		if (n != f->account && !(f->tried & 1u << n))
			others++;
	if (others > 0 || !f->persist)
		limit = clock_min(limit, left / (others + 1));
	return limit;
}

static unsigned login(struct fsm *f, unsigned account, int64_t now)
{
	f->state = FSM_LOGIN;
	f->account = account;
	f->login_by = now + login_limit(f, now);
	f->timer = f->login_by + 500; /* the session keeps the time; this is for one that does not */
	return DO_LOGIN;
}

/* When an account may be tried again. */
static int64_t earliest(const struct fsm *f)
{
	int64_t when = CLOCK_NEVER;

	for (unsigned n = 0; n < f->n_accounts; n++)
		when = clock_min(when, f->accounts[n].not_before);
	return when;
}

/* Waits before the next round. */
static unsigned back_off(struct fsm *f, int64_t now, uint32_t random)
{
	int64_t when = earliest(f);

	f->state = FSM_BACKOFF;
	f->timer = now + backoff_delay(f->failures, random);
	if (f->failures < 30)
		f->failures++;
	if (when != CLOCK_NEVER && f->timer < when)
		f->timer = when;
	return 0;
}

/* Begins a round over the accounts. */
unsigned fsm_new_round(struct fsm *f, int64_t now)
{
	int account;

	f->tried = 0;
	f->passing = false;
	account = next_account(f, now);
	if (account >= 0)
		return login(f, (unsigned)account, now);
	/* All are to be left in peace, which is no failure to add to the delay. */
	f->state = FSM_BACKOFF;
	f->timer = earliest(f);
	return 0;
}

/* The account in use has failed: the next one, or the end of the round. */
unsigned fsm_account_failed(struct fsm *f, int status, int64_t now, uint32_t random)
{
	int account;

	f->status = status;
	f->tried |= 1u << f->account;
	f->passing = f->passing || passes(status);
	if (f->lost_at == CLOCK_NEVER)
		f->lost_at = now;
	if (status == STATUS_REFUSED)
		f->accounts[f->account].not_before =
			now + BACKOFF_REFUSED_MS + (int64_t)(random % 5000);
	account = next_account(f, now);
	if (account >= 0)
		return login(f, (unsigned)account, now);
	if (f->first && (!f->persist || !f->passing))
		return fsm_stop(f, status, now) | DO_ANSWER;
	f->first = false;
	return back_off(f, now, random) | DO_ANSWER;
}

unsigned fsm_no_address(struct fsm *f, int64_t now)
{
	if (f->first && !f->persist)
		return fsm_stop(f, STATUS_UNREACHABLE, now) | DO_ANSWER;
	f->state = FSM_WAIT;
	f->status = STATUS_UNREACHABLE;
	f->timer = CLOCK_NEVER;
	return DO_ANSWER;
}

/* A path that was bad stays so until a new session's is looked at. */
static unsigned session_ended(struct fsm *f, int64_t now)
{
	if (f->state == FSM_UP && now - f->up_at >= FSM_HELD_MS)
		f->failures = 0;
	f->lost_at = now;
	f->pinged = false;
	return 0;
}

/* The address is gone, and with it the connection. */
unsigned fsm_address_gone(struct fsm *f, int64_t now)
{
	session_ended(f, now);
	return DO_DROP | fsm_no_address(f, now);
}

/* Another session is needed, with another address or other settings. A quit
 * can only get out where the old address is still there. */
unsigned fsm_renew(struct fsm *f, int64_t now)
{
	session_ended(f, now);
	f->failures = 0;
	if (!f->near_ok)
		return DO_DROP | fsm_new_round(f, now);
	f->state = FSM_LEAVE;
	f->timer = now + FSM_LEAVE_MS;
	return DO_QUIT;
}

/* A session that was up, or nearly, has ended. */
unsigned fsm_reconnect(struct fsm *f, int status, int64_t now, uint32_t random)
{
	session_ended(f, now);
	f->status = status;
	f->tried = 0;
	f->passing = false;
	return back_off(f, now, random) | DO_ANSWER;
}

unsigned fsm_ping(struct fsm *f, int64_t now)
{
	if (f->pinged)
		return 0;
	f->pinged = true;
	f->timer = now + FSM_PONG_MS;
	return DO_PING;
}
