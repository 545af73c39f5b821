/* SPDX-License-Identifier: ISC */
#include "account/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/link.h"
#include "common/status_codes.h"

void account_free(struct account *list)
{
	while (list) {
		struct account *next = list->next;

		explicit_bzero(list->text, list->text_len);
		free(list);
		list = next;
	}
}

void account_forget_password(struct account *a)
{
	char *p = a->text + (a->password - a->text);

	explicit_bzero(p, strlen(p));
}

const char *account_place(const struct account *a, const char *file, int status,
			  char out[ACCOUNT_PLACE_MAX])
{
	out[0] = '\0';
	if (status == STATUS_REFUSED)
		snprintf(out, ACCOUNT_PLACE_MAX, " (%.255s:%u)", file, a->line);
	return out;
}

const char *account_password_doubt(const struct account *a)
{
	const char *p = a->password;
	size_t len = strlen(p);

	if (len > 1 && p[0] == '\'' && p[len - 1] == '\'')
		return "stands in single quotes, which are a part of it";
	/* What a word processor or a web page makes of " and '. */
	if (strncmp(p, "\xe2\x80\x9c", 3) == 0 || strncmp(p, "\xe2\x80\x98", 3) == 0)
		return "begins with a typographic quote, which is a part of it";
	if (strstr(p, "\xc2\xa0") || strstr(p, "\xe3\x80\x80"))
		return "holds a no-break or an ideographic space, which does not end it";
	return NULL;
}

bool account_allows_link(const struct account *a, const char *link)
{
	return !a->link[0] || link_same(link, a->link);
}
