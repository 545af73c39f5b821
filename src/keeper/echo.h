/* SPDX-License-Identifier: ISC */
#ifndef ECHO_H
#define ECHO_H

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/tunnel.h"

/* The packets of the path check, without system calls: ICMPv6 echo requests (RFC 4443) to
 * all routers and all nodes at the far end, made of constants, a number, a length and a
 * source; and which packets are answers to them. */

enum echo_kind {
	ECHO_SMALL, /* from our address in the first prefix */
	ECHO_BIG,   /* the same, and as long as the MTU */
	ECHO_LOCAL  /* from our link-local address */
};

enum {
	ECHO_NUMBERS = 0x4000, /* they are counted from 0, and then from 0 again */
	/* So many bytes of each packet are made, or looked at; in a big one zeros follow. */
	ECHO_BYTES = sizeof(struct ip6_hdr) + sizeof(struct icmp6_hdr) + 8
};

/* Whom an echo is for: ff02::1 or ff02::2. */
enum echo_to { ECHO_TO_NODES = 1, ECHO_TO_ROUTERS = 2 };

struct echo {
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct iovec iov[4]; /* the packet, to be sent from where this is */
};

/* Makes the echo of this number through the tunnel t. */
void echo_make(struct echo *e, const struct tunnel *t, enum echo_kind kind, uint16_t id,
	       uint16_t number, enum echo_to to);

/* Compares a packet of len bytes, of which the first ECHO_BYTES are here, with the answer
 * to an echo through t with this id. True with its kind and number. */
bool echo_is_answer(const unsigned char *packet, size_t len, const struct tunnel *t, uint16_t id,
		    enum echo_kind *kind, uint16_t *number);

#endif
