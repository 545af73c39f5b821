/* SPDX-License-Identifier: ISC */
#include "account/conf.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* The fields of a line, joined by '|', those in quotes with a '"' before them; "!"
 * and the reason where one cannot be read. */
static const char *fields(const char *line)
{
	static char out[512];
	char text[256], why[CONF_WHY_MAX], *in = text, *field;
	size_t len = 0;
	bool quoted;

	snprintf(text, sizeof text, "%s", line);
	out[0] = '\0';
	for (;;) {
		if (!conf_field(&in, &field, &quoted, why)) {
			snprintf(out, sizeof out, "!%s", why);
			return out;
		}
		if (!field)
			return out;
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%s%s", len ? "|" : "",
					quoted ? "\"" : "", field);
	}
}

static void cut(void)
{
	CHECK_STR(fields(""), "");
	CHECK_STR(fields(" \t "), "");
	CHECK_STR(fields("a  b\tc "), "a|b|c");
	CHECK_STR(fields("a#b #c"), "a#b|#c");
	CHECK_STR(fields("a \"b c\" d"), "a|\"b c|d");
	CHECK_STR(fields("\"\" x"), "\"|x");
	CHECK_STR(fields("\"a\\\"b\\\\c\\d\""), "\"a\"b\\c\\d");
	CHECK_STR(fields("a\"b c"), "a\"b|c");
	CHECK_STR(fields("\"a"), "!a quoted field has no closing quote");
	CHECK_STR(fields("\"a\\\""), "!a quoted field has no closing quote");
	CHECK_STR(fields("\"a\"b"), "!a closing quote is followed by something other than a blank");
}

/* What conf_line_ok() says of text, and the length that it leaves. */
static int says(const char *text, size_t len, size_t *left)
{
	char why[CONF_WHY_MAX];

	*left = len;
	return conf_line_ok(text, left, why);
}

static void lines(void)
{
	static char longest[CONF_LINE_MAX + 2];
	size_t left;

	CHECK_INT(says("", 0, &left), 0);
	CHECK_INT(says(" \t", 2, &left), 0);
	CHECK_INT(says(" # x", 4, &left), 0);
	CHECK_INT(says(" x", 2, &left), 1);
	CHECK_INT(says("x\r", 2, &left), 1);
	CHECK_INT(left, 1);
	CHECK_INT(says("x\0y", 3, &left), -1);
	memset(longest, 'x', sizeof longest);
	CHECK_INT(says(longest, CONF_LINE_MAX, &left), 1);
	CHECK_INT(says(longest, CONF_LINE_MAX + 1, &left), -1);
	longest[CONF_LINE_MAX] = '\r';
	CHECK_INT(says(longest, CONF_LINE_MAX + 1, &left), 1);
}

static bool take(void *arg, unsigned number, const char *line, size_t len, char *why)
{
	char *out = arg;

	snprintf(out + strlen(out), 64, "%u:%.*s|", number, (int)len, line);
	snprintf(why, CONF_WHY_MAX, "no 'x'");
	return line[0] != 'x';
}

static void each(void)
{
	char out[256] = "";

	CHECK(conf_text_each("f", "\xef\xbb\xbf" "a\n\nb", 7, take, out));
	CHECK_STR(out, "1:a|2:|3:b|");
	out[0] = '\0';
	CHECK(!conf_text_each("f", "a\nx\nb", 5, take, out));
	CHECK_STR(out, "1:a|2:x|");
	CHECK_STR(unit_log(), "3 f:2: no 'x'\n");
}

static const struct unit_case cases[] = {
	{"a line is cut into fields, and quotes hold blanks", cut},
	{"empty lines and comments say nothing; a NUL and too many bytes are refused", lines},
	{"lines are counted from 1 until one is refused", each},
};

UNIT_MAIN(cases)
