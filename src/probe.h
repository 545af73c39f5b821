/* SPDX-License-Identifier: ISC */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "path.h"

/* The path check's socket: ICMPv6 echo requests (RFC 4443) into the tunnel, to
 * all routers (ff02::2) and all nodes (ff02::1) at its far end. */
struct probe {
	struct path path;
	int fd;          /* -1: none */
	unsigned index;  /* of the interface that fd is bound to */
	uint16_t id, seq;
	unsigned heard;  /* packets since the last echo was sent */
	unsigned mtu;
	bool answered;   /* in this session */
	int ok;          /* -1 unknown, 0 failed, 1 answered */
	bool warned;     /* that the far end never answers */
	int64_t sent_us;
	int64_t rtt_us;  /* -1 unknown */
};

void probe_init(struct probe *p);
void probe_close(struct probe *p);

/* A new session: nothing is known of its path yet. */
void probe_forget(struct probe *p);

/* What an event means for the keeper. */
enum probe_news { PROBE_NOTHING, PROBE_OK, PROBE_BAD };

/* Begins a check of the tunnel interface name; big after each build. Times are
 * microseconds of clock_us(). */
enum probe_news probe_start(struct probe *p, const char *name, unsigned mtu, bool big,
			    int64_t now_us);

/* What to wait for answers at; -1 while none is wanted, or when more has come
 * since the last echo than its answers can be: whoever sends packets into the
 * tunnel is not to keep the keeper busy. */
enum { PROBE_HEARD_MAX = 500 }; /* more than wait in the socket by default */
int probe_listens(const struct probe *p);

/* The socket is readable; the time p->path.wake has come. */
enum probe_news probe_read(struct probe *p, const char *name, int64_t now_us);
enum probe_news probe_timer(struct probe *p, const char *name, int64_t now_us);

/* The interface with this index is gone, or any may be where it is 0. */
void probe_gone(struct probe *p, unsigned index);

#endif
