/* SPDX-License-Identifier: ISC */
#include "keeper/fsm.h"

#include <string.h>

#include "common/clock.h"
#include "common/status_codes.h"
#include "keeper/backoff.h"

void fsm_init(struct fsm *f, bool persist, int64_t wait_until, unsigned n_accounts)
{
	memset(f, 0, sizeof *f);
	f->persist = persist;
	f->limited = !persist;
	f->wait_until = wait_until;
	f->n_accounts = n_accounts;
	f->first = true;
	f->lost_at = f->up_at = f->timer = f->wake = f->end_by = f->renew_at = CLOCK_NEVER;
}

const char *fsm_state_name(enum fsm_state s)
{
	static const char *const names[FSM_STATES] = {
		"start", "wait", "backoff", "leave", "login",
		"build", "path", "up", "end-script", "end-kernel", "done",
	};

	return names[s];
}

bool fsm_is_up(const struct fsm *f)
{
	return f->state == FSM_UP && f->routes;
}

/* Asked of the first try alone: whatever fails later is tried again, since a keeper
 * that was up is ended by nothing but its user. */
static bool is_temporary(int status)
{
	return status == STATUS_UNREACHABLE || status == STATUS_SYSTEM ||
	       status == STATUS_REFUSED;
}

static unsigned stop(struct fsm *f, int status, int64_t now)
{
	f->state = FSM_END_SCRIPT;
	f->status = status;
	f->renew_at = CLOCK_NEVER;
	f->end_by = now + FSM_END_MS;
	f->timer = now + FSM_SCRIPT_MS;
	return DO_QUIT | DO_SCRIPT;
}

/* The session in use says quit; the next one of its account has to wait for that. */
static unsigned quit(struct fsm *f, unsigned account, int64_t now)
{
	f->leaving = true;
	f->left = account;
	f->leave_by = now + FSM_LEAVE_MS;
	return DO_QUIT;
}

static unsigned drop(struct fsm *f)
{
	f->leaving = false;
	return DO_DROP;
}

/* The next account that was not tried in this round and may log in now (not_before), or
 * -1. The one that was up last comes first. */
static int next_account(const struct fsm *f, int64_t now)
{
	for (unsigned i = 0; i < f->n_accounts; i++) {
		unsigned n = i == 0 ? f->preferred : i <= f->preferred ? i - 1 : i;

		if (!((f->tried | f->absent) & 1u << n) && f->accounts[n].not_before <= now)
			return (int)n;
	}
	return -1;
}

/* The same, or one of those that have another line. */
static int next_try(struct fsm *f, int64_t now)
{
	int account = next_account(f, now);

	if (account >= 0 || !f->untried)
		return account;
	f->tried &= ~f->untried;
	return next_account(f, now);
}

static bool all_absent(const struct fsm *f)
{
	for (unsigned n = 0; n < f->n_accounts; n++)
		if (!(f->absent & 1u << n))
			return false;
	return f->n_accounts > 0;
}

/* When the first try has to be through, or CLOCK_NEVER. */
static int64_t caller_limit(const struct fsm *f)
{
	return f->first && f->limited ? f->wait_until : CLOCK_NEVER;
}

/* The caller of the first try hears how it stands when its wait is over, although the try
 * goes on for others. */
static unsigned answer_late(struct fsm *f, int64_t now)
{
	if (now < caller_limit(f))
		return 0;
	f->limited = false;
	return DO_ANSWER;
}

/* A step of the first try takes longer than its caller waits: that is a failure with this
 * status, after which it goes on for others alone. */
static unsigned late(struct fsm *f, int status, int64_t now)
{
	if (!f->persist)
		return stop(f, status, now) | DO_ANSWER;
	f->status = status;
	return answer_late(f, now);
}

/* How much of limit a try may take: while a caller waits, accounts that have a line and have
 * not been tried share what is left of the wait, and so does another line of this one. */
static int64_t share(const struct fsm *f, int64_t now, int64_t limit)
{
	int64_t left = f->wait_until - now;
	unsigned others = 0;

	if (!f->first || f->wait_until == CLOCK_NEVER || left <= 0)
		return limit;
	for (unsigned n = 0; n < f->n_accounts; n++)
		if (n != f->account && !((f->tried | f->absent) & 1u << n))
			others++;
	if (f->several & 1u << f->account)
		others++;
	if (others > 0 || f->limited)
		limit = clock_min(limit, left / (others + 1));
	return limit;
}

static unsigned start_login(struct fsm *f, int64_t now)
{
	f->state = FSM_LOGIN;
	f->login_by = now + share(f, now, FSM_LOGIN_MS);
	f->try_by = now + share(f, now, FSM_LOGIN_MS + FSM_PATH_MS);
	/* The session keeps the time; this is for one that does not. */
	f->timer = f->login_by + 500;
	return DO_LOGIN;
}

static unsigned login(struct fsm *f, unsigned account, int64_t now)
{
	f->account = account;
	if (!f->leaving || now >= f->leave_by || (f->left != account && f->left != FSM_ACCOUNTS))
		return start_login(f, now);
	f->state = FSM_LEAVE;
	f->timer = clock_min(f->leave_by, caller_limit(f));
	return 0;
}

/* When an account may be tried again. One without a line is not waited for: it comes by
 * EV_ADDR, whenever that is. */
static int64_t earliest(const struct fsm *f)
{
	int64_t when = CLOCK_NEVER;

	for (unsigned n = 0; n < f->n_accounts; n++)
		if (!(f->absent & 1u << n))
			when = clock_min(when, f->accounts[n].not_before);
	return when;
}

int64_t fsm_not_before(const struct fsm *f)
{
	int64_t when = 0;

	for (unsigned n = 0; n < f->n_accounts; n++)
		if (f->accounts[n].not_before > when)
			when = f->accounts[n].not_before;
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

static unsigned no_address(struct fsm *f, int64_t now)
{
	if (f->first && !f->persist)
		return stop(f, STATUS_UNREACHABLE, now) | DO_ANSWER;
	f->limited = false; /* its caller hears now, and is gone when there is a line again */
	f->state = FSM_WAIT;
	f->status = STATUS_UNREACHABLE;
	f->timer = CLOCK_NEVER;
	return DO_ANSWER;
}

/* Begins a round over the accounts, or waits until one may be tried. */
static unsigned new_round(struct fsm *f, int64_t now)
{
	int account;

	f->round++;
	f->tried = f->unanswered = 0;
	f->temporary = f->asked = false;
	if (all_absent(f))
		return no_address(f, now);
	account = next_account(f, now);
	if (account >= 0)
		return login(f, (unsigned)account, now);
	/* None may log in yet. That is no failure, so the delay does not grow. */
	if (f->first && !f->persist)
		return stop(f, f->status ? f->status : STATUS_UNREACHABLE, now) | DO_ANSWER;
	f->state = FSM_BACKOFF;
	f->timer = clock_min(earliest(f), caller_limit(f));
	return 0;
}

/* After the last account. Rather than have no session at all, log in to one that failed
 * by its path alone, so that its path can be watched. */
static unsigned end_round(struct fsm *f, int64_t now, uint32_t random)
{
	unsigned account = 0;

	f->first = false;
	if (f->asked)
		return new_round(f, now);
	if (!f->unanswered)
		return back_off(f, now, random);
	while (!(f->unanswered & 1u << account))
		account++;
	f->unanswered = 0;
	return login(f, account, now);
}

/* Notes when the tunnel lost its session. If the sessions that were to take its place end as
 * well, the first loss counts. */
static void note_loss(struct fsm *f, int64_t now)
{
	if (f->lost_at == CLOCK_NEVER)
		f->lost_at = now;
}

/* The account in use has failed: the next one, or the end of the round. */
static unsigned account_failed(struct fsm *f, int status, int64_t now, uint32_t random)
{
	bool waits = f->persist || now < f->wait_until;
	int account;

	f->status = status;
	f->tried |= 1u << f->account;
	f->temporary = f->temporary || is_temporary(status);
	note_loss(f, now);
	if (status == STATUS_REFUSED) {
		f->accounts[f->account].not_before =
			now + BACKOFF_REFUSED_MS + (int64_t)(random % 5000);
		f->unanswered &= ~(1u << f->account); /* its login does not work */
	}
	account = next_try(f, now);
	if (account >= 0 && (waits || !f->first))
		return login(f, (unsigned)account, now) | answer_late(f, now);
	if (f->first && (!f->persist || !f->temporary))
		return stop(f, status, now) | DO_ANSWER;
	return end_round(f, now, random) | DO_ANSWER;
}

static void session_ended(struct fsm *f, int64_t now)
{
	if (f->state == FSM_UP && now - f->up_at >= FSM_HELD_MS)
		f->failures = 0;
	note_loss(f, now);
	f->pinged = false;
	f->renew_at = CLOCK_NEVER;
}

/* The address is gone, and with it the connection. */
static unsigned address_gone(struct fsm *f, int64_t now)
{
	session_ended(f, now);
	return drop(f) | no_address(f, now);
}

/* Another session is needed, with another address or other settings. A quit
 * can only get out where the old address is still there. The accounts may be
 * numbered anew, so whichever is next waits for the old session. */
static unsigned renew(struct fsm *f, int64_t now)
{
	unsigned actions;

	session_ended(f, now);
	f->failures = f->renewals = 0;
	actions = f->near_ok ? quit(f, FSM_ACCOUNTS, now) : drop(f);
	return actions | new_round(f, now);
}

/* A session that was up, or nearly, has ended. Who asked is answered after the round that
 * follows: often it is up again in a moment. */
static unsigned reconnect(struct fsm *f, int status, int64_t now, uint32_t random)
{
	session_ended(f, now);
	f->status = status;
	f->tried = f->unanswered = 0;
	f->temporary = false;
	return back_off(f, now, random);
}

/* Asks for a pong, if none is awaited, and checks the path. */
static unsigned ping(struct fsm *f, int64_t now)
{
	if (f->pinged)
		return DO_PROBE;
	f->pinged = true;
	f->timer = now + FSM_PONG_MS;
	return DO_PING | DO_PROBE;
}

bool fsm_trusts_path(const struct fsm *f)
{
	return f->accounts[f->account].trust && f->path == PATH_UNKNOWN && !f->was_good;
}

/* Whether the path allows routes into the tunnel. */
static bool path_leads(const struct fsm *f)
{
	return f->accounts[f->account].pathless || f->path == PATH_IS_GOOD || fsm_trusts_path(f);
}

/* Another account or another line may have a better path. */
static bool has_others(const struct fsm *f)
{
	return f->others || f->n_accounts > 1;
}

/* A bad path may be the server's fault, which has lost its end, or there are others:
 * then a new session is worth a try. */
static void plan_renewal(struct fsm *f, int64_t now)
{
	int64_t delay = FSM_RENEW_MS;

	for (unsigned i = 0; i < f->renewals && delay < FSM_RENEW_MOST_MS; i++)
		delay *= 2;
	if (f->was_good || has_others(f))
		f->renew_at = now + clock_min(delay, FSM_RENEW_MOST_MS);
}

static void learn_path(struct fsm *f, enum fsm_event e)
{
	if (e == EV_PATH_OK) {
		f->path = PATH_IS_GOOD;
		f->was_good = true;
		f->renewals = 0;
		f->renew_at = CLOCK_NEVER;
	} else if (e == EV_PATH_BAD && !fsm_trusts_path(f)) {
		f->path = PATH_IS_BAD;
	}
}

static unsigned come_up(struct fsm *f, int64_t now)
{
	f->state = FSM_UP;
	f->first = false;
	f->been_up = true;
	f->preferred = f->account;
	f->up_at = now;
	f->timer = now + f->accounts[f->account].ping_ms;
	f->pinged = false;
	f->status = STATUS_OK;
	if (f->kept)
		return DO_ANSWER | DO_PROBE;
	f->path_by = now + FSM_PATH_MS;
	return f->path == PATH_UNKNOWN ? DO_ANSWER | DO_PATH : DO_ANSWER;
}

static unsigned ask_path(struct fsm *f, int64_t now)
{
	f->state = FSM_PATH;
	f->path_by = clock_min(now + FSM_PATH_MS, f->try_by);
	if (f->path_by < now + FSM_PATH_LEAST_MS)
		f->path_by = now + FSM_PATH_LEAST_MS;
	f->path_by = clock_min(f->path_by, caller_limit(f));
	f->timer = f->path_by + 500; /* the probe keeps the time */
	return DO_PATH;
}

/* With the last account a keeper stays: session and interface remain, routes are
 * out, and the path is looked at. */
static unsigned path_failed(struct fsm *f, int64_t now, uint32_t random)
{
	uint32_t tried = f->tried | 1u << f->account;

	f->tried = tried;
	if (next_account(f, now) >= 0 || f->untried || (f->first && !f->persist)) {
		f->unanswered |= 1u << f->account;
		return quit(f, f->account, now) |
		       account_failed(f, STATUS_UNREACHABLE, now, random);
	}
	if (f->asked && has_others(f)) {
		session_ended(f, now);
		return quit(f, FSM_ACCOUNTS, now) | new_round(f, now) | DO_ANSWER;
	}
	f->state = FSM_UP;
	f->first = false;
	f->up_at = now;
	f->timer = now + f->accounts[f->account].ping_ms;
	f->pinged = false;
	f->status = STATUS_UNREACHABLE;
	plan_renewal(f, now);
	return DO_ANSWER;
}

static unsigned step_idle(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_BEGIN:
		if (f->state != FSM_START)
			return 0;
		return in->near_ok ? new_round(f, now) : no_address(f, now);
	case EV_ADDR:
		if (f->state == FSM_START)
			return 0;
		f->failures = f->renewals = 0;
		return new_round(f, now);
	case EV_NOADDR:
		return f->state == FSM_BACKOFF ? drop(f) | no_address(f, now) : 0;
	case EV_ASK:
	case EV_RELOAD: /* in WAIT, too: other accounts may have a line */
		return f->state == FSM_START ? 0 : new_round(f, now);
	case EV_TIMER:
		if (f->state == FSM_BACKOFF && now >= f->timer)
			return answer_late(f, now) | new_round(f, now);
		return 0;
	default:
		return 0;
	}
}

/* The server has not hung up in time, or the caller of the first try waits no longer. */
static unsigned leave_late(struct fsm *f, int64_t now)
{
	unsigned actions = 0;

	if (now >= caller_limit(f))
		actions = late(f, f->status ? f->status : STATUS_UNREACHABLE, now);
	if (f->state != FSM_LEAVE)
		return actions;
	if (now >= f->leave_by)
		return actions | drop(f) | start_login(f, now);
	f->timer = f->leave_by;
	return actions;
}

static unsigned step_leave(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_NOADDR:
		return drop(f) | no_address(f, now);
	case EV_GONE:
		return start_login(f, now);
	case EV_TIMER:
		return now >= f->timer ? leave_late(f, now) : 0;
	default:
		return 0;
	}
}

/* Events that end a session, whatever its state. */
static unsigned step_session(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_ADDR:
	case EV_RELOAD:
		return renew(f, now);
	case EV_NOADDR:
		return address_gone(f, now);
	case EV_ASK:
		f->asked = true;
		return 0;
	default:
		return 0;
	}
}

/* A session that finds the very tunnel in the kernel, with routes into it, leaves them
 * in. Otherwise nothing is known of its path, whatever was known before. */
static unsigned take_offer(struct fsm *f, bool same)
{
	f->state = FSM_BUILD;
	f->timer = caller_limit(f);
	f->kept = same && f->routes;
	if (!f->kept)
		f->path = PATH_UNKNOWN;
	if (!same)
		f->was_good = false;
	f->built = true;
	f->lost = false;
	f->near_ok = true;
	f->lost_at = CLOCK_NEVER;
	return DO_BUILD;
}

static unsigned step_login(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_OFFER:
		return take_offer(f, in->same);
	case EV_BAD_OFFER:
		return quit(f, f->account, now) |
		       account_failed(f, STATUS_PROTOCOL, now, in->random);
	case EV_FAIL:
		return account_failed(f, in->status, now, in->random);
	case EV_STRANGER: /* who persists may meet the right one later */
		f->temporary = true;
		return account_failed(f, STATUS_PROTOCOL, now, in->random);
	case EV_NOLINE: /* a failure only if nothing else is left to be tried */
		if (all_absent(f))
			return drop(f) | no_address(f, now);
		return drop(f) | account_failed(f, STATUS_UNREACHABLE, now, in->random);
	case EV_TIMER:
		if (now < f->timer)
			return 0;
		return drop(f) | account_failed(f, STATUS_UNREACHABLE, now, in->random);
	default:
		return step_session(f, in, now);
	}
}

/* The caller of the first try waits no longer for ip(8). */
static unsigned build_late(struct fsm *f, int64_t now)
{
	f->timer = CLOCK_NEVER;
	return late(f, STATUS_SYSTEM, now);
}

static unsigned step_build(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_KERNEL_OK:
		if (f->lost)
			return account_failed(f, f->status, now, in->random);
		return path_leads(f) ? come_up(f, now) : ask_path(f, now);
	case EV_KERNEL_FAIL:
		return quit(f, f->account, now) |
		       account_failed(f, STATUS_SYSTEM, now, in->random);
	case EV_LOST:
		f->lost = true;
		f->status = in->status;
		note_loss(f, now);
		return 0;
	case EV_TIMER:
		return now >= f->timer ? build_late(f, now) : 0;
	default:
		return step_session(f, in, now);
	}
}

static unsigned step_path(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_PATH_OK:
		f->state = FSM_BUILD;
		f->timer = caller_limit(f);
		return DO_ROUTES;
	case EV_PATH_BAD:
		return path_failed(f, now, in->random);
	case EV_TIMER:
		return now >= f->timer ? path_failed(f, now, in->random) : 0;
	case EV_LOST:
		return account_failed(f, in->status, now, in->random);
	case EV_KERNEL_FAIL:
		return quit(f, f->account, now) |
		       account_failed(f, STATUS_SYSTEM, now, in->random);
	default:
		return step_session(f, in, now);
	}
}

/* The session is lost with this line, or its path is bad, and there is another line. Who asked
 * is answered when that has been tried. */
static unsigned other_line(struct fsm *f, unsigned actions, int64_t now)
{
	session_ended(f, now);
	f->status = STATUS_UNREACHABLE;
	f->tried = f->unanswered = 0;
	f->temporary = false;
	return actions | login(f, f->account, now);
}

/* No pong has come: the server is gone, or the line to it. */
static unsigned silent(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	if (f->untried & 1u << f->account)
		return other_line(f, drop(f), now);
	return drop(f) | reconnect(f, STATUS_UNREACHABLE, now, in->random);
}

static unsigned up_timer(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	if (now >= f->renew_at) {
		session_ended(f, now);
		f->renewals++;
		return quit(f, FSM_ACCOUNTS, now) | new_round(f, now);
	}
	if (now < f->timer)
		return 0;
	return f->pinged ? silent(f, in, now) : ping(f, now);
}

/* While a pong is awaited, callers are answered when it has come. */
static unsigned answer_up(const struct fsm *f)
{
	return f->pinged ? 0 : DO_ANSWER;
}

/* Where the path is bad, and does not answer now either, others are tried. */
static unsigned ask(struct fsm *f, int64_t now)
{
	if (f->path == PATH_IS_BAD && has_others(f))
		f->renew_at = clock_min(f->renew_at, now + FSM_RENEW_ASKED_MS);
	return ping(f, now);
}

static unsigned step_up(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	switch (in->event) {
	case EV_PONG:
		f->pinged = false;
		f->timer = now + f->accounts[f->account].ping_ms;
		return path_leads(f) ? DO_ANSWER : 0;
	case EV_LOST:
		return reconnect(f, in->status, now, in->random);
	case EV_TIMER:
		return up_timer(f, in, now);
	case EV_ASK:
		return ask(f, now);
	case EV_KERNEL_OK:
		return answer_up(f);
	case EV_KERNEL_FAIL:
		return quit(f, f->account, now) | reconnect(f, STATUS_SYSTEM, now, in->random);
	case EV_PATH_OK:
		f->been_up = true;
		f->preferred = f->account;
		f->status = STATUS_OK;
		return answer_up(f);
	case EV_PATH_BAD:
		if (path_leads(f))
			return 0; /* it is trusted, and never answered */
		f->status = STATUS_UNREACHABLE;
		if (f->untried & 1u << f->account)
			return other_line(f, quit(f, f->account, now), now);
		plan_renewal(f, now);
		return DO_ANSWER;
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
	return DO_ANSWER;
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
	case FSM_PATH:
		return step_path(f, in, now);
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

	return f->built && f->near_ok && path_leads(f) && session && f->state < FSM_DONE;
}

bool fsm_needs_lines(const struct fsm *f, enum fsm_event e, int64_t now)
{
	switch (e) {
	case EV_PONG:
	case EV_PATH_OK:
	case EV_OFFER:
	case EV_NOADDR:
	case EV_SCRIPT_DONE:
	case EV_STOP:
		return false;
	case EV_ASK:
		return f->state != FSM_UP || f->path == PATH_IS_BAD;
	case EV_KERNEL_OK:
		return f->state == FSM_BUILD && f->lost;
	case EV_TIMER:
		return now >= f->renew_at ||
		       (now >= f->timer && (f->state != FSM_UP || f->pinged));
	default:
		return true;
	}
}

unsigned fsm_step(struct fsm *f, const struct fsm_input *in, int64_t now)
{
	unsigned actions;
	bool routes;

	f->near_ok = in->near_ok;
	f->leaving = in->leaving;
	f->absent = in->absent;
	f->untried = in->untried;
	f->several = in->several;
	f->others = in->others;
	if (in->event == EV_KERNEL_FAIL)
		f->built = false;
	learn_path(f, in->event);
	actions = step_state(f, in, now);
	routes = routes_lead(f, now);
	if (routes != f->routes) {
		f->routes = routes;
		if (f->state < FSM_END_SCRIPT && !(actions & DO_BUILD))
			actions |= DO_ROUTES;
	}
	f->wake = clock_min(f->timer, f->renew_at);
	if (f->routes && f->lost_at != CLOCK_NEVER)
		f->wake = clock_min(f->wake, f->lost_at + FSM_GRACE_MS);
	return actions;
}
