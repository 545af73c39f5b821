/* SPDX-License-Identifier: ISC */
#include "protocol/line.h"

#include <string.h>

#include "common/log.h"
#include "common/text.h"

char *line_room(struct line *l, size_t *room)
{
	if (l->used > 0) {
		memmove(l->buf, l->buf + l->used, l->len - l->used);
		l->len -= l->used;
		l->used = 0;
	}
	*room = LINE_BUF - l->len;
	return l->buf + l->len;
}

void line_added(struct line *l, size_t n)
{
	l->len += n;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Copies a line for the caller; true where it held a control character, and is
 * only fit to be shown: a NUL byte would hide what follows it. */
static bool copy(struct line *l, const char *from, size_t n)
{
	bool control = false;

	if (n > LINE_MAX_BYTES)
		n = LINE_MAX_BYTES;
	for (size_t i = 0; i < n && !control; i++)
		control = is_control(from[i]);
	if (control) {
		text_escape(l->text, sizeof l->text, from, n);
	} else {
		memcpy(l->text, from, n);
		l->text[n] = '\0';
	}
	return control;
}

enum line_status line_next(struct line *l, const char **text)
{
	const char *from = l->buf + l->used;
	size_t have = l->len - l->used, n;
	const char *end = memchr(from, '\n', have);

	*text = l->text;
	if (!end) {
		/* A CR at the end is not counted yet: the LF of a CRLF may follow. */
		if (have <= LINE_MAX_BYTES ||
		    (have == LINE_MAX_BYTES + 1 && from[LINE_MAX_BYTES] == '\r'))
			return LINE_NONE;
		copy(l, from, have);
		return LINE_TOO_LONG;
	}
	n = (size_t)(end - from);
	l->used += n + 1;
	if (n > 0 && from[n - 1] == '\r')
		n--;
	if (n > LINE_MAX_BYTES) {
		copy(l, from, n);
		return LINE_TOO_LONG;
	}
	return copy(l, from, n) ? LINE_CONTROL : LINE_READY;
}
