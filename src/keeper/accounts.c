/* SPDX-License-Identifier: ISC */
#include "keeper/accounts.h"

#include <stdio.h>
#include <string.h>

#include "account/account_file.h"
#include "account/account_words.h"
#include "common/log.h"

/* Which of the n accounts before acts like this one, or -1. */
static int find(struct account *const before[], unsigned n, const struct account *a)
{
	for (unsigned i = 0; i < n; i++)
		if (account_equal(a, before[i]))
			return (int)i;
	return -1;
}

void accounts_load(struct accounts *a, struct fsm *f, struct account *list)
{
	const struct accounts before = *a;
	struct fsm_account known[FSM_ACCOUNTS];
	unsigned n = 0, was = f->n_accounts, preferred = f->preferred;

	memcpy(known, f->accounts, sizeof known);
	f->preferred = 0;
	for (struct account *one = list; one && n < FSM_ACCOUNTS; one = one->next, n++) {
		int i = find(before.by_number, was, one);

		a->by_number[n] = one;
		a->letter_case[n] = i < 0 ? -1 : before.letter_case[i];
		f->accounts[n] = (struct fsm_account){.ping_ms = (int64_t)one->ping * 1000,
						      .pathless = !one->build,
						      .trust = !one->check_path};
		if (i >= 0)
			f->accounts[n].not_before = known[i].not_before;
		if (i >= 0 && (unsigned)i == preferred)
			f->preferred = n;
	}
	f->n_accounts = n;
	f->account = f->preferred;
	a->list = list;
	a->in_use = before.in_use ? a->by_number[f->account] : NULL;
	account_free(before.list);
}

bool accounts_reload(struct accounts *a, struct fsm *f, const char *file, const char *server,
		     const char *link, const char *interface)
{
	char mark[ACCOUNT_FILE_MARK_MAX], name[IF_NAMESIZE];
	struct account *list;

	account_file_mark(file, mark); /* first: what is written later is news */
	list = account_file_read(file);
	snprintf(name, sizeof name, "%s", interface);
	if (list)
		list = account_file_select(list, server, link, name);
	if (!list || !account_file_few(list, name)) {
		log_msg(LOG_ERR,
			"%s: session and settings stay as they are, since %s has no usable "
			"account for them",
			interface, file);
		account_free(list);
		return false;
	}
	accounts_load(a, f, list);
	memcpy(a->mark, mark, sizeof a->mark);
	log_msg(LOG_NOTICE, "%s: %s was read again; reconnecting", interface, file);
	return true;
}

void accounts_free(struct accounts *a)
{
	account_free(a->list);
	a->list = NULL;
}
