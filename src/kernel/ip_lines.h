/* SPDX-License-Identifier: ISC */
#ifndef IP_LINES_H
#define IP_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Lines for `ip -batch -`, each ended by \n. In a batch a line cannot begin with
 * -6, so families show in the addresses. */
struct lines {
	size_t len;
	unsigned count;
	bool full; /* a line did not fit, and neither it nor one after it was taken */
	char text[24576];
};

/* Empties l (its text is not touched, so that it costs no memory). */
void lines_start(struct lines *l);

/* Copies what is there, and no more. */
void lines_copy(struct lines *to, const struct lines *from);

/* Appends a line, without its \n in fmt, as printf(3) makes it. */
void lines_add(struct lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Calls fn for each line, len bytes that are not terminated. */
void lines_each(const char *text, void (*fn)(void *arg, const char *line, int len), void *arg);

/* True where the first line of text is one of l. */
bool lines_have_first_of(const struct lines *l, const char *text);

#endif
