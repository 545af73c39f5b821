/* SPDX-License-Identifier: ISC */
#ifndef KEEPER_STATE_H
#define KEEPER_STATE_H

/* What the files of the keeper share. Nobody else includes this. */

#include "control.h"
#include "fsm.h"
#include "keeper.h"
#include "kernel.h"
#include "msg.h"
#include "probe.h"
#include "script.h"
#include "session.h"
#include "state.h"

enum { KEEPER_CLIENTS = 16, KEEPER_QUEUE = 16 };

/* A caller that is connected. */
struct client {
	int fd; /* -1: none */
	bool waiting; /* for the outcome of what it asked; none does not wait */
	struct control_request asked;
};

struct keeper {
	struct keeper_how how;
	struct account *accounts;
	struct account *by_number[FSM_ACCOUNTS]; /* as the state machine counts them */
	int first_case[FSM_ACCOUNTS];            /* see struct dialogue */
	struct fsm fsm;
	int64_t now_us;      /* when this turn of the loop began: one look at the clock */
	int64_t pinged_us;   /* when the ping was asked for that is awaited */
	uint64_t lot;        /* the last number drawn for delays */
	struct kernel kernel;
	struct probe probe;
	struct script script;
	struct session session, leaving; /* the one in use, and one that says quit */
	int64_t said_since;              /* since when their messages are counted */
	unsigned said;
	/* the link */
	char link[IF_NAMESIZE];  /* "": not known yet */
	struct in_addr wanted;   /* the address to use, if the link has it */
	struct in_addr bound;    /* what the session in use is (to be) bound to */
	struct in_addr near;     /* where the tunnel ends; 0.0.0.0: none yet */
	bool near_ok;            /* the link has it */
	bool link_changed;       /* addresses have changed since they were looked at */
	struct offer offer;
	struct account *account; /* that made the offer */
	/* what is told: to the state file, to the script */
	struct state state, told;
	char written[STATE_FILE_MAX]; /* the state file's text */
	size_t written_len, written_facts;
	enum state_word written_word;
	bool written_routes;
	const char *last_event;  /* of the script; NULL: none yet */
	int64_t down_since;      /* since when something is amiss, or CLOCK_NEVER */
	bool state_failed;
	/* events that were caused by what was done for others */
	struct fsm_input queue[KEEPER_QUEUE];
	unsigned queued;
	bool stepping;
	/* descriptors */
	int pidfile, watch, signals, listener;
	struct client clients[KEEPER_CLIENTS];
};

/* keeper.c */
int64_t keeper_now(const struct keeper *k); /* milliseconds */
void keeper_event(struct keeper *k, enum fsm_event e, int status);
void keeper_loop(struct keeper *k);

/* keeper_act.c: what the state machine wants done. */
void keeper_act(struct keeper *k, unsigned actions);
void keeper_kernel(struct keeper *k, enum kernel_result r);
void keeper_path(struct keeper *k, enum probe_news news);
void keeper_quit(struct keeper *k);

/* keeper_session.c: what the session says. */
void keeper_message(struct keeper *k); /* the channel is readable */
void keeper_leaving(struct keeper *k); /* that of one that says quit */

/* keeper_accounts.c; list has passed config_few(). */
void keeper_load_accounts(struct keeper *k, struct account *list);
void keeper_reload(struct keeper *k);

/* keeper_link.c: the link's address. */
void keeper_check_link(struct keeper *k, bool begin);

/* keeper_client.c: callers. */
void keeper_accept(struct keeper *k);
void keeper_client(struct keeper *k, struct client *c);
void keeper_answer(struct keeper *k);
void keeper_answer_last(struct keeper *k); /* nothing is left */
void keeper_hear(const struct keeper *k); /* who waits for what messages */
void keeper_say(void *arg, int priority, const char *text); /* a log_client_fn */
void keeper_add_client(struct keeper *k, int fd, const struct control_request *asked);

/* keeper_tell.c: the state file, the script, the service manager. */
void keeper_tell(struct keeper *k);
bool keeper_record(void *arg); /* before the kernel is changed */
void keeper_tell_down(struct keeper *k);
int64_t keeper_tell_wake(const struct keeper *k);
void keeper_notify(const struct keeper *k, const char *text);

#endif
