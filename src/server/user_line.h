/* SPDX-License-Identifier: ISC */
#ifndef USER_LINE_H
#define USER_LINE_H

#include <stdbool.h>

#include "server/config.h"

/* A line of the file about a user: name, password and words. */

/* Reads what follows "user" from in, which is changed, and to which u points afterwards.
 * u is empty before. False with a reason in why, which has room for CONF_WHY_MAX bytes. */
bool user_line_parse(struct config_user *u, char *in, char *why);

/* Writes the words of a user behind the password, each with a blank before it and
 * with defaults filled in, as the file would have them. */
enum { USER_LINE_WORDS_MAX = 1200 };
const char *user_line_words(const struct config_user *u, char out[USER_LINE_WORDS_MAX]);

#endif
