/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_WORDS_H
#define ACCOUNT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account;

/* The name=value words of an account line. Each is one row of a table, by which
 * it is read, checked, given its default, printed and compared. */

/* What a value may be; field is the type of the member of struct account. */
enum account_kind {
	WORD_NUMBER,	/* uint8_t, unsigned: from least to most; 0 is "auto" if that is allowed */
	WORD_FLAG,	/* bool: yes or no, two texts */
	WORD_TYPE,	/* enum dtcp_type */
	WORD_LINK,	/* char[IF_NAMESIZE]: any name that the kernel takes */
	WORD_INTERFACE, /* char[IF_NAMESIZE]: a name that a tunnel may have */
	WORD_LANS,	/* lans and n_lans of struct tunnel_settings */
	WORD_ROUTE,	/* route, routes and n_routes of struct tunnel_settings */
	WORD_FILE	/* const char *: an absolute path */
};

struct account_word {
	const char *name;
	enum account_kind kind;
	uint32_t least, most;  /* WORD_NUMBER */
	bool automatic;	       /* WORD_NUMBER: "auto" is allowed */
	bool builds;	       /* says how the tunnel is built, so tunnel=none excludes it */
	const char *unit;      /* WORD_NUMBER: for messages */
	const char *yes, *no;  /* WORD_FLAG */
	const char *otherwise; /* the default, as the file would have it; NULL: none */
	size_t at, size;       /* the member of struct account */
};

/* Row i, in the order of the manual; NULL after the last. */
const struct account_word *account_word(unsigned i);

/* Room for a value: no line is longer, and neither are 16 prefixes in full. */
enum { ACCOUNT_VALUE_MAX = 1100 };

/* The value that a has, as the file would have it, written to text. NULL where the
 * word has no value: no link, no script, no LAN; or all that builds, with
 * tunnel=none. */
const char *account_word_value(const struct account *a, const struct account_word *w,
			       char text[ACCOUNT_VALUE_MAX]);

/* Gives every word its default. */
void account_words_default(struct account *a);

/* Whether the text is one of these words, with a value that may be anything. */
bool account_is_word(const char *text);

/* Reads the word, which is cut into pieces. seen remembers which words the line
 * had; 0 at its beginning. False with the reason in why (ACCOUNT_WHY_MAX).
 * maybe_secret: it stands where a part of a password without quotes would. Of such a
 * one why shows what stands before its '=', if it has any, and no value but that of a
 * word that there is: a name that was mistyped has to be named. */
bool account_word_read(struct account *a, char *word, bool maybe_secret, uint32_t *seen, char *why);

/* At the end of a line: whether its words go together. As above. */
bool account_words_done(struct account *a, uint32_t seen, char *why);

/* True where both lines would act alike: everything but the line number. */
bool account_equal(const struct account *a, const struct account *b);

#endif
