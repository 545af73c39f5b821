/* SPDX-License-Identifier: ISC */
#include "account/account_line.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/account_words.h"
#include "account/conf.h"
#include "common/text.h"

/* Spaces that separate nothing, but look as if they did: what word processors and
 * Japanese keyboards put in place of a blank, in UTF-8. */
static const char *odd_space(const char *field)
{
	static const struct {
		const char *bytes, *name;
	} spaces[] = {
		{"\xc2\xa0", "a no-break space"},
		{"\xe2\x80\xaf", "a narrow no-break space"},
		{"\xe3\x80\x80", "an ideographic space"},
		{"\xe2\x80\x8b", "a zero width space"},
	};

	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		if (strstr(field, spaces[i].bytes))
			return spaces[i].name;
	return NULL;
}

/* "WHAT 'VALUE' WHY", the value escaped and cut to be readable. */
static bool bad_field(char *why, const char *what, const char *value, const char *reason)
{
	char shown[128];

	text_escape(shown, sizeof shown, value, strlen(value));
	snprintf(why, ACCOUNT_WHY_MAX, "%s '%s' %s", what, shown, reason);
	return false;
}

/* The message names the space but not the field: since the space separated nothing, the field
 * may hold the password as well. */
static bool no_odd_space(char *why, const char *what, const char *value)
{
	const char *space = odd_space(value);

	if (space)
		snprintf(why, ACCOUNT_WHY_MAX, "the %s holds %s, which separates nothing", what,
			 space);
	return !space;
}

static bool check_server(const char *server, char *why)
{
	struct in6_addr none;
	char shown[128];

	if (!no_odd_space(why, "server", server))
		return false;
	if (strchr(server, ':') && inet_pton(AF_INET6, server, &none) != 1) {
		text_escape(shown, sizeof shown, server, strcspn(server, ":"));
		snprintf(why, ACCOUNT_WHY_MAX,
			 "server '%s' is followed by ':' (server, port, user and "
			 "password are separated by blanks)",
			 shown);
		return false;
	}
	if (!server[0] || conf_has_control(server) || strpbrk(server, " :"))
		return bad_field(why, "server", server, "is no host name or IPv4 address");
	return true;
}

static bool check_port(const char *port, uint16_t *number, char *why)
{
	uint32_t n;

	if (!no_odd_space(why, "port", port))
		return false;
	if (!text_number(port, 1, 65535, &n))
		return bad_field(why, "port", port, "is not a number from 1 to 65535");
	*number = (uint16_t)n;
	return true;
}

static bool check_user(const char *user, char *why)
{
	if (!no_odd_space(why, "user", user))
		return false;
	if (!user[0] || strpbrk(user, " \t") || conf_has_control(user))
		return bad_field(why, "user", user,
				 "is empty or holds a blank or a control character");
	return true;
}

static bool is_missing(char *why, const char *what)
{
	snprintf(why, ACCOUNT_WHY_MAX, "the %s is missing (server port user password)", what);
	return false;
}

/* Checks the n fields that are there. Where one of the four was left out, the message names
 * the first one whose place holds something that it cannot be. Of two fields the second may be
 * the password, and is not looked at. */
static bool check_fields(struct account *a, char *const field[4], int n, char *why)
{
	if (n < 1)
		return is_missing(why, "server");
	if (!check_server(field[0], why))
		return false;
	if (n < 3)
		return is_missing(why, n < 2 ? "port" : "user");
	if (!check_port(field[1], &a->port, why) || !check_user(field[2], why))
		return false;
	if (n < 4)
		return is_missing(why, "password");
	if (!field[3][0]) {
		snprintf(why, ACCOUNT_WHY_MAX, "the password is empty");
		return false;
	}
	a->server = field[0];
	a->user = field[2];
	a->password = field[3];
	return true;
}

/* Takes what follows the four fields: words, and perhaps a comment. Until one of
 * them has made sense, a word may be a part of a password without quotes. */
static bool parse_words(struct account *a, char *in, bool quoted, char *why)
{
	bool maybe_secret = !quoted;
	uint32_t seen = 0;

	for (;;) {
		char *word;

		if (!conf_field(&in, &word, &quoted, why))
			return false;
		if (!word || (*word == '#' && !quoted))
			return account_words_done(a, seen, why);
		if (!account_word_read(a, word, maybe_secret, &seen, why))
			return false;
		maybe_secret = false;
	}
}

static bool parse_line(struct account *a, char *why)
{
	char *in = a->text, *field[4];
	bool quoted = false;
	int n = 0;

	while (n < 4) {
		if (!conf_field(&in, &field[n], &quoted, why))
			return false;
		if (!field[n])
			break;
		n++;
	}
	return check_fields(a, field, n, why) && parse_words(a, in, quoted, why);
}

int account_line_parse(const char *line, size_t len, struct account **out,
		       char why[ACCOUNT_WHY_MAX])
{
	int says = conf_line_ok(line, &len, why);
	struct account *a;

	*out = NULL;
	if (says <= 0)
		return says;
	a = calloc(1, sizeof *a + len + 1);
	if (!a) {
		snprintf(why, ACCOUNT_WHY_MAX, "out of memory");
		return -1;
	}
	memcpy(a->text, line, len);
	a->text_len = len;
	account_words_default(a);
	if (!parse_line(a, why)) {
		account_free(a);
		return -1;
	}
	*out = a;
	return 1;
}
