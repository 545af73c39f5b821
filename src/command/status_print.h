/* SPDX-License-Identifier: ISC */
#ifndef STATUS_PRINT_H
#define STATUS_PRINT_H

#include <stdbool.h>

struct state;

/* Writes one interface to standard output: as an object of a JSON array that
 * the caller opens and closes, or for people, with times as "3 min ago" and,
 * on a terminal, the state in colour. */
void status_json(const struct state *s, bool first);
void status_text(const struct state *s, bool first);

#endif
