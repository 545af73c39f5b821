/* SPDX-License-Identifier: ISC */
#ifndef CONTROL_H
#define CONTROL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"

/* What a command and a keeper say to one another, over the socket IFACE.sock
 * of the run directory (only root may connect), or over the pair of sockets
 * between a command and the keeper that it has just started. */

enum control_op {
	CONTROL_UP,  /* the tunnel is wanted; event: something happened to the link */
	CONTROL_DOWN /* end; event: the link has lost its address, or is to lose this one */
};

/* New members come last, and 0 is what they were before: versions talk to each
 * other. */
struct control_request {
	uint32_t op;
	uint32_t no_wait; /* --wait 0: answer at once */
	uint32_t persist; /* a temporary failure is no answer */
	int32_t threshold; /* of the messages that are wanted, as with log_setup() */
	struct in_addr address; /* 0.0.0.0: none given */
	char link[IF_NAMESIZE]; /* "": none given */
	uint32_t event; /* --event: link and address are what a hook told of; look */
};

enum control_kind {
	CONTROL_TEXT = 1, /* a message: priority and text */
	CONTROL_RESULT,   /* the last one: exit status */
	CONTROL_ENDING,   /* the last one: this keeper is ending; ask the next */
	CONTROL_HEARD     /* the first one: the keeper lives, and works on it */
};

struct control_reply {
	uint32_t kind;
	int32_t code;
	char text[LOG_TEXT_MAX];
};

/* The socket to listen at, made anew; -1 with errno. */
int control_listen(int dir, const char *iface);

/* Takes a caller that waits there; -1 where there is none. */
int control_accept(int listener);

/* Connects to a keeper, without waiting for one that does not listen any more; -1
 * with errno (EAGAIN: too many wait already). */
int control_connect(int dir, const char *iface);

void control_remove(int dir, const char *iface);

/* Sends; false where the other side is gone or does not read. */
bool control_ask(int fd, const struct control_request *r);
bool control_say(int fd, enum control_kind kind, int code, const char *text);

/* Receives without waiting: 1 with a message, 0 where none has come, -1 at the end of the
 * connection or for what is no message. Texts are terminated. */
int control_recv_request(int fd, struct control_request *r);
int control_recv_reply(int fd, struct control_reply *r);

#endif
