/* SPDX-License-Identifier: ISC */
/* One connection of the front. The test is the client, and auth. */
#include "server/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

static struct conn_shared shared;
static struct channel auth;
static struct conn c;
static int client;

static void begin(void)
{
	int ends[2], pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	shared = (struct conn_shared){.idle = 300, .tell_at = CLOCK_NEVER};
	CHECK(channel_init(&shared.auth, pair[0], 8) && channel_init(&auth, pair[1], 8));
	CHECK(line_pool_init(&shared.lines, 1));
	client = ends[1];
	c = (struct conn){.slot = 3, .generation = 6};
	conn_begin(&shared, &c, ends[0], 1, unit_ipv4("203.0.113.5"), unit_ipv4("198.51.100.1"));
}

static void end(void)
{
	if (c.fd >= 0)
		close(c.fd);
	close(client);
	close(shared.auth.fd);
	close(auth.fd);
	free(shared.auth.queue);
	free(auth.queue);
	free(shared.lines.all);
}

/* The next message that auth gets is this one. */
static struct message told(enum message_kind kind)
{
	struct message m = {0};

	CHECK_INT(channel_receive(&auth, &m, FROM_FRONT, 4), 1);
	CHECK_INT(m.kind, kind);
	CHECK_INT(m.slot, 3);
	CHECK_INT(m.generation, 7);
	return m;
}

static void told_nothing(void)
{
	struct message m;

	CHECK_INT(channel_receive(&auth, &m, FROM_FRONT, 4), 0);
}

static void auth_says(enum message_kind kind, uint32_t code, const char *text)
{
	struct message m = {.kind = kind, .slot = 3, .generation = 7, .code = code};

	snprintf(m.text, sizeof m.text, "%s", text);
	conn_hear(&shared, &c, &m);
}

static void client_says(const char *text)
{
	CHECK_INT(send(client, text, strlen(text), MSG_NOSIGNAL), (long)strlen(text));
	if (conn_reads(&c))
		conn_read(&shared, &c);
}

/* What the client has been told since the last time, and "FIN" at the end. */
static const char *heard(void)
{
	static char text[2048];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(client, text + len, sizeof text - 8 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	snprintf(text + len, sizeof text - len, "%s", n == 0 ? "FIN" : "");
	return text;
}

static void greeted(void)
{
	begin();
	told(MESSAGE_OPEN);
	auth_says(MESSAGE_CHALLENGE, 0, "c0ffee");
	CHECK_HAS(heard(), "+OK c0ffee dtcpd ");
}

static void up(void)
{
	struct message m;

	greeted();
	client_says("tunnel foo 0123456789abcdef0123456789ABCDEF network\r\n");
	m = told(MESSAGE_LOGIN);
	CHECK_STR(m.name, "foo");
	CHECK_INT(m.response[1], 0x23);
	CHECK_INT(m.upper, 1);
	CHECK_INT(m.type, DTCP_NETWORK);
	CHECK_INT(m.code, LOGIN_COMPLETE);
	auth_says(MESSAGE_RESULT, RESULT_OK, "a b c");
	CHECK_STR(heard(), "+OK a b c\r\n");
	CHECK_INT(c.state, CONN_UP);
}

static void session(void)
{
	begin();
	CHECK(!conn_reads(&c)); /* before it is greeted */
	CHECK_INT(told(MESSAGE_OPEN).client.s_addr, unit_ipv4("203.0.113.5").s_addr);
	end();
	up();
	/* The FIN comes when the tunnel is gone. */
	client_says("quit\r\n");
	CHECK_STR(heard(), "+OK tunnel server quitting\r\n");
	told(MESSAGE_CLOSE);
	CHECK(!conn_reads(&c));
	auth_says(MESSAGE_GONE, 0, "");
	CHECK_STR(heard(), "FIN");
	CHECK_INT(c.state, CONN_LINGER);
	/* Then the client closes, and the slot is free. */
	shutdown(client, SHUT_WR);
	conn_read(&shared, &c);
	CHECK_INT(c.state, CONN_FREE);
	told_nothing();
	end();
	up();
	client_says("quit\r\n");
	heard();
	told(MESSAGE_CLOSE);
	auth_says(MESSAGE_GONE, 0, "");
	heard();
	/* Who cannot be waited for has left once, and does not do so again. */
	conn_drop(&shared, &c);
	CHECK_INT(c.state, CONN_FREE);
	told_nothing();
	end();
}

/* Lines that come before the answer to the one before wait for it. */
static void waits(void)
{
	greeted();
	client_says("tunnel foo 0123456789abcdef0123456789abcdef network\r\nhelp\r\n");
	told(MESSAGE_LOGIN);
	CHECK_STR(heard(), "");
	auth_says(MESSAGE_RESULT, RESULT_FAILED, "");
	CHECK_STR(heard(), "-ERR authentication failed.\r\n"
			   "+OK valid commands are: TUNNEL PING HELP QUIT\r\n");
	CHECK_INT(c.state, CONN_OPEN);
	client_says("tunnel foo 0123456789abcdef0123456789abcdef network\r\n");
	told(MESSAGE_LOGIN);
	auth_says(MESSAGE_RESULT, RESULT_LAST, "");
	CHECK_STR(heard(), "-ERR authentication failed.\r\nFIN");
	told(MESSAGE_CLOSE);
	end();
}

/* A word of auth's that is late, or of another time of the slot, is about nothing. */
static void late(void)
{
	struct message m = {.kind = MESSAGE_END, .slot = 3, .generation = 6};

	up();
	conn_hear(&shared, &c, &m);
	auth_says(MESSAGE_CHALLENGE, 0, "c0ffee");
	auth_says(MESSAGE_RESULT, RESULT_OK, "a b c");
	CHECK_STR(heard(), "");
	CHECK_INT(c.state, CONN_UP);
	end();
}

/* Without a tunnel nothing is waited for; but the slot stays until auth lets go of it. */
static void slot_stays(void)
{
	greeted();
	client_says("quit\r\n");
	CHECK_STR(heard(), "+OK tunnel server quitting\r\nFIN");
	told(MESSAGE_CLOSE);
	shutdown(client, SHUT_WR);
	conn_read(&shared, &c);
	CHECK_INT(c.fd, -1);
	CHECK(c.state != CONN_FREE);
	auth_says(MESSAGE_GONE, 0, "");
	CHECK_INT(c.state, CONN_FREE);
	end();
	/* It has: it refuses the connection, or ends the session. */
	begin();
	told(MESSAGE_OPEN);
	auth_says(MESSAGE_REFUSED, END_BLOCKED, "");
	CHECK_HAS(heard(), "disconnecting\r\nFIN");
	told_nothing();
	end();
	up();
	auth_says(MESSAGE_END, END_DISPLACED, "");
	CHECK_STR(heard(),
		  "-ERR a newer login of this user has the tunnel now, disconnecting\r\nFIN");
	told_nothing();
	end();
}

static void keepalives(void)
{
	int64_t before;

	greeted();
	client_says("ping\r\n");
	CHECK_STR(heard(), "+OK pong\r\n");
	CHECK(!c.pinged); /* there is no session that it would keep alive */
	CHECK_INT(shared.tell_at, CLOCK_NEVER);
	end();
	up();
	shared.n_heard = 100;
	before = clock_ms();
	client_says("PING\n");
	CHECK_STR(heard(), "+OK pong\r\n");
	CHECK(c.pinged);
	CHECK(shared.tell_at >= before + 1000 && shared.tell_at <= clock_ms() + 1000);
	told_nothing();
	conn_tell_ping(&shared, &c, c.pinged_at + 5000);
	CHECK_INT(told(MESSAGE_PINGED).code, 5);
	CHECK(!c.pinged);
	/* One who is alone does not wait for others. */
	shared.n_heard = 1;
	client_says("ping\n");
	CHECK(shared.tell_at <= clock_ms() + 10);
	/* However late, it is a number that may be sent. */
	conn_tell_ping(&shared, &c, c.pinged_at + 1000LL * 1000 * 1000);
	CHECK_INT(told(MESSAGE_PINGED).code, PINGED_MOST_S);
	end();
}

/* The deadline is so many seconds after what was heard last, at most; a machine may be slow
 * meanwhile. */
static bool is_due_in(int64_t from, int64_t seconds)
{
	return c.deadline >= from + seconds * 1000 && c.deadline <= clock_ms() + seconds * 1000;
}

static void silent(void)
{
	int64_t from = clock_ms();

	greeted();
	CHECK(is_due_in(from, 60)); /* before a login, whatever the time of a session */
	shared.idle = 1;
	conn_set_idle(&shared, &c, 300);
	CHECK(is_due_in(from, 60));
	/* Bytes that are no line keep nobody here. */
	client_says("x");
	CHECK(c.deadline <= from + 60 * 1000 + (clock_ms() - from));
	from = clock_ms();
	client_says("\r\n");
	CHECK_STR(heard(), "-ERR invalid command\r\n");
	CHECK(is_due_in(from, 60));
	conn_timed_out(&shared, &c);
	CHECK_STR(heard(), "-ERR connection timed out, disconnecting\r\nFIN");
	told(MESSAGE_CLOSE);
	end();
	from = clock_ms();
	up();
	CHECK(is_due_in(from, 300));
	shared.idle = 30;
	conn_set_idle(&shared, &c, 300);
	CHECK(is_due_in(from, 30));
	conn_timed_out(&shared, &c);
	CHECK_STR(heard(), "-ERR connection timed out, disconnecting\r\n");
	told(MESSAGE_CLOSE);
	auth_says(MESSAGE_GONE, 0, "");
	CHECK_STR(heard(), "FIN");
	/* One that does not close, either, is not waited for. */
	conn_timed_out(&shared, &c);
	CHECK_INT(c.state, CONN_FREE);
	end();
}

static void bad(void)
{
	char text[2000];

	up();
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	client_says(text);
	CHECK_HAS(heard(), "-ERR line too long");
	told(MESSAGE_CLOSE);
	end();
	greeted();
	client_says("ping\n\x1b[2J\n");
	CHECK_HAS(heard(), "+OK pong\r\n-ERR line too long, or with a control character");
	told(MESSAGE_CLOSE);
	end();
}

/* One that sends and never reads is hung up on. */
static void full(void)
{
	up();
	for (int i = 0; i < 1000000 && c.state == CONN_UP; i++)
		client_says("help\r\n");
	CHECK_INT(c.fd, -1);
	told(MESSAGE_CLOSE);
	CHECK(c.state != CONN_FREE);
	auth_says(MESSAGE_GONE, 0, "");
	CHECK_INT(c.state, CONN_FREE);
	end();
}

static void goes(void)
{
	greeted();
	conn_make_way(&shared, &c);
	CHECK_STR(heard(), "-ERR too many connections, disconnecting\r\nFIN");
	CHECK_INT(c.fd, -1);
	told(MESSAGE_CLOSE);
	end();
	up();
	conn_drop(&shared, &c);
	CHECK_STR(heard(), "FIN");
	told(MESSAGE_CLOSE);
	end();
	up();
	conn_say_goodbye(&c);
	CHECK_STR(heard(), "-ERR tunnel server is stopping, disconnecting\r\nFIN");
	told_nothing();
	end();
}

/* What is not complete has a place, and nothing else has. */
static void half(void)
{
	up();
	CHECK(!c.line);
	client_says("pi");
	CHECK(c.line);
	CHECK_STR(heard(), "");
	client_says("ng\r\nhe");
	CHECK_STR(heard(), "+OK pong\r\n");
	CHECK(c.line);
	client_says("lp\r\n");
	CHECK_HAS(heard(), "+OK valid commands");
	CHECK(!c.line);
	end();
	greeted();
	client_says("tunnel foo 0123456789abcdef0123456789abcdef network\r\nping\r\npi");
	CHECK(c.line);
	auth_says(MESSAGE_RESULT, RESULT_OK, "a");
	CHECK_STR(heard(), "+OK a\r\n+OK pong\r\n");
	CHECK(c.line);
	client_says("\n");
	client_says("qui");
	close(client);
	client = -1;
	conn_read(&shared, &c);
	CHECK(!c.line && c.state == CONN_LEAVING);
	end();
	greeted();
	client_says("pi");
	auth_says(MESSAGE_END, END_LOST, "");
	CHECK(!c.line);
	end();
}

static const struct unit_case cases[] = {
	{"a session from its greeting to its FIN", session},
	{"lines wait for the answer to a login", waits},
	{"a word of auth's that is late changes nothing", late},
	{"the slot is auth's until it lets go of it", slot_stays},
	{"keepalives are told to auth together", keepalives},
	{"silence ends it, after a minute before a login", silent},
	{"a line that is too long, or has a control character, ends it", bad},
	{"one that never reads is not waited for", full},
	{"one that has to go, cannot be read from, or is there at the end", goes},
	{"only a line that is not complete, or cannot be answered yet, takes memory", half},
};

UNIT_MAIN(cases)
