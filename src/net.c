/* SPDX-License-Identifier: ISC */
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum net_result net_wait(const struct net *n, int fd, short events)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = n->channel, .events = POLLIN}};

	for (;;) {
		int r = poll(p, 2, clock_poll_timeout(n->deadline, clock_ms()));

		if (r < 0 && errno != EINTR)
			return NET_ERROR;
		if (r > 0 && p[1].revents)
			return NET_STOP;
		if (r > 0 && p[0].revents)
			return NET_OK;
		if (clock_ms() >= n->deadline)
			return NET_TIMEOUT;
	}
}

/* The kernel tells of a new address before it can be bound to (Linux 7.2 with one
 * processor some ms before): it is waited for that much. */
enum { BIND_TRIES = 20, BIND_PAUSE_MS = 5 };

static enum net_result bind_to(const struct net *n, const struct sockaddr_in *from)
{
	for (unsigned tries = 1;; tries++) {
		if (bind(n->fd, (const struct sockaddr *)from, sizeof *from) == 0)
			return NET_OK;
		if (errno != EADDRNOTAVAIL || tries == BIND_TRIES)
			return NET_ERROR;
		if (clock_wait(n->channel, clock_ms() + BIND_PAUSE_MS) > 0)
			return NET_STOP;
	}
}

static enum net_result finish_connect(struct net *n)
{
	enum net_result r = net_wait(n, n->fd, POLLOUT);
	int err = 0;
	socklen_t len = sizeof err;

	if (r != NET_OK)
		return r;
	if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return NET_ERROR;
	errno = err;
	return err ? NET_ERROR : NET_OK;
}

enum net_result net_connect(struct net *n, struct in_addr *local, struct in_addr remote,
			    uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = remote};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = *local};
	socklen_t len = sizeof from;
	enum net_result r = NET_OK;

	memset(&n->in, 0, sizeof n->in);
	n->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (n->fd < 0)
		return NET_ERROR;
	if (local->s_addr)
		r = bind_to(n, &from);
	if (r == NET_OK && connect(n->fd, (struct sockaddr *)&to, sizeof to) < 0)
		r = errno == EINPROGRESS || errno == EINTR ? finish_connect(n) : NET_ERROR;
	if (r == NET_OK && getsockname(n->fd, (struct sockaddr *)&from, &len) < 0)
		r = NET_ERROR;
	if (r == NET_OK)
		*local = from.sin_addr;
	else
		net_close(n);
	return r;
}

static enum net_result from_line_status(enum line_status s)
{
	switch (s) {
	case LINE_READY:
		return NET_OK;
	case LINE_TOO_LONG:
		return NET_TOO_LONG;
	case LINE_CONTROL:
		return NET_CONTROL;
	default:
		return NET_TIMEOUT;
	}
}

enum net_result net_take_line(struct net *n, const char **text)
{
	enum net_result r = from_line_status(line_next(&n->in, text));
	size_t room;
	ssize_t got;
	char *at;

	if (r != NET_TIMEOUT)
		return r;
	at = line_room(&n->in, &room);
	got = read(n->fd, at, room);
	if (got == 0)
		return NET_CLOSED;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? NET_TIMEOUT : NET_ERROR;
	line_added(&n->in, (size_t)got);
	return from_line_status(line_next(&n->in, text));
}

enum net_result net_line(struct net *n, const char **text)
{
	enum net_result r = from_line_status(line_next(&n->in, text));

	while (r == NET_TIMEOUT) {
		r = net_wait(n, n->fd, POLLIN);
		if (r == NET_OK)
			r = net_take_line(n, text);
		else
			break;
	}
	return r;
}

enum net_result net_write(struct net *n, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t done = send(n->fd, buf, len, MSG_NOSIGNAL);
		enum net_result r;

		if (done >= 0) {
			buf += done;
			len -= (size_t)done;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return NET_ERROR;
		r = net_wait(n, n->fd, POLLOUT);
		if (r != NET_OK)
			return r;
	}
	return NET_OK;
}

void net_close(struct net *n)
{
	int saved = errno;

	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	errno = saved;
}

const char *net_result_text(enum net_result r)
{
	switch (r) {
	case NET_OK:
		return "no error";
	case NET_TIMEOUT:
		return "gave no answer in time";
	case NET_CLOSED:
		return "closed the connection";
	case NET_ERROR:
		return strerror(errno);
	case NET_STOP:
		return "interrupted";
	case NET_TOO_LONG:
		return "sent a line of more than 512 bytes";
	case NET_CONTROL:
		return "sent a control character";
	}
	return "unknown result";
}
