/* SPDX-License-Identifier: ISC */
#include "server/channel.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static struct channel a, b;

static void start(size_t room)
{
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK(channel_init(&a, pair[0], room) && channel_init(&b, pair[1], room));
}

static void end(void)
{
	close(a.fd);
	close(b.fd);
	free(a.queue);
	free(b.queue);
}

static void send_number(uint32_t n)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = MESSAGE_LEFT;
	m.generation = n;
	channel_send(&a, &m);
}

/* The number of the next message, -1 where there is none, -2 where b is broken. */
static long receive(void)
{
	struct message m;
	int got = channel_receive(&b, &m, FROM_AUTH_TO_ROOT, 1);

	return got > 0 ? (long)m.generation : got - 1;
}

static void order(void)
{
	const uint32_t most = 4000;
	uint32_t next = 0;

	start(most);
	CHECK_INT(receive(), -1);
	for (uint32_t i = 0; i < most; i++)
		send_number(i);
	CHECK(a.used > 0 && channel_busy(&a) && channel_lags(&a));
	CHECK_INT(channel_events(&a, false), POLLOUT);
	for (long got; (got = receive()) != -2 && next < most; channel_flush(&a))
		if (got >= 0)
			CHECK_INT(got, next++);
	CHECK_INT(next, most);
	CHECK(!channel_busy(&a) && !channel_lags(&a) && !a.broken);
	CHECK_INT(channel_events(&a, true), POLLIN);
	end();
}

static void full(void)
{
	start(4);
	for (uint32_t i = 0; i < 100000 && a.used < 4; i++)
		send_number(i);
	CHECK(!a.broken);
	CHECK(channel_reserve(&a, 1));
	CHECK_INT(a.room, 9);
	CHECK(channel_reserve(&a, 1)); /* once more: there is room */
	CHECK_INT(a.room, 9);
	for (uint32_t i = 4; i < 9; i++)
		send_number(i);
	CHECK(!a.broken);
	send_number(9);
	CHECK(a.broken);
	end();
}

/* User number n, with a name and a password of their own lengths. */
static void make_user(struct message *m, uint32_t n)
{
	memset(m, 0, sizeof *m);
	m->kind = MESSAGE_USER;
	m->user = n;
	memset(m->name, 'a' + (int)(n % 26), n % sizeof m->name);
	memset(m->text, 'A' + (int)(n % 26), n % 7 ? n % 20 : n % sizeof m->text);
}

/* Takes those that are there; returns the number of the next one. */
static uint32_t take_users(uint32_t next)
{
	struct message got, wanted;

	while (channel_receive(&b, &got, FROM_ROOT, 1) > 0) {
		make_user(&wanted, next++);
		CHECK(memcmp(&got, &wanted, sizeof got) == 0);
	}
	CHECK(!b.broken);
	return next;
}

static void contents(void)
{
	const uint32_t most = 3000, all = 20000;
	uint32_t sent = 1, got = 1;
	struct message m;
	size_t left = 0, waits = 0;

	start(most);
	memset(a.queue, 0, most * sizeof m);
	while (sent <= all) {
		/* The queue is never empty, and mostly far from full. */
		while (a.used < 1000 && sent <= all) {
			make_user(&m, sent++);
			channel_send(&a, &m);
			waits = a.end - a.first > waits ? a.end - a.first : waits;
			/* What was sent leaves room for what comes. */
			CHECK(a.first <= a.end && a.end <= 2 * waits);
		}
		got = take_users(got);
		if (sent <= all)
			channel_flush(&a);
	}
	while (a.used > 0) {
		channel_flush(&a);
		got = take_users(got);
	}
	CHECK_INT(got, all + 1);
	/* There were passwords in it. */
	for (size_t i = 0; i < most * sizeof m; i++)
		left += a.queue[i] != 0;
	CHECK_INT(left, 0);
	end();
}

/* What says of a login whether its response had capital letters. */
static void login(void)
{
	struct message m = {.kind = MESSAGE_LEFT}, got = {0};

	start(4000);
	while (a.used == 0)
		channel_send(&a, &m);
	memset(m.response, 0xab, sizeof m.response);
	m.kind = MESSAGE_LOGIN;
	m.upper = 1;
	snprintf(m.name, sizeof m.name, "foo");
	channel_send(&a, &m);
	while (channel_busy(&a) || got.kind != MESSAGE_LOGIN) {
		ssize_t n = recv(b.fd, &got, sizeof got, 0);

		CHECK(n > 0);
		channel_flush(&a);
	}
	CHECK(memcmp(&got, &m, sizeof got) == 0);
	end();
}

static void small(void)
{
	start(4000);
	for (uint32_t i = 0; i < 3000; i++)
		send_number(i);
	CHECK(a.used > 1000);
	CHECK(a.end <= 64 * a.used);
	end();
}

static void gone(void)
{
	struct message m;

	start(4);
	/* What the other role may not say. */
	memset(&m, 0, sizeof m);
	m.kind = MESSAGE_USERS_END;
	channel_send(&a, &m);
	CHECK_INT(receive(), -2);
	CHECK(b.broken);
	end();
	start(4);
	CHECK_INT(send(a.fd, "x", 1, 0), 1);
	CHECK_INT(receive(), -2);
	end();
	start(4);
	shutdown(a.fd, SHUT_RDWR);
	CHECK_INT(receive(), -2);
	send_number(1);
	CHECK(a.broken);
	end();
}

static const struct unit_case cases[] = {
	{"messages come in their order, however many wait", order},
	{"a full queue breaks the channel, and can be made larger before", full},
	{"what waits arrives as it was, and leaves nothing behind", contents},
	{"a login that waits says how its response was written", login},
	{"what waits takes little memory where it says little", small},
	{"the other side's end, and what it may not say, break the channel", gone},
};

UNIT_MAIN(cases)
