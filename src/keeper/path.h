/* SPDX-License-Identifier: ISC */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stdint.h>

/* The path check as a pure state machine: when to send echo requests into the
 * tunnel, and what answers, or the lack of them, mean.
 *
 * REST   nothing is asked. A keepalive (START) begins a CHECK.
 * FIRST  the tunnel is new, and nothing is known of its path. Echoes go out soon
 *        one after the other; without an answer by the limit the path is BAD.
 * CHECK  the path was good. An echo every 2 s; without an answer it is BAD after
 *        10 s, or, where other packets came out of the tunnel meanwhile, 10 s after
 *        the last of them, but no later than 30 s.
 * BAD    it is looked at after 1, 2, 4 s and so on, and whenever somebody asks.
 *
 * An answer in any of these makes the path good, however late it comes. After the
 * first one an echo that fills the MTU goes out, three times at most, beside all
 * else: where none is answered, the MTU is too large for the path. */
enum path_state { PATH_REST, PATH_FIRST, PATH_CHECK, PATH_BAD };

enum path_event {
	PATH_EV_FIRST,      /* the tunnel was built, or another session has it */
	PATH_EV_START,      /* a keepalive, or somebody wants to know */
	PATH_EV_ANSWER,     /* to a small echo */
	PATH_EV_ANSWER_BIG, /* to one that fills the MTU */
	PATH_EV_TRAFFIC,    /* something else came out of the tunnel */
	PATH_EV_TIMER       /* wake has come */
};
enum { PATH_STATES = PATH_BAD + 1, PATH_EVENTS = PATH_EV_TIMER + 1 };

/* What to do or to know (a set). */
enum path_result {
	PATH_SEND = 1 << 0,     /* send a small echo request */
	PATH_SEND_BIG = 1 << 1, /* send one that fills the MTU */
	PATH_GOOD = 1 << 2,     /* an answer has come */
	PATH_FAILED = 1 << 3,   /* the path is bad from now on */
	PATH_MTU_BAD = 1 << 4   /* small echoes are answered, big ones are not */
};

enum {
	PATH_FIRST_MS = 200,     /* after the first echo of a new tunnel; then doubled */
	PATH_LIMIT_MS = 5000,    /* longest wait for the first answer */
	PATH_ECHO_MS = 2000,     /* between echoes of a check */
	PATH_PATIENCE_MS = 10000, /* of a check where nothing comes out of the tunnel */
	PATH_MOST_MS = 30000,    /* of any check */
	PATH_LOOK_MS = 1000,     /* before the first look at a bad path; then doubled */
	PATH_BIG_TRIES = 3
};

struct path {
	enum path_state state;
	int64_t began;     /* CHECK: when the first echo went out */
	int64_t heard;     /* CHECK: when something last came out of the tunnel */
	int64_t limit;     /* FIRST: when it has failed; BAD: not 0 where it was never answered */
	int64_t pause;     /* FIRST, BAD: between the next echo and the one after it */
	int64_t most;      /* BAD: the longest pause; set by whoever begins with PATH_EV_FIRST */
	unsigned big_left; /* echoes that fill the MTU, still to be waited for */
	int64_t next, big_next; /* when each kind's turn comes, or CLOCK_NEVER */
	int64_t wake;      /* out: when PATH_EV_TIMER is due */
};

void path_init(struct path *p);

/* limit: of PATH_EV_FIRST, the time by which the answer has to be there. */
unsigned path_step(struct path *p, enum path_event e, int64_t now, int64_t limit);

#endif
