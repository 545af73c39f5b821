/* SPDX-License-Identifier: ISC */
/* What the keeper promises, told as stories of events. */
#include "keeper/fsm.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/status_codes.h"
#include "unit.h"

enum { PING = 60000, MIDDLE = 0x40000000 };

static struct fsm f;
static int64_t now;
static uint32_t absent, untried, several; /* accounts: see struct fsm_input */
static bool others;

static unsigned happens(enum fsm_event e, int status)
{
	bool near_ok = e != EV_NOADDR && (e == EV_ADDR || e == EV_BEGIN || f.near_ok);
	struct fsm_input in = {e, status, near_ok, f.leaving && e != EV_GONE, false, MIDDLE,
			       absent, untried, others, several};

	return fsm_step(&f, &in, now);
}

/* A session has logged in, and is offered the tunnel that is there. */
static unsigned same_offer(void)
{
	struct fsm_input in = {.event = EV_OFFER, .near_ok = true, .same = true, .random = MIDDLE};

	return fsm_step(&f, &in, now);
}

static unsigned later(int64_t ms, enum fsm_event e, int status)
{
	now += ms;
	return happens(e, status);
}

/* Lets the time pass to the next timer. */
static unsigned timer(void)
{
	now = f.wake;
	return happens(EV_TIMER, 0);
}

static void begin(bool persist, int64_t wait, unsigned accounts)
{
	now = 1000;
	fsm_init(&f, persist, wait == CLOCK_NEVER ? CLOCK_NEVER : now + wait, accounts);
	for (unsigned i = 0; i < accounts; i++)
		f.accounts[i].ping_ms = PING;
	happens(EV_BEGIN, 0);
	CHECK_INT(f.state, FSM_LOGIN);
}

/* Up with the account that is trying. */
static void come_up(void)
{
	CHECK(happens(EV_OFFER, 0) & DO_BUILD);
	CHECK(!f.routes);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_PATH);
	CHECK_INT(f.state, FSM_PATH);
	CHECK_INT(happens(EV_PATH_OK, 0), DO_ROUTES);
	CHECK(f.routes && !fsm_is_up(&f));
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_ANSWER);
	CHECK_INT(f.state, FSM_UP);
	CHECK(fsm_is_up(&f));
}

static void grace(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK(!(later(1000, EV_LOST, STATUS_UNREACHABLE) & DO_ROUTES));
	CHECK(f.routes);
	f.timer = CLOCK_NEVER; /* no login in between */
	CHECK_INT(later(4999, EV_PATH_OK, 0), 0);
	CHECK(f.routes);
	CHECK_INT(f.wake, now + 1);
	CHECK_INT(timer(), DO_ROUTES);
	CHECK(!f.routes);
}

static void mended(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	later(1000, EV_LOST, STATUS_UNREACHABLE);
	CHECK(f.wake - now <= 3000); /* the first time at once, or nearly */
	CHECK(timer() & DO_LOGIN);
	CHECK_INT(same_offer(), DO_BUILD);
	CHECK(f.routes);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_ANSWER | DO_PROBE);
	CHECK(fsm_is_up(&f));
}

static void address_gone(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK(later(1000, EV_NOADDR, 0) & DO_ROUTES);
	CHECK(!f.routes);
	CHECK_INT(f.state, FSM_WAIT);
	CHECK(later(1000, EV_ADDR, 0) & DO_LOGIN);
	come_up(); /* they return with the new near end's path */
}

static void path(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK_INT(happens(EV_PATH_BAD, 0), DO_ROUTES | DO_ANSWER);
	CHECK(!f.routes && !fsm_is_up(&f));
	CHECK_INT(f.status, STATUS_UNREACHABLE);
	CHECK_INT(happens(EV_PONG, 0), 0);
	CHECK_INT(happens(EV_PATH_OK, 0), DO_ROUTES | DO_ANSWER);
	CHECK(f.routes && fsm_is_up(&f));
	CHECK_INT(f.status, STATUS_OK);
}

/* A path that is known bad does not become good by losing the session too. */
static void path_and_loss(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_PATH_BAD, 0);
	CHECK(!(later(100, EV_LOST, STATUS_UNREACHABLE) & DO_ROUTES));
	CHECK(!f.routes);
	timer();
	same_offer(); /* nor by a new session */
	CHECK(!f.routes);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_PATH);
	CHECK(happens(EV_PATH_BAD, 0) & DO_ANSWER);
	CHECK_INT(f.state, FSM_UP);
	CHECK(!f.routes);
	CHECK(happens(EV_PATH_OK, 0) & DO_ROUTES);

	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_PATH_BAD, 0);
	CHECK(!(happens(EV_RELOAD, 0) & DO_ROUTES));
	CHECK(!f.routes);
}

static void order(void)
{
	begin(true, CLOCK_NEVER, 3);
	CHECK_INT(f.account, 0);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.account, 2);
	come_up();
	/* A reconnect begins with the one that was up last. */
	happens(EV_LOST, STATUS_UNREACHABLE);
	timer();
	CHECK_INT(f.account, 2);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.account, 0);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.account, 1);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_ANSWER);
	CHECK_INT(f.state, FSM_BACKOFF);
}

static void shares(void)
{
	begin(false, 9000, 3);
	CHECK_INT(f.login_by - now, 3000);
	later(1000, EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.login_by - now, 4000);
	later(4000, EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.login_by - now, 4000); /* the last one has all that is left */
	begin(false, 4000, 1);
	CHECK_INT(f.login_by - now, 4000);
	begin(false, 60000, 2);
	CHECK_INT(f.login_by - now, 10000);
	begin(true, 4000, 1); /* goes on in the background */
	CHECK_INT(f.login_by - now, 10000);
	begin(true, 4000, 2);
	CHECK_INT(f.login_by - now, 2000);
	begin(true, CLOCK_NEVER, 3);
	CHECK_INT(f.login_by - now, 10000);
	/* One without a line has no share, another line of the same account has one. */
	absent = 2;
	begin(false, 9000, 3);
	CHECK_INT(f.login_by - now, 4500);
	absent = 0;
	several = 1;
	begin(false, 10000, 1);
	CHECK_INT(f.login_by - now, 5000);
	several = 0;
	untried = 1;
	CHECK(later(5000, EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.login_by - now, 5000);
	untried = 0;
}

static void silent(void)
{
	begin(false, 9000, 3);
	CHECK(timer() & DO_DROP);
	CHECK_INT(f.account, 1);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
}

/* A refused account is left in peace for a minute, and others are not. */
static void refused(void)
{
	int64_t when;

	begin(true, CLOCK_NEVER, 2);
	when = now;
	happens(EV_FAIL, STATUS_REFUSED);
	CHECK_INT(f.account, 1);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	for (int tries = 0; tries < 50 && now < when + 59000; tries++) {
		if (timer() & DO_LOGIN) {
			CHECK(f.account == 1 || now >= when + 60000);
			happens(EV_FAIL, STATUS_UNREACHABLE);
		}
		if (happens(EV_ADDR, 0) & DO_LOGIN)
			happens(EV_FAIL, STATUS_UNREACHABLE);
		now += 1000;
	}
	CHECK(fsm_not_before(&f) == f.accounts[0].not_before && fsm_not_before(&f) >= when + 60000);
	begin(true, CLOCK_NEVER, 1);
	when = now;
	CHECK_INT(fsm_not_before(&f), 0);
	happens(EV_FAIL, STATUS_REFUSED);
	CHECK(f.wake >= when + 60000 && f.wake <= when + 65000);
	CHECK(!(happens(EV_ASK, 0) & DO_LOGIN));
	CHECK(!(happens(EV_RELOAD, 0) & DO_LOGIN));
	CHECK(!(happens(EV_ADDR, 0) & DO_LOGIN));
	happens(EV_NOADDR, 0);
	CHECK(!(later(59000, EV_ADDR, 0) & DO_LOGIN));
	CHECK(timer() & DO_LOGIN);
	CHECK(now >= when + 60000);
}

/* Asking while no account may be tried is no failure that adds to the delay. */
static void asking(void)
{
	int64_t when;

	begin(true, CLOCK_NEVER, 1);
	when = now;
	happens(EV_FAIL, STATUS_REFUSED);
	for (int i = 0; i < 20; i++)
		later(100, EV_ASK, 0);
	CHECK(f.wake <= when + 66000);
}

static void first_try(void)
{
	static const struct {
		int status;
		bool temporary;
	} rows[] = {
		{STATUS_UNREACHABLE, true}, {STATUS_SYSTEM, true},
		{STATUS_REFUSED, true}, {STATUS_PROTOCOL, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int status = rows[i].status;

		begin(false, 10000, 1);
		CHECK(happens(EV_FAIL, status) & DO_ANSWER);
		CHECK_INT(f.state, FSM_END_SCRIPT);
		CHECK_INT(f.status, status);
		begin(true, 10000, 1);
		happens(EV_FAIL, status);
		CHECK_INT(f.state, rows[i].temporary ? FSM_BACKOFF : FSM_END_SCRIPT);
		CHECK_INT(f.status, status);
		for (int persist = 0; persist < 2; persist++) { /* never ends one that runs */
			begin(persist, 10000, 1);
			come_up();
			happens(EV_LOST, status);
			timer();
			happens(EV_FAIL, status);
			CHECK_INT(f.state, FSM_BACKOFF);
		}
	}
	/* A portal in front of the server, or a port that is not forwarded yet. */
	for (int persist = 0; persist < 2; persist++) {
		begin(persist, 10000, 1);
		happens(EV_STRANGER, 0);
		CHECK_INT(f.state, persist ? FSM_BACKOFF : FSM_END_SCRIPT);
		CHECK_INT(f.status, STATUS_PROTOCOL);
	}
	/* One temporary failure among several is enough to go on. */
	begin(true, 10000, 2);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	happens(EV_FAIL, STATUS_PROTOCOL);
	CHECK_INT(f.state, FSM_BACKOFF);
}

static void no_address(void)
{
	struct fsm_input in = {.event = EV_BEGIN};

	fsm_init(&f, false, 10000, 1);
	fsm_step(&f, &in, 1000);
	CHECK_INT(f.state, FSM_END_SCRIPT);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
	fsm_init(&f, true, 10000, 1);
	CHECK_INT(fsm_step(&f, &in, 1000), DO_ANSWER);
	CHECK_INT(f.state, FSM_WAIT);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
}

/* How long it waits after the next failure. */
static int64_t delay_after_failure(void)
{
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.state, FSM_BACKOFF);
	return f.timer - now;
}

static void growing_delays(void)
{
	int64_t last = -1, delay;

	begin(true, CLOCK_NEVER, 1);
	for (int i = 0; i < 10; i++, last = delay) {
		delay = delay_after_failure();
		CHECK(delay > last || delay > 150000);
		now = f.timer;
		happens(EV_TIMER, 0);
	}
	CHECK(last > 150000 && last <= 300000);
	come_up();
	later(59999, EV_LOST, STATUS_UNREACHABLE); /* it did not hold */
	CHECK(f.timer - now > 150000);
	now = f.timer;
	happens(EV_TIMER, 0);
	come_up();
	later(60000, EV_LOST, STATUS_UNREACHABLE); /* it held */
	CHECK(f.timer - now <= 3000);
}

static void late_pong(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK_INT(timer(), DO_PING | DO_PROBE);
	CHECK_INT(happens(EV_ASK, 0), DO_PROBE); /* a ping is on its way */
	CHECK_INT(timer() & ~(unsigned)DO_ROUTES, DO_DROP);
	CHECK_INT(f.state, FSM_BACKOFF);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
	timer();
	come_up();
	timer();
	CHECK_INT(later(9999, EV_PONG, 0), DO_ANSWER);
	CHECK_INT(f.wake, now + PING);
}

static void lost_while_building(void)
{
	begin(true, CLOCK_NEVER, 2);
	happens(EV_OFFER, 0);
	CHECK_INT(happens(EV_LOST, STATUS_PROTOCOL), 0);
	CHECK(happens(EV_KERNEL_OK, 0) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	CHECK_INT(f.status, STATUS_PROTOCOL);
	CHECK(!f.been_up);
}

static void patience(void)
{
	begin(false, 2000, 1);
	happens(EV_OFFER, 0);
	CHECK_INT(f.wake, 1000 + 2000);
	CHECK(timer() & DO_ANSWER);
	CHECK_INT(f.state, FSM_END_SCRIPT);
	CHECK_INT(f.status, STATUS_SYSTEM);
	/* One that goes on in the background, and one that was up, have none. */
	begin(true, 2000, 1);
	happens(EV_OFFER, 0);
	CHECK(f.wake == CLOCK_NEVER);
	begin(false, 2000, 1);
	come_up();
	happens(EV_LOST, STATUS_UNREACHABLE);
	timer();
	happens(EV_OFFER, 0);
	CHECK(f.wake == CLOCK_NEVER);
}

/* Everything but the routes is there, and the far end is asked. */
static void ask_path(void)
{
	happens(EV_OFFER, 0);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_PATH);
	CHECK_INT(f.state, FSM_PATH);
}

/* Somebody who relies on its being tried on calls while the first try is on, whose caller
 * does not: that one hears of its failure in time all the same. */
static void others_rely(void)
{
	begin(false, 10000, 1);
	f.persist = true;
	CHECK_INT(later(10000, EV_FAIL, STATUS_UNREACHABLE), DO_ANSWER);
	CHECK_INT(f.state, FSM_BACKOFF);
	begin(false, 10000, 1);
	f.persist = true;
	happens(EV_FAIL, STATUS_PROTOCOL); /* that does not pass */
	CHECK_INT(f.state, FSM_END_SCRIPT);
	/* Each account in its share of the wait, or soon after. */
	begin(false, 9000, 3);
	f.persist = true;
	CHECK_INT(later(3000, EV_FAIL, STATUS_UNREACHABLE), DO_LOGIN);
	CHECK_INT(f.login_by - now, 3000);
	CHECK_INT(later(6500, EV_FAIL, STATUS_UNREACHABLE), DO_LOGIN | DO_ANSWER);
	CHECK_INT(f.login_by - now, 10000);
	begin(false, 9000, 1);
	f.persist = true;
	CHECK_INT(f.login_by - now, 9000);
	/* An ip that is slow, and a far end that does not answer. */
	happens(EV_OFFER, 0);
	CHECK_INT(timer(), DO_ANSWER);
	CHECK_INT(f.status, STATUS_SYSTEM);
	CHECK_INT(f.state, FSM_BUILD);
	CHECK_INT(f.wake, CLOCK_NEVER);
	CHECK_INT(later(1000, EV_KERNEL_OK, 0), DO_PATH);
	CHECK(f.path_by >= now + 3000);
	/* Who was answered for want of a line limits nothing after that. */
	begin(false, 10000, 1);
	f.persist = true;
	CHECK(happens(EV_NOADDR, 0) & DO_ANSWER);
	later(20000, EV_ADDR, 0);
	happens(EV_OFFER, 0);
	CHECK_INT(f.wake, CLOCK_NEVER);
	CHECK(happens(EV_KERNEL_OK, 0) & DO_PATH);
	CHECK(f.path_by > now);
	begin(false, 2000, 1);
	f.persist = true;
	ask_path();
	CHECK_INT(f.path_by - now, 2000);
	CHECK_INT(later(2000, EV_PATH_BAD, 0), DO_ANSWER);
	CHECK_INT(f.state, FSM_UP);
}

static void the_end(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_STOP, 0);
	happens(EV_SCRIPT_DONE, 0);
	happens(EV_KERNEL_OK, 0);
	CHECK_INT(f.status, STATUS_OK);
	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_STOP, 0);
	happens(EV_SCRIPT_DONE, 0);
	CHECK_INT(happens(EV_KERNEL_FAIL, 0), DO_ANSWER);
	CHECK_INT(f.state, FSM_DONE);
	CHECK_INT(f.status, STATUS_SYSTEM); /* something is left */
	begin(false, CLOCK_NEVER, 1);
	happens(EV_FAIL, STATUS_PROTOCOL);
	happens(EV_STOP, 0);
	happens(EV_SCRIPT_DONE, 0);
	happens(EV_KERNEL_OK, 0);
	CHECK_INT(f.status, STATUS_PROTOCOL);
}

/* Nobody answers after a reload, or after the address came back. */
static void renewed(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_RELOAD, 0);
	CHECK(happens(EV_GONE, 0) & DO_LOGIN);
	later(4999, EV_PATH_OK, 0);
	CHECK(f.routes);
	CHECK(later(1, EV_TIMER, 0) & DO_ROUTES);
	CHECK(!f.routes);
	come_up();

	happens(EV_NOADDR, 0);
	CHECK_INT(f.state, FSM_WAIT);
	CHECK_INT(f.wake, CLOCK_NEVER);
	CHECK(later(6000, EV_ADDR, 0) & DO_LOGIN);
	CHECK(!f.routes);
	come_up();
}

/* Only a first try ends a keeper for good. */
static void permanent_later(void)
{
	begin(true, CLOCK_NEVER, 1);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.state, FSM_BACKOFF);
	CHECK(timer() & DO_LOGIN);
	happens(EV_FAIL, STATUS_PROTOCOL);
	CHECK_INT(f.state, FSM_BACKOFF);
}

/* What failed with one address says nothing about the next one. */
static void renewed_delay(void)
{
	begin(true, CLOCK_NEVER, 1);
	for (int i = 0; i < 6; i++) {
		happens(EV_FAIL, STATUS_UNREACHABLE);
		CHECK(timer() & DO_LOGIN);
	}
	happens(EV_ADDR, 0);
	CHECK(happens(EV_GONE, 0) & DO_LOGIN);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK_INT(f.state, FSM_BACKOFF);
	CHECK(f.wake - now <= 3000);

	for (int i = 0; i < 6; i++) {
		CHECK(timer() & DO_LOGIN);
		happens(EV_FAIL, STATUS_UNREACHABLE);
	}
	CHECK(f.wake - now > 3000);
	CHECK(happens(EV_ADDR, 0) & DO_LOGIN);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK(f.wake - now <= 3000);
}

static void pongs(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	for (int i = 0; i < 3; i++) {
		CHECK_INT(f.wake, now + PING);
		CHECK_INT(timer(), DO_PING | DO_PROBE);
		CHECK_INT(later(100, EV_ASK, 0), DO_PROBE); /* a ping is on its way */
		CHECK_INT(later(100, EV_PONG, 0), DO_ANSWER);
	}
	CHECK_INT(happens(EV_ASK, 0), DO_PING | DO_PROBE);
	/* Who asked is answered when the server has answered, and not before. */
	CHECK_INT(happens(EV_PATH_OK, 0), 0);
	CHECK_INT(happens(EV_KERNEL_OK, 0), 0);
	CHECK_INT(later(100, EV_PONG, 0), DO_ANSWER);
	CHECK_INT(f.wake, now + PING);
	CHECK_INT(f.state, FSM_UP);
}

static void no_answer(void)
{
	begin(false, 10000, 1);
	ask_path();
	CHECK(later(5000, EV_PATH_BAD, 0) & DO_ANSWER);
	CHECK_INT(f.state, FSM_END_SCRIPT);
	CHECK_INT(f.status, STATUS_UNREACHABLE);

	begin(true, 10000, 1);
	ask_path();
	CHECK_INT(later(5000, EV_PATH_BAD, 0), DO_ANSWER);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
	CHECK(f.state == FSM_UP && !f.routes && !fsm_is_up(&f));
	/* It stays, and its session is kept alive, with no new login for this. */
	for (int i = 0; i < 20; i++) {
		CHECK_INT(timer(), DO_PING | DO_PROBE);
		CHECK_INT(later(100, EV_PONG, 0), 0);
	}
	CHECK(!f.been_up);
	CHECK_INT(happens(EV_PATH_OK, 0), DO_ROUTES | DO_ANSWER);
	CHECK(f.been_up && fsm_is_up(&f));
	CHECK_INT(f.status, STATUS_OK);
}

static void next_is_tried(void)
{
	begin(false, 10000, 2);
	ask_path();
	CHECK_INT(f.path_by - now, 5000);
	CHECK_INT(later(5000, EV_PATH_BAD, 0), DO_QUIT | DO_LOGIN);
	CHECK_INT(f.account, 1);
	come_up();
	CHECK_INT(f.preferred, 1);

	/* None after the last: the session is kept where the login works. */
	begin(true, CLOCK_NEVER, 2);
	ask_path();
	CHECK_INT(later(5000, EV_PATH_BAD, 0), DO_QUIT | DO_LOGIN);
	happens(EV_GONE, 0);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.account, 0);
	ask_path();
	CHECK_INT(later(5000, EV_PATH_BAD, 0), DO_ANSWER);
	CHECK_INT(f.state, FSM_UP);
	/* Where that fails too, it is a failure like any. */
	begin(true, CLOCK_NEVER, 2);
	ask_path();
	later(5000, EV_PATH_BAD, 0);
	happens(EV_GONE, 0);
	happens(EV_FAIL, STATUS_UNREACHABLE);
	CHECK(!(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN));
	CHECK_INT(f.state, FSM_BACKOFF);
}

static void path_shares(void)
{
	begin(false, 8000, 2);
	later(3000, EV_OFFER, 0);
	happens(EV_KERNEL_OK, 0);
	CHECK_INT(f.path_by - now, 3000); /* its share is over in 1 s */
	CHECK(later(3000, EV_PATH_BAD, 0) & DO_LOGIN);
	happens(EV_OFFER, 0);
	happens(EV_KERNEL_OK, 0);
	CHECK_INT(f.path_by - now, 2000); /* nobody waits any longer */
	CHECK(later(2000, EV_PATH_BAD, 0) & DO_ANSWER);
	CHECK_INT(f.state, FSM_END_SCRIPT);
	begin(true, 1000, 1);
	ask_path();
	CHECK_INT(f.path_by - now, 5000);
}

static void trusted(void)
{
	begin(false, 10000, 1);
	f.accounts[0].trust = true;
	CHECK_INT(happens(EV_OFFER, 0), DO_BUILD);
	CHECK(f.routes);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_ANSWER | DO_PATH);
	CHECK(fsm_is_up(&f));
	CHECK_INT(happens(EV_PATH_BAD, 0), 0);
	CHECK(fsm_is_up(&f));
	/* Once it has been seen to answer, it is like any other. */
	happens(EV_PATH_OK, 0);
	CHECK(happens(EV_PATH_BAD, 0) & DO_ROUTES);
	CHECK(!f.routes);
	/* Nor does another session put routes into what does not answer. */
	timer();
	happens(EV_GONE, 0);
	CHECK_INT(f.state, FSM_LOGIN);
	same_offer();
	CHECK(!f.routes);
	CHECK_INT(happens(EV_KERNEL_OK, 0), DO_PATH);
	happens(EV_PATH_BAD, 0);
	CHECK(!fsm_is_up(&f));
	CHECK_INT(f.status, STATUS_UNREACHABLE);
}

static void without_path(void)
{
	begin(false, 10000, 1);
	f.accounts[0].pathless = true;
	CHECK_INT(happens(EV_OFFER, 0), DO_BUILD);
	CHECK(happens(EV_KERNEL_OK, 0) & DO_ANSWER);
	CHECK(fsm_is_up(&f));
}

/* What the server may have lost gets a new session, later and later. */
static void renewals(void)
{
	static const int delays[] = {60000, 120000, 240000, 300000, 300000};

	begin(true, CLOCK_NEVER, 1);
	come_up();
	happens(EV_PATH_BAD, 0);
	for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
		int64_t since = now;
		unsigned done;

		while (!((done = timer()) & DO_QUIT))
			later(1, EV_PONG, 0);
		CHECK_INT(now - since, delays[i]);
		CHECK_INT(f.state, FSM_LEAVE);
		CHECK(happens(EV_GONE, 0) & DO_LOGIN);
		same_offer();
		CHECK_INT(happens(EV_KERNEL_OK, 0), DO_PATH);
		happens(EV_PATH_BAD, 0);
		CHECK_INT(f.state, FSM_UP);
	}
	/* From the beginning, once it was good again. */
	happens(EV_PATH_OK, 0);
	CHECK(f.renew_at == CLOCK_NEVER);
	happens(EV_PATH_BAD, 0);
	CHECK_INT(f.renew_at - now, 60000);
}

/* Of two lines or accounts, whose paths are both bad, each has a tunnel of its own. */
static void renewals_of_several(void)
{
	begin(true, CLOCK_NEVER, 2);
	come_up();
	happens(EV_PATH_BAD, 0);
	for (int delay = 60000; delay <= 240000; delay *= 2) {
		int64_t since = now;

		while (!(timer() & DO_QUIT))
			later(1, EV_PONG, 0);
		CHECK_INT(now - since, delay);
		CHECK(happens(EV_GONE, 0) & DO_LOGIN);
		for (int n = 0; f.state != FSM_UP && n < 4; n++) {
			happens(EV_OFFER, 0);
			happens(EV_KERNEL_OK, 0);
			happens(EV_PATH_BAD, 0);
			if (f.state == FSM_LEAVE)
				happens(EV_GONE, 0);
		}
		CHECK_INT(f.state, FSM_UP);
	}
	/* Another address, or other settings: from the beginning. */
	CHECK(happens(EV_RELOAD, 0) & DO_QUIT);
	CHECK_INT(f.renewals, 0);
}

static void leaves_first(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK_INT(happens(EV_KERNEL_FAIL, 0) & ~(unsigned)DO_ROUTES, DO_QUIT);
	CHECK_INT(f.state, FSM_BACKOFF);
	CHECK_INT(timer(), 0);
	CHECK_INT(f.state, FSM_LEAVE);
	CHECK_INT(later(100, EV_GONE, 0), DO_LOGIN);
	/* Five seconds at most. */
	come_up();
	CHECK(happens(EV_RELOAD, 0) & DO_QUIT);
	CHECK_INT(f.timer - now, 5000);
	now = f.timer;
	CHECK(happens(EV_TIMER, 0) & DO_LOGIN);
	/* Another account has another tunnel. */
	begin(true, CLOCK_NEVER, 2);
	CHECK_INT(happens(EV_BAD_OFFER, 0), DO_QUIT | DO_LOGIN);
	CHECK_INT(f.status, STATUS_PROTOCOL);
}

/* Who waits for the first try hears in time, though the server does not hang up. */
static void leaves_late(void)
{
	for (int shared = 0; shared <= 1; shared++) {
		begin(false, 10000, 1);
		happens(EV_OFFER, 0);
		happens(EV_KERNEL_OK, 0);
		CHECK_INT(f.state, FSM_PATH);
		now += 7000;
		CHECK(happens(EV_RELOAD, 0) & DO_QUIT);
		CHECK_INT(f.state, FSM_LEAVE);
		CHECK_INT(f.timer, f.wait_until);
		f.persist = shared; /* somebody else relies on it meanwhile */
		CHECK_INT(timer() & (DO_ANSWER | DO_LOGIN), DO_ANSWER);
		CHECK_INT(f.status, STATUS_UNREACHABLE);
		CHECK_INT(f.state, shared ? FSM_LEAVE : FSM_END_SCRIPT);
	}
	CHECK_INT(timer() & (DO_ANSWER | DO_LOGIN), DO_LOGIN);
}

/* And though the only account that still has a line may not log in yet. */
static void refused_late(void)
{
	for (int shared = 0; shared <= 1; shared++) {
		begin(shared, 10000, 2);
		f.limited = true;
		CHECK(happens(EV_FAIL, STATUS_REFUSED) & DO_LOGIN);
		absent = 2;
		if (!shared) {
			CHECK(later(1000, EV_ADDR, 0) & DO_ANSWER);
			CHECK_INT(f.status, STATUS_REFUSED);
			CHECK_INT(f.state, FSM_END_SCRIPT);
		} else {
			CHECK(!(later(1000, EV_ADDR, 0) & DO_ANSWER));
			CHECK_INT(f.state, FSM_BACKOFF);
			CHECK_INT(f.timer, f.wait_until);
			CHECK_INT(timer(), DO_ANSWER);
			CHECK_INT(timer(), DO_LOGIN);
		}
		absent = 0;
	}
}

/* Over its own line first, then over the next one of those that have another. */
static void lines_in_a_round(void)
{
	begin(true, CLOCK_NEVER, 2);
	untried = 2;
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	untried = 0;
	CHECK(!(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN));
	CHECK_INT(f.state, FSM_BACKOFF);
}

/* One whose line is not there is passed over, and where none has one it is waited
 * for. */
static void lines_absent(void)
{
	begin(true, CLOCK_NEVER, 2);
	absent = 1;
	CHECK(happens(EV_NOLINE, 0) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	absent = 3;
	CHECK(happens(EV_NOLINE, 0) & DO_ANSWER);
	CHECK_INT(f.state, FSM_WAIT);
	CHECK_INT(f.status, STATUS_UNREACHABLE);
	/* Who asks, or has changed the file, is answered at once while that is so. */
	for (int e = EV_ASK; e <= EV_RELOAD; e++) {
		CHECK_INT(later(1000, (enum fsm_event)e, 0), DO_ANSWER);
		CHECK_INT(f.state, FSM_WAIT);
		CHECK_INT(f.wake, CLOCK_NEVER);
	}
	for (int e = EV_ASK; e <= EV_RELOAD; e++) {
		absent = 1;
		CHECK(later(1000, (enum fsm_event)e, 0) & DO_LOGIN);
		CHECK_INT(f.account, 1);
		absent = 3;
		happens(EV_NOLINE, 0);
		CHECK_INT(f.state, FSM_WAIT);
	}
	absent = 1;
	CHECK(happens(EV_ADDR, 0) & DO_LOGIN);
	CHECK_INT(f.account, 1);
	absent = 0;
	/* An earlier one whose line comes back does not displace one that works. */
	come_up();
	CHECK(later(PING, EV_TIMER, 0) & DO_PING);
	CHECK_INT(happens(EV_PONG, 0), DO_ANSWER);
	CHECK_INT(f.account, 1);
}

/* Nor does the pause end at once because of one that has no line: it would end again and
 * again. */
static void absent_beside_refused(void)
{
	begin(true, CLOCK_NEVER, 2);
	absent = 1;
	CHECK(happens(EV_NOLINE, 0) & DO_LOGIN);
	CHECK(!(happens(EV_FAIL, STATUS_REFUSED) & DO_LOGIN));
	CHECK_INT(f.wake, f.accounts[1].not_before);
	later(1000, EV_ASK, 0);
	CHECK_INT(f.state, FSM_BACKOFF);
	CHECK_INT(f.wake, f.accounts[1].not_before);
	CHECK(timer() & DO_LOGIN);
	CHECK_INT(f.account, 1);
	absent = 0;
}

static void other_line(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	untried = 1;
	CHECK(happens(EV_PATH_BAD, 0) & DO_QUIT);
	CHECK(!f.routes);
	CHECK_INT(f.state, FSM_LEAVE);
	untried = 0;
	CHECK(happens(EV_GONE, 0) & DO_LOGIN);
	/* No other line is left: it stays, and looks. */
	CHECK(happens(EV_OFFER, 0) & DO_BUILD);
	happens(EV_KERNEL_OK, 0);
	happens(EV_PATH_BAD, 0);
	CHECK_INT(f.state, FSM_UP);
	CHECK(!f.routes);
}

/* Somebody asks while a try is on: where it fails there is another round, at once. */
static void asked_meanwhile(void)
{
	begin(true, CLOCK_NEVER, 1);
	CHECK_INT(happens(EV_ASK, 0), 0);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	CHECK_INT(f.round, 2);
	CHECK(!(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN)); /* but only one */
	CHECK_INT(f.state, FSM_BACKOFF);
	/* Where it comes up, that was the answer. */
	timer();
	happens(EV_ASK, 0);
	come_up();
	later(1000, EV_LOST, STATUS_UNREACHABLE);
	timer();
	CHECK(!(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN));
}

/* Up, and somebody asks. */
static void come_up_and_ask(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK_INT(later(1000, EV_ASK, 0), DO_PING | DO_PROBE);
}

/* Where that finds the session dead, the answer is what comes of the next round. */
static void asked_in_vain(void)
{
	come_up_and_ask();
	CHECK_INT(happens(EV_LOST, STATUS_UNREACHABLE), 0);
	CHECK_INT(timer(), DO_LOGIN);
	come_up();

	come_up_and_ask();
	CHECK_INT(happens(EV_LOST, STATUS_UNREACHABLE), 0);
	CHECK_INT(timer(), DO_LOGIN);
	CHECK(happens(EV_FAIL, STATUS_REFUSED) & DO_ANSWER);
	CHECK_INT(f.status, STATUS_REFUSED);

	come_up_and_ask();
	CHECK_INT(happens(EV_LOST, STATUS_UNREACHABLE), 0);
	absent = 1;
	CHECK(timer() & DO_ANSWER);
	CHECK_INT(f.state, FSM_WAIT);
	absent = 0;
	/* Over the other line, where there is one. */
	come_up_and_ask();
	untried = 1;
	CHECK_INT(happens(EV_PATH_BAD, 0), DO_QUIT | DO_ROUTES);
	untried = 0;
	CHECK_INT(happens(EV_GONE, 0), DO_LOGIN);
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_ANSWER);
}

/* Nothing but a bad path, and another line that was tried in vain. It is tried again when
 * somebody asks and the path still does not answer, and later by itself. */
static void stays(void)
{
	others = true;
	begin(true, CLOCK_NEVER, 1);
	happens(EV_OFFER, 0);
	happens(EV_KERNEL_OK, 0);
	happens(EV_PATH_BAD, 0);
	CHECK_INT(f.state, FSM_UP);
	CHECK_INT(f.renew_at, now + 60000);
	CHECK(fsm_needs_lines(&f, EV_ASK, now));
	CHECK(later(1000, EV_ASK, 0) & DO_PROBE);
	CHECK_INT(f.renew_at, now + 2000);
	happens(EV_PATH_OK, 0);
	CHECK(f.renew_at == CLOCK_NEVER);
	happens(EV_PATH_BAD, 0);
	later(1000, EV_ASK, 0);
	CHECK(timer() & DO_QUIT);
	CHECK_INT(f.state, FSM_LEAVE);
	/* Asked while it was tried. */
	CHECK(happens(EV_GONE, 0) & DO_LOGIN);
	happens(EV_OFFER, 0);
	happens(EV_KERNEL_OK, 0);
	CHECK_INT(happens(EV_ASK, 0), 0);
	CHECK(happens(EV_PATH_BAD, 0) & DO_QUIT);
	CHECK_INT(f.state, FSM_LEAVE);
	others = false;
}

/* A server that is silent may be heard over another line. */
static void silent_line(void)
{
	begin(true, CLOCK_NEVER, 1);
	come_up();
	CHECK(later(PING, EV_TIMER, 0) & DO_PING);
	now = f.timer;
	CHECK(fsm_needs_lines(&f, EV_TIMER, now));
	untried = 1;
	CHECK_INT(happens(EV_TIMER, 0), DO_DROP | DO_LOGIN);
	CHECK_INT(f.state, FSM_LOGIN);
	CHECK(f.routes); /* for five seconds more */
	/* Over the one that was lost, then it is for the delays. */
	CHECK(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN);
	untried = 0;
	CHECK(!(happens(EV_FAIL, STATUS_UNREACHABLE) & DO_LOGIN));
	CHECK_INT(f.state, FSM_BACKOFF);
}

static const struct unit_case cases[] = {
	{"somebody asks while it is tried", asked_meanwhile},
	{"somebody asks, and the session is dead", asked_in_vain},
	{"a bad path for want of a better one", stays},
	{"a silent server is asked over another line at once", silent_line},
	{"in a round each account is tried over each line", lines_in_a_round},
	{"an account without a line is passed over, or waited for", lines_absent},
	{"a pause is for the accounts that have a line", absent_beside_refused},
	{"a bad path leads to another line at once", other_line},
	{"routes outlive the session by five seconds", grace},
	{"routes stay when the session is back in time", mended},
	{"routes go with the near end's address, at once", address_gone},
	{"routes go with a path that is bad, and return", path},
	{"a bad path stays bad when the session is lost", path_and_loss},
	{"accounts in order, the one that was up last first", order},
	{"accounts share what is left of the wait, ten seconds at most", shares},
	{"an account that is silent is followed by the next", silent},
	{"a refused login is tried at most once a minute", refused},
	{"asking while nothing may be tried makes no delay longer", asking},
	{"temporary and permanent failures, with and without persist", first_try},
	{"no address at first: wait or end", no_address},
	{"delays grow, and start anew after a session of a minute", growing_delays},
	{"a pong later than ten seconds ends the session", late_pong},
	{"a session lost while building is no tunnel that is up", lost_while_building},
	{"building ends with the caller's patience", patience},
	{"who relies on its being tried on, while another waits for the first try", others_rely},
	{"the exit status of the end", the_end},
	{"routes go five seconds after a reload, and return with a session alone", renewed},
	{"a permanent failure later on ends nothing", permanent_later},
	{"delays start anew with another address", renewed_delay},
	{"a pong makes room for the next ping", pongs},
	{"without an answer nothing is up: the end, or a keeper that stays", no_answer},
	{"an account whose path is not answered is followed by the next", next_is_tried},
	{"the path has a share of the wait, and three seconds at least", path_shares},
	{"a path that is trusted has routes until it was seen to answer", trusted},
	{"where there is no path nothing is asked", without_path},
	{"a path that stays bad gets a new session, later and later", renewals},
	{"so do two whose paths are bad", renewals_of_several},
	{"the next login of an account waits for the old session", leaves_first},
	{"a server that does not hang up, and a caller whose wait is over", leaves_late},
	{"so does who waits while no account may log in", refused_late},
};
UNIT_MAIN(cases)
