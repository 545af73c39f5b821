/* SPDX-License-Identifier: ISC */
#include "kernel/ip_lines.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/text.h"

void lines_start(struct lines *l)
{
	l->len = 0;
	l->count = 0;
	l->full = false;
	l->text[0] = '\0';
}

void lines_copy(struct lines *to, const struct lines *from)
{
	memcpy(to, from, offsetof(struct lines, text) + from->len + 1);
}

void lines_add(struct lines *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	/* A byte is kept for the end of the line. */
	l->full = l->full || !text_append(l->text, sizeof l->text - 1, &l->len, fmt, ap);
	va_end(ap);
	if (l->full)
		return;
	l->text[l->len++] = '\n';
	l->text[l->len] = '\0';
	l->count++;
}

void lines_each(const char *text, void (*fn)(void *arg, const char *line, int len), void *arg)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");

		fn(arg, text, len);
		text += len + (text[len] == '\n');
	}
}

struct search {
	const char *line;
	size_t len;
	bool found;
};

static void compare(void *arg, const char *line, int len)
{
	struct search *s = arg;

	if ((size_t)len == s->len && memcmp(line, s->line, s->len) == 0)
		s->found = true;
}

bool lines_have_first_of(const struct lines *l, const char *text)
{
	struct search s = {text, strcspn(text, "\n"), false};

	if (s.len > 0)
		lines_each(l->text, compare, &s);
	return s.found;
}
