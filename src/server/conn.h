/* SPDX-License-Identifier: ISC */
#ifndef CONN_H
#define CONN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/channel.h"
#include "server/line_pool.h"
#include "server/message.h"

/* One client's connection, from its acceptance to its FIN: what it says, what auth says of
 * it, and what the client is told. */

/* Only in CONN_OPEN and CONN_UP its lines are read. */
enum conn_state {
	CONN_FREE,
	CONN_OPENING,  /* auth was asked for a challenge */
	CONN_OPEN,     /* greeted, not logged in */
	CONN_CHECKING, /* auth was asked for a login */
	CONN_UP,       /* logged in */
	CONN_LEAVING,  /* over; auth was told, and the FIN waits for its MESSAGE_GONE */
	CONN_LINGER    /* the FIN was sent; the client is to close, too */
};

struct conn {
	enum conn_state state;
	uint32_t slot, generation;
	int fd;	      /* -1: none */
	bool watched; /* the front's: epoll(7) tells when there is something to read */
	bool owed;    /* auth has not said MESSAGE_GONE yet, so the slot stays */
	uint64_t order;
	struct in_addr client, server;
	int64_t deadline; /* of silence */
	int64_t patience; /* until then it is not sent away for others */
	bool pinged;	  /* and auth was not told yet */
	int64_t pinged_at;
	struct line *line; /* what was not answered yet, or NULL */
	char type_word[24];
};

/* What the connections share. */
struct conn_shared {
	struct channel auth;
	struct line_pool lines;
	unsigned idle;	  /* seconds of silence after which a session ends */
	int64_t tell_at;  /* when auth is told of keepalives, or CLOCK_NEVER */
	uint32_t n_heard; /* connections that are read from */
};

/* A client has connected by fd: auth is asked for a challenge. */
void conn_begin(struct conn_shared *s, struct conn *c, int fd, uint64_t order,
		struct in_addr client, struct in_addr server);

/* Auth has said something that is about this connection. */
void conn_hear(struct conn_shared *s, struct conn *c, const struct message *m);

/* True while something is to be read from it, and its deadline counts. */
static inline bool conn_reads(const struct conn *c)
{
	return c->state == CONN_OPEN || c->state == CONN_UP || c->state == CONN_LINGER;
}

/* There is something to read, where conn_reads(). */
void conn_read(struct conn_shared *s, struct conn *c);

/* It was silent until its deadline. */
void conn_timed_out(struct conn_shared *s, struct conn *c);

/* The seconds of silence are others than before, for the silence that there is, too. */
void conn_set_idle(const struct conn_shared *s, struct conn *c, unsigned was);

/* It has to go for others; it is not logged in. */
void conn_make_way(struct conn_shared *s, struct conn *c);

/* It cannot be read from, and is over without a word. */
void conn_drop(struct conn_shared *s, struct conn *c);

/* The server ends. */
void conn_say_goodbye(const struct conn *c);

/* Tells auth of its keepalive, which came before now. */
void conn_tell_ping(struct conn_shared *s, struct conn *c, int64_t now);

#endif
