/* SPDX-License-Identifier: ISC */
#include "session/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/status_codes.h"
#include "protocol/msg.h"
#include "session/helper.h"
#include "session/self.h"

/* How long a session stays after quit: for the server to close, and where the keeper
 * is gone or the login has failed. */
enum { QUIT_MS = 5000, QUIT_ALONE_MS = 400, QUIT_FAILED_MS = 100 };

enum { STACK_USED = 64 * 1024 }; /* bytes that the keeper uses of its stack, at most; a larger
				  * number would do no harm */

static void log_to_keeper(void *arg, int priority, const char *text)
{
	const struct self *s = arg;

	if (priority < LOG_DEBUG || !s->quiet)
		msg_text(s->channel, MSG_LOG, priority, "%s", text);
}

static void give_up(struct self *s, int status, const char *why)
{
	struct msg m;

	if (status == STATUS_PENDING)
		return;
	memset(&m, 0, sizeof m);
	m.kind = MSG_FAIL;
	m.code = status;
	m.stranger = s->dialogue.stranger;
	snprintf(m.text, sizeof m.text, "%s", why);
	msg_send(s->channel, &m);
}

/* From here on the process neither needs the password nor another process. */
static void settle(struct self *s, struct account *a)
{
	struct rlimit none = {0, 0};

	close(s->helper);
	account_forget_password(a);
	setrlimit(RLIMIT_NPROC, &none);
}

/* Says quit and waits for the server to close. With tell the keeper hears that the
 * server has answered. */
static void quit(struct self *s, int64_t patience, bool tell)
{
	s->net.channel = -1; /* nothing interrupts it any more */
	s->net.deadline = clock_ms() + patience;
	if (!dialogue_quit(&s->net))
		return;
	if (tell)
		msg_text(s->channel, MSG_BYE, 0, "%s", "");
	dialogue_wait_end(&s->net);
}

/* One message of the keeper. False when the session is to end. */
static bool obey(struct self *s)
{
	struct msg m;
	int got = msg_recv(s->channel, &m);

	if (got == 0)
		return true;
	s->quiet = got > 0 && m.kind == MSG_PING && m.code;
	if (got < 0 || m.kind == MSG_QUIT) {
		quit(s, got < 0 ? QUIT_ALONE_MS : QUIT_MS, true);
		return false;
	}
	if (m.kind == MSG_PING && !s->pinged) {
		s->pinged = true;
		/* The send buffer has no room for six bytes only if nothing has been
		 * acknowledged for a long time, so this does not wait. */
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
	char why[128];
	int status;

	/* Must agree with session_log_in(), which waits for the helper where the server
	 * is a name; what inet_pton() does not take (127.1) is one. */
	s->helper = helper_start(a, inet_pton(AF_INET, a->server, &address) != 1);
	if (s->helper < 0) {
		snprintf(why, sizeof why, "no process for the login can be started: %s",
			 strerror(errno));
		give_up(s, STATUS_SYSTEM, why);
		return;
	}
	memset(&m, 0, sizeof m);
	status = session_log_in(s, &m.offer);
	if (status != STATUS_OK) {
		if (s->net.fd >= 0 && status != STATUS_UNREACHABLE)
			quit(s, QUIT_FAILED_MS, false);
		give_up(s, status, s->dialogue.why);
		return;
	}
	settle(s, a);
	m.kind = MSG_OFFER;
	m.upper = s->dialogue.upper;
	m.offer.local = s->local;
	if (msg_send(s->channel, &m))
		keep_alive(s);
}

/* Gives back the pages of the stack that the keeper has used below this frame: they are not
 * needed here, and would be kept in memory twice. Not inlined, so that all of the caller's
 * frame stays. */
static __attribute__((noinline)) void give_back_stack(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = (uintptr_t)__builtin_frame_address(0) / page * page - page;

	madvise((void *)(end - STACK_USED), STACK_USED, MADV_DONTNEED);
}

/* The fork copied all passwords; one of them is needed. */
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
	log_set_function(NULL, NULL);
	if (how->hidden)
		munmap(how->hidden, how->hidden_size);
	give_back_stack();
	signal(SIGCHLD, SIG_IGN); /* the helper ends by itself and leaves no zombie */
	s.channel = privs_only_descriptor(channel);
	if (s.channel < 0)
		return;
	log_setup(LOG_TO_FUNCTION, LOG_NOTICE);
	log_set_function(log_to_keeper, &s);
	s.net = (struct connection){.fd = -1, .channel = s.channel, .deadline = how->deadline};
	forget_others(how);
	s.dialogue.account = how->account;
	s.dialogue.doubt = account_password_doubt(how->account);
	s.dialogue.letter_case = how->letter_case;
	s.quiet = how->quiet;
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

/* The session has no privilege for this. Linux before 5.0 knows a link by its name
 * alone. */
static bool bind_to_link(int fd, unsigned link)
{
	char name[IF_NAMESIZE];
	int index = (int)link;

#ifdef SO_BINDTOIFINDEX
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) == 0)
		return true;
	if (errno != ENOPROTOOPT)
		return false;
#endif
	return if_indextoname((unsigned)index, name) &&
	       setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) == 0;
}

bool session_give_line(const struct session *s, unsigned link, struct in_addr local)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct msg m;
	bool done;

	memset(&m, 0, sizeof m);
	m.kind = MSG_LINE;
	m.address = local;
	done = fd >= 0 && (!link || bind_to_link(fd, link)) && msg_send_fd(s->channel, &m, fd);
	fd_close(&fd);
	return done;
}

bool session_give_none(const struct session *s)
{
	return msg_text(s->channel, MSG_LINE, 0, "%s", "");
}

void session_drop(struct session *s, bool kill_it)
{
	if (s->pid > 0 && kill_it)
		kill(s->pid, SIGKILL);
	fd_close(&s->channel);
	s->pid = 0;
}

int session_wait(struct session *s)
{
	int status = 0;

	if (s->pid > 0) {
		kill(s->pid, SIGKILL); /* changes nothing where it is ending already */
		while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	}
	s->pid = 0;
	return status;
}

const char *session_end_text(int status)
{
	/* See common/jail.h. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return "was killed for a system call that no session has need of";
	return "ended by itself";
}
