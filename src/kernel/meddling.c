/* SPDX-License-Identifier: ISC */
#include "kernel/meddling.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "kernel/inventory.h"
#include "kernel/lans.h"
#include "kernel/watch.h"

static bool same(const struct in6_addr *a, const struct in6_addr *b)
{
	return IN6_ARE_ADDR_EQUAL(a, b);
}

/* Somebody removed an address like one of ours. */
static bool is_our_address(const struct kernel *k, const struct in6_addr *a)
{
	struct in6_addr link_local = inventory_link_local(k->now.local), own;

	if (same(a, &link_local) || (tunnel_address(&k->now, &own) && same(a, &own)))
		return true;
	for (unsigned i = 0; i < k->now.n_lans; i++)
		if (same(a, &k->now.lans[i].address))
			return true;
	return false;
}

/* A route that carries our number went: into the tunnel, or one that refuses packets to
 * or from what is ours. */
static bool is_our_route(const struct kernel *k, const struct watch_event *e)
{
	if (e->index == k->index)
		return true;
	if (k->now.type == DTCP_HOST)
		return same(&e->address, &k->now.near6);
	for (unsigned i = 0; i < k->now.n_prefixes; i++)
		if (same(&e->address, &k->now.prefixes[i].addr))
			return true;
	return false;
}

bool meddling_concerns(struct kernel *k, const struct watch_event *e)
{
	switch (e->kind) {
	case WATCH_ROUTE_REPLACED:
		return true;
	case WATCH_OVERFLOW:
		if (!k->look)
			log_msg(LOG_NOTICE, "%s: too many changes of addresses and routes at a time; "
					    "what is there is looked at again", k->now.name);
		return true;
	case WATCH_LINK_NEW:
	case WATCH_LINK_GONE:
		return strcmp(e->name, k->now.name) == 0 || lans_concern(k, e->name);
	case WATCH_ADDRESS6_GONE:
		return is_our_address(k, &e->address);
	case WATCH_ROUTE_GONE:
		return is_our_route(k, e);
	default:
		return false;
	}
}

/* Notes this time. True where it is the sixth within a minute. */
static bool goes_on(struct kernel *k, int64_t now)
{
	int64_t *oldest = &k->others.at[k->others.next];
	bool many = *oldest && now - *oldest < KERNEL_MEDDLED_MS;

	*oldest = now;
	k->others.next = (k->others.next + 1) % (KERNEL_MEDDLED - 1);
	return many;
}

bool meddling_noticed(struct kernel *k, const struct difference *d)
{
	static const char *const what[] = {
		[PART_NONE] = "changed a setting of the interface",
		[PART_REMOVAL] = "added routes like those of the tunnel",
		[PART_INTERFACE] = "removed the interface",
		[PART_ENDS] = "changed the tunnel's ends",
		[PART_UP] = "set the interface down, or another MTU",
		[PART_ADDRESS] = "removed the tunnel's address",
		[PART_LAN] = "removes the addresses of LAN interfaces",
		[PART_REFUSING] = "removed an unreachable route",
		[PART_SOURCE_ROUTE] = "removed a route into the tunnel",
		[PART_ROUTE] = "removed a route into the tunnel",
	};
	int64_t now = clock_ms();
	bool many;

	if (k->others.last && now - k->others.last < KERNEL_ONCE_MS)
		return true;
	k->others.last = now;
	many = goes_on(k, now);
	if (many && !k->others.stubborn)
		log_msg(LOG_WARNING, "%s: somebody %s, again and again; from now on it is built anew "
				     "at keepalives only", k->now.name, what[d->first]);
	else if (!k->others.stubborn && d->first != PART_LAN)
		log_msg(LOG_WARNING, "%s: somebody %s; it is built anew", k->now.name,
			what[d->first]);
	k->others.stubborn = k->others.stubborn || many;
	return !many || k->mend;
}

void meddling_unmended(struct kernel *k)
{
	k->others.last = clock_ms();
}

/* One keepalive that finds all in place is not enough: somebody who meddles every few
 * seconds may be between two times. */
void meddling_over(struct kernel *k)
{
	if (!k->others.stubborn || clock_ms() - k->others.last < KERNEL_MEDDLED_MS)
		return;
	memset(&k->others.at, 0, sizeof k->others.at);
	k->others.stubborn = false;
}
