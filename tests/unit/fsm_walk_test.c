/* SPDX-License-Identifier: ISC */
/* Long random walks through the state machine, with what must hold after every
 * step, and which changes of state they meet. */
#include "keeper/fsm.h"

#include <stdio.h>
#include <string.h>

#include "keeper/backoff.h"
#include "common/clock.h"
#include "common/status_codes.h"
#include "unit.h"

enum { WALKS = 40000, STEPS = 80 };

static const char *const events[FSM_EVENTS] = {
	"BEGIN", "ADDR", "NOADDR", "OFFER", "BAD_OFFER", "FAIL", "STRANGER", "NOLINE", "LOST", "GONE", "PONG", "PATH_OK", "PATH_BAD",
	"KERNEL_OK", "KERNEL_FAIL", "SCRIPT_DONE", "ASK", "RELOAD", "STOP", "TIMER",
};
static const char *const states[FSM_STATES] = {
	"START", "WAIT", "BACKOFF", "LEAVE", "LOGIN", "BUILD", "PATH", "UP", "END_SCRIPT", "END_KERNEL",
	"DONE",
};

/* Which changes of state the walks have met. */
static bool met[FSM_STATES][FSM_EVENTS][FSM_STATES];

struct walk {
	struct fsm f;
	enum fsm_state was;            /* before the last step */
	enum fsm_event event;          /* of the last step */
	unsigned actions;              /* that it led to */
	unsigned seed;
	int64_t now;
	int64_t refused[FSM_ACCOUNTS]; /* when; or long ago */
	int64_t stopped;               /* when the end began, or CLOCK_NEVER */
	bool session;                  /* one is there */
	int64_t lost_at;               /* when the last one ended that had logged in */
	bool leaving;                  /* one says quit: of which account, and since when */
	unsigned left;
	int64_t left_at;
	bool kernel_failed;            /* while ending */
};

/* The last step, in words. */
static const char *describe(const struct walk *w)
{
	static char text[160];

	snprintf(text, sizeof text, "%s %s: %s, actions %#x, at %lld", states[w->was],
		 events[w->event], states[w->f.state], w->actions, (long long)w->now);
	return text;
}

/* Holds after the step of walk w. There are millions of steps, and words only for one
 * that fails. */
#define CHECK_STEP(w, condition)                                                     \
	((condition) ? unit_check(true, #condition, "", __FILE__, __LINE__)          \
		     : unit_check(false, #condition, describe(w), __FILE__, __LINE__))

static unsigned below(struct walk *w, unsigned n)
{
	return unit_random(&w->seed) % n;
}

static void begin(struct walk *w, unsigned seed)
{
	static const int64_t waits[] = {CLOCK_NEVER, 1000, 10000, 60000};
	unsigned n;

	*w = (struct walk){.seed = seed, .now = 1000000, .stopped = CLOCK_NEVER};
	n = below(w, 20) == 0 ? FSM_ACCOUNTS : 1 + below(w, 3);
	fsm_init(&w->f, below(w, 2), waits[below(w, 4)], n);
	if (w->f.wait_until != CLOCK_NEVER)
		w->f.wait_until += w->now;
	for (unsigned i = 0; i < n; i++) {
		w->f.accounts[i].ping_ms = 1000 * (int64_t)(1 + below(w, 240));
		w->f.accounts[i].pathless = below(w, 8) == 0;
		w->f.accounts[i].trust = below(w, 4) == 0;
		w->refused[i] = w->now - BACKOFF_REFUSED_MS;
	}
}

/* Mostly what can be expected in a state, sometimes anything. */
static enum fsm_event pick(struct walk *w)
{
	static const enum fsm_event likely[FSM_STATES] = {
		[FSM_START] = EV_BEGIN, [FSM_WAIT] = EV_ADDR, [FSM_BACKOFF] = EV_TIMER,
		[FSM_LEAVE] = EV_GONE, [FSM_LOGIN] = EV_OFFER, [FSM_BUILD] = EV_KERNEL_OK,
		[FSM_PATH] = EV_PATH_OK, [FSM_UP] = EV_PONG, [FSM_END_SCRIPT] = EV_SCRIPT_DONE,
		[FSM_END_KERNEL] = EV_KERNEL_OK, [FSM_DONE] = EV_TIMER,
	};
	enum fsm_event e = (enum fsm_event)below(w, FSM_EVENTS);

	if (e == EV_STOP && below(w, 8))
		e = EV_TIMER;
	return below(w, 3) ? e : likely[w->f.state];
}

static void pass_time(struct walk *w, enum fsm_event e)
{
	static const int64_t times[] = {0, 1, 100, 500, 1000, 4999, 5000, 10000};

	if (e == EV_TIMER && w->f.wake != CLOCK_NEVER && below(w, 4))
		w->now = w->now > w->f.wake ? w->now : w->f.wake;
	else
		w->now += below(w, 40) ? times[below(w, sizeof times / sizeof times[0])] : 61000;
}

/* One that has logged in. */
static bool has_session(enum fsm_state s)
{
	return s == FSM_BUILD || s == FSM_PATH || s == FSM_UP;
}

/* Routes lead into the tunnel only while it leads somewhere. */
static void check_routes(const struct walk *w)
{
	const struct fsm *f = &w->f;

	if (!f->routes)
		return;
	CHECK_STEP(w, f->built && f->near_ok);
	if (!f->accounts[f->account].pathless && !f->accounts[f->account].trust)
		CHECK_STEP(w, f->path == PATH_IS_GOOD);
	CHECK_STEP(w, f->path != PATH_IS_BAD || f->accounts[f->account].pathless);
	CHECK_STEP(w, f->lost_at == CLOCK_NEVER || w->now - f->lost_at < 5000);
	if (f->state < FSM_END_SCRIPT)
		CHECK_STEP(w, has_session(f->state) || w->now - w->lost_at < 5000);
	CHECK_STEP(w, f->lost_at == CLOCK_NEVER || f->wake <= f->lost_at + 5000);
}

/* Something always comes: a state that waits for no event but time has one. */
static void check_wake(const struct walk *w)
{
	enum fsm_state s = w->f.state;

	if (s != FSM_START && s != FSM_WAIT && s != FSM_BUILD && s != FSM_DONE)
		CHECK_STEP(w, w->f.wake != CLOCK_NEVER);
	/* While the first caller waits, nothing takes longer than its wait. */
	if (s == FSM_BUILD && w->f.first && w->f.limited)
		CHECK_STEP(w, w->f.wake <= w->f.wait_until);
	if (s == FSM_END_SCRIPT || s == FSM_END_KERNEL)
		CHECK_STEP(w, w->f.wake <= w->stopped + END_ALL_MS);
	if (s == FSM_BACKOFF)
		CHECK_STEP(w, w->f.timer - w->now <= 305000);
	/* A timer that has come and is still there would come again and again. */
	if (w->event == EV_TIMER && s == w->was)
		CHECK_STEP(w, w->f.wake > w->now);
}

/* One session at a time, none forgotten. */
static void check_session(struct walk *w, const struct fsm_input *in)
{
	enum fsm_state was = w->was;
	unsigned actions = w->actions;

	if ((was == FSM_LOGIN && (in->event == EV_FAIL || in->event == EV_STRANGER)) ||
	    (was >= FSM_BUILD && was <= FSM_UP && in->event == EV_LOST))
		w->session = false;
	if (actions & (DO_DROP | DO_QUIT))
		w->session = false;
	if (actions & DO_LOGIN) {
		CHECK_STEP(w, !w->session);
		CHECK_STEP(w, w->now - w->refused[w->f.account] >= BACKOFF_REFUSED_MS);
		CHECK_STEP(w, w->f.login_by >= w->now && w->f.login_by <= w->now + 10000);
		CHECK_STEP(w, !w->leaving || w->left != w->f.account || w->now >= w->left_at + 5000);
		w->session = true;
	}
	if (actions & DO_PING)
		CHECK_STEP(w, w->session);
	if (w->f.state == FSM_LOGIN || w->f.state == FSM_PATH || w->f.state == FSM_UP)
		CHECK_STEP(w, w->session);
	else if (w->f.state != FSM_BUILD)
		CHECK_STEP(w, !w->session);
}

/* Where the machine says that it does not need to know which accounts have a line, that
 * makes no difference. */
static void check_needs_lines(const struct walk *w, const struct fsm_input *in)
{
	struct fsm one = w->f, other = w->f;
	struct fsm_input all = *in;
	unsigned actions;

	if (fsm_needs_lines(&w->f, in->event, w->now))
		return;
	all.absent = all.untried = 0xffffffff;
	actions = fsm_step(&one, in, w->now);
	CHECK_STEP(w, fsm_step(&other, &all, w->now) == actions);
	other.absent = one.absent;
	other.untried = one.untried;
	CHECK_STEP(w, memcmp(&one, &other, sizeof one) == 0);
}

static void one_step(struct walk *w)
{
	static const int statuses[] = {STATUS_UNREACHABLE, STATUS_SYSTEM, STATUS_PROTOCOL,
				       STATUS_REFUSED, STATUS_REFUSED};
	struct fsm_input in = {.event = pick(w), .status = statuses[below(w, 5)]};
	enum fsm_state was = w->f.state;
	unsigned account = w->f.account;
	bool had = w->f.routes;
	unsigned actions;

	pass_time(w, in.event);
	in.near_ok = in.event == EV_NOADDR ? false : in.event == EV_ADDR ? below(w, 2)
								       : w->f.near_ok;
	if (in.event == EV_BEGIN)
		in.near_ok = below(w, 2);
	if (in.event == EV_GONE)
		w->leaving = false;
	in.leaving = w->leaving;
	in.same = below(w, 2);
	in.random = unit_random(&w->seed);
	in.others = in.random & 1;
	if (was == FSM_LOGIN && in.event == EV_FAIL && in.status == STATUS_REFUSED)
		w->refused[w->f.account] = w->now;
	in.absent = below(w, 4) ? 0 : unit_random(&w->seed);
	in.untried = below(w, 4) ? 0 : unit_random(&w->seed);
	if (below(w, 30) == 0)
		w->f.persist = true; /* somebody else has called */
	w->was = was;
	w->event = in.event;
	check_needs_lines(w, &in);
	actions = w->actions = fsm_step(&w->f, &in, w->now);
	met[was][in.event][w->f.state] = true;
	/* Who was told that it is tried on was told the truth. */
	if (was < FSM_END_SCRIPT && in.event == EV_TIMER && w->f.persist)
		CHECK_STEP(w, w->f.state != FSM_END_SCRIPT);
	if (was < FSM_END_SCRIPT && w->f.state == FSM_END_SCRIPT)
		w->stopped = w->now;
	if (has_session(was) && !has_session(w->f.state))
		w->lost_at = w->now;
	check_routes(w);
	check_wake(w);
	if (actions & DO_DROP)
		w->leaving = false;
	if (actions & DO_QUIT) {
		w->leaving = true;
		w->left = account;
		w->left_at = w->now;
	}
	check_session(w, &in);
	if (w->f.state < FSM_END_SCRIPT)
		CHECK_STEP(w, (actions & (DO_ROUTES | DO_BUILD)) || had == w->f.routes);
	if (was != FSM_DONE && w->f.state == FSM_DONE)
		CHECK_STEP(w, actions & DO_ANSWER);
}

/* From anywhere, STOP and then nothing but the clock ends within 2 s. */
static void ends(void)
{
	for (unsigned i = 1; i <= WALKS; i++) {
		struct fsm_input in = {.event = EV_STOP};
		struct walk w;
		int64_t end;

		begin(&w, i * 2654435761u);
		for (unsigned s = below(&w, STEPS); s > 0 && w.f.state < FSM_END_SCRIPT; s--)
			one_step(&w);
		if (w.f.state >= FSM_END_SCRIPT)
			continue;
		end = w.now + END_ALL_MS + 1;
		fsm_step(&w.f, &in, w.now);
		in.event = EV_TIMER;
		for (int t = 0; t < 4 && w.f.state != FSM_DONE; t++) {
			w.now = w.f.wake;
			fsm_step(&w.f, &in, w.now);
		}
		CHECK(w.f.state == FSM_DONE && w.now < end);
		CHECK_INT(w.f.status, STATUS_SYSTEM);
	}
}

/* Where an event leads from a state, besides staying there. */
#define TO(state) (1u << FSM_##state)
static const unsigned leads_to[FSM_STATES][FSM_EVENTS] = {
	[FSM_START] = {
		[EV_BEGIN] = TO(WAIT) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_STOP] = TO(END_SCRIPT),
	},
	[FSM_WAIT] = {
		[EV_ADDR] = TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
		[EV_ASK] = TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
		[EV_RELOAD] = TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
		[EV_STOP] = TO(END_SCRIPT),
	},
	[FSM_BACKOFF] = {
		[EV_ADDR] = TO(WAIT) | TO(LEAVE) | TO(LOGIN),
		[EV_NOADDR] = TO(WAIT),
		[EV_ASK] = TO(WAIT) | TO(LEAVE) | TO(LOGIN),
		[EV_RELOAD] = TO(WAIT) | TO(LEAVE) | TO(LOGIN),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(WAIT) | TO(LEAVE) | TO(LOGIN),
	},
	[FSM_LEAVE] = {
		[EV_NOADDR] = TO(WAIT) | TO(END_SCRIPT),
		[EV_GONE] = TO(LOGIN),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(LOGIN) | TO(END_SCRIPT),
	},
	[FSM_LOGIN] = {
		[EV_ADDR] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(END_SCRIPT),
		[EV_NOADDR] = TO(WAIT) | TO(END_SCRIPT),
		[EV_OFFER] = TO(BUILD),
		[EV_BAD_OFFER] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(END_SCRIPT),
		[EV_FAIL] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(END_SCRIPT),
		[EV_STRANGER] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(END_SCRIPT),
		[EV_NOLINE] = TO(WAIT) | TO(BACKOFF) | TO(END_SCRIPT),
		[EV_RELOAD] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(END_SCRIPT),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(WAIT) | TO(BACKOFF) | TO(END_SCRIPT),
	},
	[FSM_BUILD] = {
		[EV_ADDR] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_NOADDR] = TO(WAIT) | TO(END_SCRIPT),
		[EV_KERNEL_OK] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(PATH) |
				 TO(UP) | TO(END_SCRIPT),
		[EV_KERNEL_FAIL] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_RELOAD] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(END_SCRIPT),
	},
	[FSM_PATH] = {
		[EV_ADDR] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_NOADDR] = TO(WAIT) | TO(END_SCRIPT),
		[EV_LOST] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_PATH_OK] = TO(BUILD),
		[EV_PATH_BAD] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(UP) |
				TO(END_SCRIPT),
		[EV_KERNEL_FAIL] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_RELOAD] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(END_SCRIPT),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN) | TO(UP) |
			     TO(END_SCRIPT),
	},
	[FSM_UP] = {
		[EV_ADDR] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
		[EV_NOADDR] = TO(WAIT),
		[EV_LOST] = TO(BACKOFF),
		[EV_PATH_BAD] = TO(LEAVE),
		[EV_KERNEL_FAIL] = TO(BACKOFF),
		[EV_RELOAD] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
		[EV_STOP] = TO(END_SCRIPT),
		[EV_TIMER] = TO(WAIT) | TO(BACKOFF) | TO(LEAVE) | TO(LOGIN),
	},
	[FSM_END_SCRIPT] = {
		[EV_SCRIPT_DONE] = TO(END_KERNEL),
		[EV_TIMER] = TO(END_KERNEL),
	},
	[FSM_END_KERNEL] = {
		[EV_KERNEL_OK] = TO(DONE),
		[EV_KERNEL_FAIL] = TO(DONE),
		[EV_TIMER] = TO(DONE),
	},
};

/* Of too many things at once for each set of walks to meet it: the account whose path is bad
 * has lost its line too, each other one was refused, and somebody has asked. */
static bool is_rare(int state, int event, int next)
{
	return state == FSM_PATH && (event == EV_PATH_BAD || event == EV_TIMER) &&
	       next == FSM_BACKOFF;
}

/* What must hold after every step does; and what the walks met and what the table has
 * are the same, both ways. */
static void transitions(void)
{
	char what[80];

	for (unsigned i = 1; i <= WALKS; i++) {
		struct walk w;

		begin(&w, i * 2654435761u);
		for (int s = 0; s < STEPS && w.f.state != FSM_DONE; s++)
			one_step(&w);
	}
	for (int s = 0; s < FSM_STATES; s++)
		for (int e = 0; e < FSM_EVENTS; e++)
			for (int n = 0; n < FSM_STATES; n++) {
				bool wanted = leads_to[s][e] >> n & 1;

				snprintf(what, sizeof what, "%s, %s: %s", states[s], events[e],
					 states[n]);
				if (n != s)
					CHECK_FOR(what, met[s][e][n] == wanted ||
								(wanted && is_rare(s, e, n)));
			}
}

static const struct unit_case cases[] = {
	{"40,000 random walks: what must hold after every step, and the table's changes of state alone", transitions},
	{"STOP and the clock alone end it within 2 s from anywhere", ends},
};
UNIT_MAIN(cases)
