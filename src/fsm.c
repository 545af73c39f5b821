/* SPDX-License-Identifier: ISC */
#include "fsm.h"

#include <string.h>

#include "clock.h"
#include "fsm_policy.h"
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

static unsigned step_idle(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	bool waiting = f->state == FSM_WAIT;

	switch (in->event) {
	case EV_BEGIN:
		if (f->state != FSM_START)
			return 0;
		return in->near_ok ? fsm_new_round(f, now) : fsm_no_address(f, now);
	case EV_ADDR:
		if (f->state == FSM_START)
			return 0;
		f->failures = 0;
		return fsm_new_round(f, now);
	case EV_NOADDR:
		return f->state == FSM_BACKOFF ? fsm_no_address(f, now) : 0;
	case EV_ASK:
	case EV_RELOAD:
		if (f->state == FSM_BACKOFF)
			return fsm_new_round(f, now);
		return waiting ? DO_ANSWER : 0;
	case EV_TIMER:
		if (f->state == FSM_BACKOFF && now >= f->timer)
			return fsm_new_round(f, now);
		return 0;
	default:
		return 0;
	}
}

static unsigned step_leave(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_NOADDR:
		return DO_DROP | fsm_no_address(f, now);
	case EV_GONE:
		return fsm_new_round(f, now);
	case EV_TIMER:
		return now >= f->timer ? DO_DROP | fsm_new_round(f, now) : 0;
	default:
		return 0;
	}
}

/* What a session cannot outlive, in whatever state it is. */
static unsigned step_session(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_ADDR:
	case EV_RELOAD:
		return fsm_renew(f, now);
	case EV_NOADDR:
		return fsm_address_gone(f, now);
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
		return fsm_account_failed(f, in->status, now, in->random);
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		return DO_DROP | fsm_account_failed(f, STATUS_UNREACHABLE, now, in->random);
	default:
		return step_session(f, in, now);
	}
}

static unsigned step_build(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_KERNEL_OK:
		if (f->lost)
			return fsm_account_failed(f, f->status, now, in->random);
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
		return DO_QUIT | fsm_account_failed(f, STATUS_SYSTEM, now, in->random);
	case EV_LOST:
		f->lost = true;
		f->status = in->status;
		f->lost_at = now;
		return 0;
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		return fsm_stop(f, STATUS_SYSTEM, now) | DO_ANSWER;
	default:
		return step_session(f, in, now);
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
		return fsm_reconnect(f, in->status, now, in->random);
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		if (f->pinged)
			return DO_DROP | fsm_reconnect(f, STATUS_UNREACHABLE, now, in->random);
		return fsm_ping(f, now);
	case EV_ASK:
		return fsm_ping(f, now);
	case EV_KERNEL_FAIL:
		return DO_QUIT | fsm_reconnect(f, STATUS_SYSTEM, now, in->random);
	case EV_PATH_BAD:
	case EV_PATH_OK:
		f->path_bad = in->event == EV_PATH_BAD;
		return 0;
	default:
		return step_session(f, in, now);
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
		return fsm_stop(f, STATUS_OK, now);
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
