/* SPDX-License-Identifier: ISC */
#ifndef OFFER_H
#define OFFER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/tunnel.h"

enum { OFFER_WHY_MAX = 160 };

/* What a server offers, as binary values: nothing of its text goes further. */
struct offer {
	enum dtcp_type type;
	struct in_addr local;   /* the address that the session is bound to */
	struct in_addr seen_as; /* the client address that the server named */
	struct in_addr remote;  /* the tunnel's far end */
	struct in6_addr near6, peer6; /* type host: link addresses */
	unsigned n_prefixes;	      /* type network: at least one */
	unsigned cleared;	      /* prefixes that had bits beyond their length */
	unsigned ignored;	      /* words that mean nothing to us, or nothing new */
	struct prefix prefixes[TUNNEL_PREFIXES];
};

/* Clears the bits of prefixes beyond their length, counting them in cleared, and drops
 * prefixes that stand there already, counting them in ignored. Checks what holds on any
 * host: far end, prefixes, link addresses; whether the far end is this host itself is for
 * the caller to check. False with the reason, which quotes the value at fault, in why. */
bool offer_check(struct offer *o, char why[OFFER_WHY_MAX]);

/* True for an offer of this type that passes offer_check() and whose far end is none
 * of this host's own addresses (far_is_ours); else says why not. */
bool offer_ok(struct offer *o, enum dtcp_type type, bool far_is_ours, char why[OFFER_WHY_MAX]);

/* True where the server sees another client address than the session's own,
 * with a notice for the user in text. */
bool offer_behind_nat(const struct offer *o, char text[OFFER_WHY_MAX]);

/* A unicast address that can be a tunnel's far end: not 0/8, 127/8, 224/4,
 * 240/4 (RFC 1122, 3.2.1.3; RFC 1112). */
bool offer_far_end_ok(struct in_addr a);

#endif
