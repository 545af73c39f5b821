/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_WORD_H
#define ACCOUNT_WORD_H

#include <stdbool.h>
#include <stdint.h>

struct account;

/* Reads one name=value word into a. seen holds a bit for each name met so
 * far. False with the reason in why (ACCOUNT_WHY_MAX bytes). */
bool account_word(struct account *a, char *word, unsigned *seen, char *why);

/* Checks the words against one another and fills what depends on others. */
bool account_words_done(struct account *a, unsigned seen, char *why);

/* Reads a decimal number of digits alone, within bounds. */
bool account_number(const char *text, uint32_t min, uint32_t max, uint32_t *out);

#endif
