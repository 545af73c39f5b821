/* SPDX-License-Identifier: ISC */
/* Long random walks through the state machine, with what must hold after every
 * step. With --transitions it prints each change of state that was met, to be
 * compared with the table of fsm.h. */
#include "fsm.h"

#include <stdio.h>
#include <string.h>

#include "backoff.h"
#include "clock.h"
#include "status_codes.h"
#include "unit.h"

enum { WALKS = 20000, STEPS = 80 };

static const char *const events[FSM_EVENTS] = {
	"BEGIN", "ADDR", "NOADDR", "OFFER", "FAIL", "LOST", "GONE", "PONG", "PATH_OK", "PATH_BAD",
	"KERNEL_OK", "KERNEL_FAIL", "SCRIPT_DONE", "ASK", "RELOAD", "STOP", "TIMER",
};
static const char *const states[FSM_STATES] = {
	"START", "WAIT", "BACKOFF", "LEAVE", "LOGIN", "BUILD", "UP", "END_SCRIPT", "END_KERNEL",
	"DONE",
};

static bool met[FSM_STATES][FSM_EVENTS][FSM_STATES];

struct walk {
	struct fsm f;
	unsigned seed;
	int64_t now;
	int64_t refused[FSM_ACCOUNTS]; /* when; or long ago */
	int64_t stopped;               /* when the end began, or CLOCK_NEVER */
	bool session;                  /* one is there */
	bool kernel_failed;            /* while ending */
};

static unsigned lot(struct walk *w, unsigned n)
{
	return unit_random(&w->seed) % n;
}

static void begin(struct walk *w, unsigned seed)
{
	static const int64_t waits[] = {CLOCK_NEVER, 1000, 10000, 60000};
	unsigned n;

	*w = (struct walk){.seed = seed, .now = 1000000, .stopped = CLOCK_NEVER};
	n = lot(w, 20) == 0 ? FSM_ACCOUNTS : 1 + lot(w, 3);
	fsm_init(&w->f, lot(w, 2), waits[lot(w, 4)], n);
	if (w->f.wait_until != CLOCK_NEVER)
		w->f.wait_until += w->now;
	for (unsigned i = 0; i < n; i++) {
		w->f.accounts[i].ping_ms = 1000 * (int64_t)(1 + lot(w, 240));
		w->refused[i] = w->now - BACKOFF_REFUSED_MS;
	}
}

/* Mostly what can be expected in a state, sometimes anything. */
static enum fsm_event pick(struct walk *w)
{
	static const enum fsm_event likely[FSM_STATES] = {
		[FSM_START] = EV_BEGIN, [FSM_WAIT] = EV_ADDR, [FSM_BACKOFF] = EV_TIMER,
		[FSM_LEAVE] = EV_GONE, [FSM_LOGIN] = EV_OFFER, [FSM_BUILD] = EV_KERNEL_OK,
		[FSM_UP] = EV_PONG, [FSM_END_SCRIPT] = EV_SCRIPT_DONE,
		[FSM_END_KERNEL] = EV_KERNEL_OK, [FSM_DONE] = EV_TIMER,
	};
	enum fsm_event e = (enum fsm_event)lot(w, FSM_EVENTS);

	if (e == EV_STOP && lot(w, 8))
		e = EV_TIMER;
	return lot(w, 3) ? e : likely[w->f.state];
}

static void pass_time(struct walk *w, enum fsm_event e)
{
	static const int64_t times[] = {0, 1, 100, 500, 1000, 4999, 5000, 10000, 61000};

	if (e == EV_TIMER && w->f.wake != CLOCK_NEVER && lot(w, 4))
		w->now = w->now > w->f.wake ? w->now : w->f.wake;
	else
		w->now += times[lot(w, sizeof times / sizeof times[0])];
}

/* Routes lead into the tunnel only while it leads somewhere. */
static void check_routes(const struct walk *w, const char *what)
{
	const struct fsm *f = &w->f;

	if (!f->routes)
		return;
	CHECK_FOR(what, f->built && f->near_ok && !f->path_bad);
	CHECK_FOR(what, f->lost_at == CLOCK_NEVER || w->now - f->lost_at < 5000);
	CHECK_FOR(what, f->lost_at == CLOCK_NEVER || f->wake <= f->lost_at + 5000);
}

/* Something always comes: a state that waits for no event but time has one. */
static void check_wake(const struct walk *w, const char *what)
{
	enum fsm_state s = w->f.state;

	if (s != FSM_START && s != FSM_WAIT && s != FSM_BUILD && s != FSM_DONE)
		CHECK_FOR(what, w->f.wake != CLOCK_NEVER);
	if (s == FSM_END_SCRIPT || s == FSM_END_KERNEL)
		CHECK_FOR(what, w->f.wake <= w->stopped + 1900);
	if (s == FSM_BACKOFF)
		CHECK_FOR(what, w->f.timer - w->now <= 305000);
}

/* One session at a time, none forgotten. */
static void check_session(struct walk *w, enum fsm_state was, const struct fsm_input *in,
			  unsigned actions, const char *what)
{
	if ((was == FSM_LOGIN && in->event == EV_FAIL) ||
	    ((was == FSM_BUILD || was == FSM_UP) && in->event == EV_LOST))
		w->session = false;
	if (actions & (DO_DROP | DO_QUIT))
		w->session = false;
	if (actions & DO_LOGIN) {
		CHECK_FOR(what, !w->session);
		CHECK_FOR(what, w->now - w->refused[w->f.account] >= BACKOFF_REFUSED_MS);
		CHECK_FOR(what, w->f.login_by >= w->now && w->f.login_by <= w->now + 10000);
		w->session = true;
	}
	if (actions & DO_PING)
		CHECK_FOR(what, w->session);
	if (w->f.state == FSM_LOGIN || w->f.state == FSM_UP)
		CHECK_FOR(what, w->session);
	else if (w->f.state != FSM_BUILD)
		CHECK_FOR(what, !w->session);
}

static void one_step(struct walk *w)
{
	static const int statuses[] = {STATUS_UNREACHABLE, STATUS_SYSTEM, STATUS_PROTOCOL,
				       STATUS_REFUSED};
	struct fsm_input in = {.event = pick(w), .status = statuses[lot(w, 4)]};
	enum fsm_state was = w->f.state;
	bool had = w->f.routes;
	unsigned actions;
	char what[160];

	pass_time(w, in.event);
	in.near_ok = in.event == EV_NOADDR ? false : in.event == EV_ADDR ? lot(w, 2)
								       : w->f.near_ok;
	if (in.event == EV_BEGIN)
		in.near_ok = lot(w, 2);
	in.random = unit_random(&w->seed);
	if (was == FSM_LOGIN && in.event == EV_FAIL && in.status == STATUS_REFUSED)
		w->refused[w->f.account] = w->now;
	actions = fsm_step(&w->f, &in, w->now);
	met[was][in.event][w->f.state] = true;
	snprintf(what, sizeof what, "%s %s: %s, actions %#x, at %lld", states[was],
		 events[in.event], states[w->f.state], actions, (long long)w->now);
	if (was < FSM_END_SCRIPT && w->f.state == FSM_END_SCRIPT)
		w->stopped = w->now;
	check_routes(w, what);
	check_wake(w, what);
	check_session(w, was, &in, actions, what);
	if (w->f.state < FSM_END_SCRIPT)
		CHECK_FOR(what, (had != w->f.routes) == !!(actions & (DO_ROUTES | DO_BUILD)) ||
					(actions & DO_BUILD));
	CHECK_FOR(what, !!(actions & DO_EXIT) == (was != FSM_DONE && w->f.state == FSM_DONE));
}

static void walks(void)
{
	for (unsigned i = 1; i <= WALKS; i++) {
		struct walk w;

		begin(&w, i * 2654435761u);
		for (int s = 0; s < STEPS && w.f.state != FSM_DONE; s++)
			one_step(&w);
	}
}

/* From anywhere, STOP and then nothing but the clock ends within 2 s. */
static void ends(void)
{
	for (unsigned i = 1; i <= WALKS; i++) {
		struct fsm_input in = {.event = EV_STOP};
		struct walk w;
		int64_t end;

		begin(&w, i * 2654435761u);
		for (unsigned s = lot(&w, STEPS); s > 0 && w.f.state < FSM_END_SCRIPT; s--)
			one_step(&w);
		if (w.f.state >= FSM_END_SCRIPT)
			continue;
		end = w.now + 2000;
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

static void transitions(void)
{
	walks();
	for (int s = 0; s < FSM_STATES; s++)
		for (int e = 0; e < FSM_EVENTS; e++)
			for (int n = 0; n < FSM_STATES; n++)
				if (met[s][e][n])
					printf("%s %s %s\n", states[s], events[e], states[n]);
}

static const struct unit_case cases[] = {
	{"what must hold after every step of 20,000 random walks", walks},
	{"STOP and the clock alone end it within 2 s from anywhere", ends},
};

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "--transitions") == 0) {
		transitions();
		return 0;
	}
	return unit_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
