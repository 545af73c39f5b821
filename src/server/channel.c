/* SPDX-License-Identifier: ISC */
#include "server/channel.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"

/* A message without what nobody has written to: most have no text, or a short one, and
 * thousands may wait. Its texts come last. */
enum { FIXED = offsetof(struct message, name), LONGEST = sizeof(struct message) };

static size_t pack(unsigned char *to, const struct message *m)
{
	size_t name = strlen(m->name) + 1, text = strlen(m->text) + 1;

	memcpy(to, m, FIXED);
	memcpy(to + FIXED, m->name, name);
	memcpy(to + FIXED + name, m->text, text);
	return FIXED + name + text;
}

static size_t unpack(struct message *m, const unsigned char *from)
{
	size_t name = strlen((const char *)from + FIXED) + 1;
	size_t text = strlen((const char *)from + FIXED + name) + 1;

	memset(m, 0, sizeof *m);
	memcpy(m, from, FIXED);
	memcpy(m->name, from + FIXED, name);
	memcpy(m->text, from + FIXED + name, text);
	return FIXED + name + text;
}

bool channel_init(struct channel *c, int fd, size_t room)
{
	*c = (struct channel){.fd = fd, .made = room, .room = room};
	/* Not calloc(3), which may write to it: what is not used is to take no memory. */
	c->queue = malloc(room * LONGEST);
	return c->queue;
}

/* Passwords may have been there. */
static void wipe(struct channel *c, size_t from, size_t to)
{
	explicit_bzero(c->queue + from, to - from);
}

bool channel_reserve(struct channel *c, size_t more)
{
	size_t room = c->made + c->used + more;
	unsigned char *queue;

	if (room <= c->room)
		return true;
	queue = malloc(room * LONGEST);
	if (!queue)
		return false;
	memcpy(queue, c->queue + c->first, c->end - c->first);
	wipe(c, c->first, c->end);
	free(c->queue);
	c->queue = queue;
	c->room = room;
	c->end -= c->first;
	c->first = 0;
	return true;
}

/* False where the other side does not read at the moment, or never will again. */
static bool send_now(struct channel *c, const struct message *m)
{
	bool sent = fd_send(c->fd, m, sizeof *m, MSG_DONTWAIT);

	if (!sent && errno != EAGAIN && errno != ENOBUFS)
		c->broken = true;
	return sent;
}

/* False where it stays. */
static bool send_first(struct channel *c)
{
	struct message m;
	size_t size = unpack(&m, c->queue + c->first);
	bool sent = send_now(c, &m);

	explicit_bzero(&m, sizeof m);
	if (!sent)
		return false;
	wipe(c, c->first, c->first + size);
	c->first += size;
	c->used--;
	return true;
}

void channel_flush(struct channel *c)
{
	while (c->used > 0 && !c->broken && send_first(c))
		continue;
	if (c->used == 0)
		c->first = c->end = 0; /* memory that was not used yet stays so */
}

/* Moves what waits to the beginning, if that is little work, or there is no other room. */
static void close_up(struct channel *c)
{
	size_t len = c->end - c->first;

	if (c->first < len && c->end + LONGEST <= c->room * LONGEST)
		return;
	memmove(c->queue, c->queue + c->first, len);
	wipe(c, len, c->end);
	c->first = 0;
	c->end = len;
}

void channel_send(struct channel *c, const struct message *m)
{
	channel_flush(c);
	if (c->broken || (c->used == 0 && send_now(c, m)))
		return;
	if (c->used == c->room) {
		c->broken = true;
		return;
	}
	close_up(c);
	c->end += pack(c->queue + c->end, m);
	c->used++;
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
	ssize_t n = fd_recv(c->fd, m, sizeof *m, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n == (ssize_t)sizeof *m && message_ok(m, from, slots))
		return 1;
	c->broken = true;
	return -1;
}
