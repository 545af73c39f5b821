/* SPDX-License-Identifier: ISC */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"

/* One TCP connection, read by lines and written, all of it before a deadline
 * and only until the keeper has something to say. */
struct net {
	int fd;           /* non-blocking; -1: none */
	int channel;      /* what arrives here stops every wait; -1: none */
	int64_t deadline; /* of clock_ms() */
	struct line in;
};

enum net_result {
	NET_OK,
	NET_TIMEOUT,
	NET_CLOSED,  /* by the other side */
	NET_ERROR,   /* errno says which */
	NET_STOP,    /* the keeper has something to say, or is gone */
	NET_TOO_LONG,
	NET_CONTROL  /* a line with a control character */
};

/* Waits for events (poll(2)) on fd, which need not be n's own. */
enum net_result net_wait(const struct net *n, int fd, short events);

/* Connects from local (0.0.0.0: any) to remote and port (host order). On
 * NET_OK, n->fd is open and *local is the address that it is bound to. */
enum net_result net_connect(struct net *n, struct in_addr *local, struct in_addr remote,
			    uint16_t port);

/* Reads one line; text as with line_next(). */
enum net_result net_line(struct net *n, const char **text);

/* The same without waiting, after one read at most: NET_TIMEOUT where no whole
 * line is there yet. */
enum net_result net_take_line(struct net *n, const char **text);

/* Writes len bytes. */
enum net_result net_write(struct net *n, const char *buf, size_t len);

void net_close(struct net *n);

/* What a result means, for a message: "closed the connection", ... */
const char *net_result_text(enum net_result r);

#endif
