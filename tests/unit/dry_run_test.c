/* SPDX-License-Identifier: ISC */
/* What a dry run believes of what a session process says. The session is a process of the
 * test's, which says what it is told to, and ends. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/commands.h"
#include "command/options.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "protocol/msg.h"
#include "session/session.h"
#include "unit.h"

static struct msg says[3];
static int n_says, silence_ms; /* between the last word and the end, unless it is told to quit */

bool session_start(struct session *s, const struct session_how *how)
{
	int pair[2];

	(void)how;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	s->channel = pair[0];
	s->pid = fork();
	if (s->pid == 0) {
		close(pair[0]);
		for (int i = 0; i < n_says; i++)
			msg_send(pair[1], &says[i]);
		/* What is not read would be an error to whoever has sent it. */
		poll(&(struct pollfd){.fd = pair[1], .events = POLLIN}, 1, silence_ms);
		msg_recv(pair[1], &says[0]);
		_exit(0);
	}
	close(pair[1]);
	return s->pid > 0;
}

int session_wait(struct session *s)
{
	int status = 0;

	waitpid(s->pid, &status, 0);
	s->pid = 0;
	return status;
}

void session_drop(struct session *s, bool kill_it)
{
	(void)kill_it;
	close(s->channel);
}

const char *session_end_text(int status)
{
	return status ? "failed" : "ended by itself";
}

bool session_give_line(const struct session *s, unsigned link, struct in_addr local)
{
	(void)s;
	(void)link;
	(void)local;
	return true;
}

bool session_give_none(const struct session *s)
{
	(void)s;
	return true;
}

static void say(enum msg_kind kind, int code, const char *text)
{
	struct msg *m = &says[n_says++];

	memset(m, 0, sizeof *m);
	m->kind = kind;
	m->code = code;
	snprintf(m->text, sizeof m->text, "%s", text);
}

/* The exit status of a dry run with one account. */
static int dry_run(void)
{
	static const char account[] = "127.0.0.1 20200 user password\n";
	char path[] = "/tmp/dry-run-test.XXXXXX";
	struct options o = {.config = path, .run_dir = "/tmp/dry-run-test.none", .wait = 60};
	int fd = mkstemp(path), status;

	CHECK(fd >= 0 && write(fd, account, strlen(account)) == (ssize_t)strlen(account));
	close(fd);
	unit_log_clear();
	status = command_dry_run(&o);
	unlink(path);
	n_says = 0;
	return status;
}

/* One that was taken over may say anything. */
static void forged(void)
{
	static const struct {
		enum msg_kind kind;
		int code;
	} rows[] = {{MSG_LOG, LOG_EMERG}, {MSG_FAIL, STATUS_OK}, {MSG_QUIT, 0}, {0, 0}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		say(rows[i].kind, rows[i].code, "forged");
		CHECK_INT(dry_run(), STATUS_SYSTEM);
		CHECK_STR(unit_log(), "3 dtcp0: the session process ended by itself\n");
	}
	say(MSG_OFFER, 0, "");
	says[0].offer.n_prefixes = 1000000;
	CHECK_INT(dry_run(), STATUS_SYSTEM);
	CHECK_STR(unit_log(), "3 dtcp0: the session process ended by itself\n");
	/* Nor is it believed once it was told to quit. */
	silence_ms = 60000;
	say(MSG_FAIL, STATUS_REFUSED, "no");
	say(MSG_LOG, LOG_DEBUG, "S: bye");
	say(MSG_LOG, LOG_EMERG, "forged");
	CHECK_INT(dry_run(), STATUS_REFUSED);
	CHECK_HAS(unit_log(), "3 dtcp0: server 127.0.0.1 (/tmp/dry-run-test.");
	CHECK_HAS(unit_log(), ":1): no\n7 S: bye\n");
	CHECK(!strstr(unit_log(), "forged"));
}

/* Where nothing has come yet, there is no message. */
static void silence(void)
{
	say(MSG_LOG, LOG_NOTICE, "once");
	silence_ms = 200;
	CHECK_INT(dry_run(), STATUS_SYSTEM);
	CHECK_STR(unit_log(), "5 once\n3 dtcp0: the session process ended by itself\n");
}

static const struct unit_case cases[] = {
	{"what a session may not send is not acted on", forged},
	{"a message counts once, whatever silence follows it", silence},
};

UNIT_MAIN(cases)
