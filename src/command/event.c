/* SPDX-License-Identifier: ISC */
/* --event: a hook says that something happened to a link. It is about every
 * interface that the account file names, each by itself. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/account_file.h"
#include "command/commands.h"
#include "command/options.h"
#include "command/up.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "kernel/way.h"
#include "rundir/rundir.h"
#include "rundir/state.h"

/* The address of this account's server that a keeper which was killed has left behind;
 * 0.0.0.0: none. */
static struct in_addr last_address(const struct account *a, const struct state *last)
{
	const struct in_addr none = {0};
	char name[STATE_NAME_MAX];

	text_escape(name, sizeof name, a->server, strlen(a->server));
	return strcmp(name, last->server) == 0 ? last->server_address : none;
}

/* Whether the link leads to the server of this account, as far as that is known without
 * a name server: where the file has its address, or the last keeper knew it. Otherwise a
 * link with a default route leads anywhere. */
static bool leads(const struct account *a, unsigned link, const struct state *last)
{
	struct way_question q = {.only = link};
	struct way ways[WAY_MOST];

	if (inet_pton(AF_INET, a->server, &q.server) == 1)
		return way_find(&q, ways) != 0;
	q.server = last_address(a, last);
	return way_default(link) || (q.server.s_addr && way_find(&q, ways) != 0);
}

static bool worth_starting(const struct account *list, const char *name, const struct state *last)
{
	unsigned link = if_nametoindex(name);

	for (; link && list; list = list->next)
		if (list->link[0] ? if_nametoindex(list->link) == link : leads(list, link, last))
			return true;
	return false;
}

struct names {
	size_t n;
	char list[][IF_NAMESIZE];
};

/* The interfaces that accounts of this server name, each once. NULL after a
 * message. */
static struct names *interfaces(const struct options *o, int *status)
{
	struct account *list;
	struct names *names;
	unsigned last;
	size_t n = 0;

	*status = STATUS_CONFIG;
	if (!account_file_load(o->config, &list, &last))
		return NULL;
	/* As it was installed. Hooks come again and again, and nobody has asked for anything. */
	if (!list) {
		log_msg(LOG_NOTICE, "%s:%u: no account in this file yet, so that nothing is done: a "
				    "line needs server, port, user and password", o->config, last);
		return NULL;
	}
	*status = STATUS_SYSTEM;
	for (struct account *a = list; a; a = a->next)
		n++;
	names = calloc(1, sizeof *names + n * sizeof names->list[0]);
	for (struct account *a = list; a && names; a = a->next) {
		size_t i = 0;

		if ((o->server && strcmp(a->server, o->server) != 0) ||
		    (o->interface[0] && strcmp(a->interface, o->interface) != 0))
			continue;
		while (i < names->n && strcmp(names->list[i], a->interface) != 0)
			i++;
		if (i == names->n)
			memcpy(names->list[names->n++], a->interface, sizeof a->interface);
	}
	if (!names)
		log_msg(LOG_ERR, "%s: out of memory", o->config);
	account_free(list);
	return names;
}

/* Of what came of two interfaces, what the hook is to hear: that one is still being tried is
 * no failure, and the failure of one is not undone by another. */
static int worse(int a, int b)
{
	return a == STATUS_OK || (a == STATUS_PENDING && b != STATUS_OK) ? b : a;
}

int command_event(const struct options *o)
{
	int worst = STATUS_OK, status;
	struct names *names = interfaces(o, &status);

	if (!names)
		return status;
	if (names->n == 0)
		log_msg(LOG_NOTICE, "%s: no account is meant: nothing to do", o->config);
	for (size_t i = 0; i < names->n; i++) {
		struct options one = *o;

		memcpy(one.interface, names->list[i], sizeof one.interface);
		worst = worse(worst, up_interface(&one, worth_starting));
	}
	free(names);
	return worst;
}
