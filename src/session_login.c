/* SPDX-License-Identifier: ISC */
#include "session_self.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "clock.h"
#include "helper.h"
#include "jail.h"
#include "log.h"
#include "status_codes.h"
#include "text.h"

/* Gets the server's addresses, at least one. */
static int resolve(struct self *s, struct helper_msg *m)
{
	const char *name = s->how.account->server;
	enum net_result r;

	memset(m, 0, sizeof *m);
	if (inet_pton(AF_INET, name, &m->addrs[0]) == 1) {
		m->n = 1;
		return STATUS_OK;
	}
	r = net_wait(&s->net, s->helper, POLLIN);
	if (r == NET_STOP)
		return STATUS_PENDING;
	if (r != NET_OK)
		snprintf(m->text, sizeof m->text, "the name service %s", net_result_text(r));
	else if (!helper_recv(s->helper, m))
		snprintf(m->text, sizeof m->text, "the resolving process ended");
	if (m->n > 0)
		return STATUS_OK;
	snprintf(s->dialogue.why, sizeof s->dialogue.why,
		 "the name cannot be resolved to an IPv4 address: %s", m->text);
	return STATUS_UNREACHABLE;
}

/* Tries one address after the other, each with its share of the time. */
static int connect_any(struct self *s, const struct helper_msg *found)
{
	int64_t deadline = s->net.deadline;
	enum net_result r;
	struct in_addr local;

	for (unsigned i = 0; i < found->n; i++) {
		int64_t now = clock_ms();

		local = s->how.local;
		s->net.deadline = now + (deadline - now) / (found->n - i);
		r = net_connect(&s->net, &local, found->addrs[i], s->how.account->port);
		s->net.deadline = deadline;
		if (r == NET_OK) {
			s->how.local = local;
			return STATUS_OK;
		}
		if (r == NET_STOP)
			return STATUS_PENDING;
		snprintf(s->dialogue.why, sizeof s->dialogue.why,
			 "connecting to %s port %u from %s: %s", text_ipv4(found->addrs[i]),
			 s->how.account->port, local.s_addr ? text_ipv4(local) : "any address",
			 r == NET_TIMEOUT ? "no answer in time" : net_result_text(r));
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
	if (!helper_send(s->helper, &m) || net_wait(&s->net, s->helper, POLLIN) != NET_OK ||
	    !helper_recv(s->helper, &m) || m.kind != HELPER_DIGEST) {
		snprintf(why, size, "the process that answers the challenge ended");
		return false;
	}
	memcpy(digest, m.digest, DTCP_DIGEST_BYTES);
	snprintf(why, size, "%s", m.text);
	return m.n == 1;
}

int session_log_in(struct self *s, struct offer *o)
{
	struct helper_msg found;
	int status = resolve(s, &found);

	s->dialogue.answer = ask_helper;
	s->dialogue.answer_arg = s;
	if (status == STATUS_OK)
		status = connect_any(s, &found);
	/* Before the first byte of the server is read. */
	if (status == STATUS_OK && !jail_enter()) {
		snprintf(s->dialogue.why, sizeof s->dialogue.why,
			 "the session's system calls cannot be restricted: %s", strerror(errno));
		status = STATUS_SYSTEM;
	}
	if (status == STATUS_OK)
		status = dialogue_login(&s->dialogue, &s->net, o);
	return status;
}
