/* SPDX-License-Identifier: ISC */
/* bare ADDRESS: the least that could hold a crowd of connections: one process that
 * accepts, reads a line, answers it, and polls. Port 7. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { ROOM = 2048 };

static struct line {
	char text[WIRE_LINE];
	size_t len;
} lines[ROOM];
static struct pollfd polled[ROOM];
static nfds_t used = 1;

static void hear(nfds_t i)
{
	struct line *l = &lines[i];
	ssize_t n = read(polled[i].fd, l->text + l->len, sizeof l->text - l->len);

	if (n > 0)
		l->len += (size_t)n;
	if (n <= 0 || l->len == sizeof l->text) {
		close(polled[i].fd);
		polled[i].fd = -1;
	} else if (memchr(l->text, '\n', l->len)) {
		l->len = 0;
		if (send(polled[i].fd, "+OK pong\r\n", 10, MSG_NOSIGNAL) < 0)
			return; /* the client is gone, which poll() will tell */
	}
}

static void welcome(void)
{
	int one = 1, fd = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (used == ROOM) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	polled[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

int main(int argc, char *argv[])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7)};
	const struct rlimit most = {ROOM + 16, ROOM + 16};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1)
		return 64;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (setrlimit(RLIMIT_NOFILE, &most) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, ROOM) < 0)
		wire_die("listen");
	polled[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(polled, used, -1) < 0)
			wire_die("poll");
		for (nfds_t i = 1; i < used; i++)
			if (polled[i].fd >= 0 && polled[i].revents)
				hear(i);
		if (polled[0].revents)
			welcome();
	}
}
