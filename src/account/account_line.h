/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_LINE_H
#define ACCOUNT_LINE_H

#include <stddef.h>

#include "account/conf.h"

struct account;

/* The longest line, in bytes, and the longest reason why one is refused. */
enum { ACCOUNT_LINE_MAX = CONF_LINE_MAX };
#define ACCOUNT_WHY_MAX CONF_WHY_MAX

/* Reads one line of len bytes, without its line end: four fields, name=value words, and a
 * comment from a word that begins with '#'. Returns 1 and a new account (free with
 * account_free()); 0 for an empty line or a comment; -1 for an error, with the reason in why,
 * which quotes the value at fault where that can be no password. */
int account_line_parse(const char *line, size_t len, struct account **out,
		       char why[ACCOUNT_WHY_MAX]);

#endif
