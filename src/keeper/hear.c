/* SPDX-License-Identifier: ISC */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "keeper/parts.h"
#include "kernel/interface.h"
#include "protocol/plan.h"
#include "rundir/presence.h"

static void log_nat(const struct keeper *k, const char *server)
{
	char text[OFFER_WHY_MAX];

	if (offer_behind_nat(&k->offer, text))
		log_msg(LOG_NOTICE, "%s: server %s %s", k->how.interface, server, text);
}

/* Checks the offer once more, since the session may have been taken over, and then for what
 * only this side can know. */
static const char *refuse_offer(struct keeper *k, struct offer *o, char why[OFFER_WHY_MAX])
{
	enum dtcp_type type = k->accounts.by_number[k->fsm.account]->type;

	if (!offer_ok(o, type, interface_is_ours(o->remote), why))
		return why;
	if (!k->uplink.in_use || o->local.s_addr != k->uplink.use.local.s_addr)
		return "the session is not bound to the address it was to";
	return NULL;
}

/* The tunnel that the offer calls for. */
static void plan(struct keeper *k)
{
	struct tunnel_link link = interface_link(k->uplink.use.link);

	plan_tunnel(&k->planned, k->how.interface,
		    &k->accounts.by_number[k->fsm.account]->settings, &k->offer, &link);
}

static void hear_offer(struct keeper *k, struct msg *m)
{
	const char *server = k->accounts.by_number[k->fsm.account]->server, *reason;
	char why[OFFER_WHY_MAX];

	reason = refuse_offer(k, &m->offer, why);
	if (reason) {
		log_msg(LOG_ERR, "%s: server %s: %s", k->how.interface, server, reason);
		events_post(&k->events, EV_BAD_OFFER, 0);
		return;
	}
	k->offer = m->offer;
	uplink_offered(&k->uplink);
	if (!k->accounts.by_number[k->fsm.account]->build)
		uplink_works(&k->uplink); /* there is no path to prove it */
	plan(k);
	k->accounts.letter_case[k->fsm.account] = (int)m->upper;
	if (k->fsm.been_up)
		k->report.state.reconnects++;
	log_nat(k, server);
	events_post(&k->events, EV_OFFER, 0);
}

/* Of a message about a failure: what fails later is tried again. */
static int priority(const struct keeper *k)
{
	return k->fsm.been_up || !k->fsm.first ? LOG_WARNING : LOG_ERR;
}

/* The session is over, and why says for what reason. failed: the event that this is if it had
 * not logged in. */
static void session_over(struct keeper *k, int status, const char *why, enum fsm_event failed)
{
	bool after_login = k->fsm.state >= FSM_BUILD && k->fsm.state <= FSM_UP;
	const struct account *a = k->accounts.by_number[k->fsm.account];
	char place[ACCOUNT_PLACE_MAX];

	log_msg(priority(k), "%s: server %s%s: %s", k->how.interface, a->server,
		after_login ? ": session lost" : account_place(a, k->how.config, status, place),
		why);
	if (!after_login && status != STATUS_REFUSED)
		uplink_failed(&k->uplink, k->fsm.account);
	if (!after_login && uplink_lacks(&k->uplink, k->fsm.account))
		events_post(&k->events, EV_NOLINE, 0);
	else
		events_post(&k->events, after_login ? EV_LOST : failed, status);
}

/* The session asks by which line to connect to an address of its server. */
static void give_line(struct keeper *k, struct in_addr server)
{
	const struct line *use = &k->uplink.use;

	if (k->fsm.state != FSM_LOGIN) {
		session_drop(&k->peer.session, true);
		session_over(k, STATUS_SYSTEM, "the session asks for a line when it has one",
			     EV_FAIL);
	} else if (!uplink_give(&k->uplink, k->fsm.account, server)) {
		session_give_none(&k->peer.session);
	} else if (!session_give_line(&k->peer.session, use->here ? 0 : use->index,
				      use->local)) {
		log_msg(LOG_ERR, "%s: no connection can be bound to link %s: %m", k->how.interface,
			use->link);
		session_drop(&k->peer.session, true);
		events_post(&k->events, EV_FAIL, STATUS_SYSTEM);
	} else {
		k->report.state.server_address = server;
	}
}

/* While the server answers there is time to start ip(8), once a login. */
static void prepare(struct keeper *k)
{
	if (k->fsm.state == FSM_LOGIN && !k->asked &&
	    k->accounts.by_number[k->fsm.account]->build)
		kernel_prepare(&k->kernel);
	k->asked = true;
}

void hear_session(struct keeper *k)
{
	struct msg m;

	if (!peer_hear(&k->peer, &m, k->now_us))
		return;
	switch (m.kind) {
	case MSG_LOG:
		log_msg(m.code, "%s", m.text);
		break;
	case MSG_SERVER:
		give_line(k, m.address);
		break;
	case MSG_ASKED:
		prepare(k);
		break;
	case MSG_OFFER:
		if (k->fsm.state == FSM_LOGIN) {
			hear_offer(k, &m);
		} else {
			session_drop(&k->peer.session, true);
			session_over(k, STATUS_PROTOCOL, "the session offers twice", EV_FAIL);
		}
		break;
	case MSG_PONG:
		k->report.state.last_pong = time(NULL);
		k->report.state.dtcp_rtt_us = peer_rtt_us(&k->peer, k->now_us);
		events_post(&k->events, EV_PONG, 0);
		break;
	default:
		session_over(k, m.code, m.text, m.stranger ? EV_STRANGER : EV_FAIL);
		break;
	}
}

void hear_leaving(struct keeper *k)
{
	if (peer_leaves(&k->peer, k->now_us))
		events_post(&k->events, EV_GONE, 0);
}

/* Where hooks are told of every interface, our own tunnel and sit0 are among them. */
static bool is_no_line(const struct keeper *k, const char *link)
{
	return strcmp(link, k->how.interface) == 0 || interface_is_sit(link);
}

/* A hook's word about the line in use: the tunnel moves to another line, or the keeper
 * ends. One with -f belongs to its supervisor, and only looks. */
static bool ends_by_event(struct keeper *k, const struct control_request *q)
{
	bool more;

	if (!uplink_is_about(&k->uplink, q->link))
		return false;
	if (q->address.s_addr && k->uplink.in_use &&
	    q->address.s_addr != k->uplink.use.local.s_addr)
		return false;
	if (k->how.foreground) {
		hear_link(k);
		return false;
	}
	more = uplink_event_down(&k->uplink, q->link, q->address);
	if (more)
		hear_link(k);
	return !more;
}

/* Whether --down is about this keeper: without a link about any. One that has had no line yet
 * is meant where --status says so. */
static bool is_meant(const struct keeper *k, const char *link)
{
	return k->uplink.use.link[0] ? uplink_is_on(&k->uplink, link)
				     : !link[0] || state_on_link(&k->report.state, link);
}

static void say_not_meant(const struct keeper *k, const char *link)
{
	if (k->uplink.use.link[0])
		log_msg(LOG_NOTICE, "%s: is kept for link %s, so link %s going down leaves it up",
			k->how.interface, k->uplink.use.link, link);
	else
		log_msg(LOG_NOTICE, "%s: has no line yet, and no account that is pinned to link %s: "
				    "it goes on", k->how.interface, link);
}

/* The caller of --down gets no messages about the end, which it asked for. */
static void hear_down(struct keeper *k, struct caller *one, const struct control_request *q)
{
	if (q->event ? !ends_by_event(k, q) : !is_meant(k, q->link)) {
		caller_waits(one, q);
		if (!q->event)
			say_not_meant(k, q->link);
		caller_answer(one, STATUS_OK);
		return;
	}
	if (k->fsm.state < FSM_END_SCRIPT)
		log_msg(LOG_NOTICE, "%s: ends by --down%s%s", k->how.interface,
			q->event ? " --event " : "", q->event ? q->link : "");
	caller_waits(one, q);
	events_post(&k->events, EV_STOP, 0);
}

/* This caller is told that the keeper goes on trying, so it must, even if the call that
 * started it did not ask for that. With -f that is the supervisor's to decide. */
static void go_on(struct keeper *k)
{
	if (!k->how.foreground)
		k->fsm.persist = true;
}

static void hear_event(struct keeper *k, struct caller *one, const struct control_request *q)
{
	bool on = k->uplink.in_use && uplink_is_on(&k->uplink, q->link);

	caller_waits(one, q);
	/* Without a link it is one with -f, which will say that it has come too late. */
	if (q->link[0] && uplink_may_use(&k->uplink, q->link))
		go_on(k);
	if (k->uplink.in_use && !on)
		log_msg(LOG_NOTICE, "%s: is kept for link %s; link %s is not used", k->how.interface,
			k->uplink.use.link, q->link);
	uplink_event(&k->uplink, q->link, q->address);
	if (k->fsm.state == FSM_BACKOFF)
		uplink_rest(&k->uplink); /* it is no other line: one more try, and the delays stay */
	hear_link(k);
	/* Something happened to the line in use: its session may not have outlived it. */
	if (on && k->events.n == 0)
		events_post(&k->events, EV_ASK, 0);
	caller_answer(one, STATUS_OK);
}

static void hear_up(struct keeper *k, struct caller *one, const struct control_request *q)
{
	bool goes_on = q->no_wait || q->persist;
	int failure = goes_on ? STATUS_PENDING : STATUS_UNREACHABLE;

	caller_waits(one, q);
	if (goes_on)
		go_on(k);
	/* Whoever has just put a password right would otherwise hear that it is wrong. */
	if (account_file_changed(k->how.config, k->accounts.mark))
		log_msg(LOG_NOTICE, "%s: " ACCOUNT_FILE_CHANGED, k->how.interface, k->how.config,
			(int)getpid());
	switch (uplink_ask(&k->uplink, q->link, q->address)) {
	case UPLINK_KEPT: /* whoever hears of success relies on a tunnel that is up */
		if (fsm_is_up(&k->fsm))
			caller_answer(one, STATUS_OK);
		else if (q->no_wait || !q->persist)
			caller_answer(one, failure);
		return;
	case UPLINK_ABSENT:
		if (goes_on)
			uplink_await(&k->uplink, q->address);
		if (q->no_wait || !q->persist)
			caller_answer(one, failure);
		else
			one->awaits = q->address;
		return;
	case UPLINK_TAKEN:
		break;
	}
	one->hasty = q->no_wait;
	hear_link(k);
	if (k->events.n > 0)
		return;
	one->idle = fsm_is_up(&k->fsm);
	/* Else it hears nothing: this was said to whoever was there then. */
	if (k->fsm.state == FSM_WAIT && !q->no_wait)
		uplink_explain(&k->uplink);
	events_post(&k->events, EV_ASK, 0);
}

void hear_caller(struct keeper *k, struct caller *one)
{
	struct control_request q;

	if (!caller_recv(one, &q))
		return;
	if (q.event && q.link[0] && is_no_line(k, q.link)) {
		caller_waits(one, &q);
		caller_answer(one, STATUS_OK);
	} else if (q.op == CONTROL_DOWN)
		hear_down(k, one, &q);
	else if (k->fsm.state >= FSM_END_SCRIPT)
		caller_ask_next(one);
	else if (q.event)
		hear_event(k, one, &q);
	else
		hear_up(k, one, &q);
}

void hear_presence(struct keeper *k)
{
	act_restore(k);
	presence_accept(k->presence);
}

void hear_signal(struct keeper *k, unsigned signal)
{
	switch (signal) {
	case SIGTERM:
	case SIGINT:
		log_msg(LOG_NOTICE, "%s: ends by %s", k->how.interface,
			signal == SIGINT ? "SIGINT" : "SIGTERM");
		events_post(&k->events, EV_STOP, 0);
		break;
	case SIGHUP:
		if (k->fsm.state < FSM_END_SCRIPT &&
		    accounts_reload(&k->accounts, &k->fsm, k->how.config, k->how.server,
				    k->how.link, k->how.interface)) {
			hear_accounts(k);
			events_post(&k->events, EV_RELOAD, 0);
		}
		break;
	case SIGUSR1:
		events_post(&k->events, EV_ASK, 0);
		break;
	default:
		break; /* SIGCHLD: the loop reaps */
	}
}

void hear_link(struct keeper *k)
{
	bool stays = k->fsm.state == FSM_UP && k->fsm.path == PATH_IS_BAD;
	enum uplink_phase phase = k->fsm.state == FSM_WAIT      ? UPLINK_WAITS
				  : k->fsm.state == FSM_BACKOFF ? UPLINK_PAUSES
				  : stays			? UPLINK_STAYS
								: UPLINK_BUSY;

	switch (uplink_look(&k->uplink, phase, k->fsm.account)) {
	case UPLINK_SAME:
		break;
	case UPLINK_LINE:
		events_post(&k->events, EV_ADDR, 0);
		break;
	case UPLINK_GONE:
		events_post(&k->events, EV_NOADDR, 0);
		break;
	case UPLINK_ASK:
		events_post(&k->events, EV_ASK, 0);
		break;
	case UPLINK_NEAR:
		events_post(&k->events, EV_TIMER, 0); /* routes depend on it */
		break;
	}
}

/* The kernel sets a tunnel's MTU when it is made, and no later. */
void hear_mtu(struct keeper *k)
{
	const struct account *a = k->accounts.in_use;
	struct tunnel t = k->kernel.want.tunnel;
	struct tunnel_link link;

	if (!k->kernel.want.exists || !a || a->settings.mtu || k->fsm.state < FSM_BUILD ||
	    k->fsm.state > FSM_UP)
		return;
	link = interface_link(t.link.name);
	if (link.index != t.link.index || tunnel_auto_mtu(link.mtu) == t.mtu)
		return;
	t.link.mtu = link.mtu;
	t.mtu = tunnel_auto_mtu(link.mtu);
	log_msg(LOG_NOTICE, "%s: link %s has the MTU %u now, so the tunnel gets %u",
		k->how.interface, link.name, link.mtu, t.mtu);
	k->planned = t;
	hear_kernel(k, kernel_want(&k->kernel, &t, k->fsm.routes));
}

void hear_accounts(struct keeper *k)
{
	struct state *s = &k->report.state;

	text_escape(s->accounts, sizeof s->accounts, k->how.config, strlen(k->how.config));
	memcpy(s->mark, k->accounts.mark, sizeof s->mark);
	s->pins[0] = '\0';
	for (unsigned n = 0; n < k->fsm.n_accounts; n++) {
		const struct account *a = k->accounts.by_number[n];
		const char *pin = k->how.link[0] ? k->how.link : a->link;

		if (pin[0])
			state_pin(s, pin);
		uplink_account(&k->uplink, n, a->link, a->server);
	}
}

void hear_kernel(struct keeper *k, enum kernel_result r)
{
	if (r == KERNEL_DONE)
		events_post(&k->events, EV_KERNEL_OK, 0);
	else if (r == KERNEL_FAILED)
		events_post(&k->events, EV_KERNEL_FAIL, STATUS_SYSTEM);
}

static void hear_bad_path(struct keeper *k)
{
	bool expected = fsm_trusts_path(&k->fsm); /* it may just not answer echoes */
	char why[PROBE_WHY_MAX];

	log_msg(expected ? LOG_NOTICE : priority(k), "%s: %s", k->how.interface,
		probe_why(&k->probe, expected, why));
	k->path_failed = true;
	if (!expected)
		uplink_failed(&k->uplink, k->fsm.account);
	events_post(&k->events, EV_PATH_BAD, 0);
}

void hear_path(struct keeper *k, enum probe_news news)
{
	if (news == PROBE_OK) {
		if (k->path_failed)
			log_msg(LOG_NOTICE, "%s: the far end answers through the tunnel%s",
				k->how.interface, k->fsm.been_up ? " again" : "");
		k->path_failed = false;
		uplink_works(&k->uplink);
		events_post(&k->events, EV_PATH_OK, 0);
	} else if (news == PROBE_BAD) {
		hear_bad_path(k);
	}
}
