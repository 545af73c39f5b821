/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
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

static void drop_leaving(struct keeper *k)
{
	session_drop(&k->leaving, true);
}

/* An answer within these milliseconds may still come; then the process ends. */
static void quit(struct keeper *k)
{
	if (k->session.channel < 0)
		return;
	drop_leaving(k);
	msg_text(k->session.channel, MSG_QUIT, 0, "%s", "");
	k->leaving = k->session;
	k->session = (struct session){0, -1};
}

static bool any_verbose(const struct keeper *k)
{
	return k->how.threshold >= LOG_DEBUG;
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
		.verbose = any_verbose(k),
	};
	char from[INET_ADDRSTRLEN];

	session_drop(&k->session, true);
	k->bound = k->wanted;
	log_escape(k->state.server, sizeof k->state.server, a->server, strlen(a->server));
	log_escape(k->state.user, sizeof k->state.user, a->user, strlen(a->user));
	log_msg(LOG_DEBUG, "%s: connecting to %s port %u from %s", k->how.interface, a->server,
		a->port, k->wanted.s_addr ? inet_ntop(AF_INET, &k->wanted, from, sizeof from)
					  : "any address");
	if (session_start(&k->session, &how))
		return;
	log_msg(LOG_ERR, "%s: a session process cannot be started: %s", k->how.interface,
		strerror(errno));
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
		keeper_path(k, probe_start(&k->probe, k->how.interface, k->kernel.now.mtu, big));
}

void keeper_act(struct keeper *k, unsigned actions)
{
	if (actions & DO_DROP)
		session_drop(&k->session, true);
	if (actions & DO_QUIT)
		quit(k);
	if (actions & DO_ANSWER)
		keeper_answer(k);
	if (actions & DO_LOGIN)
		login(k);
	if (actions & DO_PING)
		msg_text(k->session.channel, MSG_PING, 0, "%s", "");
	if (actions & DO_BUILD)
		build(k);
	if (actions & DO_ROUTES)
		keeper_kernel(k, kernel_want_routes(&k->kernel, k->fsm.routes));
	if (actions & DO_PROBE)
		probe(k);
	if (actions & DO_SCRIPT) {
		kernel_hurry(&k->kernel, clock_ms(), k->fsm.end_by);
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

static void say_offer(struct keeper *k, const struct offer *o)
{
	char text[OFFER_WHY_MAX];

	if (offer_behind_nat(o, text))
		log_msg(LOG_NOTICE, "%s: server %s %s", k->how.interface,
			k->by_number[k->fsm.account]->server, text);
}

/* An offer is checked again, as nobody knows who speaks from the session; then
 * for what only this side can know. */
static const char *refuse_offer(struct keeper *k, struct offer *o, char why[OFFER_WHY_MAX])
{
	char far[INET_ADDRSTRLEN], link[IF_NAMESIZE];

	if (o->type != k->by_number[k->fsm.account]->type)
		return "the offer is of another type";
	if (!offer_check(o, why))
		return why;
	if (link_is_ours(o->remote)) {
		snprintf(why, OFFER_WHY_MAX, "the far end %s is an address of this host",
			 inet_ntop(AF_INET, &o->remote, far, sizeof far));
		return why;
	}
	if (k->bound.s_addr && o->local.s_addr != k->bound.s_addr)
		return "the session is not bound to the address it was to";
	if (!link_of(o->local, link))
		return "the address that the session is bound to is on no interface";
	if (!k->link[0])
		memcpy(k->link, link, sizeof link);
	return NULL;
}

static void take_offer(struct keeper *k, struct msg *m)
{
	char why[OFFER_WHY_MAX];
	const char *reason = refuse_offer(k, &m->offer, why);

	if (reason) {
		log_msg(LOG_ERR, "%s: server %s: %s", k->how.interface,
			k->by_number[k->fsm.account]->server, reason);
		quit(k);
		keeper_event(k, EV_FAIL, STATUS_PROTOCOL);
		return;
	}
	k->offer = m->offer;
	k->wanted = k->bound = k->near = m->offer.local;
	k->near_ok = true;
	k->first_case[k->fsm.account] = (int)m->upper;
	if (k->fsm.been_up)
		k->state.reconnects++;
	say_offer(k, &m->offer);
	keeper_event(k, EV_OFFER, 0);
}

/* The session is over, for this reason. */
static void session_over(struct keeper *k, int status, const char *why)
{
	bool after_login = k->fsm.state == FSM_BUILD || k->fsm.state == FSM_UP;
	const struct account *a = k->by_number[k->fsm.account];

	log_msg(k->fsm.been_up || !k->fsm.first ? LOG_WARNING : LOG_ERR, "%s: server %s%s: %s",
		k->how.interface, a->server, after_login ? ": session lost" : "", why);
	session_drop(&k->session, false);
	keeper_event(k, after_login ? EV_LOST : EV_FAIL, status);
}

static void take_message(struct keeper *k, struct msg *m)
{
	switch (m->kind) {
	case MSG_LOG:
		log_msg(m->code, "%s", m->text);
		break;
	case MSG_OFFER:
		if (k->fsm.state == FSM_LOGIN)
			take_offer(k, m);
		else
			session_over(k, STATUS_PROTOCOL, "the session offers twice");
		break;
	case MSG_PONG:
		k->state.last_pong = time(NULL);
		k->state.dtcp_rtt_us = m->rtt_us;
		keeper_event(k, EV_PONG, 0);
		break;
	default:
		session_over(k, m->code, m->text);
		break;
	}
}

void keeper_message(struct keeper *k)
{
	struct msg m;
	int got = msg_recv(k->session.channel, &m);

	if (got > 0 && msg_from_session_ok(&m))
		take_message(k, &m);
	else if (got > 0)
		session_over(k, STATUS_SYSTEM, "the session process sends what it may not");
	else if (got < 0)
		session_over(k, STATUS_SYSTEM, "the session process ended by itself");
}

void keeper_leaving(struct keeper *k)
{
	struct msg m;
	int got = msg_recv(k->leaving.channel, &m);

	if (got > 0 && msg_from_session_ok(&m) && m.kind == MSG_LOG)
		log_msg(m.code, "%s", m.text);
	if (got >= 0)
		return;
	session_drop(&k->leaving, false);
	keeper_event(k, EV_GONE, 0);
}

/* What the state machine knows of accounts that were there before stays. */
bool keeper_load_accounts(struct keeper *k, struct account *list)
{
	struct fsm_account known[FSM_ACCOUNTS];
	struct account *before[FSM_ACCOUNTS];
	int cases[FSM_ACCOUNTS];
	unsigned n = 0, was = k->fsm.n_accounts, in_use = k->fsm.preferred;

	memcpy(known, k->fsm.accounts, sizeof known);
	memcpy(before, k->by_number, sizeof before);
	memcpy(cases, k->first_case, sizeof cases);
	for (struct account *a = list; a; a = a->next)
		if (++n > FSM_ACCOUNTS) {
			log_msg(LOG_ERR, "%s: more than %d accounts for one interface",
				k->how.interface, FSM_ACCOUNTS);
			return false;
		}
	n = 0;
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
	return true;
}

void keeper_reload(struct keeper *k)
{
	struct account *old = k->accounts, *list = config_read(k->how.config);
	char interface[IF_NAMESIZE];

	memcpy(interface, k->how.interface, sizeof interface);
	if (list)
		list = config_select(list, k->how.server, k->link, interface);
	if (!list || !keeper_load_accounts(k, list)) {
		log_msg(LOG_ERR, "%s: session and settings stay as they are, since %s has no usable "
				 "account for them", k->how.interface, k->how.config);
		account_free(list);
		return;
	}
	log_msg(LOG_NOTICE, "%s: %s was read again; reconnecting", k->how.interface, k->how.config);
	k->fsm.account = k->fsm.preferred;
	k->account = k->account ? k->by_number[k->fsm.account] : NULL;
	keeper_event(k, EV_RELOAD, 0);
	account_free(old);
}
