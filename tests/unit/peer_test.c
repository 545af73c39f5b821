/* SPDX-License-Identifier: ISC */
/* What the keeper believes of what a session process says. The other end of the
 * channel is the test's. */
#include "keeper/peer.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "common/status_codes.h"
#include "unit.h"

static struct peer p;
static int far;

static void begin(void)
{
	int fd[2];

	peer_init(&p);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	p.session.channel = fd[0];
	far = fd[1];
}

static void end(void)
{
	peer_drop(&p);
	close(far);
}

/* The text of the MSG_FAIL that comes of what was sent. */
static const char *failure(void)
{
	static struct msg m;

	CHECK(peer_hear(&p, &m, 1));
	CHECK_INT(m.kind, MSG_FAIL);
	CHECK_INT(m.code, STATUS_SYSTEM);
	CHECK_INT(p.session.channel, -1);
	return m.text;
}

static void honest(void)
{
	struct msg m;

	begin();
	CHECK(!peer_hear(&p, &m, 1));
	CHECK(msg_text(far, MSG_LOG, LOG_NOTICE, "hello"));
	CHECK(peer_hear(&p, &m, 1));
	CHECK_INT(m.kind, MSG_LOG);
	CHECK_STR(m.text, "hello");
	CHECK(msg_text(far, MSG_FAIL, STATUS_REFUSED, "refused"));
	CHECK(peer_hear(&p, &m, 1));
	CHECK_INT(m.code, STATUS_REFUSED);
	CHECK_STR(m.text, "refused");
	CHECK_INT(p.session.channel, -1);
	end();
}

static void pong(void)
{
	struct msg m;

	begin();
	peer_ping(&p, 5000, true);
	CHECK_INT(msg_recv(far, &m), 1);
	CHECK_INT(m.kind, MSG_PING);
	CHECK_INT(m.code, 1);
	CHECK(msg_text(far, MSG_PONG, 0, "%s", ""));
	CHECK(peer_hear(&p, &m, 7000));
	CHECK_INT(m.kind, MSG_PONG);
	CHECK_INT(peer_rtt_us(&p, 7000), 2000);
	/* Nobody asked for the second one. */
	CHECK(msg_text(far, MSG_PONG, 0, "%s", ""));
	CHECK_STR(failure(), "the session process sends what it may not");
	end();
}

static void nonsense(void)
{
	begin();
	CHECK(msg_text(far, MSG_QUIT, 0, "%s", ""));
	CHECK_STR(failure(), "the session process sends what it may not");
	end();
	begin();
	CHECK(msg_text(far, MSG_BYE, 0, "%s", ""));
	CHECK_STR(failure(), "the session process sends what it may not");
	end();
	begin();
	close(far);
	CHECK_STR(failure(), "the session process ended by itself");
	end();
}

static void flood(void)
{
	struct msg m;

	begin();
	for (int i = 0; i < PEER_HEARD_MAX; i++) {
		CHECK(msg_text(far, MSG_LOG, LOG_NOTICE, "x"));
		CHECK(peer_hear(&p, &m, 1 + i));
		CHECK_INT(m.kind, MSG_LOG);
	}
	CHECK(msg_text(far, MSG_LOG, LOG_NOTICE, "x"));
	CHECK_STR(failure(), "the session process says too much");
	end();
	/* So many in a longer time are no flood. */
	begin();
	for (int i = 0; i < 2 * PEER_HEARD_MAX; i++) {
		CHECK(msg_text(far, MSG_LOG, LOG_NOTICE, "x"));
		CHECK(peer_hear(&p, &m, i * 150000LL));
		CHECK_INT(m.kind, MSG_LOG);
	}
	end();
}

static void leaves(void)
{
	struct msg m;

	begin();
	peer_quit(&p);
	CHECK_INT(p.session.channel, -1);
	CHECK_INT(msg_recv(far, &m), 1);
	CHECK_INT(m.kind, MSG_QUIT);
	CHECK(!peer_leaves(&p, 1));
	unit_log_clear();
	CHECK(msg_text(far, MSG_LOG, LOG_DEBUG, "C: quit"));
	CHECK(!peer_leaves(&p, 1));
	CHECK_STR(unit_log(), "7 C: quit\n");
	CHECK(!p.answered);
	CHECK(msg_text(far, MSG_BYE, 0, "%s", ""));
	CHECK(!peer_leaves(&p, 1));
	CHECK(p.answered);
	/* Nothing else that it says counts any more, and only a message goes to the log. */
	CHECK(msg_text(far, MSG_LOG, 99, "no priority"));
	CHECK(!peer_leaves(&p, 1));
	CHECK_STR(unit_log(), "7 C: quit\n");
	CHECK(msg_text(far, MSG_OFFER, 0, "%s", ""));
	CHECK(!peer_leaves(&p, 1));
	close(far);
	CHECK(peer_leaves(&p, 1));
	CHECK_INT(p.leaving.channel, -1);
	peer_quit(&p); /* nobody is there */
}

/* A process that has the far end, as the session has it, and ends by this signal. */
static pid_t process(int by)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		signal(by, SIG_DFL);
		kill(getpid(), by);
		_exit(0);
	}
	CHECK(pid > 0);
	close(far);
	far = -1;
	return pid;
}

/* Whether the keeper hears first of the channel's end or of the process's. */
static void ends(void)
{
	static const struct {
		int by;
		const char *says;
	} rows[] = {
		{SIGSYS,
		 "the session process was killed for a system call that no session has need of"},
		{SIGTERM, "the session process ended by itself"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int status = 0;
		pid_t pid;

		begin();
		p.session.pid = process(rows[i].by);
		pid = p.session.pid;
		while (recv(p.session.channel, &status, 1, MSG_PEEK) < 0)
			CHECK_INT(poll(&(struct pollfd){p.session.channel, POLLIN, 0}, 1, -1), 1);
		CHECK_STR(failure(), rows[i].says);
		CHECK(waitpid(pid, &status, WNOHANG) < 0); /* no zombie is left */
		end();
		begin();
		pid = p.session.pid = process(rows[i].by);
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(peer_reaped(&p, pid, status));
		CHECK(!peer_reaped(&p, pid, status));
		CHECK_STR(failure(), rows[i].says);
		end();
	}
}

/* Whatever runs there need not heed the end of its channel. */
static void killed(void)
{
	int status[2] = {0, 0};
	pid_t pid[2];

	begin();
	peer_quit(&p);
	close(far);
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			for (;;)
				pause();
	}
	p.leaving.pid = pid[0];
	p.session.pid = pid[1];
	peer_drop(&p);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(waitpid(pid[i], &status[i], 0), pid[i]);
		CHECK(WIFSIGNALED(status[i]) && WTERMSIG(status[i]) == SIGKILL);
	}
}

static const struct unit_case cases[] = {
	{"messages and a failure are passed on", honest},
	{"a pong counts once, and only after a ping", pong},
	{"what no session may send, and its end, are failures", nonsense},
	{"a session that says too much is ended", flood},
	{"one that leaves is told to quit, and only heard", leaves},
	{"both processes are killed where nothing is to be left", killed},
	{"how it ended, whichever end is noticed first", ends},
};
UNIT_MAIN(cases)
