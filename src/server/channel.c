/* SPDX-License-Identifier: ISC */
#include "server/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool channel_init(struct channel *c, int fd, size_t room)
{
	*c = (struct channel){.fd = fd, .room = room};
	c->queue = calloc(room, sizeof *c->queue);
	return c->queue;
}

bool channel_reserve(struct channel *c, size_t more)
{
	struct message *queue = calloc(c->room + more, sizeof *queue);

	if (!queue)
		return false;
	for (size_t i = 0; i < c->used; i++) {
		struct message *m = &c->queue[(c->first + i) % c->room];

		queue[i] = *m;
		explicit_bzero(m, sizeof *m);
	}
	free(c->queue);
	c->queue = queue;
	c->room += more;
	c->first = 0;
	return true;
}

/* False where the other side does not read at the moment, or never will again. */
static bool send_now(struct channel *c, const struct message *m)
{
	ssize_t n;

	do {
		n = send(c->fd, m, sizeof *m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof *m && errno != EAGAIN && errno != ENOBUFS)
		c->broken = true;
	return n == (ssize_t)sizeof *m;
}

void channel_flush(struct channel *c)
{
	while (c->used > 0 && !c->broken && send_now(c, &c->queue[c->first])) {
		/* It may have been a password. */
		explicit_bzero(&c->queue[c->first], sizeof *c->queue);
		c->first = (c->first + 1) % c->room;
		c->used--;
	}
	if (c->used == 0)
		c->first = 0; /* memory that was not used yet stays so */
}

void channel_send(struct channel *c, const struct message *m)
{
	channel_flush(c);
	if (c->broken || (c->used == 0 && send_now(c, m)))
		return;
	if (c->used == c->room)
		c->broken = true;
	else
		c->queue[(c->first + c->used++) % c->room] = *m;
}

short channel_events(const struct channel *c, bool read)
{
	return (short)((read ? POLLIN : 0) | (c->used > 0 ? POLLOUT : 0));
}

bool channel_lags(const struct channel *c)
{
	return c->used > 0;
}

bool channel_busy(const struct channel *c)
{
	return c->used > c->room / 2;
}

int channel_receive(struct channel *c, struct message *m, enum message_from from, uint32_t slots)
{
	ssize_t n;

	do {
		n = recv(c->fd, m, sizeof *m, MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n == (ssize_t)sizeof *m && message_ok(m, from, slots))
		return 1;
	c->broken = true;
	return -1;
}
