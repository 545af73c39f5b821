/* SPDX-License-Identifier: ISC */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

/* A line holds up to 512 bytes without its end. */
enum { LINE_MAX_BYTES = 512, LINE_BUF = LINE_MAX_BYTES + 2 };

enum line_status {
	LINE_NONE,     /* no whole line yet */
	LINE_READY,
	LINE_TOO_LONG, /* no line end within LINE_MAX_BYTES */
	LINE_CONTROL   /* a byte of 0x00 to 0x1f or 0x7f within a line */
};

/* Collects bytes as they arrive and gives them out as lines that ended in
 * CRLF or LF. Start with all zero. Invariant: used <= len <= LINE_BUF; the
 * bytes before used were given out. */
struct line {
	size_t used, len;
	char buf[LINE_BUF];
	char text[LINE_MAX_BYTES + 1];
};

/* Where to read to, and how many bytes fit there. There is room once line_next() has
 * returned something other than LINE_READY. */
char *line_room(struct line *l, size_t *room);

/* Whether all that came was given out. */
static inline bool line_is_empty(const struct line *l)
{
	return l->used == l->len;
}

/* Says that n bytes were put there. */
void line_added(struct line *l, size_t n);

/* Takes the next line; text is valid until the next call. After LINE_TOO_LONG
 * or LINE_CONTROL, text is what came, cut, control characters as \xNN, for a
 * message; the stream cannot be used further. */
enum line_status line_next(struct line *l, const char **text);

#endif
