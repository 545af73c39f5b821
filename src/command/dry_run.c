/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "command/call.h"
#include "command/commands.h"
#include "command/options.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "kernel/interface.h"
#include "kernel/way.h"
#include "kernel/difference.h"
#include "protocol/msg.h"
#include "protocol/plan.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"
#include "session/session.h"

enum { TRY_MS = 10000, GRACE_MS = 500 };

static void print_line(void *arg, const char *line, int len)
{
	(void)arg;
	printf("ip %.*s\n", len, line);
}

/* Prints the commands for a kernel that has nothing of the tunnel yet: first the
 * interface, then the rest. */
static int print(const struct tunnel *t)
{
	struct inventory nothing, fresh, wanted;
	struct difference d;

	inventory_of(&wanted, t, true);
	inventory_start(&nothing, t->name, wanted.proto);
	nothing.sit0 = true;
	difference(&nothing, &wanted, &nothing, &d);
	lines_each(d.lines.text, print_line, NULL);
	inventory_fresh(&fresh, &wanted);
	difference(&fresh, &wanted, &nothing, &d);
	lines_each(d.lines.text, print_line, NULL);
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}

/* A second login may end the first one's tunnel. So while a keeper holds the interface, nobody
 * logs in, and the keeper's state is shown instead. */
static bool from_keeper(const struct call *c, const struct options *o, int *status)
{
	int dir = rundir_open(o->run_dir, false);
	struct state s;
	bool known;

	if (dir < 0)
		return false;
	known = state_read(dir, c->interface, &s) || errno == ENOENT;
	close(dir);
	if (!known || state_elsewhere(&s, o->run_dir)) {
		*status = STATUS_SYSTEM;
		return true;
	}
	if (!state_alive(&s))
		return false;
	log_msg(LOG_NOTICE,
		"%s: process %d keeps it, and a second login could break the first: "
		"these are the commands for its current state",
		c->interface, (int)s.pid);
	*status = s.known && s.build ? print(&s.tunnel) : STATUS_OK;
	return true;
}

static int plan(const struct call *c, const struct account *a, struct offer *o, const char *link)
{
	char why[OFFER_WHY_MAX];
	struct tunnel_link below;
	struct tunnel t;

	if (!offer_ok(o, a->type, interface_is_ours(o->remote), why)) {
		log_msg(LOG_ERR, "%s: server %s: %s", c->interface, a->server, why);
		return STATUS_PROTOCOL;
	}
	if (offer_behind_nat(o, why))
		log_msg(LOG_NOTICE, "%s: server %s %s", c->interface, a->server, why);
	if (!a->build) {
		log_msg(LOG_NOTICE, "%s: tunnel=none: no command would run", c->interface);
		return STATUS_OK;
	}
	below = interface_link(link);
	plan_tunnel(&t, a->interface, &a->settings, o, &below);
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	return print(&t);
}

/* The line to a server: the pinned link, or the one with the address that was named,
 * or the kernel's choice. False where none leads there. */
static bool find_way(const struct call *c, const struct account *a, struct in_addr server,
		     struct way *w)
{
	const char *pin = c->link[0] ? c->link : a->link;
	struct way_question q = {.server = server, .prefer = c->address, .anywhere = true};
	struct way ways[WAY_MOST];
	int n;

	if (pin[0] && !(q.only = interface_index(pin)))
		return false;
	n = way_find(&q, ways);
	for (int i = 0; i < n; i++) {
		*w = ways[i];
		if (w->carrier && w->deaf)
			way_warn_deaf(w, c->interface, server, pin[0]);
		if ((pin[0] || (w->carrier && !w->deaf)) &&
		    (!c->address.s_addr || pin[0] || c->address.s_addr == w->local.s_addr))
			return true;
	}
	*w = (struct way){.local = c->address};
	return c->address.s_addr && !pin[0]; /* the connection will fail, and say why */
}

static void refuse_line(struct session *s, const struct call *c, const struct account *a)
{
	const char *pin = c->link[0] ? c->link : a->link;

	if (pin[0])
		log_msg(LOG_ERR, "%s: link %s does not lead to server %s", c->interface, pin,
			a->server);
	session_give_none(s);
}

static void give_line(struct session *s, const struct call *c, const struct way *w)
{
	if (session_give_line(s, w->here ? 0 : w->index, w->local) || errno != EPERM)
		return;
	log_msg(LOG_NOTICE,
		"%s: before Linux 5.7 an ordinary user cannot bind the connection to "
		"link %s: it goes by whichever the kernel chooses",
		c->interface, w->link);
	session_give_line(s, 0, w->local);
}

/* Follows one session to its offer, or its failure. */
static int follow(struct session *s, const struct call *c, const struct account *a,
		  int64_t deadline)
{
	char place[ACCOUNT_PLACE_MAX];
	struct way way = {0};
	struct msg m;

	for (;;) {
		int got = msg_recv(s->channel, &m);

		if (got > 0 && !msg_from_session_ok(&m))
			got = -1;
		if (got < 0) {
			log_msg(LOG_ERR, "%s: the session process %s", c->interface,
				session_end_text(session_wait(s)));
			return STATUS_SYSTEM;
		}
		if (got > 0 && m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
		if (got > 0 && m.kind == MSG_SERVER) {
			if (find_way(c, a, m.address, &way))
				give_line(s, c, &way);
			else
				refuse_line(s, c, a);
		}
		if (got > 0 && m.kind == MSG_OFFER)
			return plan(c, a, &m.offer, way.link);
		if (got > 0 && m.kind == MSG_FAIL) {
			log_msg(LOG_ERR, "%s: server %s%s: %s", c->interface, a->server,
				account_place(a, c->config, m.code, place), m.text);
			return m.code;
		}
		if (got > 0)
			continue;
		if (clock_ms() >= deadline) {
			log_msg(LOG_ERR, "%s: server %s gives no answer", c->interface, a->server);
			return STATUS_UNREACHABLE;
		}
		clock_wait(s->channel, deadline);
	}
}

/* Has the session say quit, and shows what it logs meanwhile. */
static void finish(struct session *s)
{
	int64_t deadline = clock_ms() + GRACE_MS;
	pid_t pid = s->pid;
	struct msg m;

	msg_text(s->channel, MSG_QUIT, 0, "%s", "");
	while (clock_ms() < deadline && clock_wait(s->channel, deadline) > 0) {
		int got = msg_recv(s->channel, &m);

		if (got < 0 || (got > 0 && !msg_from_session_ok(&m)))
			break;
		if (got > 0 && m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
	}
	session_drop(s, true);
	waitpid(pid, NULL, 0);
}

static int try(const struct call *c, struct account *a, int64_t limit)
{
	int64_t deadline = clock_ms() + limit;
	struct session_how how = {
		.account = a, .all = c->accounts, .deadline = deadline, .letter_case = -1};
	struct session s;
	int status;

	if (geteuid() == 0 && !privs_find_user("dtcp-up", &how.user))
		return STATUS_SYSTEM;
	if (!session_start(&s, &how)) {
		log_msg(LOG_ERR, "%s: no process can be started: %m", c->interface);
		return STATUS_SYSTEM;
	}
	status = follow(&s, c, a, deadline + GRACE_MS);
	finish(&s);
	return status;
}

/* The number of a pinned link, 0 after a message. */
static unsigned pinned_index(const struct call *c, const char *link)
{
	unsigned index = interface_index(link);

	if (!index)
		log_msg(LOG_ERR, "%s: link %s is not there", c->interface, link);
	return index;
}

/* False, after a message, where the link that was named is not there or has no usable
 * address. An address that was named will do, on lo too. */
static bool link_is_usable(const struct call *c)
{
	char holder[IF_NAMESIZE];
	unsigned index;

	if (!c->link[0])
		return true;
	index = pinned_index(c, c->link);
	if (!index || way_usable(index) ||
	    (c->address.s_addr && interface_of(c->address, holder) &&
	     interface_index(holder) == index))
		return index;
	log_msg(LOG_ERR, "%s: link %s has no global IPv4 address", c->interface, c->link);
	return false;
}

static int try_all(const struct call *c, const struct options *o)
{
	int64_t end = clock_ms() + (int64_t)(o->wait ? o->wait : 10) * 1000;
	struct account *list[ACCOUNT_MOST];
	int status = STATUS_UNREACHABLE;
	unsigned n = 0;

	if (!link_is_usable(c))
		return status;
	for (struct account *a = c->accounts; a && n < ACCOUNT_MOST; a = a->next)
		if (c->link[0] || !a->link[0] || pinned_index(c, a->link))
			list[n++] = a;
	for (unsigned i = 0; i < n; i++) {
		int64_t share = (end - clock_ms()) / (n - i);

		status = try(c, list[i], clock_min(share, TRY_MS));
		if (status == STATUS_OK)
			break;
	}
	return status;
}

int command_dry_run(const struct options *o)
{
	struct call c;
	int status;

	status = call_find(&c, o);
	if (status != CALL_GO)
		return status;
	if (from_keeper(&c, o, &status)) {
		account_free(c.accounts);
		return status;
	}
	status = try_all(&c, o);
	account_free(c.accounts);
	return status;
}
