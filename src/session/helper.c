/* SPDX-License-Identifier: ISC */
#include "session/helper.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account/account.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/privs.h"
#include "protocol/digest.h"

bool helper_send(int fd, const struct helper_msg *m)
{
	return fd_send(fd, m, sizeof *m, 0);
}

bool helper_recv(int fd, struct helper_msg *m)
{
	if (fd_recv(fd, m, sizeof *m, MSG_TRUNC) != (ssize_t)sizeof *m || m->n > HELPER_ADDRESSES)
		return false;
	m->text[sizeof m->text - 1] = '\0';
	return true;
}

static void resolve(const char *name, struct helper_msg *m)
{
	struct addrinfo hints, *list = NULL;
	int err;

	memset(m, 0, sizeof *m);
	memset(&hints, 0, sizeof hints);
	m->kind = HELPER_RESOLVED;
	hints.ai_family = AF_INET; /* DTCP is spoken over IPv4: it names the tunnel's ends */
	hints.ai_socktype = SOCK_STREAM;
	err = getaddrinfo(name, NULL, &hints, &list);
	if (err)
		snprintf(m->text, sizeof m->text, "%s",
			 err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
	for (struct addrinfo *ai = list; ai && m->n < HELPER_ADDRESSES; ai = ai->ai_next) {
		struct sockaddr_in sin;

		memcpy(&sin, ai->ai_addr, sizeof sin);
		m->addrs[m->n++] = sin.sin_addr;
	}
	if (list)
		freeaddrinfo(list);
}

/* The text of the last message, for the session to pass on. */
static void keep_text(void *arg, int priority, const char *text)
{
	(void)priority;
	snprintf(arg, HELPER_TEXT, "%s", text);
}

static void answer(const struct account *a, struct helper_msg *m)
{
	char challenge[HELPER_TEXT];

	memcpy(challenge, m->text, sizeof challenge);
	memset(m, 0, sizeof *m);
	log_setup(LOG_TO_FUNCTION, LOG_ERR);
	log_set_function(keep_text, m->text);
	m->kind = HELPER_DIGEST;
	m->n = digest_response(a->user, challenge, a->password, m->digest) ? 1 : 0;
}

static void helper_main(int fd, const struct account *a, bool wanted)
{
	struct helper_msg m;

	fd = privs_only_descriptor(fd);
	if (fd < 0)
		return;
	if (wanted) {
		resolve(a->server, &m);
		if (!helper_send(fd, &m))
			return;
	}
	/* Load libcrypto while the session connects, so that it costs no time. */
	log_setup(0, LOG_ERR);
	digest_load();
	while (helper_recv(fd, &m) && m.kind == HELPER_CHALLENGE) {
		answer(a, &m);
		if (!helper_send(fd, &m))
			return;
	}
}

int helper_start(const struct account *a, bool resolve_too)
{
	pid_t parent = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	if (pid == 0) {
		/* A resolver that waits for a dead name server is not to outlive us. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == parent)
			helper_main(pair[1], a, resolve_too);
		_exit(0);
	}
	close(pair[1]);
	return pair[0];
}
