/* SPDX-License-Identifier: ISC */
#include "protocol/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "common/status_codes.h"
#include "unit.h"

static bool ok(uint32_t kind, int32_t code)
{
	struct msg m = {.kind = kind, .code = code};

	return msg_from_session_ok(&m);
}

static void kinds(void)
{
	CHECK(ok(MSG_LOG, LOG_NOTICE));
	CHECK(ok(MSG_OFFER, 0));
	CHECK(ok(MSG_PONG, 0));
	CHECK(ok(MSG_BYE, 0));
	CHECK(ok(MSG_ASKED, 0));
	CHECK(ok(MSG_FAIL, STATUS_UNREACHABLE));
	CHECK(ok(MSG_SERVER, 0));
	CHECK(!ok(MSG_LINE, 0));
	CHECK(!ok(MSG_PING, 0));
	CHECK(!ok(MSG_QUIT, 0));
	CHECK(!ok(0, 0));
	CHECK(!ok(MSG_ASKED + 1, STATUS_UNREACHABLE));
	CHECK(!ok(UINT_MAX, STATUS_UNREACHABLE));
}

static void priorities(void)
{
	for (int p = -5; p < 300; p++)
		CHECK_INT(ok(MSG_LOG, p), p >= LOG_ERR && p <= LOG_DEBUG);
	CHECK(!ok(MSG_LOG, INT_MIN));
	CHECK(!ok(MSG_LOG, INT_MAX));
}

/* The exit statuses that a session can know of. */
static void statuses(void)
{
	for (int s = -300; s < 300; s++)
		CHECK_INT(ok(MSG_FAIL, s), s == STATUS_UNREACHABLE || s == STATUS_SYSTEM ||
						   s == STATUS_PROTOCOL || s == STATUS_REFUSED);
}

static void offers(void)
{
	struct msg m = {.kind = MSG_OFFER};

	for (int type = DTCP_NETWORK; type <= DTCP_TUNNELONLY; type++) {
		m.offer.type = (enum dtcp_type)type;
		CHECK(msg_from_session_ok(&m));
	}
	m.offer.type = (enum dtcp_type)(DTCP_TUNNELONLY + 1);
	CHECK(!msg_from_session_ok(&m));
	memset(&m.offer.type, 0xff, sizeof m.offer.type);
	CHECK(!msg_from_session_ok(&m));
	m.offer.type = DTCP_NETWORK;
	m.offer.n_prefixes = TUNNEL_PREFIXES;
	CHECK(msg_from_session_ok(&m));
	m.offer.n_prefixes = TUNNEL_PREFIXES + 1;
	CHECK(!msg_from_session_ok(&m));
	m.offer.n_prefixes = UINT_MAX;
	CHECK(!msg_from_session_ok(&m));
	m.offer.n_prefixes = 0;
	m.upper = 1;
	CHECK(msg_from_session_ok(&m));
	m.upper = 2;
	CHECK(!msg_from_session_ok(&m));
}

static void pair(int fd[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
}

static void transport(void)
{
	struct msg m = {.kind = MSG_OFFER, .code = -7}, got;
	int fd[2];

	pair(fd);
	CHECK_INT(msg_recv(fd[1], &got), 0);
	CHECK(msg_send(fd[0], &m));
	CHECK(msg_text(fd[0], MSG_LOG, LOG_ERR, "%s %d", "text", 7));
	CHECK_INT(msg_recv(fd[1], &got), 1);
	CHECK(memcmp(&got, &m, sizeof m) == 0);
	CHECK_INT(msg_recv(fd[1], &got), 1);
	CHECK_STR(got.text, "text 7");
	CHECK_INT(got.code, LOG_ERR);
	close(fd[0]);
	CHECK_INT(msg_recv(fd[1], &got), -1);
	CHECK(!msg_send(fd[1], &m)); /* and no SIGPIPE */
	close(fd[1]);
}

/* The text of a message ends within it, whoever sent it. */
static void unterminated(void)
{
	struct msg m, got;
	int fd[2];

	memset(&m, 'x', sizeof m);
	pair(fd);
	CHECK(msg_send(fd[0], &m));
	CHECK_INT(msg_recv(fd[1], &got), 1);
	CHECK_INT(strlen(got.text), MSG_TEXT_MAX - 1);
	close(fd[0]);
	close(fd[1]);
}

static void other_sizes(void)
{
	static char bytes[2 * sizeof(struct msg)];
	static const size_t sizes[] = {1, sizeof(struct msg) - 1, sizeof(struct msg) + 1,
				       2 * sizeof(struct msg)};
	struct msg got;
	int fd[2];

	pair(fd);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CHECK_INT(send(fd[0], bytes, sizes[i], 0), sizes[i]);
		errno = 0;
		CHECK_INT(msg_recv(fd[1], &got), -1);
		CHECK_INT(errno, EBADMSG);
	}
	close(fd[0]);
	close(fd[1]);
}

/* A descriptor gets through where one is waited for, and nowhere else. */
static void descriptors(void)
{
	struct msg m = {.kind = MSG_LINE, .address = unit_ipv4("192.0.2.1")}, got;
	int fd[2], passed, before, after;

	pair(fd);
	CHECK(msg_send_fd(fd[0], &m, fd[0]));
	CHECK_INT(msg_recv_fd(fd[1], &got, &passed), 1);
	CHECK_INT(got.kind, MSG_LINE);
	CHECK_INT(got.address.s_addr, m.address.s_addr);
	CHECK(passed > fd[1]);
	CHECK(fcntl(passed, F_GETFD) & FD_CLOEXEC);
	close(passed);
	CHECK(msg_send(fd[0], &m));
	CHECK_INT(msg_recv_fd(fd[1], &got, &passed), 1);
	CHECK_INT(passed, -1);
	CHECK_INT(msg_recv_fd(fd[1], &got, &passed), 0);
	before = dup(fd[0]);
	close(before);
	CHECK(msg_send_fd(fd[0], &m, fd[0]));
	CHECK_INT(msg_recv(fd[1], &got), 1);
	after = dup(fd[0]);
	close(after);
	CHECK_INT(after, before);
	close(fd[0]);
	CHECK_INT(msg_recv_fd(fd[1], &got, &passed), -1);
	close(fd[1]);
}

/* A session that floods is not read for ever, and one that does not read does
 * not stop the other side. */
static void full(void)
{
	struct msg m = {.kind = MSG_PONG}, got;
	int fd[2], sent = 0, received = 0;

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), 0);
	while (sent < 100000 && msg_send(fd[0], &m))
		sent++;
	CHECK(sent > 0 && sent < 100000);
	while (msg_recv(fd[1], &got) == 1)
		received++;
	CHECK_INT(received, sent);
	close(fd[0]);
	close(fd[1]);
}

static const struct unit_case cases[] = {
	{"the kinds of message that a session may send", kinds},
	{"the priorities that a session may log with", priorities},
	{"the exit statuses that a session may end with", statuses},
	{"the bounds of an offer", offers},
	{"a descriptor comes along where one is wanted", descriptors},
	{"messages arrive whole, and the end is seen", transport},
	{"a text without an end gets one", unterminated},
	{"what has another size is no message", other_sizes},
	{"a full socket is an error, not a wait", full},
};
UNIT_MAIN(cases)
