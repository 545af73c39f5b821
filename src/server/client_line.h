/* SPDX-License-Identifier: ISC */
#ifndef CLIENT_LINE_H
#define CLIENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/tunnel.h"
#include "protocol/dtcp.h"
#include "protocol/line.h"
#include "server/config.h"
#include "server/message.h"

/* The server's side of DTCP as pure functions: lines in, lines out. */

enum command_kind { COMMAND_UNKNOWN, COMMAND_TUNNEL, COMMAND_PING, COMMAND_HELP, COMMAND_QUIT };

/* A line of a client, understood. */
struct client_command {
	enum command_kind kind;
	/* COMMAND_TUNNEL */
	bool well_formed; /* four words, a name that a user may have, 32 hexadecimal digits */
	char name[CONFIG_NAME_MAX + 1];
	unsigned char response[DTCP_DIGEST_BYTES];
	bool upper; /* which had capital letters */
	bool type_known;
	enum dtcp_type type;
	char type_word[24]; /* as it came, cut, for the answer */
};

/* Reads a line without its end. Words are separated by blanks, in any letter case;
 * what follows the word is of no matter to ping, help and quit. */
void client_command(const char *line, struct client_command *c);

/* An answer, with its CRLF. */
enum { ANSWER_MAX = LINE_MAX_BYTES + 3 };

/* The lines that never change. */
extern const char answer_pong[], answer_help[], answer_quit[], answer_invalid[], answer_line[],
	answer_timeout[], answer_second[], answer_stopping[], answer_crowd[];

/* The greeting with this challenge. */
void answer_greeting(char out[ANSWER_MAX], const char *challenge);

/* The answer to a login: words stand after +OK, type_word is what was asked for. */
void answer_login(char out[ANSWER_MAX], enum message_result result, const char *words,
		  const char *type_word);

/* Why a session ends, or is not begun. */
void answer_end(char out[ANSWER_MAX], enum message_end why);

/* What may be shown of a line in the log: the response as <digest>. */
const char *client_line_shown(const char *line, char out[LINE_MAX_BYTES + 1]);

#endif
