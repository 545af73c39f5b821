/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "account.h"
#include "clock.h"
#include "config.h"
#include "keeper_state.h"
#include "link.h"
#include "log.h"
#include "status_codes.h"
#include "text.h"

static void drop_leaving(struct keeper *k)
{
	session_drop(&k->leaving, true);
}

/* One that does not hear of it would be waited for, or stay with its login. */
static void tell_session(const struct keeper *k, enum msg_kind kind)
{
	if (!msg_text(k->session.channel, kind, log_wanted(LOG_DEBUG), "%s", "") &&
	    k->session.pid > 0)
		kill(k->session.pid, SIGKILL);
}

/* An answer within these milliseconds may still come; then the process ends. */
void keeper_quit(struct keeper *k)
{
	if (k->session.channel < 0)
		return;
	drop_leaving(k);
	tell_session(k, MSG_QUIT);
	k->leaving = k->session;
	k->session = (struct session){0, -1};
}

static void login(struct keeper *k)
{
	struct account *a = k->by_number[k->fsm.account];
	struct session_how how = {
		.account = a,
		.all = k->accounts,
		.user = k->how.user,
		.hidden = k,
		.hidden_size = sizeof *k,
		.local = k->wanted,
		.deadline = k->fsm.login_by,
		.first_case = k->first_case[k->fsm.account],
		.verbose = log_wanted(LOG_DEBUG),
	};

	session_drop(&k->session, true);
	k->bound = k->wanted;
	log_escape(k->state.server, sizeof k->state.server, a->server, strlen(a->server));
	log_escape(k->state.user, sizeof k->state.user, a->user, strlen(a->user));
	if (!k->state.known)
		k->state.tunnel.type = a->type;
	log_msg(LOG_DEBUG, "%s: connecting to %s port %u from %s", k->how.interface, a->server,
		a->port, k->wanted.s_addr ? text_ipv4(k->wanted) : "any address");
	k->said = 0;
	if (session_start(&k->session, &how))
		return;
	log_msg(LOG_ERR, "%s: a session process cannot be started: %m", k->how.interface);
	keeper_event(k, EV_FAIL, STATUS_SYSTEM);
}

static void build(struct keeper *k)
{
	struct tunnel t;

	k->account = k->by_number[k->fsm.account];
	probe_forget(&k->probe);
	tunnel_plan(&t, k->account, &k->offer, link_mtu(k->link));
	k->state.build = k->account->build;
	k->state.known = true;
	k->state.seen_as = k->offer.seen_as;
	/* Addresses of LANs that are there stay as they are known. */
	if (k->kernel.exists && tunnel_same(&k->kernel.now, &t))
		memcpy(t.lans, k->kernel.now.lans, sizeof t.lans);
	k->state.tunnel = t;
	keeper_kernel(k, kernel_want(&k->kernel, k->account->build ? &t : NULL, k->fsm.routes));
}

static void probe(struct keeper *k)
{
	bool big = k->probe.ok < 0;

	if (k->account && k->account->build)
		keeper_path(k, probe_start(&k->probe, k->how.interface, k->kernel.now.mtu, big,
					   k->now_us));
}

/* Two lines and a pong are what this asks for, so they are not held against the
 * session: see too_much(). */
static void ping(struct keeper *k)
{
	k->pinged_us = k->now_us;
	k->said -= k->said < 3 ? k->said : 3;
	tell_session(k, MSG_PING);
}

void keeper_act(struct keeper *k, unsigned actions)
{
	if (actions & DO_DROP) {
		session_drop(&k->session, true);
		drop_leaving(k);
	}
	if (actions & DO_QUIT)
		keeper_quit(k);
	if (actions & DO_ANSWER)
		keeper_answer(k);
	if (actions & DO_LOGIN)
		login(k);
	if (actions & DO_PING)
		ping(k);
	if (actions & DO_BUILD)
		build(k);
	if (actions & DO_ROUTES)
		keeper_kernel(k, kernel_want_routes(&k->kernel, k->fsm.routes));
	if (actions & DO_PROBE)
		probe(k);
	if (actions & DO_SCRIPT) {
		kernel_hurry(&k->kernel, keeper_now(k), k->fsm.end_by);
		keeper_tell_down(k);
	}
	if (actions & DO_REMOVE) {
		run_kill(&k->script.run);
		probe_close(&k->probe);
		keeper_kernel(k, kernel_want(&k->kernel, NULL, false));
	}
}

void keeper_kernel(struct keeper *k, enum kernel_result r)
{
	if (r == KERNEL_DONE)
		keeper_event(k, EV_KERNEL_OK, 0);
	else if (r == KERNEL_FAILED)
		keeper_event(k, EV_KERNEL_FAIL, STATUS_SYSTEM);
}

void keeper_path(struct keeper *k, enum probe_news news)
{
	if (news == PROBE_OK)
		keeper_event(k, EV_PATH_OK, 0);
	else if (news == PROBE_BAD)
		keeper_event(k, EV_PATH_BAD, 0);
}
