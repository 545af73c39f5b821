/* SPDX-License-Identifier: ISC */
#include "session/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

static struct connection fresh(int channel)
{
	struct connection n = {.fd = -1, .channel = channel, .deadline = clock_ms() + 10000};

	return n;
}

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void connects(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = unit_ipv4("127.0.0.1")};
	struct in_addr any = {0};
	struct connection n = fresh(-1);
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_INT(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_INT(listen(listener, 1), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	CHECK_INT(connection_connect(&n, tcp(), &any, at.sin_addr, ntohs(at.sin_port)), CONNECTION_OK);
	CHECK_INT(any.s_addr, at.sin_addr.s_addr);
	CHECK(n.fd >= 0);
	connection_close(&n);
	close(listener);
	CHECK_INT(connection_connect(&n, tcp(), &any, at.sin_addr, ntohs(at.sin_port)), CONNECTION_ERROR);
	CHECK_INT(errno, ECONNREFUSED);
	CHECK_INT(n.fd, -1);
}

/* 192.0.2.1 is on no host (RFC 5737). */
static void bind_waits(void)
{
	struct in_addr absent = unit_ipv4("192.0.2.1");
	int64_t began = clock_ms();
	struct connection n = fresh(-1);

	CHECK_INT(connection_connect(&n, tcp(), &absent, unit_ipv4("127.0.0.1"), 1), CONNECTION_ERROR);
	CHECK_INT(errno, EADDRNOTAVAIL);
	CHECK(clock_ms() - began >= 50);
	CHECK_INT(n.fd, -1);
}

static void bind_stops(void)
{
	struct in_addr absent = unit_ipv4("192.0.2.1");
	int pair[2] = {-1, -1};
	struct connection n;

	CHECK_INT(pipe(pair), 0);
	CHECK_INT(write(pair[1], "x", 1), 1);
	n = fresh(pair[0]);
	CHECK_INT(connection_connect(&n, tcp(), &absent, unit_ipv4("127.0.0.1"), 1), CONNECTION_STOP);
	CHECK_INT(n.fd, -1);
	close(pair[0]);
	close(pair[1]);
}

static const struct unit_case cases[] = {
	{"a connection is made, or refused and closed", connects},
	{"an address that cannot be bound yet is waited for", bind_waits},
	{"what the keeper has to say ends that wait", bind_stops},
};
UNIT_MAIN(cases)
