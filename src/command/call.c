/* SPDX-License-Identifier: ISC */
#include "command/call.h"

#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "command/options.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "kernel/interface.h"

void call_none(const struct options *o)
{
	char wanted[3][IF_NAMESIZE + 288] = {"", "", ""};

	if (o->server)
		snprintf(wanted[0], sizeof wanted[0], " --server %.255s", o->server);
	if (o->interface[0])
		snprintf(wanted[1], sizeof wanted[1], " --interface %s", o->interface);
	if (o->link[0])
		snprintf(wanted[2], sizeof wanted[2], " --link %s", o->link);
	log_msg(LOG_ERR, "%s: no account matches%s%s%s", o->config, wanted[0], wanted[1],
		wanted[2]);
}

/* The link that has the address that was named: an account that is pinned to another one is not
 * meant. "" where none has it, or no account may use it. */
static void link_of_address(const struct call *c, char link[IF_NAMESIZE])
{
	struct account *a = c->accounts;

	if (!c->address.s_addr || !interface_of(c->address, link))
		return;
	while (a && !account_allows_link(a, link))
		a = a->next;
	if (!a)
		link[0] = '\0';
}

/* The interface is that of the first account that is meant. Its keeper has the others, too, for
 * when the address has gone. */
static void choose_interface(struct call *c, const char *server, const char *link)
{
	for (const struct account *a = c->accounts; a && !c->interface[0]; a = a->next)
		if ((!server || strcmp(a->server, server) == 0) &&
		    (!link[0] || account_allows_link(a, link)))
			memcpy(c->interface, a->interface, sizeof c->interface);
}

int call_find(struct call *c, const struct options *o)
{
	char link[IF_NAMESIZE];

	memset(c, 0, sizeof *c);
	memcpy(c->interface, o->interface, sizeof c->interface);
	memcpy(c->link, o->link, sizeof c->link);
	c->address = o->address;
	c->config = o->config;
	account_file_mark(o->config, c->mark);
	c->accounts = account_file_read(o->config);
	if (!c->accounts)
		return STATUS_CONFIG;
	memcpy(link, c->link, sizeof link);
	if (!link[0] && !o->event[0])
		link_of_address(c, link);
	if (!o->dry_run) { /* which tries no other line than the one that was named */
		choose_interface(c, o->server, link);
		memcpy(link, c->link, sizeof link);
	}
	c->accounts = account_file_select(c->accounts, o->server, link, c->interface);
	if (!c->accounts) {
		call_none(o);
		return STATUS_CONFIG;
	}
	if (!account_file_few(c->accounts, c->interface)) {
		account_free(c->accounts);
		return STATUS_CONFIG;
	}
	return CALL_GO;
}
