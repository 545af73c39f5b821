/* SPDX-License-Identifier: ISC */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/tunnel.h"
#include "protocol/dtcp.h"
#include "server/config.h"

/* Messages between the roles of dtcpd: the front (network), auth (passwords) and root
 * (tunnels). The front talks to auth alone, and auth to both. All are of one size, and
 * checked by whoever receives them: any of the others may have been taken over.
 *
 * A connection is a slot and a generation, which says for which time the slot is in
 * use: what comes late is of a generation that is over, and is ignored. */

enum message_kind {
	/* front to auth */
	MESSAGE_OPEN = 1, /* a connection from client to server: wants a challenge */
	MESSAGE_LOGIN,	  /* name, response, type; code is an enum message_login */
	MESSAGE_PINGED,	  /* a keepalive came, code seconds ago; also auth to root */
	MESSAGE_CLOSE,	  /* the connection is over; answered by GONE, unless END came */
	/* auth to front */
	MESSAGE_CHALLENGE, /* text: 32 hexadecimal digits */
	MESSAGE_REFUSED,   /* no challenge: code is an enum message_end */
	MESSAGE_RESULT,	   /* of a login: code is an enum message_result; text: the words
			    * after +OK; also root to auth */
	MESSAGE_END,	   /* the session is over: code is an enum message_end; also root to auth */
	MESSAGE_GONE,	   /* no tunnel of this connection is left; also root to auth */
	/* auth to root; these name the user by number */
	MESSAGE_WANT, /* a tunnel of this type between client and server */
	MESSAGE_LEFT, /* the connection is over; code is an enum message_left */
	/* root to auth */
	MESSAGE_USER,	  /* one user of the file: user, name and password */
	MESSAGE_USERS_END, /* those were all: they replace the ones before */
	/* root to auth, auth to front */
	MESSAGE_IDLE, /* code is the seconds of silence after which a session ends, from now on */
	/* front to auth, auth to root */
	MESSAGE_READY /* each has given up all that it does not need, and serves */
};

enum { PINGED_MOST_S = 3600 };

enum message_login {
	LOGIN_COMPLETE,
	LOGIN_MALFORMED,   /* no four words, or no response: it fails in any case */
	LOGIN_UNKNOWN_TYPE /* the type has no meaning; is the login right all the same? */
};
#define LOGIN_MOST LOGIN_UNKNOWN_TYPE

enum message_result {
	RESULT_OK,
	RESULT_FAILED,	    /* authentication failed */
	RESULT_LAST,	    /* the same, and the connection ends */
	RESULT_UNSUPPORTED, /* this user is not served that type */
	RESULT_FULL,	    /* no more tunnels */
	RESULT_TAKEN,	    /* another user's tunnel leads to this address */
	RESULT_BROKEN	    /* the tunnel could not be built */
};
#define RESULT_MOST RESULT_BROKEN

enum message_end {
	END_DISPLACED, /* a newer login of the user took the tunnel over */
	END_CHANGED,   /* the user is no more in the file, or its words changed */
	END_LOST,      /* the tunnel could not be kept up */
	END_BLOCKED    /* too many failed logins from this address */
};
#define END_MOST END_BLOCKED

enum message_left {
	LEFT_ENDED,  /* by the client, or by the front */
	LEFT_CHANGED /* the user has another password */
};
#define LEFT_MOST LEFT_CHANGED

enum { MESSAGE_TEXT_MAX = 512, MESSAGE_CHALLENGE_LEN = 32 };

struct message {
	uint32_t kind;
	uint32_t slot, generation;
	uint32_t user; /* its number; 0: none */
	uint32_t code;
	uint32_t type; /* enum dtcp_type */
	struct in_addr client, server;
	unsigned char response[DTCP_DIGEST_BYTES];
	uint8_t upper; /* of MESSAGE_LOGIN: 1 where the response had capital letters, else 0 */
	char name[CONFIG_NAME_MAX + 1]; /* texts come last: a message that waits ends with them */
	char text[MESSAGE_TEXT_MAX + 1]; /* or a password */
};

/* Who may have sent a message. */
enum message_from { FROM_FRONT, FROM_AUTH_TO_FRONT, FROM_AUTH_TO_ROOT, FROM_ROOT };

/* True for what that role may send, with a slot below slots (0 where none is named): numbers
 * within their bounds, texts terminated, and no control character in what goes to the network. */
bool message_ok(const struct message *m, enum message_from from, uint32_t slots);

#endif
