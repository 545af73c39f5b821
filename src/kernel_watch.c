/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "clock.h"
#include "kernel.h"
#include "kernel_ops.h"
#include "link.h"
#include "log.h"
#include "watch.h"

/* Who removes what is ours twice within this time is likely to go on. */
enum { MEDDLED_MS = 10000 };

static void watch_lan(struct kernel *k, const struct watch_event *e)
{
	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (e->kind == WATCH_LINK_NEW && strcmp(e->name, lan->name) == 0 &&
		    lan->state == LAN_ABSENT)
			lan->state = LAN_WANTED;
		if (e->kind == WATCH_LINK_GONE && strcmp(e->name, lan->name) == 0)
			lan->state = LAN_ABSENT;
		if (e->kind == WATCH_ADDRESS6_GONE && lan->state != LAN_ABSENT &&
		    memcmp(&e->address, &lan->address, sizeof e->address) == 0 &&
		    e->index == link_index(lan->name))
			lan->state = LAN_WANTED;
	}
}

/* What somebody else removed is built anew, but not for ever against somebody
 * who removes it each time: then it counts as a failure, and waits grow. */
static void meddled(struct kernel *k, const char *what)
{
	int64_t now = clock_ms();
	bool again = k->rebuilt && now - k->rebuilt < MEDDLED_MS;

	if (k->left)
		return; /* said already */
	log_msg(LOG_WARNING, "%s: somebody removed %s%s", k->now.name, what,
		again ? " again; all is taken down for now" : "; it is built anew");
	k->left = true;
	k->rebuilt = now;
	if (again) {
		k->failed = true;
		k->want_exists = false;
	}
}

static bool is_own_address(const struct kernel *k, const struct watch_event *e)
{
	struct in6_addr own;

	return tunnel_address(&k->now, &own) && memcmp(&e->address, &own, sizeof own) == 0;
}

/* Messages were lost, so that one may have said what is gone. Nobody can say so of
 * a route: it is made once more, which changes nothing where it is there. */
void kernel_look_again(struct kernel *k)
{
	enum link_kind kind = link_kind(k->now.name);
	struct in6_addr own;

	k->doubt = kind == LINK_UNKNOWN; /* later, then */
	if (k->doubt || !k->exists || !k->want_exists)
		return;
	k->again = k->routes;
	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (link_kind(lan->name) == LINK_ABSENT)
			lan->state = LAN_ABSENT;
		else if (lan->state == LAN_ABSENT || !link_has_address6(lan->name, &lan->address))
			lan->state = LAN_WANTED;
	}
	if (kind == LINK_ABSENT)
		meddled(k, "the interface");
	else if (tunnel_address(&k->now, &own) && !link_has_address6(k->now.name, &own))
		meddled(k, "the tunnel's address");
}

/* Whether the route was ours to go: only this op removes any. */
static bool withdraws(const struct kernel *k)
{
	return k->op == KOP_ROUTES && !k->target_routes;
}

/* The last words of an interface that went before also carry its name, hence
 * the looks at what is there. What is removed while more is still being made
 * shows in no end of ip(8), whose own lines all passed. */
void kernel_watch(struct kernel *k, const struct watch_event *e)
{
	bool named = strcmp(e->name, k->now.name) == 0;

	if (!k->exists)
		return;
	if (e->kind == WATCH_OVERFLOW) {
		if (!k->doubt)
			log_msg(LOG_NOTICE, "%s: too many changes of addresses and routes at a time; "
					    "what is there is looked at again", k->now.name);
		k->doubt = true;
	}
	if (k->op == KOP_BUILD && !k->added && (k->doubt || (e->kind == WATCH_LINK_NEW && named)) &&
	    link_kind(k->now.name) == LINK_SIT)
		kernel_build_rest(k);
	if (k->op == KOP_UNDO || !k->want_exists)
		return; /* what goes now is meant to go */
	watch_lan(k, e);
	if (k->op == KOP_BUILD && !k->added)
		return; /* it is not there yet */
	if (e->kind == WATCH_LINK_GONE && named &&
	    (k->op == KOP_NONE || link_kind(k->now.name) == LINK_ABSENT))
		meddled(k, "the interface");
	if (e->kind == WATCH_ROUTE_GONE && k->routes && !withdraws(k) &&
	    e->index == link_index(k->now.name))
		meddled(k, "a route into the tunnel");
	if (e->kind == WATCH_ADDRESS6_GONE && is_own_address(k, e) &&
	    e->index == link_index(k->now.name))
		meddled(k, "the tunnel's address");
}
