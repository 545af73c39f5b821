/* SPDX-License-Identifier: ISC */
#include "fsm.h"

#include <string.h>

#include "backoff.h"
#include "clock.h"
#include "status_codes.h"

void fsm_init(struct fsm *f, bool persist, int64_t wait_until, unsigned n_accounts)
{
	memset(f, 0, sizeof *f);
	f->persist = persist;
	f->wait_until = wait_until;
	f->n_accounts = n_accounts;
	f->first = true;
	f->lost_at = f->up_at = f->timer = f->wake = f->end_by = CLOCK_NEVER;
}

const char *fsm_state_name(enum fsm_state s)
{
	static const char *const names[FSM_STATES] = {
		"start", "wait", "backoff", "leave", "login",
		"build", "up", "end-script", "end-kernel", "done",
	};

	return names[s];
}

bool fsm_is_up(const struct fsm *f)
{
	return f->state == FSM_UP && f->routes;
}

static bool passes(const struct fsm *f, int status)
{
	return status == STATUS_UNREACHABLE || status == STATUS_SYSTEM ||
	       status == STATUS_REFUSED || (status == STATUS_PROTOCOL && f->been_up);
}

static unsigned stop(struct fsm *f, int status, int64_t now)
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

/* Waits before the next round. */
static unsigned back_off(struct fsm *f, int64_t now, uint32_t random)
{
	int64_t earliest = CLOCK_NEVER;

	f->state = FSM_BACKOFF;
	f->timer = now + backoff_delay(f->failures, random);
	if (f->failures < 30)
		f->failures++;
	for (unsigned n = 0; n < f->n_accounts; n++)
		earliest = clock_min(earliest, f->accounts[n].not_before);
	if (earliest != CLOCK_NEVER && f->timer < earliest)
		f->timer = earliest;
	return 0;
}

/* Begins a round over the accounts. */
static unsigned new_round(struct fsm *f, int64_t now, uint32_t random)
{
	int account;

	f->tried = 0;
	f->passing = false;
	account = next_account(f, now);
	return account >= 0 ? login(f, (unsigned)account, now) : back_off(f, now, random);
}

/* The account in use has failed: the next one, or the end of the round. */
static unsigned account_failed(struct fsm *f, int status, int64_t now, uint32_t random)
{
	int account;

	f->status = status;
	f->tried |= 1u << f->account;
	f->passing = f->passing || passes(f, status);
	if (f->lost_at == CLOCK_NEVER)
		f->lost_at = now;
	if (status == STATUS_REFUSED)
		f->accounts[f->account].not_before =
			now + BACKOFF_REFUSED_MS + (int64_t)(random % 5000);
	account = next_account(f, now);
	if (account >= 0)
		return login(f, (unsigned)account, now);
	if (f->first && (!f->persist || !f->passing))
		return stop(f, status, now) | DO_ANSWER;
	f->first = false;
	return back_off(f, now, random) | DO_ANSWER;
}

static unsigned no_address(struct fsm *f, int64_t now)
{
	if (f->first && !f->persist)
		return stop(f, STATUS_UNREACHABLE, now) | DO_ANSWER;
	f->state = FSM_WAIT;
	f->status = STATUS_UNREACHABLE;
	f->timer = CLOCK_NEVER;
	return DO_ANSWER;
}

static unsigned session_ended(struct fsm *f, int64_t now)
{
	if (f->state == FSM_UP && now - f->up_at >= FSM_HELD_MS)
		f->failures = 0;
	f->lost_at = now;
	f->path_bad = false;
	f->pinged = false;
	return 0;
}

/* The address is gone, and with it the connection. */
static unsigned address_gone(struct fsm *f, int64_t now)
{
	session_ended(f, now);
	return DO_DROP | no_address(f, now);
}

/* Another session is needed, with another address or other settings. A quit
 * can only get out where the old address is still there. */
static unsigned renew(struct fsm *f, int64_t now, uint32_t random)
{
	session_ended(f, now);
	f->failures = 0;
	if (!f->near_ok)
		return DO_DROP | new_round(f, now, random);
	f->state = FSM_LEAVE;
	f->timer = now + FSM_LEAVE_MS;
	return DO_QUIT;
}

/* A session that was up, or nearly, has ended. */
static unsigned reconnect(struct fsm *f, int status, int64_t now, uint32_t random)
{
	session_ended(f, now);
	f->status = status;
	f->tried = 0;
	f->passing = false;
	return back_off(f, now, random) | DO_ANSWER;
}

static unsigned ping(struct fsm *f, int64_t now)
{
	if (f->pinged)
		return 0;
	f->pinged = true;
	f->timer = now + FSM_PONG_MS;
	return DO_PING;
}

static unsigned step_idle(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	bool waiting = f->state == FSM_WAIT;

	switch (in->event) {
	case EV_BEGIN:
		if (f->state != FSM_START)
			return 0;
		return in->near_ok ? new_round(f, now, in->random) : no_address(f, now);
	case EV_ADDR:
		if (f->state == FSM_START)
			return 0;
		f->failures = 0;
		return new_round(f, now, in->random);
	case EV_NOADDR:
		return f->state == FSM_BACKOFF ? no_address(f, now) : 0;
	case EV_ASK:
	case EV_RELOAD:
		if (f->state == FSM_BACKOFF)
			return new_round(f, now, in->random);
		return waiting ? DO_ANSWER : 0;
	case EV_TIMER:
		if (f->state == FSM_BACKOFF && now >= f->timer)
			return new_round(f, now, in->random);
		return 0;
	default:
		return 0;
	}
}

static unsigned step_leave(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_NOADDR:
		return DO_DROP | no_address(f, now);
	case EV_GONE:
		return new_round(f, now, in->random);
	case EV_TIMER:
		return now >= f->timer ? DO_DROP | new_round(f, now, in->random) : 0;
	default:
		return 0;
	}
}

static unsigned step_login(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_OFFER:
		f->state = FSM_BUILD;
		f->timer = f->first && !f->persist ? f->wait_until : CLOCK_NEVER;
		f->built = true;
		f->lost = f->path_bad = false;
		f->near_ok = true;
		f->lost_at = CLOCK_NEVER;
		return DO_BUILD;
	case EV_FAIL:
		return account_failed(f, in->status, now, in->random);
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		return DO_DROP | account_failed(f, STATUS_UNREACHABLE, now, in->random);
	case EV_ADDR:
	case EV_RELOAD:
		return renew(f, now, in->random);
	case EV_NOADDR:
		return address_gone(f, now);
	default:
		return 0;
	}
}

static unsigned step_build(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_KERNEL_OK:
		if (f->lost)
			return account_failed(f, f->status, now, in->random);
		f->state = FSM_UP;
		f->first = false;
		f->been_up = true;
		f->preferred = f->account;
		f->up_at = now;
		f->timer = now + f->accounts[f->account].ping_ms;
		f->pinged = false;
		f->status = STATUS_OK;
		return DO_ANSWER | DO_PROBE;
	case EV_KERNEL_FAIL:
		return DO_QUIT | account_failed(f, STATUS_SYSTEM, now, in->random);
	case EV_LOST:
		f->lost = true;
		f->status = in->status;
		f->lost_at = now;
		return 0;
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		return stop(f, STATUS_SYSTEM, now) | DO_ANSWER;
	case EV_ADDR:
	case EV_RELOAD:
		return renew(f, now, in->random);
	case EV_NOADDR:
		return address_gone(f, now);
	default:
		return 0;
	}
}

static unsigned step_up(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_PONG:
		f->pinged = false;
		f->timer = now + f->accounts[f->account].ping_ms;
		f->status = STATUS_OK;
		return DO_ANSWER | DO_PROBE;
	case EV_LOST:
		return reconnect(f, in->status, now, in->random);
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		if (f->pinged)
			return DO_DROP | reconnect(f, STATUS_UNREACHABLE, now, in->random);
		return ping(f, now);
	case EV_ASK:
		return ping(f, now);
	case EV_KERNEL_FAIL:
		return DO_QUIT | reconnect(f, STATUS_SYSTEM, now, in->random);
	case EV_PATH_BAD:
	case EV_PATH_OK:
		f->path_bad = in->event == EV_PATH_BAD;
		return 0;
	case EV_ADDR:
	case EV_RELOAD:
		return renew(f, now, in->random);
	case EV_NOADDR:
		return address_gone(f, now);
	default:
		return 0;
	}
}

static unsigned step_end(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	bool late = in->event == EV_TIMER && now >= f->timer;

	if (f->state == FSM_END_SCRIPT) {
		if (in->event != EV_SCRIPT_DONE && !late)
			return 0;
		f->state = FSM_END_KERNEL;
		f->timer = f->end_by;
		return DO_REMOVE;
	}
	if (in->event != EV_KERNEL_OK && in->event != EV_KERNEL_FAIL && !late)
		return 0;
	if (in->event != EV_KERNEL_OK)
		f->status = STATUS_SYSTEM;
	f->state = FSM_DONE;
	f->timer = CLOCK_NEVER;
	return DO_ANSWER | DO_EXIT;
}

static unsigned step_state(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	if (in->event == EV_STOP && f->state < FSM_END_SCRIPT)
		return stop(f, STATUS_OK, now);
	switch (f->state) {
	case FSM_START:
	case FSM_WAIT:
	case FSM_BACKOFF:
		return step_idle(f, in, now);
	case FSM_LEAVE:
		return step_leave(f, in, now);
	case FSM_LOGIN:
		return step_login(f, in, now);
	case FSM_BUILD:
		return step_build(f, in, now);
	case FSM_UP:
		return step_up(f, in, now);
	case FSM_END_SCRIPT:
	case FSM_END_KERNEL:
		return step_end(f, in, now);
	case FSM_DONE:
		break;
	}
	return 0;
}

/* Routes into the tunnel are right only while they lead somewhere. */
static bool routes_lead(const struct fsm *f, int64_t now)
{
	bool session = f->lost_at == CLOCK_NEVER || now < f->lost_at + FSM_GRACE_MS;

	return f->built && f->near_ok && !f->path_bad && session && f->state < FSM_DONE;
}

unsigned fsm_step(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	unsigned actions;
	bool routes;

	f->near_ok = in->near_ok;
	if (in->event == EV_KERNEL_FAIL)
		f->built = false;
	actions = step_state(f, in, now);
	routes = routes_lead(f, now);
	if (routes != f->routes) {
		f->routes = routes;
		if (f->state < FSM_END_SCRIPT && !(actions & DO_BUILD))
			actions |= DO_ROUTES;
	}
	f->wake = f->timer;
	if (f->routes && f->lost_at != CLOCK_NEVER)
		f->wake = clock_min(f->wake, f->lost_at + FSM_GRACE_MS);
	return actions;
}
