/* SPDX-License-Identifier: ISC */
#include "call.h"

#include <string.h>

#include "account.h"
#include "config.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "status_codes.h"

int call_find(struct call *c, const struct options *o)
{
	memset(c, 0, sizeof *c);
	memcpy(c->interface, o->interface, sizeof c->interface);
	memcpy(c->link, o->link, sizeof c->link);
	c->address = o->address;
	if (!c->link[0] && c->address.s_addr)
		link_of(c->address, c->link);
	c->accounts = config_read(o->config);
	if (!c->accounts)
		return STATUS_CONFIG;
	c->accounts = config_select(c->accounts, o->server, c->link, c->interface);
	if (!c->accounts) {
		log_msg(LOG_NOTICE, "%s: %s has no account for server %s, link %s: nothing to do",
			c->interface, o->config, o->server ? o->server : "(any)",
			c->link[0] ? c->link : "(any)");
		return STATUS_OK;
	}
	if (!c->link[0] && c->accounts->link[0]) {
		/* The first account says which link it is about; others may differ. */
		memcpy(c->link, c->accounts->link, sizeof c->link);
		c->accounts = config_select(c->accounts, o->server, c->link, c->interface);
	}
	if (!config_few(c->accounts, c->interface)) {
		account_free(c->accounts);
		return STATUS_CONFIG;
	}
	return CALL_GO;
}
