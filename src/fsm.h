/* SPDX-License-Identifier: ISC */
#ifndef FSM_H
#define FSM_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* The keeper's state machine: what to do next, given what happened. Pure: the
 * clock and the lot are passed in, and what is to be done is returned.
 *
 * state        | goes on
 * -------------+------------------------------------------------------------
 * START        | BEGIN: LOGIN, or WAIT without an address
 * WAIT         | the link has no address. ADDR: LOGIN
 * BACKOFF      | TIMER, ADDR, ASK, RELOAD: LOGIN. NOADDR: WAIT
 * LEAVE        | the old session says quit. GONE, TIMER: LOGIN. NOADDR: WAIT
 * LOGIN        | OFFER: BUILD. FAIL, TIMER: LOGIN with the next account, or
 *              | BACKOFF, or END_SCRIPT. ADDR, RELOAD: LEAVE. NOADDR: WAIT
 * BUILD        | KERNEL_OK: UP. KERNEL_FAIL, and KERNEL_OK after LOST: as FAIL
 *              | in LOGIN. TIMER (the caller's patience): END_SCRIPT. ADDR,
 *              | RELOAD: LEAVE. NOADDR: WAIT
 * UP           | LOST, pong late (TIMER), KERNEL_FAIL: BACKOFF. ADDR, RELOAD:
 *              | LEAVE. NOADDR: WAIT
 * END_SCRIPT   | the script hears `down`. SCRIPT_DONE, TIMER: END_KERNEL
 * END_KERNEL   | KERNEL_OK, KERNEL_FAIL, TIMER: DONE
 * DONE         |
 *
 * LEAVE stands for LOGIN where the old address is gone, since no quit can get
 * out then; LOGIN for BACKOFF where no account may be tried yet; WAIT
 * and BACKOFF for END_SCRIPT where the first try fails for good (see persist).
 * STOP leads to END_SCRIPT from each state before it. An event that is not
 * named for a state changes no state there. */
enum fsm_state {
	FSM_START,
	FSM_WAIT,
	FSM_BACKOFF,
	FSM_LEAVE,
	FSM_LOGIN,
	FSM_BUILD,
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
	EV_FAIL,        /* the session could not log in: status */
	EV_LOST,        /* the session ended after it had logged in: status */
	EV_GONE,        /* the session that was to quit has ended */
	EV_PONG,        /* the keepalive was answered */
	EV_PATH_OK,     /* the far end answers echoes */
	EV_PATH_BAD,    /* it did, in this session, and does no longer */
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
	DO_PROBE = 1 << 7,   /* check the path */
	DO_SCRIPT = 1 << 8,  /* tell the script `down`, at most until fsm.wake */
	DO_REMOVE = 1 << 9,  /* want nothing in the kernel, until fsm.wake */
	DO_EXIT = 1 << 10    /* end with fsm.status */
};

enum {
	FSM_ACCOUNTS = CONFIG_ACCOUNTS,
	FSM_LOGIN_MS = 10000, /* longest try */
	FSM_PONG_MS = 10000,  /* longest wait for a pong */
	FSM_GRACE_MS = 5000,  /* routes outlive the session by this */
	FSM_HELD_MS = 60000,  /* a session of this length held */
	FSM_LEAVE_MS = 500,   /* longest wait for the server to close after quit */
	FSM_SCRIPT_MS = 1000, /* longest run of the script's last event */
	FSM_END_MS = 1600     /* longest end of all, so that a slow machine is through in 2 s */
};

struct fsm_account {
	int64_t not_before; /* next login, after a refused one */
	int64_t ping_ms;
};

struct fsm {
	enum fsm_state state;
	/* settings */
	bool persist;       /* go on after a passing failure of the first try */
	int64_t wait_until; /* the first caller's patience */
	unsigned n_accounts;
	struct fsm_account accounts[FSM_ACCOUNTS];
	/* what is */
	unsigned account, preferred; /* in use; up last */
	uint32_t tried;              /* accounts of this round, a bit each */
	bool first;                  /* the first try is still on */
	bool been_up;
	bool passing;   /* some failure of this round was a passing one */
	bool near_ok;   /* the link has the address that the tunnel ends at */
	bool path_bad;
	bool built;     /* the kernel holds a tunnel, or is about to */
	bool lost;      /* BUILD: the session ended meanwhile */
	bool pinged;    /* UP: a pong is awaited */
	bool routes;    /* out: routes into the tunnel may be in the kernel */
	unsigned failures;
	int64_t lost_at; /* when the session ended; CLOCK_NEVER while there is one */
	int64_t up_at;
	int64_t timer;   /* of the state */
	int64_t login_by;
	int64_t end_by;
	int status; /* exit status of the last failure, or of the whole */
	int64_t wake; /* out: when EV_TIMER is due */
};

struct fsm_input {
	enum fsm_event event;
	int status;      /* EV_FAIL, EV_LOST */
	bool near_ok;    /* the link has the address that the tunnel ends at */
	uint32_t random;
};

/* wait_until is CLOCK_NEVER for a caller that does not wait. Each account's
 * ping_ms is to be set by the caller. */
void fsm_init(struct fsm *f, bool persist, int64_t wait_until, unsigned n_accounts);

/* Takes one event and returns what to do (a set of enum fsm_action). */
unsigned fsm_step(struct fsm *f, const struct fsm_input *in, int64_t now);

/* Names for logs and tests. */
const char *fsm_state_name(enum fsm_state s);

/* True while a session has the tunnel up with all of it in the kernel. */
bool fsm_is_up(const struct fsm *f);

#endif
