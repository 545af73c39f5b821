/* SPDX-License-Identifier: ISC */
#ifndef UPLINK_H
#define UPLINK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "keeper/fsm.h"
#include "kernel/way.h"

/* Which line: by which link, and from which address on it, a session and its tunnel
 * leave. What the kernel would do decides (kernel/way.h); a hook only says that
 * something happened. A line that works is kept; when it does not work the next one
 * is tried.
 *
 * One IPv4 address has five roles:
 *
 *   asked    what a caller gave: a hint, or (named) the line to use while a link has it
 *   local    of a way: what the kernel would use on a link now
 *   bound    the local of the way that was given to the session in use (use.local)
 *   near     where the tunnel ends: the bound address of the session that built it
 *   server   not ours: the address that ways lead to, told by the session
 *
 * 0.0.0.0 stands for one that is not known, link index 0 for no line. */
struct line {
	unsigned index; /* a link made anew under its name has another */
	char link[IF_NAMESIZE];
	struct in_addr local;
	bool here; /* see struct way: no session is bound to it */
};

enum { UPLINK_TRIED = 16, UPLINK_ANSWERS = 4 };

/* What is known of an account's lines. */
struct uplink_account {
	char link[IF_NAMESIZE];		 /* pinned to this link; "": not pinned */
	unsigned pin;			 /* the link that this name stood for, when last used */
	struct in_addr server;		 /* its last known address */
	bool given, refused;		 /* its last login got a line; asked in vain for one */
	struct line failed;		 /* over which its last try failed: comes last */
	struct line tried[UPLINK_TRIED]; /* in this round, as long as they are there */
	unsigned n_tried;
};

/* One question, and what the kernel answered. */
struct uplink_answered {
	char link[IF_NAMESIZE]; /* on this link alone, or the one that it was; "": on any */
	unsigned pin;
	struct way_question q;
	int n;
	struct way ways[WAY_MOST];
};

struct uplink {
	const char *who;	/* what messages begin with; not ours */
	char link[IF_NAMESIZE]; /* --link pins every account; "": not pinned */
	struct in_addr asked;
	bool named;
	bool seen;	  /* named: a link has had it */
	struct line use;  /* given to the session in use; the last one where there is none */
	struct line near; /* the tunnel's */
	bool in_use;	  /* a session has been given use */
	bool near_ok;	  /* near is there: the address, and a route to the server */
	bool carrier;	  /* the link in use had one at the last look */
	struct line gone; /* about to lose its address, as a hook said: not to be used */
	unsigned deaf;	  /* the link that the message about rp_filter was for */
	char told[IF_NAMESIZE]; /* the link that a hook spoke of before one was in use */
	unsigned round;	  /* of the state machine, that tried[] is about */
	unsigned n_accounts, n_known; /* those that there are; that were ever told */
	unsigned n_answers; /* since uplink_forget(); of more than there is room for, the last */
	/* Of what is not written to, no memory is taken. */
	struct uplink_account accounts[FSM_ACCOUNTS];
	struct uplink_answered answers[UPLINK_ANSWERS];
};

/* link: of --link; asked: the address that a caller gave, 0.0.0.0 for none; told: the
 * link that a hook speaks of, for whom the address is a hint; "": no hook. */
void uplink_init(struct uplink *u, const char *who, const char *link, struct in_addr asked,
		 const char *told);

/* An event has been worked off. The kernel is asked for ways once in an event: what it
 * answered is kept until this is called. What changes meanwhile is an event of its own,
 * or comes with one. */
void uplink_forget(struct uplink *u);

/* Says that account n is pinned to this link ("": it is not; one that is renamed while
 * it is used stays the same link) and has this server, an address in dotted form or a
 * name. To be called for each, in order. */
void uplink_account(struct uplink *u, unsigned n, const char *link, const char *server);

/* Which accounts have lines. */
struct uplink_lines {
	uint32_t absent;  /* those that have none, a bit each */
	uint32_t untried; /* those that have one over which they were not tried in this round */
	uint32_t several; /* those that have more than one such line, also before any try */
	bool others;	  /* account n has one beside the one in use */
};
struct uplink_lines uplink_lines(struct uplink *u, unsigned n);

/* True where some account has a line. */
bool uplink_has_line(struct uplink *u);

/* A login of account n begins, in this round of the state machine. */
void uplink_login(struct uplink *u, unsigned n, unsigned round);

/* Its session asks for the line to this address of its server. False where none
 * leads there; otherwise it is u->use. */
bool uplink_give(struct uplink *u, unsigned n, struct in_addr server);

/* True where the last login of account n asked for lines and got none. */
bool uplink_lacks(const struct uplink *u, unsigned n);

/* Says why no account has a line. */
void uplink_explain(struct uplink *u);

/* A tunnel is to end at the line in use. */
void uplink_offered(struct uplink *u);

/* The line in use works: what failed before is forgotten. */
void uplink_works(struct uplink *u);

/* For a pause, when every line was tried: the line in use counts as tried by each account, so
 * that it is news when it has gone and comes back, and no sooner. */
void uplink_rest(struct uplink *u);

/* Account n can have no session over the line in use, or its path is bad. */
void uplink_failed(struct uplink *u, unsigned n);

enum uplink_news {
	UPLINK_SAME, /* nothing to do */
	UPLINK_LINE, /* there is a line, and it is not the one in use */
	UPLINK_GONE, /* there is none any more */
	UPLINK_ASK,  /* the link in use has lost its carrier: ask session and path */
	UPLINK_NEAR  /* near_ok has changed, and nothing else */
};

/* What to do about the lines while nothing is tried (waiting for one; or a pause
 * after each was tried), or account n is in use: for good, or for want of a line whose
 * path is not bad. */
enum uplink_phase { UPLINK_WAITS, UPLINK_PAUSES, UPLINK_BUSY, UPLINK_STAYS };
enum uplink_news uplink_look(struct uplink *u, enum uplink_phase phase, unsigned n);

/* Whether a caller's link ("": any) is that of the line in use, or else of the last
 * one or the one that all accounts are pinned to. Names are compared as interfaces. */
bool uplink_is_on(const struct uplink *u, const char *link);

/* Whether an account could have its line over that link. */
bool uplink_may_use(const struct uplink *u, const char *link);

enum uplink_answer {
	UPLINK_TAKEN, /* it is looked for from now on: look */
	UPLINK_KEPT,  /* it is kept for another link: nothing changes */
	UPLINK_ABSENT /* no interface has the address: nothing changes */
};

/* A caller names a link ("": any) and an address (0.0.0.0: any). Where a link is named
 * or pinned, an address that no interface has is a hint. A message says where nothing
 * changes. */
enum uplink_answer uplink_ask(struct uplink *u, const char *link, struct in_addr address);

/* A caller that goes on waiting has named an address that no interface has: it is the one
 * to use as soon as a link has it. What works meanwhile is kept. */
void uplink_await(struct uplink *u, struct in_addr address);

/* A hook says that something happened to the link; address: a hint. */
void uplink_event(struct uplink *u, const char *link, struct in_addr address);

/* Whether what a hook says of a link is about the line in use, or else the last one; or
 * the link that a hook has spoken of, or that an account is pinned to. */
bool uplink_is_about(const struct uplink *u, const char *link);

/* A hook says that the link has lost its address, or is about to lose this one. False
 * where that leaves nothing: no usable address on that link, where it should have lost
 * one, and no line that leads to the server of any account. */
bool uplink_event_down(struct uplink *u, const char *link, struct in_addr address);

#endif
