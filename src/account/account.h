/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tunnel.h"

/* The most accounts that one interface may have. */
enum { ACCOUNT_MOST = 32 };

#define ACCOUNT_PLACE_MAX 288

/* One line of the account file. Strings point into text[], which belongs to
 * the account. */
struct account {
	struct account *next;
	const char *server, *user, *password;
	const char *script; /* NULL: none */
	unsigned line;      /* in the file, from 1 */
	uint16_t port;
	enum dtcp_type type;
	bool build;		/* tunnel=sit */
	bool check_path;	/* path=check: routes wait for the far end's answer */
	char link[IF_NAMESIZE]; /* "": any */
	char interface[IF_NAMESIZE];
	unsigned ping; /* seconds between keepalives */
	struct tunnel_settings settings;
	size_t text_len;
	char text[];
};

/* Frees a list, wiping the passwords. NULL is fine. */
void account_free(struct account *list);

/* Whether the account may use this link: it is pinned to none, or to this one by any of
 * its names. */
bool account_allows_link(const struct account *a, const char *link);

/* Where the account stands, as the end of a sentence about its server: " (FILE:LINE)"
 * for a login that was refused, which may be the line's fault; else "". */
const char *account_place(const struct account *a, const char *file, int status,
			  char out[ACCOUNT_PLACE_MAX]);

/* What in the password may be there by mistake, as the end of a sentence that begins
 * with "the password"; NULL where there is nothing. */
const char *account_password_doubt(const struct account *a);

/* Overwrites the password; what logs in after that fails. */
void account_forget_password(struct account *a);

#endif
