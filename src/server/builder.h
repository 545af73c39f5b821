/* SPDX-License-Identifier: ISC */
#ifndef BUILDER_H
#define BUILDER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/config.h"
#include "server/sessions.h"

/* Brings what is in the kernel to what the table of sessions says, by ip(8) and tc(8),
 * one program at a time. What is due together goes to one of them; afterwards the
 * kernel is looked at, and that alone decides what has succeeded. */

struct builder;
struct standing;

struct builder_how {
	struct sessions *sessions;
	const int *run_dir; /* open and locked; another one where it had to be made anew */
	/* Writes down what is there or about to be made, for whoever comes after a crash. False
	 * after a message. */
	bool (*record)(void *arg);
	void *arg;
};

/* Whether this process has the privileges that building takes. False after a message. */
bool builder_permitted(void);

/* Looks whether this machine has what is needed, and proves it by making a tunnel and removing
 * it again. Returns NULL after a message. how is copied. */
struct builder *builder_open(const struct builder_how *how);
void builder_close(struct builder *b);

/* The prefixes of the users of c get their unreachable routes, in place of those of the
 * file before; NULL: nobody is to have any. What it needs of c is copied. False where
 * memory is short. */
bool builder_users(struct builder *b, const struct config *c);

/* An interface that a dtcpd before this one wrote down: it goes, if it is a sit
 * tunnel. To be called before anything is built. False where memory is short. */
bool builder_take_over(struct builder *b, const char *name);

/* The same for the unreachable route of a prefix, unless it is wanted now, too. */
bool builder_take_over_prefix(struct builder *b, const struct prefix *p);

/* What is there without a session, and what has yet to go: for the record. */
const struct standing *builder_standing(const struct builder *b);

/* Does what can be done without waiting. True where a session has changed: it is ready,
 * has failed, or was freed in the table by builder_work() itself, after fn was told. */
typedef void builder_gone_fn(void *arg, struct session *s);
bool builder_work(struct builder *b, builder_gone_fn *gone, void *arg);

/* True where nothing is under way and nothing is left to do. */
bool builder_idle(const struct builder *b);

/* Works until it is idle, or until the deadline (of CLOCK_MONOTONIC): for when there is
 * no loop yet. Reaps any child. */
void builder_settle(struct builder *b, int64_t deadline);

/* For poll(2): fills at most BUILDER_POLLS entries, returns how many; deadline is of
 * CLOCK_MONOTONIC. builder_heard() takes them back. */
enum { BUILDER_POLLS = 3 };
nfds_t builder_polls(const struct builder *b, struct pollfd *p, int64_t *deadline);
void builder_heard(struct builder *b, const struct pollfd *p, nfds_t n);

/* The end has begun: a program that hangs is killed sooner, so that it can be tried once more, and
 * what could not be removed is tried at once. */
void builder_hurry(struct builder *b);

/* A child was reaped; true where it was the builder's. */
bool builder_reaped(struct builder *b, pid_t pid, int status);

/* For name_free_fn of sessions.h. */
bool builder_name_free(void *arg, const char *name);

/* Whether an address can be the other end of a tunnel: a unicast one, and none of this
 * machine's. */
bool builder_far_end_ok(struct builder *b, struct in_addr client);

/* The MTU of the way to a client, 0 where unknown. */
unsigned builder_way_mtu(struct builder *b, struct in_addr local, struct in_addr remote);

/* Number of an interface, 0 where there is none. */
unsigned builder_index(struct builder *b, const char *name);

/* Bytes that an interface has received and sent. */
void builder_bytes(struct builder *b, const char *name, uint64_t *in, uint64_t *out);

#endif
