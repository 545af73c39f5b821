/* SPDX-License-Identifier: ISC */
#include "server/client_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char answer_pong[] = "+OK pong\r\n";
const char answer_help[] = "+OK valid commands are: TUNNEL PING HELP QUIT\r\n";
const char answer_quit[] = "+OK tunnel server quitting\r\n";
const char answer_invalid[] = "-ERR invalid command\r\n";
const char answer_line[] = "-ERR line too long, or with a control character, disconnecting\r\n";
const char answer_timeout[] = "-ERR connection timed out, disconnecting\r\n";
const char answer_second[] = "-ERR this connection has its tunnel already\r\n";
const char answer_stopping[] = "-ERR tunnel server is stopping, disconnecting\r\n";
const char answer_crowd[] = "-ERR too many connections, disconnecting\r\n";

static bool hex_digit(char c, unsigned *value)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	/* c | 0x20 is the small letter for a capital one. It would make digits of some control
	 * characters, too, but no line has any. */
	if (!at)
		return false;
	*value = (unsigned)(at - digits);
	return true;
}

static bool read_response(const char *word, unsigned char response[DTCP_DIGEST_BYTES])
{
	if (strlen(word) != (size_t)2 * DTCP_DIGEST_BYTES)
		return false;
	for (size_t i = 0; i < DTCP_DIGEST_BYTES; i++) {
		unsigned high, low;

		if (!hex_digit(word[2 * i], &high) || !hex_digit(word[2 * i + 1], &low))
			return false;
		response[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool read_type(const char *word, enum dtcp_type *type)
{
	*type = DTCP_NETWORK;
	if (strcasecmp(word, "tunnelroute") == 0)
		return true;
	for (int t = DTCP_NETWORK; t <= DTCP_TUNNELONLY; t++)
		if (strcasecmp(word, tunnel_type_name((enum dtcp_type)t)) == 0) {
			*type = (enum dtcp_type)t;
			return true;
		}
	return false;
}

/* Takes the next word of *in; NULL at the end. */
static char *take_word(char **in)
{
	char *word = *in + strspn(*in, " ");

	*in = word + strcspn(word, " ");
	if (**in)
		*(*in)++ = '\0';
	return *word ? word : NULL;
}

static void read_tunnel(struct client_command *c, char *in)
{
	const char *user = take_word(&in), *response = user ? take_word(&in) : NULL,
		   *type = response ? take_word(&in) : NULL;

	if (!type)
		return;
	snprintf(c->type_word, sizeof c->type_word, "%s", type);
	c->type_known = read_type(type, &c->type);
	c->well_formed = !take_word(&in) && strlen(user) <= CONFIG_NAME_MAX &&
			 read_response(response, c->response);
	c->upper = c->well_formed && strpbrk(response, "ABCDEF");
	if (strlen(user) <= CONFIG_NAME_MAX)
		snprintf(c->name, sizeof c->name, "%s", user);
}

void client_command(const char *line, struct client_command *c)
{
	static const struct {
		const char *word;
		enum command_kind kind;
	} words[] = {
		{"tunnel", COMMAND_TUNNEL},
		{"ping", COMMAND_PING},
		{"help", COMMAND_HELP},
		{"quit", COMMAND_QUIT},
	};
	char text[LINE_MAX_BYTES + 1], *in = text;
	const char *first;

	memset(c, 0, sizeof *c);
	snprintf(text, sizeof text, "%s", line);
	first = take_word(&in);
	for (size_t i = 0; first && i < sizeof words / sizeof words[0]; i++)
		if (strcasecmp(first, words[i].word) == 0)
			c->kind = words[i].kind;
	if (c->kind == COMMAND_TUNNEL)
		read_tunnel(c, in);
}

void answer_greeting(char out[ANSWER_MAX], const char *challenge)
{
	snprintf(out, ANSWER_MAX, "+OK %s dtcpd %s\r\n", challenge, VERSION);
}

void answer_login(char out[ANSWER_MAX], enum message_result result, const char *words,
		  const char *type_word)
{
	switch (result) {
	case RESULT_OK:
		snprintf(out, ANSWER_MAX, "+OK %.507s\r\n", words);
		break;
	case RESULT_FAILED:
	case RESULT_LAST:
		snprintf(out, ANSWER_MAX, "-ERR authentication failed.\r\n");
		break;
	case RESULT_UNSUPPORTED:
		snprintf(out, ANSWER_MAX, "-ERR unsupported tunnel type %s\r\n", type_word);
		break;
	case RESULT_FULL:
		snprintf(out, ANSWER_MAX, "-ERR tunnel interface sold out\r\n");
		break;
	case RESULT_TAKEN:
		snprintf(out, ANSWER_MAX,
			 "-ERR another user's tunnel leads to your address, which "
			 "can have but one\r\n");
		break;
	case RESULT_BROKEN:
		snprintf(out, ANSWER_MAX, "-ERR the tunnel cannot be built\r\n");
		break;
	}
}

void answer_end(char out[ANSWER_MAX], enum message_end why)
{
	static const char *const reasons[] = {
		[END_DISPLACED] = "a newer login of this user has the tunnel now",
		[END_CHANGED] = "this user was removed or changed",
		[END_LOST] = "the tunnel was lost",
		[END_BLOCKED] = "too many failed logins from your address, try later",
	};

	snprintf(out, ANSWER_MAX, "-ERR %s, disconnecting\r\n", reasons[why]);
}

const char *client_line_shown(const char *line, char out[LINE_MAX_BYTES + 1])
{
	const char *word = line + strspn(line, " "), *response;

	snprintf(out, LINE_MAX_BYTES + 1, "%s", line);
	if (strncasecmp(word, "tunnel ", 7) != 0)
		return out;
	word += 7 + strspn(word + 7, " ");
	response = word + strcspn(word, " ");
	response += strspn(response, " ");
	if (*response)
		snprintf(out, LINE_MAX_BYTES + 1, "%.*s<digest>%s", (int)(response - line), line,
			 response + strcspn(response, " "));
	return out;
}
