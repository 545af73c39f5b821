/* SPDX-License-Identifier: ISC */
#ifndef PARTS_H
#define PARTS_H

/* What keeper.c, loop.c, act.c and hear.c share. Nobody else includes this: the
 * parts have structs of their own, and say what happened by what they return. */

#include "keeper/accounts.h"
#include "keeper/callers.h"
#include "keeper/events.h"
#include "keeper/fsm.h"
#include "keeper/keeper.h"
#include "keeper/peer.h"
#include "keeper/probe.h"
#include "keeper/report.h"
#include "keeper/uplink.h"
#include "kernel/kernel.h"
#include "protocol/offer.h"

struct keeper {
	struct keeper_how how;
	int64_t now_us; /* when this turn of the loop began: one look at the clock */
	struct fsm fsm;
	struct events events;
	struct accounts accounts;
	struct uplink uplink;
	struct peer peer;
	struct offer offer;    /* the last one, by accounts.in_use once it is built */
	struct tunnel planned; /* that it calls for */
	struct probe probe;
	bool path_failed; /* and that was said */
	bool asked; /* the server was, in this login */
	struct callers callers;
	int pidfile, watch, signals; /* descriptors, -1: none */
	int presence;		     /* of presence_hold() */
	/* What is large comes last, for the sake of memory: see kernel.h. */
	struct report report;
	struct kernel kernel;
};

/* loop.c */
int64_t keeper_now(const struct keeper *k); /* milliseconds */
void keeper_loop(struct keeper *k);

/* act.c: does what the state machine wants done, and reports how things stand. */
void act(struct keeper *k, unsigned actions);
void act_report(struct keeper *k);
bool act_record(void *keeper); /* before the kernel is changed */
bool act_same_tunnel(const struct keeper *k); /* the kernel has what the offer calls for */
void act_restore(struct keeper *k); /* files that somebody has removed */

/* hear.c: what comes from outside becomes an event. */
void hear_session(struct keeper *k);
void hear_leaving(struct keeper *k);
void hear_caller(struct keeper *k, struct caller *one);
void hear_presence(struct keeper *k); /* somebody found no files of ours */
void hear_signal(struct keeper *k, unsigned signal);
void hear_link(struct keeper *k);
void hear_mtu(struct keeper *k); /* of the link below the tunnel: it may have changed */
void hear_accounts(struct keeper *k); /* they are known, or others than before */
void hear_kernel(struct keeper *k, enum kernel_result r);
void hear_path(struct keeper *k, enum probe_news news);

#endif
