/* SPDX-License-Identifier: ISC */
#include "session/self.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "protocol/msg.h"
#include "session/helper.h"

/* Gets the server's addresses, at least one. */
static int resolve(struct self *s, struct helper_msg *m)
{
	const char *name = s->how.account->server;
	enum connection_result r;

	memset(m, 0, sizeof *m);
	if (inet_pton(AF_INET, name, &m->addrs[0]) == 1) {
		m->n = 1;
		return STATUS_OK;
	}
	r = connection_wait(&s->net, s->helper, POLLIN);
	if (r == CONNECTION_STOP)
		return STATUS_PENDING;
	if (r != CONNECTION_OK)
		snprintf(m->text, sizeof m->text, "the name service %s", connection_result_text(r));
	else if (!helper_recv(s->helper, m))
		snprintf(m->text, sizeof m->text, "the resolving process ended");
	if (m->n > 0)
		return STATUS_OK;
	snprintf(s->dialogue.why, sizeof s->dialogue.why,
		 "the name cannot be resolved to an IPv4 address: %s", m->text);
	return STATUS_UNREACHABLE;
}

/* Asks the keeper by which line to connect to the server: a socket in *fd and an
 * address in *local. CONNECTION_CLOSED where no line leads there. */
static enum connection_result ask_line(struct self *s, struct in_addr server, int *fd,
				       struct in_addr *local)
{
	struct connection answer = s->net;
	enum connection_result r;
	struct msg m;
	int got;

	memset(&m, 0, sizeof m);
	m.kind = MSG_SERVER;
	m.address = server;
	answer.channel = -1; /* the keeper's word is what is waited for here, and no interruption */
	if (!msg_send(s->channel, &m))
		return CONNECTION_STOP;
	r = connection_wait(&answer, s->channel, POLLIN);
	if (r != CONNECTION_OK)
		return r;
	got = msg_recv_fd(s->channel, &m, fd);
	if (got <= 0 || m.kind != MSG_LINE)
		return CONNECTION_STOP;
	*local = m.address;
	return *fd < 0 ? CONNECTION_CLOSED : CONNECTION_OK;
}

/* One address of the server. */
static enum connection_result connect_one(struct self *s, struct in_addr server)
{
	uint16_t port = s->how.account->port;
	struct in_addr local = {0};
	enum connection_result r;
	int fd;

	r = ask_line(s, server, &fd, &local);
	if (r == CONNECTION_CLOSED) {
		snprintf(s->dialogue.why, sizeof s->dialogue.why, "no line leads to %s",
			 text_ipv4(server));
		return r;
	}
	if (r == CONNECTION_OK)
		r = connection_connect(&s->net, fd, &local, server, port);
	s->local = local;
	if (r != CONNECTION_OK && r != CONNECTION_STOP)
		snprintf(s->dialogue.why, sizeof s->dialogue.why,
			 "connecting to %s port %u from %s: %s", text_ipv4(server), port,
			 local.s_addr ? text_ipv4(local) : "any address",
			 r == CONNECTION_TIMEOUT ? "no answer in time" : connection_result_text(r));
	return r;
}

/* Tries one address after the other, each with its share of the time. */
static int connect_any(struct self *s, const struct helper_msg *found)
{
	int64_t deadline = s->net.deadline;

	for (unsigned i = 0; i < found->n; i++) {
		int64_t now = clock_ms();
		enum connection_result r;

		s->net.deadline = now + (deadline - now) / (found->n - i);
		r = connect_one(s, found->addrs[i]);
		s->net.deadline = deadline;
		if (r == CONNECTION_OK)
			return STATUS_OK;
		if (r == CONNECTION_STOP)
			return STATUS_PENDING;
		if (i + 1 < found->n) /* the last failure is logged by whoever hears of the end */
			log_msg(LOG_DEBUG, "%s", s->dialogue.why);
	}
	return STATUS_UNREACHABLE;
}

static bool ask_helper(void *arg, const char *challenge, unsigned char *digest, char *why,
		       size_t size)
{
	struct self *s = arg;
	struct helper_msg m;

	memset(&m, 0, sizeof m);
	m.kind = HELPER_CHALLENGE;
	snprintf(m.text, sizeof m.text, "%s", challenge);
	if (!helper_send(s->helper, &m) ||
	    connection_wait(&s->net, s->helper, POLLIN) != CONNECTION_OK ||
	    !helper_recv(s->helper, &m) || m.kind != HELPER_DIGEST) {
		snprintf(why, size, "the process that answers the challenge ended");
		return false;
	}
	memcpy(digest, m.digest, DTCP_DIGEST_BYTES);
	snprintf(why, size, "%s", m.text);
	return m.n == 1;
}

/* If this does not arrive, the keeper only prepares less. */
static void tell_asked(void *arg)
{
	struct self *s = arg;
	struct msg m;

	memset(&m, 0, sizeof m);
	m.kind = MSG_ASKED;
	msg_send(s->channel, &m);
}

int session_log_in(struct self *s, struct offer *o)
{
	struct helper_msg found;
	int status = resolve(s, &found);

	s->dialogue.answer = ask_helper;
	s->dialogue.asked = tell_asked;
	s->dialogue.arg = s;
	if (status == STATUS_OK)
		status = connect_any(s, &found);
	if (status == STATUS_OK && jail_missing())
		log_msg(LOG_DEBUG, "there is no filter of system calls for the session: %s",
			jail_missing());
	/* Before the first byte of the server is read. */
	if (status == STATUS_OK && !jail_enter(JAIL_SESSION)) {
		snprintf(s->dialogue.why, sizeof s->dialogue.why,
			 "the session's system calls cannot be restricted: %s", strerror(errno));
		status = STATUS_SYSTEM;
	}
	if (status == STATUS_OK)
		status = dialogue_login(&s->dialogue, &s->net, o);
	return status;
}
