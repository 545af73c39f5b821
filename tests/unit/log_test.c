/* SPDX-License-Identifier: ISC */
#include "common/log.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static const char *escaped(const char *src, size_t len, size_t size)
{
	static char out[8192];
	char *exact = malloc(size);

	strcpy(out, text_escape(exact, size, src, len));
	free(exact);
	return out;
}

static void every_byte(void)
{
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c, want[8];

		if (c >= 0x20 && c < 0x7f)
			snprintf(want, sizeof want, "%c", byte);
		else
			snprintf(want, sizeof want, "\\x%02x", c);
		CHECK_STR(escaped(&byte, 1, 16), want);
	}
	CHECK_STR(escaped("a\x1b[31m\r\nb\0c", 11, 64), "a\\x1b[31m\\x0d\\x0ab\\x00c");
	CHECK_STR(escaped("\xe3\x81\x82", 3, 64), "\\xe3\\x81\\x82");
	CHECK_STR(escaped("", 0, 1), "");
}

/* Never more than fits, never half of an escape, always an end. */
static void sizes(void)
{
	for (size_t size = 1; size < 20; size++) {
		CHECK_INT(strlen(escaped("abcdefghijklmnopqrstuvwxyz", 26, size)), size - 1);
		CHECK_INT(strlen(escaped("\1\1\1\1\1\1", 6, size)), (size - 1) / 4 * 4);
	}
}

static void messages(void)
{
	unit_log_clear();
	log_msg(LOG_WARNING, "server %s says '%s'", "s", "\x1b[2J");
	CHECK_STR(unit_log(), "4 server s says '\\x1b[2J'\n");
}

/* A server's line of 512 bytes outside ASCII is shown whole. */
static void long_line(void)
{
	char line[513];

	memset(line, '\xff', 512);
	line[512] = '\0';
	unit_log_clear();
	log_msg(LOG_ERR, "dtcp0: server dtcp.example.net: '%s'", line);
	CHECK_INT(strlen(unit_log()), strlen("3 dtcp0: server dtcp.example.net: ''\n") + 4 * 512);
}

static void too_long(void)
{
	static char line[10000];

	memset(line, 'x', sizeof line - 1);
	unit_log_clear();
	log_msg(LOG_ERR, "%s", line);
	CHECK(strlen(unit_log()) <= LOG_TEXT_MAX + 2);
	CHECK(strlen(unit_log()) > 2000);
}

/* The threshold is that of standard error and syslog. */
static void thresholds(void)
{
	char shown[64] = "";
	int out[2], was = dup(STDERR_FILENO);

	CHECK_INT(pipe(out), 0);
	CHECK_INT(dup2(out[1], STDERR_FILENO), STDERR_FILENO);
	log_setup(LOG_TO_FUNCTION | LOG_TO_STDERR, LOG_WARNING);
	unit_log_clear();
	log_msg(LOG_WARNING, "one");
	log_msg(LOG_DEBUG, "two");
	dup2(was, STDERR_FILENO);
	CHECK(read(out[0], shown, sizeof shown - 1) > 0);
	CHECK_STR(shown, "dtcp-up: one\n");
	CHECK_STR(unit_log(), "4 one\n7 two\n");
}

static const struct unit_case cases[] = {
	{"every byte outside printable ASCII is shown as a number", every_byte},
	{"escaping stays within every size", sizes},
	{"a message is escaped", messages},
	{"a line of 512 bytes outside ASCII is shown whole", long_line},
	{"a message that is too long is cut", too_long},
	{"the threshold is not the function's", thresholds},
};
UNIT_MAIN(cases)
