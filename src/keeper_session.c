/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <time.h>

#include "account.h"
#include "clock.h"
#include "keeper_state.h"
#include "link.h"
#include "log.h"
#include "status_codes.h"

/* At most so many messages in so many milliseconds are taken. */
enum { SAY_MAX = 100, SAY_SPAN_MS = 10000 };

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
	char link[IF_NAMESIZE];

	if (!link_offer_ok(o, k->by_number[k->fsm.account]->type, why))
		return why;
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
		keeper_quit(k);
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
	/* Whatever runs there has nothing left to do, and need not heed a closed
	 * channel. */
	session_drop(&k->session, true);
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
		k->state.dtcp_rtt_us = k->now_us - k->pinged_us;
		keeper_event(k, EV_PONG, 0);
		break;
	default:
		session_over(k, m->code, m->text);
		break;
	}
}

/* A session that was taken over must not fill the log, nor keep us busy; one
 * that is itself says some lines at a login and two at a ping. Each is counted
 * by itself: many moves in a row are nobody's fault. */
static bool too_much(struct keeper *k)
{
	int64_t now = keeper_now(k);

	if (now - k->said_since >= SAY_SPAN_MS) {
		k->said_since = now;
		k->said = 0;
	}
	return ++k->said > SAY_MAX;
}

void keeper_message(struct keeper *k)
{
	struct msg m;
	int got = msg_recv(k->session.channel, &m);

	if (got > 0 && too_much(k))
		session_over(k, STATUS_SYSTEM, "the session process says too much");
	else if (got > 0 && msg_from_session_ok(&m))
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

	if (got > 0 && !too_much(k)) {
		if (msg_from_session_ok(&m) && m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
		return;
	}
	if (got == 0)
		return;
	session_drop(&k->leaving, true);
	keeper_event(k, EV_GONE, 0);
}
