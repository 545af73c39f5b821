/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "server/message.h"

/* One end of the pair of sockets between two roles, with a queue of what the other
 * side has not read yet: nobody waits for anybody, and so the roles cannot block each
 * other. How much may have to be queued is known: whoever finds its queue
 * half full stops reading what leads to more messages on it (channel_busy()). */
struct channel {
	int fd;
	size_t made, room;    /* of queue, in messages: at first, and now ... */
	size_t used;	      /* ... and as many wait */
	unsigned char *queue; /* a message takes no more of it than it says ... */
	size_t first, end;    /* ... between these bytes */
	bool broken; /* the other side is gone, or said what it may not */
};

/* Takes fd; room is how many messages the queue is to hold. False with errno. */
bool channel_init(struct channel *c, int fd, size_t room);

/* Has the queue hold so many messages beyond those that it was made for, and those that
 * wait. False where memory is short. */
bool channel_reserve(struct channel *c, size_t more);

/* Sends m, or queues it. Where the queue is full, or the other side gone, the channel
 * is broken from then on. */
void channel_send(struct channel *c, const struct message *m);

/* Sends what is queued, as far as it goes: for when poll(2) says POLLOUT. */
void channel_flush(struct channel *c);

/* What poll(2) is to wait for; read says whether messages are wanted. */
short channel_events(const struct channel *c, bool read);

/* True while the other side has not taken all that was sent. */
bool channel_lags(const struct channel *c);

/* True while half of the queue is used. */
bool channel_busy(const struct channel *c);

/* Receives one message and checks it with message_ok(): 1, 0 where there is none, -1
 * where the channel is broken. */
int channel_receive(struct channel *c, struct message *m, enum message_from from, uint32_t slots);

#endif
