/* SPDX-License-Identifier: ISC */
#include "account/account.h"
#include "account/account_line.h"
#include "account/account_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/status_codes.h"
#include "unit.h"

static char why[ACCOUNT_WHY_MAX];

/* Reads a line of len bytes from memory of just that size. */
static int parse_bytes(const char *line, size_t len, struct account **a)
{
	char *copy = malloc(len ? len : 1);
	int result;

	memcpy(copy, line, len);
	snprintf(why, sizeof why, "%s", "");
	result = account_line_parse(copy, len, a, why);
	free(copy);
	CHECK((result == 1) == (*a != NULL));
	return result;
}

static int parse(const char *line, struct account **a)
{
	return parse_bytes(line, strlen(line), a);
}

static void check_fields(const char *line, const char *server, unsigned port, const char *user,
			 const char *password)
{
	struct account *a;

	if (!CHECK_FOR(line, parse(line, &a) == 1)) {
		printf("%s\n", why);
		return;
	}
	CHECK_STR(a->server, server);
	CHECK_INT(a->port, port);
	CHECK_STR(a->user, user);
	CHECK_STR(a->password, password);
	account_free(a);
}

static void check_bad(const char *line, const char *reason)
{
	struct account *a;

	CHECK_FOR(line, parse(line, &a) == -1);
	CHECK_HAS(why, reason);
	account_free(a);
}

static void fields(void)
{
	check_fields("dtcp.example.net 20200 foo bar", "dtcp.example.net", 20200, "foo", "bar");
	check_fields("\t 192.0.2.1\t20200  foo\t\tbar \t", "192.0.2.1", 20200, "foo", "bar");
	check_fields("s 1 u p", "s", 1, "u", "p");
	check_fields("s 65535 u p", "s", 65535, "u", "p");
	check_fields("s 00020200 u p", "s", 20200, "u", "p");
}

static void line_end(void)
{
	check_fields("s 1 u p\r", "s", 1, "u", "p");
	check_fields("s 1 u \"p\"\r", "s", 1, "u", "p");
	check_bad("s 1 u p\rx ttl=0", "ttl=0");
}

static void quoting(void)
{
	check_fields("s 1 u \"a b\"", "s", 1, "u", "a b");
	check_fields("\"s\" \"1\" \"u\" \"p\"", "s", 1, "u", "p");
	check_fields("s 1 u \"a\\\"b\\\\c\"", "s", 1, "u", "a\"b\\c");
	check_fields("s 1 u \"a\\nb\"", "s", 1, "u", "a\\nb");
	check_fields("s 1 u \"\ttab\"", "s", 1, "u", "\ttab");
	check_fields("s 1 u a\"b\"", "s", 1, "u", "a\"b\"");
	check_fields("s 1 u a\\b", "s", 1, "u", "a\\b");
	check_fields("s 1 u \"p\" ttl=9", "s", 1, "u", "p");
	check_fields("s 1 u p \"script=/a b\"", "s", 1, "u", "p");
	check_bad("s 1 u \"p", "closing quote");
	check_bad("s 1 u \"p\\\"", "closing quote");
	check_bad("s 1 u \"p\"x", "other than a blank");
	check_bad("s 1 u \"\"", "password is empty");
	check_bad("s 1 u p \"", "closing quote");
}

static void hash(void)
{
	check_fields("s 1 u #p", "s", 1, "u", "#p");
	check_fields("s 1 #u p#", "s", 1, "#u", "p#");
	check_fields("s#1 1 u p", "s#1", 1, "u", "p");
	check_fields("s 1 u p #", "s", 1, "u", "p");
	check_fields("s 1 u p ttl=9 # don't \"ask", "s", 1, "u", "p");
	check_fields("s 1 u p #ttl=0", "s", 1, "u", "p");
	check_fields("s 1 u \"#p\" # a", "s", 1, "u", "#p");
	check_bad("s 1 u \"p\" \"#\"", "'#' is no name=value");
}

static void nothing(void)
{
	static const char *const none[] = {"", " ", "\t \t", "#", "# s 1 u p", " \t# s 1 u p", "\r",
					   " \r"};
	struct account *a;

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		CHECK_INT(parse(none[i], &a), 0);
}

static void missing(void)
{
	check_bad("s", "port is missing");
	check_bad("s 1", "user is missing");
	check_bad("s 1 u", "the user or the password is missing");
	check_bad("s 1 u ", "the user or the password is missing");
	check_bad("s u p", "the port is missing, or is no number from 1 to 65535");
	check_bad("link=ppp0", "server is missing");
	check_bad("s 1 link=ppp0 ttl=9", "user is missing");
	check_bad("s 1 u link=ppp0 ttl=9", "the user or the password is missing");
	check_bad("s:1 u p", "server 's' is followed by ':'");
	check_bad("2001:db8::1 1 u p", "server '2001:db8::1' is no host name or IPv4 address");
	check_bad("s\xc2\xa0" "1 u p", "the server holds a no-break space");
	check_bad("s 1\xe3\x80\x80u p q", "the port holds an ideographic space");
	check_bad("s 1 u\xe2\x80\xaf" "p", "the user holds a narrow no-break space");
}

static void bad_fields(void)
{
	static const char *const ports[] = {"0", "65536", "4294987496", "-1", "+1", "1x", "0x10",
					    "\"\"", "20200.", "99999999999999999999"};
	char line[128];

	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		snprintf(line, sizeof line, "s %s u p", ports[i]);
		check_bad(line, "1 to 65535");
	}
	check_bad("\"\" 1 u p", "server");
	check_bad("\"s s\" 1 u p", "server 's s'");
	check_bad("\"s\ts\" 1 u p", "server 's\\x09s'");
	check_bad("s\x1b 1 u p", "server 's\\x1b'");
	check_bad("s 1 \"\" p", "user ''");
	check_bad("s 1 \"u u\" p", "the user is empty or holds a blank");
	check_bad("s 1 \"u\tu\" p", "the user is empty or holds a blank");
	check_bad("s 1 u\x7f p", "user 'u\\x7f'");
}

static void too_long(void)
{
	char line[ACCOUNT_LINE_MAX + 3];
	struct account *a;

	memset(line, 'p', sizeof line);
	memcpy(line, "s 1 u ", 6);
	CHECK_INT(parse_bytes(line, ACCOUNT_LINE_MAX, &a), 1);
	CHECK_INT(strlen(a->password), ACCOUNT_LINE_MAX - 6);
	account_free(a);
	CHECK_INT(parse_bytes(line, ACCOUNT_LINE_MAX + 1, &a), -1);
	CHECK_HAS(why, "1025");
	CHECK_HAS(why, "1024");
	line[ACCOUNT_LINE_MAX] = '\r';
	CHECK_INT(parse_bytes(line, ACCOUNT_LINE_MAX + 1, &a), 1);
	account_free(a);
	/* Comments are lines, too. */
	line[0] = '#';
	CHECK_INT(parse_bytes(line, ACCOUNT_LINE_MAX + 2, &a), -1);
}

static void nul(void)
{
	struct account *a;

	CHECK_INT(parse_bytes("s 1 u p\0ttl=0", 13, &a), -1);
	CHECK_HAS(why, "NUL");
	CHECK_INT(parse_bytes("# a\0b", 5, &a), -1);
	CHECK_HAS(why, "NUL");
	CHECK_INT(parse_bytes("\0", 1, &a), -1);
}

/* What stands after the third field may be a password, or a part of one that
 * somebody forgot to quote. */
static void secrets(void)
{
	check_bad("s 1 u my Secret1", "quotes");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s 1 u my Sec=ret1", "unknown");
	CHECK(!strstr(why, "ret1"));
	check_bad("s 1 u \"Secret1", "quote");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s 1 u \"Secret1\"x", "quote");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s Secret1", "user is missing");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s:1:u:Secret1", "blanks");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s\xc2\xa0" "1\xc2\xa0u\xc2\xa0Secret1", "no-break");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s u Secret1", "port is missing");
	CHECK(!strstr(why, "Secret1"));
	check_bad("s 0 u Secret1", "port");
	CHECK(!strstr(why, "Secret1"));
}

/* Where a field was left out, the password stands in the place of another one; and what is in
 * quotes is a password sooner than a port or a user. */
static void secrets_in_other_places(void)
{
	static const char *const lines[] = {
		"s 1 \"my Secret1\"", "s 1 \"my Secret1\" link=ppp0", "s \"my Secret1\" x",
		"s Secret1 link=ppp0", "s Secret1 link=ppp0 ttl=9", "s Secret1 path=trust # a b",
		"\"my Secret1\"", "\"my Secret1\" u", "s \"my Secret1\" x y",
		"s 1 \"my Secret1\" x", "s \"Secret1\" u p",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		check_bad(lines[i], "");
		CHECK_FOR(lines[i], !strstr(why, "Secret1"));
	}
}

/* In quotes, what looks like a word is a field. */
static void fields_like_words(void)
{
	check_fields("s 1 \"link=u\" \"ttl=9\"", "s", 1, "link=u", "ttl=9");
	check_fields("s 1 colour=u a=b", "s", 1, "colour=u", "a=b");
}

static void forget(void)
{
	struct account *a;

	CHECK_INT(parse("s 1 u Secret1 ttl=9", &a), 1);
	account_forget_password(a);
	CHECK_STR(a->password, "");
	for (size_t i = 0; i + 6 < a->text_len; i++)
		CHECK(memcmp(a->text + i, "ecret1", 6) != 0);
	CHECK_STR(a->user, "u");
	account_free(a);
}

static bool equal(const char *one, const char *other)
{
	struct account *a, *b;
	bool same;

	CHECK_INT(parse(one, &a), 1);
	CHECK_INT(parse(other, &b), 1);
	b->line = 7;
	same = account_equal(a, b);
	CHECK_INT(account_equal(b, a), same);
	account_free(a);
	account_free(b);
	return same;
}

static void comparison(void)
{
	CHECK(equal("s 1 u p", "\"s\"  01 u\tp ttl=64"));
	CHECK(!equal("s 1 u p", "t 1 u p"));
	CHECK(!equal("s 1 u p", "s 2 u p"));
	CHECK(!equal("s 1 u p", "s 1 v p"));
	CHECK(!equal("s 1 u p", "s 1 u q"));
	CHECK(!equal("s 1 u p lan=a,b", "s 1 u p lan=a"));
	CHECK(!equal("s 1 u p lan=a:1", "s 1 u p lan=a:2"));
	CHECK(!equal("s 1 u p route=::/0", "s 1 u p route=::/0,2000::/3"));
	CHECK(!equal("s 1 u p route=::/0", "s 1 u p route=::/1"));
}

static void doubt(void)
{
	struct account *a;

	CHECK_INT(parse("s 1 u 'p'", &a), 1);
	CHECK_STR(a->password, "'p'");
	CHECK(account_password_doubt(a) && strstr(account_password_doubt(a), "single quotes"));
	account_free(a);
	CHECK_INT(parse("s 1 u p\xc2\xa0ttl=9", &a), 1);
	CHECK(account_password_doubt(a) && strstr(account_password_doubt(a), "no-break"));
	account_free(a);
	CHECK_INT(parse("s 1 u \xe2\x80\x9cp\xe2\x80\x9d", &a), 1);
	CHECK(account_password_doubt(a) && strstr(account_password_doubt(a), "typographic"));
	account_free(a);
	CHECK_INT(parse("s 1 u \xe2\x80\x98p\xe2\x80\x99", &a), 1);
	CHECK(account_password_doubt(a) && strstr(account_password_doubt(a), "typographic"));
	account_free(a);
	CHECK_INT(parse("s 1 u p'", &a), 1);
	CHECK(!account_password_doubt(a));
	account_free(a);
}

static void place(void)
{
	char long_name[600], out[ACCOUNT_PLACE_MAX];
	struct account *a;

	CHECK_INT(parse("s 1 u p", &a), 1);
	a->line = 7;
	CHECK_STR(account_place(a, "/etc/ppp/dtcp.conf", STATUS_REFUSED, out),
		  " (/etc/ppp/dtcp.conf:7)");
	CHECK_STR(account_place(a, "/etc/ppp/dtcp.conf", STATUS_UNREACHABLE, out), "");
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	CHECK(strstr(account_place(a, long_name, STATUS_REFUSED, out), "x:7)") != NULL);
	account_free(a);
}

static const struct unit_case cases[] = {
	{"four fields, separated by blanks", fields},
	{"a CR before the line end is no part of the line", line_end},
	{"fields in double quotes", quoting},
	{"a hash sign inside a word is an ordinary character", hash},
	{"empty lines and comments", nothing},
	{"a missing field is named", missing},
	{"bad servers, ports and users are quoted", bad_fields},
	{"1,024 bytes are a line and 1,025 are not", too_long},
	{"a NUL byte is an error, in a comment too", nul},
	{"no reason shows a password", secrets},
	{"nor where it stands in the place of another field", secrets_in_other_places},
	{"fields in quotes that look like words", fields_like_words},
	{"a forgotten password is nowhere in the account", forget},
	{"accounts differ by every field", comparison},
	{"quotes and spaces that a password may hold by mistake", doubt},
	{"a refused login names the line of its account", place},
};
UNIT_MAIN(cases)
