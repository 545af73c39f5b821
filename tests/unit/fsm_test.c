/* SPDX-License-Identifier: ISC */
/* Every pair of state and event: the next state, and what is done. */
#include "keeper/fsm.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/status_codes.h"
#include "unit.h"

enum { START = 1000, PING = 60000 };

static unsigned step(struct fsm *f, enum fsm_event e, int64_t now)
{
	bool near_ok = e != EV_NOADDR && (e == EV_ADDR || e == EV_BEGIN || f->near_ok);
	bool leaving = f->leaving && e != EV_GONE;
	struct fsm_input in = {e, STATUS_UNREACHABLE, near_ok, leaving, false, 0x80000000u, 0, 0, false, 0};

	return fsm_step(f, &in, now);
}

/* Brings a keeper that goes on after failures to a state by events alone.
 * *now is the time at which the state was entered. */
static struct fsm at(enum fsm_state s, int64_t *now)
{
	struct fsm f;

	*now = START;
	fsm_init(&f, true, CLOCK_NEVER, 1);
	f.accounts[0].ping_ms = PING;
	if (s == FSM_START)
		return f;
	if (s == FSM_WAIT) {
		struct fsm_input none = {.event = EV_BEGIN};

		fsm_step(&f, &none, *now);
		return f;
	}
	step(&f, EV_BEGIN, *now);
	if (s == FSM_LOGIN)
		return f;
	step(&f, EV_OFFER, *now);
	if (s == FSM_BUILD)
		return f;
	step(&f, EV_KERNEL_OK, *now);
	if (s == FSM_PATH)
		return f;
	step(&f, EV_PATH_OK, *now);
	step(&f, EV_KERNEL_OK, *now);
	if (s == FSM_BACKOFF) { /* with routes withdrawn already */
		step(&f, EV_LOST, *now);
		f.timer += FSM_GRACE_MS;
		*now += FSM_GRACE_MS;
		step(&f, EV_TIMER, *now);
	}
	if (s == FSM_LEAVE)
		step(&f, EV_RELOAD, *now);
	if (s >= FSM_END_SCRIPT)
		step(&f, EV_STOP, *now);
	if (s >= FSM_END_KERNEL)
		step(&f, EV_SCRIPT_DONE, *now);
	if (s >= FSM_DONE)
		step(&f, EV_KERNEL_OK, *now);
	return f;
}

enum { END = DO_QUIT | DO_SCRIPT, AGAIN = DO_DROP | DO_ANSWER };

/* A timer is due. */
static const struct unit_row rows[] = {
	{FSM_START, EV_BEGIN, FSM_LOGIN, DO_LOGIN},
	{FSM_START, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_WAIT, EV_ADDR, FSM_LOGIN, DO_LOGIN},
	{FSM_WAIT, EV_ASK, FSM_LOGIN, DO_LOGIN},
	{FSM_WAIT, EV_RELOAD, FSM_LOGIN, DO_LOGIN},
	{FSM_WAIT, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_BACKOFF, EV_TIMER, FSM_LOGIN, DO_LOGIN},
	{FSM_BACKOFF, EV_ADDR, FSM_LOGIN, DO_LOGIN},
	{FSM_BACKOFF, EV_ASK, FSM_LOGIN, DO_LOGIN},
	{FSM_BACKOFF, EV_RELOAD, FSM_LOGIN, DO_LOGIN},
	{FSM_BACKOFF, EV_NOADDR, FSM_WAIT, AGAIN},
	{FSM_BACKOFF, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_LEAVE, EV_GONE, FSM_LOGIN, DO_LOGIN},
	{FSM_LEAVE, EV_TIMER, FSM_LOGIN, DO_DROP | DO_LOGIN | DO_ROUTES},
	{FSM_LEAVE, EV_PATH_BAD, FSM_LEAVE, DO_ROUTES},
	{FSM_LEAVE, EV_NOADDR, FSM_WAIT, AGAIN | DO_ROUTES},
	{FSM_LEAVE, EV_KERNEL_FAIL, FSM_LEAVE, DO_ROUTES},
	{FSM_LEAVE, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_LOGIN, EV_OFFER, FSM_BUILD, DO_BUILD},
	{FSM_LOGIN, EV_BAD_OFFER, FSM_END_SCRIPT, END | DO_ANSWER},
	{FSM_LOGIN, EV_FAIL, FSM_BACKOFF, DO_ANSWER},
	{FSM_LOGIN, EV_STRANGER, FSM_BACKOFF, DO_ANSWER},
	{FSM_LOGIN, EV_NOLINE, FSM_BACKOFF, DO_ANSWER | DO_DROP},
	{FSM_LOGIN, EV_TIMER, FSM_BACKOFF, AGAIN},
	{FSM_LOGIN, EV_ADDR, FSM_LEAVE, DO_QUIT},
	{FSM_LOGIN, EV_RELOAD, FSM_LEAVE, DO_QUIT},
	{FSM_LOGIN, EV_NOADDR, FSM_WAIT, AGAIN},
	{FSM_LOGIN, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_BUILD, EV_KERNEL_OK, FSM_PATH, DO_PATH},
	{FSM_BUILD, EV_KERNEL_FAIL, FSM_BACKOFF, DO_QUIT | DO_ANSWER},
	{FSM_BUILD, EV_PATH_OK, FSM_BUILD, DO_ROUTES},
	{FSM_BUILD, EV_ADDR, FSM_LEAVE, DO_QUIT},
	{FSM_BUILD, EV_RELOAD, FSM_LEAVE, DO_QUIT},
	{FSM_BUILD, EV_NOADDR, FSM_WAIT, AGAIN},
	{FSM_BUILD, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_PATH, EV_PATH_OK, FSM_BUILD, DO_ROUTES},
	{FSM_PATH, EV_PATH_BAD, FSM_UP, DO_ANSWER},
	{FSM_PATH, EV_TIMER, FSM_UP, DO_ANSWER},
	{FSM_PATH, EV_LOST, FSM_BACKOFF, DO_ANSWER},
	{FSM_PATH, EV_KERNEL_FAIL, FSM_BACKOFF, DO_QUIT | DO_ANSWER},
	{FSM_PATH, EV_ADDR, FSM_LEAVE, DO_QUIT},
	{FSM_PATH, EV_RELOAD, FSM_LEAVE, DO_QUIT},
	{FSM_PATH, EV_NOADDR, FSM_WAIT, AGAIN},
	{FSM_PATH, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_UP, EV_PONG, FSM_UP, DO_ANSWER},
	{FSM_UP, EV_ASK, FSM_UP, DO_PING | DO_PROBE},
	{FSM_UP, EV_TIMER, FSM_UP, DO_PING | DO_PROBE},
	{FSM_UP, EV_KERNEL_OK, FSM_UP, DO_ANSWER},
	{FSM_UP, EV_PATH_OK, FSM_UP, DO_ANSWER},
	{FSM_UP, EV_PATH_BAD, FSM_UP, DO_ANSWER | DO_ROUTES},
	{FSM_UP, EV_LOST, FSM_BACKOFF, 0},
	{FSM_UP, EV_KERNEL_FAIL, FSM_BACKOFF, DO_QUIT | DO_ROUTES},
	{FSM_UP, EV_ADDR, FSM_LEAVE, DO_QUIT},
	{FSM_UP, EV_RELOAD, FSM_LEAVE, DO_QUIT},
	{FSM_UP, EV_NOADDR, FSM_WAIT, AGAIN | DO_ROUTES},
	{FSM_UP, EV_STOP, FSM_END_SCRIPT, END},

	{FSM_END_SCRIPT, EV_SCRIPT_DONE, FSM_END_KERNEL, DO_REMOVE},
	{FSM_END_SCRIPT, EV_TIMER, FSM_END_KERNEL, DO_REMOVE},

	{FSM_END_KERNEL, EV_KERNEL_OK, FSM_DONE, DO_ANSWER},
	{FSM_END_KERNEL, EV_KERNEL_FAIL, FSM_DONE, DO_ANSWER},
	{FSM_END_KERNEL, EV_TIMER, FSM_DONE, DO_ANSWER},
};

static void pairs(void)
{
	for (int s = 0; s < FSM_STATES; s++)
		for (int e = 0; e < FSM_EVENTS; e++) {
			struct unit_row row = unit_row(rows, sizeof rows / sizeof rows[0], s, e);
			unsigned done;
			char what[120];
			int64_t now;
			struct fsm f = at((enum fsm_state)s, &now);

			CHECK_INT(f.state, s);
			if (e == EV_TIMER && f.wake != CLOCK_NEVER)
				now = f.timer;
			done = step(&f, (enum fsm_event)e, now);
			snprintf(what, sizeof what, "%s, event %d: %s %#x", fsm_state_name(s), e,
				 fsm_state_name(f.state), done);
			CHECK_FOR(what, (int)f.state == row.next && done == row.result);
		}
}

/* The same pairs with the timer a millisecond before its time. */
static void timers(void)
{
	for (int s = 0; s < FSM_STATES; s++) {
		int64_t now;
		struct fsm f = at((enum fsm_state)s, &now);

		if (f.timer == CLOCK_NEVER)
			continue;
		CHECK_INT(step(&f, EV_TIMER, f.timer - 1) & ~(unsigned)DO_ROUTES, 0);
		CHECK_INT(f.state, s);
	}
}

static void durations(void)
{
	int64_t now;
	struct fsm f;

	f = at(FSM_LOGIN, &now);
	CHECK_INT(f.login_by - now, 10000);
	CHECK(f.wake > f.login_by && f.wake <= f.login_by + 1000);
	f = at(FSM_UP, &now);
	CHECK_INT(f.wake - now, PING);
	step(&f, EV_TIMER, f.wake);
	CHECK_INT(f.wake - now, PING + 10000);
	f = at(FSM_PATH, &now);
	CHECK_INT(f.path_by - now, 5000);
	CHECK(f.wake > f.path_by && f.wake <= f.path_by + 1000);
	f = at(FSM_LEAVE, &now);
	CHECK_INT(f.wake - now, 5000);
	f = at(FSM_END_SCRIPT, &now);
	CHECK_INT(f.wake - now, 1000);
	f = at(FSM_END_KERNEL, &now);
	CHECK_INT(f.wake - now, END_ALL_MS);
	f = at(FSM_WAIT, &now);
	CHECK(f.wake == CLOCK_NEVER);
	f = at(FSM_DONE, &now);
	CHECK(f.wake == CLOCK_NEVER);
}

/* Nobody asks the kernel for lines because of a keepalive or its answers. */
static void keepalive_asks_for_no_lines(void)
{
	static const enum fsm_event answers[] = {EV_PONG, EV_PATH_OK, EV_KERNEL_OK};
	int64_t now;
	struct fsm f = at(FSM_UP, &now);

	CHECK(!fsm_needs_lines(&f, EV_TIMER, f.timer));
	CHECK_INT(step(&f, EV_TIMER, f.timer), DO_PING | DO_PROBE);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		CHECK(!fsm_needs_lines(&f, answers[i], now));
	CHECK(fsm_needs_lines(&f, EV_PATH_BAD, now));
	CHECK(fsm_needs_lines(&f, EV_LOST, now));
	/* Nor does a bring-up that goes well, after its first event. */
	f = at(FSM_BUILD, &now);
	CHECK(!fsm_needs_lines(&f, EV_KERNEL_OK, now));
	f.lost = true;
	CHECK(fsm_needs_lines(&f, EV_KERNEL_OK, now));
}

static void names(void)
{
	static const char *const want[] = {"start", "wait", "backoff", "leave", "login",
					   "build", "path", "up", "end-script", "end-kernel", "done"};

	CHECK_INT(sizeof want / sizeof want[0], FSM_STATES);
	for (int s = 0; s < FSM_STATES; s++)
		CHECK_STR(fsm_state_name((enum fsm_state)s), want[s]);
}

static const struct unit_case cases[] = {
	{"every pair of state and event: next state and actions", pairs},
	{"no timer acts before its time", timers},
	{"how long each state lasts", durations},
	{"a keepalive asks for no lines", keepalive_asks_for_no_lines},
	{"each state has a name", names},
};
UNIT_MAIN(cases)
