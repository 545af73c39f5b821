/* SPDX-License-Identifier: ISC */
#include "keeper/peer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/status_codes.h"

void peer_init(struct peer *p)
{
	memset(p, 0, sizeof *p);
	p->session.channel = p->leaving.channel = -1;
}

bool peer_start(struct peer *p, const struct session_how *how)
{
	session_drop(&p->session, true);
	p->heard = 0;
	p->pinged = false;
	p->status = 0;
	return session_start(&p->session, how);
}

/* If it cannot be told it is killed: otherwise we would wait for it, or it would
 * stay logged in. */
static void tell(const struct session *s, enum msg_kind kind, int code)
{
	if (!msg_text(s->channel, kind, code, "%s", "") && s->pid > 0)
		kill(s->pid, SIGKILL);
}

/* What it sends because of this is not held against it: see too_much(). */
void peer_ping(struct peer *p, int64_t now_us, bool quiet)
{
	p->pinged = true;
	p->pinged_us = now_us;
	p->heard -= p->heard < 3 ? p->heard : 3;
	tell(&p->session, MSG_PING, quiet);
}

int64_t peer_rtt_us(const struct peer *p, int64_t now_us)
{
	return now_us - p->pinged_us;
}

void peer_quit(struct peer *p)
{
	if (p->session.channel < 0)
		return;
	session_drop(&p->leaving, true);
	tell(&p->session, MSG_QUIT, 0);
	p->leaving = p->session;
	p->answered = false;
	p->session = (struct session){0, -1};
}

void peer_drop(struct peer *p)
{
	session_drop(&p->session, true);
	session_drop(&p->leaving, true);
}

bool peer_reaped(struct peer *p, pid_t pid, int status)
{
	if (pid == p->leaving.pid)
		p->leaving.pid = 0;
	if (pid != p->session.pid)
		return false;
	p->session.pid = 0;
	p->status = status;
	return true;
}

/* Each session is counted by itself: many moves in a row are nobody's fault. */
static bool too_much(struct peer *p, int64_t now_us)
{
	if (now_us - p->heard_since >= PEER_SPAN_MS * 1000LL) {
		p->heard_since = now_us;
		p->heard = 0;
	}
	return ++p->heard > PEER_HEARD_MAX;
}

static bool fail(struct msg *m, const char *why)
{
	memset(m, 0, sizeof *m);
	m->kind = MSG_FAIL;
	m->code = STATUS_SYSTEM;
	snprintf(m->text, sizeof m->text, "the session process %s", why);
	return true;
}

/* The channel of the session in use has ended. Its process is ending or has ended, and
 * may have been reaped before or not: what is said of it must not depend on that. */
static const char *how_it_ended(struct peer *p)
{
	if (p->session.pid > 0)
		p->status = session_wait(&p->session);
	return session_end_text(p->status);
}

/* False where there is nothing; otherwise a message whose form was checked. */
static bool take(struct peer *p, struct msg *m, int64_t now_us)
{
	int got = msg_recv(p->session.channel, m);

	if (got == 0)
		return false;
	if (got < 0)
		return fail(m, how_it_ended(p));
	if (too_much(p, now_us))
		return fail(m, "says too much");
	if (!msg_from_session_ok(m) || m->kind == MSG_BYE || (m->kind == MSG_PONG && !p->pinged))
		return fail(m, "sends what it may not");
	if (m->kind == MSG_PONG)
		p->pinged = false;
	return true;
}

bool peer_hear(struct peer *p, struct msg *m, int64_t now_us)
{
	if (!take(p, m, now_us))
		return false;
	/* Whatever runs there has nothing left to do, and need not heed a closed
	 * channel. */
	if (m->kind == MSG_FAIL)
		session_drop(&p->session, true);
	return true;
}

bool peer_leaves(struct peer *p, int64_t now_us)
{
	struct msg m;
	int got = msg_recv(p->leaving.channel, &m);

	if (got == 0)
		return false;
	if (got > 0 && !too_much(p, now_us)) {
		if (msg_from_session_ok(&m) && m.kind == MSG_LOG)
			log_msg(m.code, "%s", m.text);
		if (m.kind == MSG_BYE)
			p->answered = true;
		return false;
	}
	session_drop(&p->leaving, true);
	return true;
}
