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

/* One of the four, as it stands in the line. */
struct field {
	char *text;
	bool quoted;
};

/* "WHAT 'VALUE' WHY", the value escaped and cut to be readable. */
static bool bad_field(char *why, const char *what, const char *value, const char *reason)
{
	char shown[128];

	text_escape(shown, sizeof shown, value, strlen(value));
	snprintf(why, ACCOUNT_WHY_MAX, "%s '%s' %s", what, shown, reason);
	return false;
}

/* The same of a field that does without quotes: what is in quotes all the same may be the
 * password, in the place of one that was left out, and is not shown. */
static bool bad_plain(char *why, const char *what, const struct field *f, const char *reason)
{
	if (!f->quoted || !f->text[0])
		return bad_field(why, what, f->text, reason);
	snprintf(why, ACCOUNT_WHY_MAX, "the %s %s", what, reason);
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

/* Shows no more than what stands before the ':'. */
static bool no_port_behind(const char *server, char *why)
{
	struct in6_addr address;
	char shown[128];

	if (!strchr(server, ':') || inet_pton(AF_INET6, server, &address) == 1)
		return true;
	text_escape(shown, sizeof shown, server, strcspn(server, ":"));
	snprintf(why, ACCOUNT_WHY_MAX,
		 "server '%s' is followed by ':' (server, port, user and "
		 "password are separated by blanks)",
		 shown);
	return false;
}

static bool check_server(const char *server, char *why)
{
	if (server[0] && !conf_has_control(server) && !strpbrk(server, " :"))
		return true;
	return bad_field(why, "server", server, "is no host name or IPv4 address");
}

static bool port_number(const struct field *port, uint32_t *n)
{
	return text_number(port->text, 1, 65535, n);
}

static bool check_port(const struct field *port, uint16_t *number, char *why)
{
	uint32_t n;

	if (!port_number(port, &n))
		return bad_plain(why, "port", port, "is not a number from 1 to 65535");
	*number = (uint16_t)n;
	return true;
}

static bool check_user(const struct field *user, char *why)
{
	const char *name = user->text;

	if (name[0] && !strpbrk(name, " \t") && !conf_has_control(name))
		return true;
	return bad_plain(why, "user", user, "is empty or holds a blank or a control character");
}

/* Of fewer than four fields, any but the first may be the password: none is shown. */
static bool say_missing(const struct field field[4], int n, char *why)
{
	static const char *const missing[] = {
		"server is missing", "port is missing", "user is missing",
		"user or the password is missing",
	};
	uint32_t port;

	snprintf(why, ACCOUNT_WHY_MAX, "the %s (server port user password)",
		 n == 3 && !port_number(&field[1], &port)
			 ? "port is missing, or is no number from 1 to 65535" : missing[n]);
	return false;
}

/* Checks the n fields that are there. Those that run into one another come first. */
static bool check_fields(struct account *a, const struct field field[4], int n, char *why)
{
	static const char *const names[] = {"server", "port", "user"};

	for (int i = 0; i < n && i < 3; i++)
		if (!no_odd_space(why, names[i], field[i].text))
			return false;
	if (n > 0 && !no_port_behind(field[0].text, why))
		return false;
	if (n < 4)
		return say_missing(field, n, why);
	if (!check_server(field[0].text, why) || !check_port(&field[1], &a->port, why) ||
	    !check_user(&field[2], why))
		return false;
	if (!field[3].text[0]) {
		snprintf(why, ACCOUNT_WHY_MAX, "the password is empty");
		return false;
	}
	a->server = field[0].text;
	a->user = field[2].text;
	a->password = field[3].text;
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
	struct field field[4];
	char *in = a->text;
	int n = 0;

	for (; n < 4; n++) {
		struct field *f = &field[n];

		if (!conf_field(&in, &f->text, &f->quoted, why))
			return false;
		/* A name=value word comes after the four: some of them were left out. */
		if (!f->text || (!f->quoted && account_is_word(f->text)))
			break;
	}
	return check_fields(a, field, n, why) && parse_words(a, in, field[3].quoted, why);
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
