/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "call.h"
#include "clock.h"
#include "commands.h"
#include "link.h"
#include "log.h"
#include "msg.h"
#include "options.h"
#include "rundir.h"
#include "session.h"
#include "state.h"
#include "status_codes.h"
#include "tunnel_lines.h"

enum { TRY_MS = 10000, GRACE_MS = 500 };

static int print(const struct tunnel *t)
{
	struct lines l;

	lines_start(&l);
	tunnel_add(t, &l);
	tunnel_configure(t, true, &l);
	for (const char *p = l.text; *p;) {
		int len = (int)strcspn(p, "\n");

		printf("ip %.*s\n", len, p);
		p += len + (p[len] == '\n');
	}
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}

/* A second login may end the first one's tunnel, so while a keeper holds the
 * interface its state has to do. */
static bool from_keeper(const struct call *c, const struct options *o, int *status)
{
	int dir = rundir_open(o->run_dir, false);
	struct state s;
	bool known;

	if (dir < 0)
		return false;
	known = state_read(dir, c->interface, &s) || errno == ENOENT;
	close(dir);
	if (!known) {
		*status = STATUS_SYSTEM;
		return true;
	}
	if (!state_alive(&s))
		return false;
	log_msg(LOG_NOTICE, "%s: process %d keeps it, and a second login could break the first: "
			    "these are the commands for its current state", c->interface,
		(int)s.pid);
	*status = s.known && s.build ? print(&s.tunnel) : STATUS_OK;
	return true;
}

static int plan(const struct call *c, const struct account *a, struct offer *o)
{
	char why[OFFER_WHY_MAX];
	char link[IF_NAMESIZE];
	struct tunnel t;

	if (!link_offer_ok(o, a->type, why)) {
		log_msg(LOG_ERR, "%s: server %s: %s", c->interface, a->server, why);
		return STATUS_PROTOCOL;
	}
	if (offer_behind_nat(o, why))
		log_msg(LOG_NOTICE, "%s: server %s %s", c->interface, a->server, why);
	if (!a->build) {
		log_msg(LOG_NOTICE, "%s: tunnel=none: no command would run", c->interface);
		return STATUS_OK;
	}
	memset(link, 0, sizeof link);
	link_of(o->local, link);
	tunnel_plan(&t, a, o, link_mtu(link));
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	return print(&t);
}

/* Follows one session to its offer, or its failure. */
static int follow(struct session *s, const struct call *c, const struct account *a,
		  int64_t deadline)
{
	struct msg m;

	for (;;) {
		int got = msg_recv(s->channel, &m);

		if (got > 0 && !msg_from_session_ok(&m))
			got = -1;
		if (got < 0) {
			log_msg(LOG_ERR, "%s: the session process ended by itself", c->interface);
			return STATUS_SYSTEM;
		}
		if (got > 0 && m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
		if (got > 0 && m.kind == MSG_OFFER)
			return plan(c, a, &m.offer);
		if (got > 0 && m.kind == MSG_FAIL) {
			log_msg(LOG_ERR, "%s: server %s: %s", c->interface, a->server, m.text);
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

/* Lets it say quit; what it still says of that is shown. */
static void finish(struct session *s)
{
	int64_t deadline = clock_ms() + GRACE_MS;
	pid_t pid = s->pid;
	struct msg m;

	msg_text(s->channel, MSG_QUIT, log_wanted(LOG_DEBUG), "%s", "");
	while (clock_ms() < deadline && clock_wait(s->channel, deadline) > 0) {
		if (msg_recv(s->channel, &m) < 0)
			break;
		if (m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
	}
	session_drop(s, true);
	waitpid(pid, NULL, 0);
}

static int try(const struct call *c, struct account *a, int64_t limit, bool verbose)
{
	int64_t deadline = clock_ms() + limit;
	struct session_how how = {.account = a, .all = c->accounts, .local = c->address,
				  .deadline = deadline, .first_case = -1, .verbose = verbose};
	struct session s;
	int status;

	if (geteuid() == 0 && !privs_find_user(&how.user))
		return STATUS_SYSTEM;
	if (!session_start(&s, &how)) {
		log_msg(LOG_ERR, "%s: no process can be started: %m", c->interface);
		return STATUS_SYSTEM;
	}
	status = follow(&s, c, a, deadline + GRACE_MS);
	finish(&s);
	return status;
}

static int try_all(const struct call *c, const struct options *o)
{
	int64_t end = clock_ms() + (int64_t)(o->wait ? o->wait : 10) * 1000;
	int status = STATUS_UNREACHABLE;
	unsigned left = 0;

	for (struct account *a = c->accounts; a; a = a->next)
		left++;
	for (struct account *a = c->accounts; a && left > 0; a = a->next, left--) {
		int64_t share = (end - clock_ms()) / left;

		status = try(c, a, clock_min(share, TRY_MS), o->verbose);
		if (status == STATUS_OK)
			break;
	}
	return status;
}

int command_dry_run(const struct options *o)
{
	struct in_addr address;
	struct call c;
	int status;

	status = call_find(&c, o);
	if (status != CALL_GO)
		return status;
	if (from_keeper(&c, o, &status)) {
		account_free(c.accounts);
		return status;
	}
	if (c.link[0] && !link_address(c.link, c.address, &address)) {
		log_msg(LOG_ERR, "%s: link %s has no global IPv4 address", c.interface, c.link);
		account_free(c.accounts);
		return STATUS_UNREACHABLE;
	}
	if (c.link[0])
		c.address = address;
	status = try_all(&c, o);
	account_free(c.accounts);
	return status;
}
