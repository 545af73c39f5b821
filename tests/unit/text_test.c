/* SPDX-License-Identifier: ISC */
#include "common/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static bool append(char *text, size_t size, size_t *len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static bool append(char *text, size_t size, size_t *len, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = text_append(text, size, len, fmt, ap);
	va_end(ap);
	return ok;
}

static void appended(void)
{
	char *text = malloc(8); /* exact, for the sanitizer */
	size_t len = 0;

	CHECK(append(text, 8, &len, "%s%d", "ab", 1));
	CHECK_STR(text, "ab1");
	CHECK(append(text, 8, &len, "%s", "cdef"));
	CHECK_STR(text, "ab1cdef");
	CHECK_INT(len, 7);
	free(text);
}

static void does_not_fit(void)
{
	char *text = malloc(8);
	size_t len = 0;

	CHECK(append(text, 8, &len, "abc"));
	CHECK(!append(text, 8, &len, "%s", "defgh"));
	CHECK_STR(text, "abc");
	CHECK_INT(len, 3);
	CHECK(append(text, 8, &len, "defg"));
	CHECK(!append(text, 8, &len, "h"));
	CHECK(append(text, 8, &len, "%s", ""));
	CHECK_STR(text, "abcdefg");
	CHECK_INT(len, 7);
	free(text);
}

static const struct unit_case cases[] = {
	{"text is appended, up to the last byte", appended},
	{"what does not fit leaves the text as it was", does_not_fit},
};
UNIT_MAIN(cases)
