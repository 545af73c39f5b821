/* SPDX-License-Identifier: ISC */
#ifndef WAY_H
#define WAY_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* The ways to a server: by which links, and from which address on each, the kernel
 * would send to it now. Only questions are asked here (rtnetlink(7)); which way to
 * use is the keeper's to decide (keeper/uplink.h). */

enum { WAY_MOST = 16 };

struct way {
	unsigned index; /* the link's, by which session and tunnel are bound to it */
	char link[IF_NAMESIZE];
	struct in_addr local; /* the address to use there */
	uint32_t metric;      /* of the route */
	bool best;	      /* it is what the kernel chooses for packets that are not bound */
	bool carrier;	      /* IFF_LOWER_UP of netdevice(7); ppp links always have it */
	bool deaf;	      /* rp_filter is 1 and answers to local are expected on another
		       * link: the kernel would drop each that comes by this one */
	bool here;	      /* the server is on this very host: packets to it leave by no
		       * link, so that who is bound to one gets no answer */
};

struct way_question {
	struct in_addr server;
	unsigned only;	       /* look at the link of this index alone; 0: at all */
	struct in_addr prefer; /* use this address where the link has it; 0.0.0.0: none */
	bool anywhere;	       /* prefer may be on another interface (lo) than the link
			       * by which packets from it leave, if that one has no way */
	unsigned avoid_on;     /* on the link of this index ... */
	struct in_addr avoid;  /* ... this address is not to be used; 0.0.0.0: any may be */
};

/* Finds the ways to q->server. For each link that has a route to it, local is
 * q->prefer; else the address that the kernel would use, where its route or the
 * gateway's network says which; else the first public one, else the first private
 * one (RFC 1918, RFC 6598). Never 169.254/16. The best one is first, then by metric; last
 * those without a carrier and the deaf. Returns how many there are, -1 where
 * the kernel could not be asked (after a message). */
int way_find(const struct way_question *q, struct way ways[WAY_MOST]);

/* Warns that the way is deaf. who: the interface, with which messages begin; used: it is used
 * all the same. */
void way_warn_deaf(const struct way *w, const char *who, struct in_addr server, bool used);

/* Whether the link has an IPv4 default route, in any table. */
bool way_default(unsigned index);

/* The index of the interface that has the address and is up, 0 where none has. */
unsigned way_holder(struct in_addr address);

/* Whether the link has an address that could be used for a server somewhere. */
bool way_usable(unsigned index);

/* The MTU of the way from one address to another in bytes, 0 where there is none or the
 * kernel cannot be asked. */
unsigned way_mtu(struct in_addr from, struct in_addr to);

#endif
