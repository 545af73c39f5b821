/* SPDX-License-Identifier: ISC */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/line.h"

/* One TCP connection, read line by line. Each wait ends at the deadline, or as soon as
 * the keeper has something to say. */
struct connection {
	int fd;		  /* non-blocking; -1: none */
	int channel;	  /* what arrives here stops every wait; -1: none */
	int64_t deadline; /* of clock_ms() */
	struct line in;
};

enum connection_result {
	CONNECTION_OK,
	CONNECTION_TIMEOUT,
	CONNECTION_CLOSED, /* by the other side */
	CONNECTION_ERROR,  /* errno says which */
	CONNECTION_STOP,   /* the keeper has something to say, or is gone */
	CONNECTION_TOO_LONG,
	CONNECTION_CONTROL /* a line with a control character */
};

/* Waits for events (poll(2)) on fd, which need not be n's own. */
enum connection_result connection_wait(const struct connection *n, int fd, short events);

/* Connects a non-blocking socket, which is n's from now on, from local (0.0.0.0: any)
 * to remote and port (host order). On CONNECTION_OK *local is the address that it is
 * bound to; otherwise it is closed. */
enum connection_result connection_connect(struct connection *n, int fd, struct in_addr *local,
					  struct in_addr remote, uint16_t port);

/* Reads one line; text as with line_next(). */
enum connection_result connection_line(struct connection *n, const char **text);

/* The same without waiting, after one read at most: CONNECTION_TIMEOUT where no whole
 * line is there yet. */
enum connection_result connection_take_line(struct connection *n, const char **text);

/* Writes len bytes. */
enum connection_result connection_write(struct connection *n, const char *buf, size_t len);

void connection_close(struct connection *n);

/* What a result means, for a message: "closed the connection", ... */
const char *connection_result_text(enum connection_result r);

#endif
