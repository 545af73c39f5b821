/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "account.h"
#include "config.h"
#include "keeper_state.h"
#include "log.h"

/* What the state machine knows of accounts that were there before stays. */
void keeper_load_accounts(struct keeper *k, struct account *list)
{
	struct fsm_account known[FSM_ACCOUNTS];
	struct account *before[FSM_ACCOUNTS];
	int cases[FSM_ACCOUNTS];
	unsigned n = 0, was = k->fsm.n_accounts, in_use = k->fsm.preferred;

	memcpy(known, k->fsm.accounts, sizeof known);
	memcpy(before, k->by_number, sizeof before);
	memcpy(cases, k->first_case, sizeof cases);
	k->fsm.preferred = 0;
	for (struct account *a = list; a; a = a->next, n++) {
		k->by_number[n] = a;
		k->first_case[n] = -1;
		k->fsm.accounts[n] = (struct fsm_account){0, (int64_t)a->ping * 1000};
		for (unsigned i = 0; i < was; i++)
			if (account_equal(a, before[i])) {
				k->fsm.accounts[n].not_before = known[i].not_before;
				k->first_case[n] = cases[i];
				if (i == in_use)
					k->fsm.preferred = n;
			}
	}
	k->fsm.n_accounts = n;
	k->accounts = list;
}

void keeper_reload(struct keeper *k)
{
	struct account *old = k->accounts, *list = config_read(k->how.config);
	char interface[IF_NAMESIZE];

	memcpy(interface, k->how.interface, sizeof interface);
	if (list)
		list = config_select(list, k->how.server, k->link, interface);
	if (!list || !config_few(list, interface)) {
		log_msg(LOG_ERR, "%s: session and settings stay as they are, since %s has no usable "
				 "account for them", k->how.interface, k->how.config);
		account_free(list);
		return;
	}
	keeper_load_accounts(k, list);
	log_msg(LOG_NOTICE, "%s: %s was read again; reconnecting", k->how.interface, k->how.config);
	k->fsm.account = k->fsm.preferred;
	k->account = k->account ? k->by_number[k->fsm.account] : NULL;
	keeper_event(k, EV_RELOAD, 0);
	account_free(old);
}
