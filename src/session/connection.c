/* SPDX-License-Identifier: ISC */
#include "session/connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

enum connection_result connection_wait(const struct connection *n, int fd, short events)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = n->channel, .events = POLLIN}};

	for (;;) {
		int r = poll(p, 2, clock_poll_timeout(n->deadline, clock_ms()));

		if (r < 0 && errno != EINTR)
			return CONNECTION_ERROR;
		if (r > 0 && p[1].revents)
			return CONNECTION_STOP;
		if (r > 0 && p[0].revents)
			return CONNECTION_OK;
		if (clock_ms() >= n->deadline)
			return CONNECTION_TIMEOUT;
	}
}

/* The kernel may tell of a new address some milliseconds before it can be bound to (seen with
 * Linux 7.2 on one processor). So bind(2) is tried again for that long. */
enum { BIND_TRIES = 20, BIND_PAUSE_MS = 5 };

static enum connection_result bind_to(const struct connection *n, const struct sockaddr_in *from)
{
	for (unsigned tries = 1;; tries++) {
		if (bind(n->fd, (const struct sockaddr *)from, sizeof *from) == 0)
			return CONNECTION_OK;
		if (errno != EADDRNOTAVAIL || tries == BIND_TRIES)
			return CONNECTION_ERROR;
		if (clock_wait(n->channel, clock_ms() + BIND_PAUSE_MS) > 0)
			return CONNECTION_STOP;
	}
}

static enum connection_result finish_connect(struct connection *n)
{
	enum connection_result r = connection_wait(n, n->fd, POLLOUT);
	int err = 0;
	socklen_t len = sizeof err;

	if (r != CONNECTION_OK)
		return r;
	if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return CONNECTION_ERROR;
	errno = err;
	return err ? CONNECTION_ERROR : CONNECTION_OK;
}

enum connection_result connection_connect(struct connection *n, int fd, struct in_addr *local,
					  struct in_addr remote, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = remote};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = *local};
	socklen_t len = sizeof from;
	enum connection_result r = CONNECTION_OK;

	memset(&n->in, 0, sizeof n->in);
	n->fd = fd;
	if (local->s_addr)
		r = bind_to(n, &from);
	if (r == CONNECTION_OK && connect(n->fd, (struct sockaddr *)&to, sizeof to) < 0)
		r = errno == EINPROGRESS || errno == EINTR ? finish_connect(n) : CONNECTION_ERROR;
	if (r == CONNECTION_OK && getsockname(n->fd, (struct sockaddr *)&from, &len) < 0)
		r = CONNECTION_ERROR;
	if (r == CONNECTION_OK)
		*local = from.sin_addr;
	else
		connection_close(n);
	return r;
}

static enum connection_result from_line_status(enum line_status s)
{
	switch (s) {
	case LINE_READY:
		return CONNECTION_OK;
	case LINE_TOO_LONG:
		return CONNECTION_TOO_LONG;
	case LINE_CONTROL:
		return CONNECTION_CONTROL;
	default:
		return CONNECTION_TIMEOUT;
	}
}

enum connection_result connection_take_line(struct connection *n, const char **text)
{
	enum connection_result r = from_line_status(line_next(&n->in, text));
	size_t room;
	ssize_t got;
	char *at;

	if (r != CONNECTION_TIMEOUT)
		return r;
	at = line_room(&n->in, &room);
	got = read(n->fd, at, room);
	if (got == 0)
		return CONNECTION_CLOSED;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? CONNECTION_TIMEOUT : CONNECTION_ERROR;
	line_added(&n->in, (size_t)got);
	return from_line_status(line_next(&n->in, text));
}

enum connection_result connection_line(struct connection *n, const char **text)
{
	enum connection_result r = from_line_status(line_next(&n->in, text));

	while (r == CONNECTION_TIMEOUT) {
		r = connection_wait(n, n->fd, POLLIN);
		if (r == CONNECTION_OK)
			r = connection_take_line(n, text);
		else
			break;
	}
	return r;
}

enum connection_result connection_write(struct connection *n, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t done = send(n->fd, buf, len, MSG_NOSIGNAL);
		enum connection_result r;

		if (done >= 0) {
			buf += done;
			len -= (size_t)done;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return CONNECTION_ERROR;
		r = connection_wait(n, n->fd, POLLOUT);
		if (r != CONNECTION_OK)
			return r;
	}
	return CONNECTION_OK;
}

void connection_close(struct connection *n)
{
	fd_close(&n->fd);
}

const char *connection_result_text(enum connection_result r)
{
	switch (r) {
	case CONNECTION_OK:
		return "no error";
	case CONNECTION_TIMEOUT:
		return "gave no answer in time";
	case CONNECTION_CLOSED:
		return "closed the connection";
	case CONNECTION_ERROR:
		return strerror(errno);
	case CONNECTION_STOP:
		return "interrupted";
	case CONNECTION_TOO_LONG:
		return "sent a line of more than 512 bytes";
	case CONNECTION_CONTROL:
		return "sent a control character";
	}
	return "unknown result";
}
