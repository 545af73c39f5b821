/* SPDX-License-Identifier: ISC */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account/account.h"
#include "account/account_file.h"
#include "common/tunnel.h"

/* How a tunnel stands, for --status and for whoever comes after a crash. The
 * file IFACE.state holds it as name=value lines, without secrets. Times are
 * seconds since 1970, 0 where unknown. */

enum { STATE_NAME_MAX = 256, STATE_ERROR_MAX = 400, STATE_FILE_MAX = 8192,
       STATE_PINS_MAX = ACCOUNT_MOST * IF_NAMESIZE };

enum state_word { STATE_DOWN, STATE_CONNECTING, STATE_UP };

struct state {
	pid_t pid;
	uint64_t start; /* rundir_process_start() of pid */
	uint64_t netns; /* netns_own() of it */
	enum state_word word;
	int64_t since;
	char server[STATE_NAME_MAX], user[STATE_NAME_MAX]; /* escaped as in the log */
	char accounts[STATE_NAME_MAX];         /* the account file, escaped likewise */
	char mark[ACCOUNT_FILE_MARK_MAX];      /* of it when it was read */
	char link[IF_NAMESIZE]; /* the one in use, or the last one; "": there was none yet */
	char pins[STATE_PINS_MAX]; /* the links that accounts are pinned to, with blanks between */
	bool build;      /* tunnel=sit */
	bool known;      /* a server has made an offer: tunnel holds it */
	bool in_kernel;  /* tunnel is there, or may be */
	bool routes;     /* and routes lead into it */
	struct in_addr seen_as;
	struct in_addr server_address; /* the last one that was connected to */
	unsigned reconnects;
	int64_t login_after; /* no login before, since one was refused: seconds since boot */
	int64_t last_pong;
	int64_t dtcp_rtt_us, path_rtt_us; /* -1 unknown */
	int path_ok;                      /* -1 unknown, 0, 1 */
	char last_error[STATE_ERROR_MAX]; /* why it is not up; escaped as in the log */
	struct tunnel tunnel;             /* its name is the interface's */
};

void state_init(struct state *s, const char *iface);

/* Adds a link to s->pins, if it is not there. */
void state_pin(struct state *s, const char *link);

/* Whether a call that names this link is about the keeper of s: its line is over that link,
 * or, where it has had none yet, one of its accounts is pinned to that. By any name of it. */
bool state_on_link(const struct state *s, const char *link);

/* Writes s as text; returns its length, 0 where it does not fit. */
size_t state_format(const struct state *s, char text[STATE_FILE_MAX]);

/* Reads text of len bytes; what it does not know or cannot read is left as it
 * was after state_init(). The name of the interface is not taken from it. */
void state_parse(struct state *s, const char *text, size_t len);

const char *state_word_name(enum state_word w);

#endif
