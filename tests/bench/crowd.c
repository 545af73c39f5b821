/* SPDX-License-Identifier: ISC */
/* crowd ADDRESS PORT [bare]: very many clients of a DTCP server in one process. Client N,
 * from 1 on, is user uN, has the password `bar`, and comes from an address of its own (wire.h). Reads
 * orders, one a line, and answers each with a line when it is carried out:
 *
 *   up FIRST COUNT MS    these connect, evenly within MS, and log in. `up US LOST`: the
 *                        microseconds until the last has its tunnel, and how many
 *                        connections ended before, each of which was made anew 2 s later
 *   ping COUNT           the clients that are up say ping and wait for the answer, in
 *                        turn, a few ms apart
 *   vanish FIRST COUNT   these are gone, and no packet tells
 *   down FIRST COUNT     these close their connections; `down` when the server has, too
 *
 * With `bare` the other side is bare.c, which knows no login. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { CLIENTS = 2048, RETRY_US = 2000000, LIMIT_US = 300000000 };

enum state { AWAY, DUE, CONNECTING, GREETED, LOGGED_IN };

static struct client {
	enum state state;
	long long due;
	char line[WIRE_LINE];
	size_t len;
} clients[CLIENTS];
static struct pollfd polled[CLIENTS]; /* by client */
static int epoll;
static struct sockaddr_in server;
static int bare;
static long lost;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void hang_up(int n)
{
	close(polled[n].fd);
	polled[n].fd = -1;
	clients[n].state = AWAY;
	clients[n].len = 0;
}

static void try_again(int n, const char *why)
{
	fprintf(stderr, "client %d: %s\n", n, why);
	hang_up(n);
	clients[n].state = DUE;
	clients[n].due = now_us() + RETRY_US;
	lost++;
}

static void watch(int n, int what, unsigned events)
{
	struct epoll_event e = {.events = events, .data.u32 = (unsigned)n};

	if (epoll_ctl(epoll, what, polled[n].fd, &e) < 0)
		wire_die("epoll");
}

static void dial(int n)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	own.sin_addr.s_addr = address_of((unsigned)n);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0)
		wire_die("socket");
	polled[n] = (struct pollfd){.fd = fd, .events = POLLOUT};
	watch(n, EPOLL_CTL_ADD, EPOLLOUT);
	clients[n].state = CONNECTING;
	/* Whether that succeeds is seen when it can be written to. */
	if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0)
		return;
}

static void say(int n, const char *text)
{
	if (send(polled[n].fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return; /* poll() will tell */
}

/* "+OK CHALLENGE ..." */
static void log_in(int n, const char *greeting)
{
	char challenge[WIRE_HEX], response[WIRE_HEX], user[16], text[WIRE_LINE];

	if (sscanf(greeting, "+OK %32s", challenge) != 1) {
		try_again(n, greeting);
		return;
	}
	snprintf(user, sizeof user, "u%d", n);
	wire_response(user, challenge, "bar", response);
	snprintf(text, sizeof text, "tunnel %s %s network\r\n", user, response);
	say(n, text);
	clients[n].state = GREETED;
}

static void obey(int n, const char *line)
{
	if (clients[n].state == CONNECTING)
		log_in(n, line);
	else if (clients[n].state == GREETED && strncmp(line, "+OK", 3) == 0)
		clients[n].state = LOGGED_IN;
	else if (clients[n].state == GREETED)
		try_again(n, line);
}

/* One line at a time is all that a server says here. */
static void hear(int n)
{
	struct client *c = &clients[n];
	ssize_t got;
	char *end;

	if (c->state == CONNECTING && (polled[n].revents & POLLOUT)) {
		watch(n, EPOLL_CTL_MOD, EPOLLIN);
		if (bare && !(polled[n].revents & (POLLERR | POLLHUP)))
			c->state = LOGGED_IN;
	}
	got = recv(polled[n].fd, c->line + c->len, sizeof c->line - 1 - c->len, MSG_DONTWAIT);
	if (got < 0 && !(polled[n].revents & (POLLERR | POLLHUP)))
		return;
	if (got <= 0) {
		try_again(n, "the connection ended");
		return;
	}
	c->len += (size_t)got;
	c->line[c->len] = '\0';
	end = strchr(c->line, '\n');
	if (!end)
		return;
	*end = '\0';
	c->len = 0;
	obey(n, c->line);
}

/* Waits for what the servers say, until something is due; returns how many of these are
 * logged in. */
static int turn(int first, int count)
{
	long long now = now_us(), wait = 1000000;
	struct epoll_event events[64];
	int up = 0, got;

	for (int n = first; n < first + count; n++) {
		struct client *c = &clients[n];

		if (c->state == DUE && c->due <= now)
			dial(n);
		if (c->state == DUE && c->due - now < wait)
			wait = c->due - now;
	}
	got = epoll_wait(epoll, events, 64, (int)(wait / 1000) + 1);
	for (int i = 0; i < got; i++) {
		polled[events[i].data.u32].revents = (short)events[i].events;
		hear((int)events[i].data.u32);
	}
	for (int n = first; n < first + count; n++)
		up += clients[n].state == LOGGED_IN;
	return up;
}

static void go_up(int first, int count, long ms)
{
	long long begin = now_us();

	lost = 0;
	for (int n = first; n < first + count; n++) {
		clients[n].state = DUE;
		clients[n].due = begin + 1000LL * ms * (n - first) / count;
	}
	while (turn(first, count) < count)
		if (now_us() - begin > LIMIT_US) {
			printf("failed\n");
			return;
		}
	printf("up %lld %ld\n", now_us() - begin, lost);
}

static int say_ping(int n)
{
	struct pollfd p = {.fd = polled[n].fd, .events = POLLIN};
	char answer[WIRE_LINE];

	say(n, "ping\r\n");
	return poll(&p, 1, 10000) == 1 && recv(p.fd, answer, sizeof answer, MSG_DONTWAIT) > 3 &&
	       answer[0] == '+';
}

/* Not evenly, since the kernel of the lab counts processor time in ticks. */
static void ping(int count)
{
	static int n;

	for (int done = 0, idle = 0; done < count; idle++) {
		struct timespec pause = {0, (1500 + random() % 2000) * 1000L};

		n = (n + 1) % CLIENTS;
		if (clients[n].state != LOGGED_IN) {
			if (idle < CLIENTS)
				continue;
			printf("failed\n");
			return;
		}
		if (!say_ping(n)) {
			printf("failed\n");
			return;
		}
		idle = 0;
		done++;
		nanosleep(&pause, NULL);
	}
	printf("pinged\n");
}

static void vanish(int first, int count)
{
	for (int n = first; n < first + count; n++) {
		int on = 1;

		if (setsockopt(polled[n].fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0)
			wire_die("TCP_REPAIR");
		hang_up(n);
	}
	printf("vanished\n");
}

static void go_down(int first, int count)
{
	char rest[WIRE_LINE];

	for (int n = first; n < first + count; n++)
		shutdown(polled[n].fd, SHUT_WR);
	for (int n = first; n < first + count; n++) {
		struct pollfd p = {.fd = polled[n].fd, .events = POLLIN};

		while (poll(&p, 1, 60000) == 1 && recv(p.fd, rest, sizeof rest, 0) > 0)
			continue;
		hang_up(n);
	}
	printf("down\n");
}

static int in_range(int first, int count)
{
	return first > 0 && count > 0 && count < CLIENTS && first + count <= CLIENTS;
}

static int carry_out(const char *order)
{
	int first, count;
	long ms;

	if (sscanf(order, "up %d %d %ld", &first, &count, &ms) == 3 && in_range(first, count))
		go_up(first, count, ms);
	else if (sscanf(order, "ping %d", &count) == 1)
		ping(count);
	else if (sscanf(order, "vanish %d %d", &first, &count) == 2 && in_range(first, count))
		vanish(first, count);
	else if (sscanf(order, "down %d %d", &first, &count) == 2 && in_range(first, count))
		go_down(first, count);
	else
		return 0;
	fflush(stdout);
	return 1;
}

int main(int argc, char *argv[])
{
	const struct rlimit most = {CLIENTS + 16, CLIENTS + 16};
	char order[64];

	server = (struct sockaddr_in){.sin_family = AF_INET};
	if (argc < 3 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
		return 64;
	server.sin_port = htons((uint16_t)atoi(argv[2]));
	bare = argc > 3;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (setrlimit(RLIMIT_NOFILE, &most) < 0)
		wire_die("setrlimit");
	for (int n = 0; n < CLIENTS; n++)
		polled[n].fd = -1;
	while (fgets(order, sizeof order, stdin))
		if (!carry_out(order)) {
			fprintf(stderr, "no such order: %s", order);
			return 64;
		}
	return 0;
}
