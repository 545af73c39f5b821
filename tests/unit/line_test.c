/* SPDX-License-Identifier: ISC */
#include "protocol/line.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* Feeds len bytes in pieces of piece bytes (0: random ones), and writes what
 * comes out to out: "[TEXT]" for each line, then how the stream stands. */
static const char *feed(const char *bytes, size_t len, size_t piece, unsigned *seed)
{
	static char out[65536];
	struct line l = {0};
	size_t at = 0, n = 0;

	out[0] = '\0';
	for (;;) {
		size_t room, take = piece ? piece : 1 + unit_random(seed) % 40;
		enum line_status s;
		const char *text;
		char *to;

		while ((s = line_next(&l, &text)) == LINE_READY)
			n += (size_t)snprintf(out + n, sizeof out - n, "[%s]", text);
		if (s != LINE_NONE) {
			snprintf(out + n, sizeof out - n, "%s",
				 s == LINE_TOO_LONG ? "too long" : "control");
			return out;
		}
		if (at == len)
			return out;
		to = line_room(&l, &room);
		CHECK(room > 0);
		take = take < room ? take : room;
		take = take < len - at ? take : len - at;
		memcpy(to, bytes + at, take);
		line_added(&l, take);
		at += take;
	}
}

static const char *one(const char *bytes)
{
	unsigned seed = 1;

	return feed(bytes, strlen(bytes), 0, &seed);
}

static void ends(void)
{
	CHECK_STR(one("+OK a\r\n"), "[+OK a]");
	CHECK_STR(one("+OK a\n"), "[+OK a]");
	CHECK_STR(one("a\nb\r\nc\n"), "[a][b][c]");
	CHECK_STR(one("\r\n\n"), "[][]");
	CHECK_STR(one("no end"), "");
	CHECK_STR(one("an end to come\r"), "");
}

/* However the bytes arrive, the same lines come out. */
static void cuts(void)
{
	static const char text[] = "+OK 0123456789abcdef greeting\r\n\r\n+OK pong\n-ERR \xe3\x81\x82\r\n"
				   "a rather longer line than the others, to be cut often\nrest";
	static const char want[] = "[+OK 0123456789abcdef greeting][][+OK pong][-ERR \xe3\x81\x82]"
				   "[a rather longer line than the others, to be cut often]";
	unsigned seed = 42;

	for (size_t piece = 1; piece < sizeof text; piece++)
		CHECK_STR(feed(text, sizeof text - 1, piece, &seed), want);
	for (int i = 0; i < 1000; i++)
		CHECK_STR(feed(text, sizeof text - 1, 0, &seed), want);
}

/* A line of n bytes and its end, after a short one. */
static const char *long_line(size_t n, const char *end, size_t piece)
{
	static char bytes[2048];
	unsigned seed = 7;
	size_t len;

	memcpy(bytes, "hi\r\n", 4);
	memset(bytes + 4, 'x', n);
	len = 4 + n + strlen(end);
	memcpy(bytes + 4 + n, end, strlen(end));
	return feed(bytes, len, piece, &seed);
}

static void bounds(void)
{
	char want[600];

	memset(want, 0, sizeof want);
	memcpy(want, "[hi][", 5);
	memset(want + 5, 'x', 512);
	strcat(want, "]");
	for (size_t piece = 0; piece < 600; piece++) {
		CHECK_STR(long_line(512, "\r\n", piece), want);
		CHECK_STR(long_line(512, "\n", piece), want);
		CHECK_STR(long_line(513, "\r\n", piece), "[hi]too long");
		CHECK_STR(long_line(513, "\n", piece), "[hi]too long");
		CHECK_STR(long_line(513, "", piece), "[hi]too long");
		CHECK_STR(long_line(1500, "", piece), "[hi]too long");
		CHECK_STR(long_line(512, "\rx", piece), "[hi]too long");
		CHECK_STR(long_line(512, "\r", piece), "[hi]");
		CHECK_STR(long_line(512, "", piece), "[hi]");
	}
}

static void controls(void)
{
	for (unsigned c = 0; c < 256; c++) {
		char bytes[] = {'a', (char)c, 'b', '\r', '\n'};
		bool bad = c < 0x20 || c == 0x7f;
		unsigned seed = 3;
		const char *out = feed(bytes, sizeof bytes, 0, &seed);

		if (c == '\n')
			CHECK_STR(out, "[a][b]");
		else if (bad)
			CHECK_STR(out, "control");
		else
			CHECK(strlen(out) == 5 && (unsigned char)out[2] == c);
	}
}

/* After an error the text is good for a message: whole, and a string. */
static void messages(void)
{
	static const char bytes[] = "+OK a\0b\x1b[31m\n";
	struct line l = {0};
	const char *text;
	size_t room;

	memcpy(line_room(&l, &room), bytes, sizeof bytes - 1);
	line_added(&l, sizeof bytes - 1);
	CHECK_INT(line_next(&l, &text), LINE_CONTROL);
	CHECK_STR(text, "+OK a\\x00b\\x1b[31m");

	memset(&l, 0, sizeof l);
	memset(line_room(&l, &room), 'y', LINE_BUF);
	CHECK_INT(room, LINE_BUF);
	line_added(&l, LINE_BUF);
	CHECK_INT(line_next(&l, &text), LINE_TOO_LONG);
	CHECK_INT(strlen(text), LINE_MAX_BYTES);
}

static const struct unit_case cases[] = {
	{"lines end in CRLF or LF", ends},
	{"arbitrary cuts give the same lines", cuts},
	{"512 bytes are a line and 513 are not, however they arrive", bounds},
	{"every control character within a line is an error", controls},
	{"what came is there for the message after an error", messages},
};
UNIT_MAIN(cases)
