/* SPDX-License-Identifier: ISC */
#ifndef MSG_H
#define MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/offer.h"

/* Messages between the root part (keeper) and the unprivileged part
 * (session), over a socket pair that keeps their borders. All are of one
 * size, so that reading one needs no parser. */

enum { MSG_TEXT_MAX = 640 };

enum msg_kind {
	/* from the keeper */
	MSG_PING = 1, /* send a keepalive now; code 1: nobody wants its dialogue */
	MSG_QUIT,     /* say quit, then end */
	/* from the session */
	MSG_LOG,   /* code: priority of syslog(3), text; the dialogue as LOG_DEBUG */
	MSG_OFFER, /* logged in: offer, upper, code: words ignored or cleared */
	MSG_PONG,  /* the keepalive was answered */
	MSG_FAIL,  /* the session is over: code is an exit status, text says why */
	MSG_BYE,   /* the server has answered quit, and has yet to close */
	/* before it connects */
	MSG_SERVER, /* from the session: by which line may I connect to address? */
	MSG_LINE,   /* the keeper's answer: from this address, by the socket that comes
		     * along, which is bound to the link to use. Without a socket no link
		     * leads to the server: try its next address */
	/* after it has connected */
	MSG_ASKED /* from the session: the server has greeted, and was asked for the tunnel */
};

struct msg {
	uint32_t kind;
	int32_t code;
	uint32_t upper; /* the letter case of the digest that worked */
	uint32_t stranger; /* MSG_FAIL: what answered there is no DTCP server */
	struct in_addr address;
	struct offer offer;
	char text[MSG_TEXT_MAX];
};

/* Sends one message; false where the other side is gone or does not read. */
bool msg_send(int fd, const struct msg *m);

/* A message with a formatted text. */
bool msg_text(int fd, enum msg_kind kind, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Sends one message together with a descriptor, which stays the caller's. */
bool msg_send_fd(int channel, const struct msg *m, int fd);

/* Receives one without waiting: 1, 0 where there is none, -1 at the end or
 * where what came is no message (errno EBADMSG). The text is terminated. */
int msg_recv(int fd, struct msg *m);

/* The same with the descriptor that came along, -1: none. Otherwise such descriptors
 * are not even made, so that a session cannot fill its keeper's table. */
int msg_recv_fd(int channel, struct msg *m, int *fd);

/* True for a message that a session may send: kind, code, text and offer are
 * within their bounds. Whatever runs in the session's place has to pass. */
bool msg_from_session_ok(const struct msg *m);

#endif
