/* SPDX-License-Identifier: ISC */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/program.h"
#include "common/tunnel.h"
#include "kernel/difference.h"
#include "kernel/inventory.h"
#include "kernel/ip_lines.h"

struct watch_event;

/* Brings what is in the kernel to what is wanted there: looks at what is there
 * (look.h), compares (difference.h), has one ip(8) at a time make the difference, and
 * looks again. ip(8) is fed its lines and never waited for; what it says and how it
 * ends is quoted in messages and decides nothing. */

enum {
	KERNEL_MEDDLED = 6,	       /* so many times ... */
	KERNEL_MEDDLED_MS = 60 * 1000, /* ... within this time, and somebody will go on */
	KERNEL_ONCE_MS = 1000,	       /* changes within this time count as one: a flush of all
				        * routes makes many */
	KERNEL_SPARE_MS = 1000	       /* so long an ip(8) waits for lines that it may get */
};

/* One look at the kernel, beside what is wanted, and what differs. */
struct kernel_view {
	bool sit0;	   /* found.sit0, before it is compared */
	bool lans_changed; /* what the LAN interfaces are to us */
	struct inventory found, wanted, ours;
	struct difference d;
};

/* How far the ip(8) of a step is. */
enum kernel_ip {
	IP_NONE,  /* none is at work; one may wait for a step, see spare */
	IP_WAITS, /* it has its first lines, and waits for the others until the interface is
		   * there */
	IP_TELLS, /* it has all its lines, and will print something when it has done them */
	IP_TOLD,  /* it has done so, and waits for more */
	IP_ENDS,  /* it has all its lines, and ends by itself when it has done them */
	IP_YIELDS /* it has waited in vain and ends, so that the step's own can be started */
};

struct kernel {
	/* What is, or may be, in the kernel. It is recorded before it is made. */
	struct tunnel now;
	bool exists;
	bool routes; /* some route leads into it */
	bool left;   /* it is to go before anything else is made */
	struct {
		struct tunnel tunnel;
		bool exists, routes;
	} want;
	/* What is known. */
	bool look;      /* it has to be looked at */
	bool mend;      /* whatever is missing is to be made, though others go on: a keepalive,
			 * or something else is wanted than before */
	bool whole;     /* it was all there at the last look; LANs are not counted */
	bool was_whole; /* it was all there, until somebody changed it */
	bool failed;    /* since the last kernel_want() */
	unsigned index; /* of the interface, at the last look; 0: none */
	unsigned emptied; /* how often others set it down or took its addresses: the kernel
			   * then drops everybody's routes into it */
	int asks;       /* the socket of look(), kept from one to the next; -1: none */
	struct {
		bool source_routes, sit0;
	} lacks; /* what this kernel or namespace has not */
	/* The ip(8) that runs, or ran last. */
	struct kernel_step {
		enum kernel_ip ip;
		bool ended;     /* for the same purpose as the next one */
		bool removes;
		bool again;     /* the same lines once more */
		bool unready;   /* got none, since the interface cannot be prepared: said */
		unsigned count; /* how many were run for this */
		unsigned pauses; /* how many pauses were made for this */
		unsigned waits; /* and how many because an address could not be used yet */
	} step;
	struct program run;
	int64_t deadline; /* when it gets no more lines, or is killed, or CLOCK_NEVER */
	/* It is not under way but waits for lines, which spares the start of another one:
	 * before a tunnel is built, and between that and its routes, which come with the
	 * path's answer. */
	struct {
		bool keep;      /* the next one to build is to wait when it has */
		bool on;
		unsigned index; /* of the interface, which it may have cached; 0: none */
	} spare;
	int64_t pause;	  /* until there is another look, or CLOCK_NEVER */
	int64_t end_by;	  /* everything must be over by then, or CLOCK_NEVER */
	/* Others who change what is ours. */
	struct {
		int64_t at[KERNEL_MEDDLED - 1]; /* when, the latest ones in turn; 0: never */
		unsigned next;
		int64_t last; /* when one of these times began */
		bool stubborn; /* what they change is made again at keepalives only */
		bool goes_before; /* it was said that another route goes before one of ours */
	} others;
	/* Writes down what is about to be made, for whoever comes after a crash;
	 * false where it cannot. */
	bool (*record)(void *arg);
	void *record_arg;
	/* What is large comes last: of what is not written to, no memory is taken. */
	struct lines given; /* the lines of that ip(8) */
	/* Of the look that is under way. On the stack its pages would stay in memory for good. */
	struct kernel_view view;
};

enum kernel_result {
	KERNEL_BUSY,  /* something runs, or waits for a keepalive */
	KERNEL_DONE,  /* the kernel holds what is wanted */
	KERNEL_FAILED /* after a message; all was removed again unless k->left */
};

/* record: see struct kernel; NULL where nothing will be wanted but the end of
 * what kernel_adopt() is told. */
void kernel_init(struct kernel *k, bool (*record)(void *arg), void *arg);

/* Closes what it has open. */
void kernel_close(struct kernel *k);

/* Says that this is (perhaps only in part) in the kernel, and not as it should
 * be: it is removed before anything is built. */
void kernel_adopt(struct kernel *k, const struct tunnel *t);

/* Sets what is wanted; t NULL: nothing. Then goes on as kernel_go(). Where t is the
 * tunnel that is there but for near end, link and MTU, that one is changed; where it is
 * another one, the old one goes first. */
enum kernel_result kernel_want(struct kernel *k, const struct tunnel *t, bool routes);
enum kernel_result kernel_want_routes(struct kernel *k, bool routes);

/* Says that a tunnel will most likely be wanted soon: ip(8) is started, and waits. */
void kernel_prepare(struct kernel *k);

/* With each keepalive: looks whether all is there, since the kernel does not tell of
 * everything that others do, and has made what is not. */
enum kernel_result kernel_look_due(struct kernel *k);

/* True where kernel_go() has something to do: after a kernel_watch() that concerned
 * the tunnel, a kernel_printed(), and a kernel_timer() that ended a pause. */
bool kernel_due(const struct kernel *k);

/* Starts whatever is needed next, if nothing is under way. */
enum kernel_result kernel_go(struct kernel *k);

/* True where the whole of the tunnel that is wanted is there, with its routes where
 * these are wanted, as far as is known. */
bool kernel_whole(const struct kernel *k);

/* Says that all must be over at end_by: what still runs then is killed. */
void kernel_hurry(struct kernel *k, int64_t end_by);

/* When there is something to do even if nothing happens; CLOCK_NEVER: never. */
int64_t kernel_wake(const struct kernel *k);

/* What the keeper's loop tells. */
enum kernel_result kernel_reaped(struct kernel *k, int status); /* k->run.pid ended */
void kernel_printed(struct kernel *k); /* there is something to read from k->run.out */
void kernel_timer(struct kernel *k, int64_t now); /* kernel_wake() */
/* A change of the kernel, ours or somebody else's. */
void kernel_watch(struct kernel *k, const struct watch_event *e);

#endif
