/* SPDX-License-Identifier: ISC */
#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_word.h"
#include "log.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes a quoted field whose opening quote is at *in, in place. \" and \\
 * stand for themselves; any other backslash is an ordinary character. */
static bool take_quoted(char **in, char **field, const char **why)
{
	char *r = *in + 1, *w = r;

	*field = w;
	while (*r && *r != '"') {
		if (*r == '\\' && (r[1] == '"' || r[1] == '\\'))
			r++;
		*w++ = *r++;
	}
	if (*r != '"') {
		*why = "a quoted field has no closing quote";
		return false;
	}
	r++;
	if (*r && !is_blank(*r)) {
		*why = "a closing quote is followed by something other than a blank";
		return false;
	}
	*in = *r ? r + 1 : r;
	*w = '\0';
	return true;
}

/* Takes the next field of the line. *field is NULL at the end. */
static bool take_field(char **in, char **field, const char **why)
{
	char *p = *in;

	while (is_blank(*p))
		p++;
	*in = p;
	*field = NULL;
	if (!*p)
		return true;
	if (*p == '"')
		return take_quoted(in, field, why);
	*field = p;
	while (*p && !is_blank(*p))
		p++;
	*in = *p ? p + 1 : p;
	*p = '\0';
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* "field WHAT 'VALUE' WHY", the value escaped and cut to be readable. */
static bool bad_field(char *why, const char *what, const char *value, const char *reason)
{
	char shown[128];

	log_escape(shown, sizeof shown, value, strlen(value));
	snprintf(why, ACCOUNT_WHY_MAX, "%s '%s' %s", what, shown, reason);
	return false;
}

static bool check_fields(struct account *a, const char *port, char *why)
{
	uint32_t number;

	if (!a->server[0] || has_control(a->server) || strchr(a->server, ' '))
		return bad_field(why, "server", a->server, "is no host name or IPv4 address");
	if (!account_number(port, 1, 65535, &number))
		return bad_field(why, "port", port, "is not a number from 1 to 65535");
	a->port = (uint16_t)number;
	if (!a->user[0] || strpbrk(a->user, " \t") || has_control(a->user))
		return bad_field(why, "user", a->user,
				 "is empty or holds a blank or a control character");
	if (!a->password[0]) {
		snprintf(why, ACCOUNT_WHY_MAX, "the password is empty");
		return false;
	}
	return true;
}

static bool parse_fields(struct account *a, char *why)
{
	static const char names[][9] = {"server", "port", "user", "password"};
	char *field[4], *in = a->text;
	const char *reason = NULL;

	for (int i = 0; i < 4; i++) {
		if (!take_field(&in, &field[i], &reason)) {
			snprintf(why, ACCOUNT_WHY_MAX, "%s", reason);
			return false;
		}
		if (!field[i]) {
			snprintf(why, ACCOUNT_WHY_MAX, "the %s is missing (server port user password)",
				 names[i]);
			return false;
		}
	}
	a->server = field[0];
	a->user = field[2];
	a->password = field[3];
	if (!check_fields(a, field[1], why))
		return false;
	for (unsigned seen = 0;;) {
		char *word;

		if (!take_field(&in, &word, &reason)) {
			snprintf(why, ACCOUNT_WHY_MAX, "%s", reason);
			return false;
		}
		if (!word)
			return account_words_done(a, seen, why);
		if (!account_word(a, word, &seen, why))
			return false;
	}
}

static void set_defaults(struct account *a)
{
	a->type = DTCP_NETWORK;
	a->route = ROUTE_DEFAULT;
	a->build = true;
	a->ttl = 64;
	a->metric = 4096;
	a->ping = 60;
	memcpy(a->interface, "dtcp0", sizeof "dtcp0");
}

int account_parse(const char *line, size_t len, struct account **out,
		  char why[ACCOUNT_WHY_MAX])
{
	struct account *a;

	*out = NULL;
	if (len > 0 && line[len - 1] == '\r')
		len--; /* a file from another system */
	if (len > ACCOUNT_LINE_MAX) {
		snprintf(why, ACCOUNT_WHY_MAX, "the line has %zu bytes, more than %d", len,
			 ACCOUNT_LINE_MAX);
		return -1;
	}
	if (memchr(line, '\0', len)) {
		snprintf(why, ACCOUNT_WHY_MAX, "the line holds a NUL byte");
		return -1;
	}
	size_t skip = 0;
	while (skip < len && is_blank(line[skip]))
		skip++;
	if (skip == len || line[skip] == '#')
		return 0;

	a = calloc(1, sizeof *a + len + 1);
	if (!a) {
		snprintf(why, ACCOUNT_WHY_MAX, "out of memory");
		return -1;
	}
	memcpy(a->text, line, len);
	a->text_len = len;
	set_defaults(a);
	if (!parse_fields(a, why)) {
		account_free(a);
		return -1;
	}
	*out = a;
	return 1;
}

void account_free(struct account *list)
{
	while (list) {
		struct account *next = list->next;

		explicit_bzero(list->text, list->text_len);
		free(list);
		list = next;
	}
}

void account_forget_password(struct account *a)
{
	char *p = a->text + (a->password - a->text);

	explicit_bzero(p, strlen(p));
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

bool account_equal(const struct account *a, const struct account *b)
{
	/* calloc() and prefix_parse() have left no byte of it unset. */
	const size_t from = offsetof(struct account, port), end = offsetof(struct account, text_len);

	return same_text(a->server, b->server) && same_text(a->user, b->user) &&
	       same_text(a->password, b->password) && same_text(a->script, b->script) &&
	       memcmp((const char *)a + from, (const char *)b + from, end - from) == 0;
}

const char *account_type_name(enum dtcp_type type)
{
	static const char names[][11] = {"network", "host", "tunnelonly"};

	return names[type];
}
