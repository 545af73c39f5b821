/* SPDX-License-Identifier: ISC */
#include "session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "helper.h"
#include "log.h"
#include "msg.h"
#include "privs.h"
#include "session_self.h"
#include "status_codes.h"

enum { QUIT_MS = 400 };

static void log_to_keeper(void *arg, int priority, const char *text)
{
	msg_text(*(int *)arg, MSG_LOG, priority, "%s", text);
}

static void give_up(struct self *s, int status, const char *why)
{
	if (status != STATUS_PENDING)
		msg_text(s->channel, MSG_FAIL, status, "%s", why);
}

/* From here on the process neither needs the password nor another process. */
static void settle(struct self *s, struct account *a)
{
	struct rlimit none = {0, 0};

	close(s->helper);
	account_forget_password(a);
	setrlimit(RLIMIT_NPROC, &none);
}

/* One message of the keeper. False when the session is to end. */
static bool obey(struct self *s)
{
	struct msg m;
	int got = msg_recv(s->channel, &m);

	if (got == 0)
		return true;
	if (got > 0)
		log_client_threshold(m.code ? LOG_DEBUG : LOG_NOTICE);
	if (got < 0 || m.kind == MSG_QUIT) {
		s->net.channel = -1;
		s->net.deadline = clock_ms() + QUIT_MS;
		dialogue_quit(&s->net);
		return false;
	}
	if (m.kind == MSG_PING && !s->pinged) {
		s->pinged = true;
		/* Where there is no room for six bytes, nothing got out for long. */
		s->net.deadline = 0;
		if (!dialogue_ping(&s->net)) {
			give_up(s, STATUS_UNREACHABLE, "the connection broke");
			return false;
		}
	}
	return true;
}

/* What arrived on the connection. False when the session is over. */
static bool hear(struct self *s)
{
	struct msg m;
	int status = dialogue_pong(&s->dialogue, &s->net);

	if (status == STATUS_PENDING)
		return true; /* a part of a line */
	if (status == STATUS_OK && !s->pinged) {
		give_up(s, STATUS_PROTOCOL, "the server speaks unasked");
		return false;
	}
	if (status != STATUS_OK) {
		give_up(s, status, s->dialogue.why);
		return false;
	}
	memset(&m, 0, sizeof m);
	m.kind = MSG_PONG;
	s->pinged = false;
	return msg_send(s->channel, &m);
}

static void keep_alive(struct self *s)
{
	struct pollfd p[2] = {{.fd = s->channel, .events = POLLIN},
			      {.fd = s->net.fd, .events = POLLIN}};

	for (;;) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (p[0].revents && !obey(s))
			return;
		if (p[1].revents && !hear(s))
			return;
	}
}

static void run(struct self *s, struct account *a)
{
	struct in_addr address;
	struct msg m;
	int status;

	/* As session_log_in() does: it waits for an answer where this asks for one.
	 * What inet_pton() does not take (127.1) is a name. */
	s->helper = helper_start(a, inet_pton(AF_INET, a->server, &address) != 1);
	if (s->helper < 0) {
		give_up(s, STATUS_SYSTEM, strerror(errno));
		return;
	}
	memset(&m, 0, sizeof m);
	status = session_log_in(s, &m.offer);
	if (status != STATUS_OK) {
		if (s->net.fd >= 0 && status != STATUS_UNREACHABLE) {
			s->net.channel = -1;
			s->net.deadline = clock_ms() + QUIT_MS / 4;
			dialogue_quit(&s->net);
		}
		give_up(s, status, s->dialogue.why);
		return;
	}
	settle(s, a);
	m.kind = MSG_OFFER;
	m.upper = s->dialogue.upper;
	m.offer.local = s->how.local;
	if (msg_send(s->channel, &m))
		keep_alive(s);
}

/* Of the passwords that came along at the fork, one is needed. */
static void forget_others(const struct session_how *how)
{
	for (struct account *a = how->all; a; a = a->next)
		if (a != how->account)
			account_forget_password(a);
}

/* The process itself. Signals are the keeper's to handle: a SIGTERM to the
 * whole group must not keep it from saying quit. */
static void session_main(int channel, const struct session_how *how)
{
	struct self s;

	memset(&s, 0, sizeof s);
	s.how = *how;
	log_set_client(NULL, NULL);
	if (how->hidden)
		munmap(how->hidden, how->hidden_size);
	signal(SIGCHLD, SIG_IGN); /* the helper ends by itself and leaves no zombie */
	s.channel = privs_only_descriptor(channel);
	if (s.channel < 0)
		return;
	log_setup(LOG_TO_CLIENT, LOG_NOTICE);
	log_set_client(log_to_keeper, &s.channel);
	log_client_threshold(how->verbose ? LOG_DEBUG : LOG_NOTICE);
	s.net = (struct net){.fd = -1, .channel = s.channel, .deadline = how->deadline};
	forget_others(how);
	s.dialogue.account = how->account;
	s.dialogue.first_case = how->first_case;
	if (!privs_drop(&how->user))
		give_up(&s, STATUS_SYSTEM, "the session would have run with privileges");
	else
		run(&s, how->account);
}

bool session_start(struct session *s, const struct session_how *how)
{
	int pair[2];

	s->pid = 0;
	s->channel = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	s->pid = fork();
	if (s->pid < 0) {
		s->pid = 0;
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	if (s->pid == 0) {
		close(pair[0]);
		session_main(pair[1], how);
		_exit(0);
	}
	close(pair[1]);
	s->channel = pair[0];
	return true;
}

void session_drop(struct session *s, bool kill_it)
{
	if (s->pid > 0 && kill_it)
		kill(s->pid, SIGKILL);
	if (s->channel >= 0)
		close(s->channel);
	s->pid = 0;
	s->channel = -1;
}
