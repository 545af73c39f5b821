/* SPDX-License-Identifier: ISC */
#ifndef FSM_H
#define FSM_H

#include <stdbool.h>
#include <stdint.h>

#include "account/account.h"
#include "common/end_times.h"

/* The keeper's state machine: what to do next, given what happened. Pure: the
 * clock and random numbers are passed in, and what is to be done is returned.
 *
 * START       nothing has happened yet
 * WAIT        the link has no address: one is waited for
 * BACKOFF     every account has failed, or the session was lost: a pause
 * LEAVE       the old session of the account that is to log in says quit: its server
 *             has to close first, since only then the old tunnel is gone
 * LOGIN       a session logs in
 * BUILD       it has, and the kernel is brought to what it offers; once more when
 *             the path was answered, for the routes into the tunnel
 * PATH        all but those routes is in the kernel; the far end has to answer
 * UP          all is there. Also where the path is bad and no other account is
 *             left to be tried: then without the routes
 * END_SCRIPT  the end has begun: the script hears `down`
 * END_KERNEL  everything is removed from the kernel
 * DONE        nothing is left
 *
 * A round tries each account that has a line, the one that was up last first; then
 * those that have another line over that one, and so on. An account fails
 * by its login, by ip, or by its path; the next one is tried, and after the last
 * the machine ends, where this was the first try and nobody wants it to go on; or it
 * stays with the account whose path is bad (UP); or it pauses (BACKOFF).
 *
 * A new address or new settings make another session necessary, from LOGIN up to UP.
 * It waits in LEAVE for the old one, or begins at once where the old address is gone,
 * since no quit can get out then. STOP ends it from anywhere. */
enum fsm_state {
	FSM_START,
	FSM_WAIT,
	FSM_BACKOFF,
	FSM_LEAVE,
	FSM_LOGIN,
	FSM_BUILD,
	FSM_PATH,
	FSM_UP,
	FSM_END_SCRIPT,
	FSM_END_KERNEL,
	FSM_DONE
};

enum fsm_event {
	EV_BEGIN,       /* near_ok: the link has an address */
	EV_ADDR,        /* the address to use is there, and not the session's */
	EV_NOADDR,      /* the link has none any more */
	EV_OFFER,       /* the session has logged in */
	EV_BAD_OFFER,   /* it has, and what it offers must not be built */
	EV_FAIL,        /* the session could not log in: status */
	EV_STRANGER,    /* it could not: what answers is no DTCP server (a portal, say) */
	EV_NOLINE,      /* no line leads to the server of this account */
	EV_LOST,        /* the session ended after it had logged in: status */
	EV_GONE,        /* the session that was to quit has ended */
	EV_PONG,        /* the keepalive was answered */
	EV_PATH_OK,     /* the far end answers echoes */
	EV_PATH_BAD,    /* it has not answered within its time */
	EV_KERNEL_OK,   /* the kernel holds what is wanted */
	EV_KERNEL_FAIL, /* it could not be brought there; all was removed */
	EV_SCRIPT_DONE, /* `down` was told */
	EV_ASK,         /* somebody wants to know whether it is up: ping now */
	EV_RELOAD,      /* the account file was read again */
	EV_STOP,        /* end */
	EV_TIMER        /* fsm.wake has come */
};
enum { FSM_STATES = FSM_DONE + 1, FSM_EVENTS = EV_TIMER + 1 };

/* What to do, in this order. */
enum fsm_action {
	DO_DROP = 1 << 0,    /* end the session's process at once, and one that says quit */
	DO_QUIT = 1 << 1,    /* tell the session to say quit and end */
	DO_ANSWER = 1 << 2,  /* tell waiting callers fsm.status */
	DO_LOGIN = 1 << 3,   /* start a session: account fsm.account, until fsm.login_by */
	DO_PING = 1 << 4,    /* tell the session to ping */
	DO_BUILD = 1 << 5,   /* want in the kernel what the offer calls for */
	DO_ROUTES = 1 << 6,  /* want fsm.routes in the kernel */
	DO_PATH = 1 << 7,    /* ask the path for the first time, until fsm.path_by */
	DO_PROBE = 1 << 8,   /* check the path once more */
	DO_SCRIPT = 1 << 9,  /* tell the script `down`, at most until fsm.wake */
	DO_REMOVE = 1 << 10  /* want nothing in the kernel, until fsm.wake */
};

enum {
	FSM_ACCOUNTS = ACCOUNT_MOST,
	FSM_LOGIN_MS = 10000, /* longest login */
	FSM_PATH_MS = 5000,   /* longest wait for the path's first answer */
	FSM_PATH_LEAST_MS = 3000, /* of it, however little is left of a caller's wait */
	FSM_PONG_MS = 10000,  /* longest wait for a pong */
	FSM_GRACE_MS = 5000,  /* routes outlive the session by this */
	FSM_HELD_MS = 60000,  /* a session of this length held */
	FSM_LEAVE_MS = 5000,  /* longest wait for the server to close after quit */
	FSM_RENEW_MS = 60000, /* a path that was good and is bad for so long gets a new
			       * session; twice as long the next time */
	FSM_RENEW_MOST_MS = 300000, /* up to this */
	FSM_RENEW_ASKED_MS = 2000,  /* the same where somebody asks: the path's time to answer */
	FSM_SCRIPT_MS = END_SCRIPT_MS, /* longest run of the script's last event */
	FSM_END_MS = END_ALL_MS        /* longest end of all */
};

/* The path of the tunnel that is in the kernel. */
enum fsm_path { PATH_UNKNOWN, PATH_IS_GOOD, PATH_IS_BAD };

struct fsm_account {
	int64_t not_before; /* next login, after a refused one */
	int64_t ping_ms;
	bool pathless; /* tunnel=none */
	bool trust;    /* path=trust: routes do not wait for the first answer */
};

struct fsm {
	enum fsm_state state;
	/* settings */
	bool persist;	    /* go on after a temporary failure of the first try; set later, too,
			     * where somebody else relies on that */
	int64_t wait_until; /* until when the first caller waits */
	bool limited;	    /* the first caller wants to hear of a failure by then (it has no -p),
			     * and was not answered yet */
	unsigned n_accounts;
	struct fsm_account accounts[FSM_ACCOUNTS];
	/* what is */
	unsigned account, preferred; /* in use; up last */
	unsigned round;              /* the number of this round */
	uint32_t tried;              /* accounts of this round, a bit each */
	uint32_t absent, untried, several; /* see struct fsm_input */
	bool others;                 /* the same */
	uint32_t unanswered;         /* of the tried ones, those that failed by their path alone */
	bool asked;                  /* EV_ASK while a try was on: one more round, if it fails */
	bool first;                  /* the first try is still on */
	bool been_up;
	bool temporary; /* some failure of this round was a temporary one */
	bool near_ok;   /* the link has the address that the tunnel ends at */
	enum fsm_path path;
	bool was_good;  /* the path of this tunnel was good once, in this session or before */
	bool kept;      /* BUILD: routes stay in, the path was good and is to be checked */
	bool built;     /* the kernel holds a tunnel, or is about to */
	bool lost;      /* BUILD: the session ended meanwhile */
	bool pinged;    /* UP: a pong is awaited */
	bool routes;    /* out: routes into the tunnel may be in the kernel */
	bool leaving;   /* a session says quit */
	unsigned left;  /* by which account; FSM_ACCOUNTS: by any */
	unsigned failures;
	unsigned renewals; /* sessions that were ended for their path, one after the other */
	int64_t lost_at;  /* when the session ended; CLOCK_NEVER while there is one */
	int64_t up_at;
	int64_t timer;    /* of the state */
	int64_t try_by;   /* login, build and path have to be through */
	int64_t login_by;
	int64_t path_by;
	int64_t leave_by;
	int64_t renew_at; /* UP: because of the path; or CLOCK_NEVER */
	int64_t end_by;
	int status; /* exit status of the last failure, or of the whole */
	int64_t wake; /* out: when EV_TIMER is due */
};

struct fsm_input {
	enum fsm_event event;
	int status;      /* EV_FAIL, EV_LOST */
	bool near_ok;    /* the link has the address that the tunnel ends at */
	bool leaving;    /* a session says quit */
	bool same;       /* EV_OFFER: the kernel has this very tunnel, with the same ends */
	uint32_t random;
	/* All are to be known only where fsm_needs_lines() says so. */
	uint32_t absent;  /* accounts to whose server no line leads, a bit each */
	uint32_t untried; /* those with a line that was not tried in this round */
	bool others;      /* the account in use has another line, tried or not */
	uint32_t several; /* accounts with more than one line that was not tried in this round */
};

/* wait_until is CLOCK_NEVER for a caller that does not wait. Of each account all
 * but not_before is to be set by the caller. */
void fsm_init(struct fsm *f, bool persist, int64_t wait_until, unsigned n_accounts);

/* Whether what this event leads to depends on the lines (absent, untried, several, others). */
bool fsm_needs_lines(const struct fsm *f, enum fsm_event e, int64_t now);

/* Takes one event and returns what to do (a set of enum fsm_action). */
unsigned fsm_step(struct fsm *f, const struct fsm_input *in, int64_t now);

/* When the account that was refused last may log in again; 0: none was refused. */
int64_t fsm_not_before(const struct fsm *f);

/* Names for logs and tests. */
const char *fsm_state_name(enum fsm_state s);

/* True while the account in use has path=trust and its far end was not seen to answer:
 * routes go in without that. */
bool fsm_trusts_path(const struct fsm *f);

/* True while a session has the tunnel up, with routes into it. */
bool fsm_is_up(const struct fsm *f);

#endif
