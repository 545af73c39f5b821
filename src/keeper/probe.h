/* SPDX-License-Identifier: ISC */
#ifndef PROBE_H
#define PROBE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/tunnel.h"
#include "keeper/path.h"

/* The path check: ICMPv6 echo requests (RFC 4443) through the tunnel to all
 * routers (ff02::2) and all nodes (ff02::1) at its far end. They come from our
 * address in the first prefix, so that an answer proves the far end's route for
 * the prefix and not the tunnel alone.
 *
 * Both go through a packet socket (packet(7)) on the tunnel: connection tracking
 * takes answers to multicast for invalid, and firewalls and strict reverse path
 * filters drop them before any other socket has them. What is sent is made of
 * constants, a number, a length and a source. */

enum { PROBE_SENT = 16 }; /* echoes whose round trip is known when they are answered */

struct probe {
	struct path path;
	struct tunnel tunnel; /* that is checked */
	int fd;               /* -1: none */
	int traffic;          /* hears what else comes out, while the path is in doubt; or -1 */
	unsigned index;       /* of the interface that both are bound to */
	uint16_t id;          /* of all echoes */
	uint16_t number, first; /* of the last echo; of the first whose answer counts */
	int64_t sent_us[PROBE_SENT]; /* by number */
	unsigned heard;       /* packets since the last echo was sent */
	int error;            /* errno of the last echo; 0: it was sent */
	bool local_answered;  /* only echoes from the link-local address are answered */
	bool answered;        /* some echo was answered since probe_forget() */
	int ok;               /* -1 unknown, 0 failed, 1 answered */
	int64_t rtt_us;       /* -1 unknown */
};

void probe_init(struct probe *p);
void probe_close(struct probe *p);

/* Nothing is known of the path from now on. */
void probe_forget(struct probe *p);

/* What an event means for the keeper. PROBE_BAD: see probe_why(). */
enum probe_news { PROBE_NOTHING, PROBE_OK, PROBE_BAD };

/* The tunnel t is in the kernel, and its path is asked for the first time. limit: when it
 * has failed, milliseconds of clock_ms(). most: the longest pause between two looks at a
 * path that is bad, in milliseconds. now_us: microseconds of clock_us(). */
enum probe_news probe_first(struct probe *p, const struct tunnel *t, int64_t limit, int64_t most,
			    int64_t now_us);

/* Checks the path once more, after probe_first(). */
enum probe_news probe_check(struct probe *p, int64_t now_us);

/* The tunnel is t now: the near end has moved, or its MTU changed. */
void probe_tunnel(struct probe *p, const struct tunnel *t);

/* The descriptor at which answers are waited for. -1 while none is wanted; and when more
 * packets have come since the last echo than answers to it can be, so that nobody keeps the
 * keeper busy by sending into the tunnel. */
enum { PROBE_HEARD_MAX = 500 }; /* more than wait in the socket by default */
int probe_listens(const struct probe *p);

/* The socket is readable; the time p->path.wake has come. */
enum probe_news probe_read(struct probe *p, int64_t now_us);
enum probe_news probe_timer(struct probe *p, int64_t now_us);

/* The interface with this index is gone, or any may be where it is 0. */
void probe_gone(struct probe *p, unsigned index);

/* Why the path is bad, as a sentence about "the far end" for a message. trusted: of one that
 * never answered, that is expected (path=trust). */
enum { PROBE_WHY_MAX = 256 };
const char *probe_why(const struct probe *p, bool trusted, char text[PROBE_WHY_MAX]);

#endif
