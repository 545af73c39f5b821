/* SPDX-License-Identifier: ISC */
#ifndef ORPHAN_H
#define ORPHAN_H

#include <stdbool.h>

/* If root is killed, the ip(8) or tc(8) that it had started goes on: what that has yet to do
 * would be done to what the next dtcpd has built. So each has a mark in its environment, by
 * which the next one finds it and ends it. */

enum { ORPHAN_MARK_MAX = 64 };

/* The mark of programs of whoever has that run directory open. */
void orphan_mark(char out[ORPHAN_MARK_MAX], int run_dir);

/* Ends the programs that have it. To be called while the run directory is locked, and
 * before anything is started. False after a message, where one does not end. */
bool orphan_end(const char *mark);

#endif
