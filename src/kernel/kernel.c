/* SPDX-License-Identifier: ISC */
#include "kernel/kernel.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/end_times.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "kernel/difference.h"
#include "kernel/lans.h"
#include "kernel/look.h"
#include "kernel/meddling.h"
#include "kernel/step.h"

/* The most runs of ip(8) for one purpose. Each LAN interface that refuses its address may
 * take one. */
enum { REMOVALS = 2, BUILDS = 6 + TUNNEL_LANS };

/* Somebody who changes what is ours may take some time for it: NetworkManager sets IPv6
 * off and on, and removes one address after the other. */
enum { PAUSES = 5, PAUSE_MS = 200 };

/* Until a worker of the kernel has seen to a new address, no packet is sent from it, also on
 * a tunnel, where nobody looks for duplicates; that worker may wait for its turn. The pause
 * doubles, to 1.3 s in all, and then nothing is gained by more. */
enum { TENTATIVE_WAITS = 7, TENTATIVE_MS = 10 };

void kernel_init(struct kernel *k, bool (*record)(void *arg), void *arg)
{
	memset(k, 0, offsetof(struct kernel, given));
	lines_start(&k->given);
	k->run.in = k->run.out = k->asks = -1;
	k->deadline = k->end_by = k->pause = CLOCK_NEVER;
	k->record = record;
	k->record_arg = arg;
}

void kernel_close(struct kernel *k)
{
	fd_close(&k->asks);
}

void kernel_adopt(struct kernel *k, const struct tunnel *t)
{
	k->now = *t;
	k->exists = k->routes = k->left = k->look = true;
}

/* What is wanted cannot be had: everything is to go. */
static void failed(struct kernel *k)
{
	k->failed = true;
	k->want.exists = k->spare.keep = false;
	k->whole = false;
	k->look = k->exists;
	k->step = (struct kernel_step){0};
}

static void log_count(char *text, size_t size, unsigned n, const char *what)
{
	size_t len = strlen(text);

	if (n > 0)
		snprintf(text + len, size - len, "%s%u %s%s", len ? ", " : "", n, what,
			 n > 1 ? "s" : "");
}

static void count_kinds(void *arg, const char *line, int len)
{
	unsigned *kinds = arg;

	(void)len;
	kinds[*line == 'r' ? 0 : *line == 'a' ? 1 : 2]++;
}

/* The lines that would remove what is left say what it is. */
static void removal_failed(struct kernel *k, const struct difference *d)
{
	unsigned kinds[3] = {0};
	char text[64] = "";

	lines_each(d->lines.text, count_kinds, kinds);
	log_count(text, sizeof text, kinds[2], "interface");
	log_count(text, sizeof text, kinds[1], "LAN address");
	log_count(text, sizeof text, kinds[0], "route");
	log_msg(LOG_ERR, "%s: could not be removed and is left: %s; the next dtcp-up or --down "
			 "removes what is left", k->now.name, text);
	k->failed = k->left = true;
	k->want.exists = false;
}

static void go_remove(struct kernel *k)
{
	struct kernel_view *v = &k->view;

	k->whole = false;
	if (k->step.ended && !k->step.removes) {
		/* The ip(8) that ended was still building. */
		if (k->run.killed)
			step_complain(k, LOG_ERR, "");
		k->step = (struct kernel_step){0};
	}
	inventory_start(&v->wanted, k->now.name, TUNNEL_ROUTE_PROTO);
	inventory_ours(&v->ours, &k->now);
	lines_start(&v->d.lines);
	if (!look(&k->asks, &v->found, &v->wanted, &v->ours)) {
		removal_failed(k, &v->d); /* not seen is not the same as gone */
		return;
	}
	difference(&v->found, &v->wanted, &v->ours, &v->d);
	if (v->d.lines.count == 0) {
		k->exists = k->routes = k->left = false;
		k->index = k->step.count = 0;
		k->look = k->want.exists;
		return;
	}
	if (k->step.ended && k->step.removes)
		step_complain(k, LOG_ERR, "");
	if (k->step.count >= REMOVALS || !step_start(k, &v->d.lines, true, false))
		removal_failed(k, &v->d);
}

/* Takes over what may be changed in a tunnel that is there: near end, link and MTU. True
 * where any of them is another. */
static bool follow(struct kernel *k)
{
	struct tunnel *n = &k->now;
	const struct tunnel *w = &k->want.tunnel;
	bool changed = n->local.s_addr != w->local.s_addr || n->mtu != w->mtu ||
		       n->link.index != w->link.index ||
		       strcmp(n->link.name, w->link.name) != 0;

	n->local = w->local;
	n->link = w->link;
	n->mtu = w->mtu;
	return changed;
}

/* Looks for what is wanted, and for the addresses of all LAN interfaces, whatever is
 * known of them. */
static bool look_for_now(struct kernel *k, struct kernel_view *v)
{
	struct tunnel all = k->now;

	for (unsigned i = 0; i < all.n_lans; i++)
		all.lans[i].state = LAN_OURS;
	inventory_of(&v->wanted, &all, k->want.routes);
	inventory_ours(&v->ours, &all);
	return look(&k->asks, &v->found, &v->wanted, &v->ours);
}

static void compare(const struct kernel *k, struct kernel_view *v)
{
	inventory_of(&v->wanted, &k->now, k->want.routes);
	inventory_ours(&v->ours, &k->now);
	/* sit0 may come with the kernel's module, which the first tunnel loads. So it
	 * counts as missing only after `ip tunnel` has failed without it. */
	v->sit0 = v->found.sit0;
	if (!k->lacks.sit0)
		v->found.sit0 = true;
	difference(&v->found, &v->wanted, &v->ours, &v->d);
}

static bool set_to_0(const char *name, const char *setting)
{
	char path[80];
	int fd;
	bool ok;

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0\n", 2) == 2;
	if (!ok)
		log_msg(LOG_ERR, "%s: %s cannot be set to 0: %m", name, path);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* What has to be so before the interface may be up; false after a message. */
static bool prepare_interface(const struct kernel_view *v)
{
	unsigned set = v->found.settings & v->wanted.settings;

	if (!v->found.exists)
		return true;
	if (v->found.ipv6_off) {
		log_msg(LOG_ERR, "%s: IPv6 is off on the interface (disable_ipv6)", v->wanted.name);
		return false;
	}
	for (unsigned i = 0; i < INVENTORY_SETTINGS; i++)
		if ((set & 1u << i) && !set_to_0(v->wanted.name, inventory_settings[i]))
			return false;
	return true;
}

/* There is an interface of this name that we did not make. False where it is in the way. */
static bool take_over(struct kernel *k, const struct inventory *found)
{
	if (!found->sit) {
		log_msg(LOG_ERR, "%s: an interface of this name exists that is no sit tunnel",
			k->now.name);
		return false;
	}
	log_msg(LOG_NOTICE, "%s: a sit tunnel of this name is left from before; it is taken over",
		k->now.name);
	/* Routes that it had beside it are most likely those that are wanted; an address
	 * on a LAN may be somebody else's. */
	k->now.n_lans = 0;
	k->exists = k->routes = k->left = k->look = true;
	return true;
}

/* Another default route of the metric, or one to the same prefix, may be chosen. */
static void warn_of_others(struct kernel *k, const struct kernel_view *v)
{
	bool said = k->others.goes_before;

	k->others.goes_before = false;
	for (unsigned i = 0; i < v->wanted.n_routes; i++) {
		const struct inventory_route *r = &v->wanted.routes[i];
		char device[IF_NAMESIZE];

		if (r->refuse || r->from.len > 0 || !look_before(&v->found, r, device))
			continue;
		k->others.goes_before = true;
		if (said)
			return;
		log_msg(LOG_WARNING, "%s: another route to %s with metric %u (%s%s) goes before the "
				     "tunnel's; metric= in the account file gives that another one",
			k->now.name, text_prefix(&r->to), r->metric, device[0] ? "dev " : "",
			device[0] ? device : "unreachable");
	}
}

/* All that is wanted is there. */
static void arrived(struct kernel *k, const struct kernel_view *v)
{
	k->routes = k->want.routes;
	k->whole = true;
	k->was_whole = k->spare.keep = false;
	if (k->step.ended && !step_ok(k))
		step_complain(k, LOG_WARNING, "everything is there, but ");
	if (k->step.ended)
		warn_of_others(k, v);
	else if (k->mend)
		meddling_over(k);
	k->step.ended = k->step.again = false;
	k->step.count = 0;
	k->pause = CLOCK_NEVER;
}

/* All is there. What the router sends, before the tunnel's own address can be used, would
 * carry the link-local one, which goes no further than the far end: then there is another
 * look before it counts as up. */
static bool waits_for_address(struct kernel *k, const struct kernel_view *v)
{
	if (!v->found.tentative || k->whole || k->step.waits == TENTATIVE_WAITS)
		return false;
	k->pause = clock_ms() + (TENTATIVE_MS << k->step.waits++);
	return true;
}

/* Why the interface could not be made, as far as that can be seen. */
static void explain_interface(const struct kernel *k, const struct kernel_view *v)
{
	char other[IF_NAMESIZE], what[80];

	if (look_for_ends(&v->wanted, other)) {
		snprintf(what, sizeof what, "interface %s has the same ends: ", other);
		step_complain(k, LOG_ERR, what);
	} else if (k->lacks.sit0) {
		step_complain(k, LOG_ERR, "this kernel has no sit (modprobe sit): ");
	} else {
		step_complain(k, LOG_ERR, "");
	}
}

/* ip(8) has run, and the first of what is still missing is something that it was told to
 * make. True where there is a way to go on, after a look. */
static bool go_on_without(struct kernel *k, const struct kernel_view *v)
{
	switch (v->d.first) {
	case PART_INTERFACE:
		if (!k->lacks.sit0 && !v->sit0) {
			k->lacks.sit0 = true;
			return true;
		}
		explain_interface(k, v);
		return false;
	case PART_LAN:
		lans_refuse(k, &v->wanted.addresses[v->d.nth]);
		return true;
	case PART_SOURCE_ROUTE:
		if (!look_no_source_routes())
			break;
		k->now.no_source_routes = k->lacks.source_routes = true;
		log_msg(LOG_WARNING, "%s: this kernel has no source routes (IPV6_SUBTREES): another "
				     "default route may carry packets with the tunnel's addresses",
			k->now.name);
		return true;
	default:
		break;
	}
	step_complain(k, LOG_ERR, "");
	return false;
}

/* Whether what cannot be mended now gets another look after a pause, since whoever
 * changed it may not have ended. */
static bool pauses(struct kernel *k, const struct kernel_view *v)
{
	if (!k->was_whole || v->d.first == PART_LAN || k->step.pauses == PAUSES)
		return false;
	k->step.pauses++;
	k->step.ended = k->step.again = false;
	k->pause = clock_ms() + PAUSE_MS;
	return true;
}

/* Has ip(8) make the difference; false where it was tried in vain. */
static bool go_step(struct kernel *k, struct kernel_view *v)
{
	bool in_vain = k->step.ended && lines_have_first_of(&k->given, v->d.lines.text);
	/* Somebody may have undone what ip(8) did, and one that hangs gets another try. */
	bool again = in_vain && !k->step.again && (step_ok(k) || k->run.killed);

	if ((v->found.ipv6_off || (in_vain && !again)) && pauses(k, v))
		return true;
	if (in_vain && again)
		step_complain(k, LOG_WARNING, "tried once more: ");
	if (in_vain && !again) {
		if (!go_on_without(k, v))
			return false;
		k->look = true;
		k->step.ended = false;
		return true;
	}
	if (k->step.count >= BUILDS) {
		step_complain(k, LOG_ERR, "it is never as it should be: ");
		return false;
	}
	if (k->step.unready || !prepare_interface(v))
		return false;
	if (v->d.lines.count == 0) { /* only a setting had to be changed */
		k->step.count++;
		k->look = true;
		return true;
	}
	k->routes = k->routes || k->want.routes; /* they count as there until a look finds that
						  * they are gone */
	if (!step_start(k, &v->d.lines, false, !v->found.exists))
		return false;
	k->step.again = again;
	return true;
}

/* Looks at what is there and how that differs; false where nothing more can be done
 * now. */
static bool inspect(struct kernel *k, struct kernel_view *v, bool fresh)
{
	bool changed = follow(k) || fresh;

	if (!look_for_now(k, v)) {
		/* If all was there before, the next keepalive looks again. */
		if (!k->whole)
			failed(k);
		return false;
	}
	k->index = v->found.index;
	if (v->found.exists && (fresh || !v->found.sit)) {
		if (!take_over(k, &v->found))
			failed(k);
		return false;
	}
	v->lans_changed = lans_judge(k, &v->found);
	k->exists = true;
	/* If this write fails, what an earlier one has written still names everything but the
	 * new ends. */
	if ((changed || v->lans_changed) && !k->record(k->record_arg) && fresh) {
		k->exists = false;
		failed(k);
		return false;
	}
	k->whole = k->whole && !changed;
	compare(k, v);
	return true;
}

static void go_build(struct kernel *k)
{
	bool fresh = !k->exists, whole;
	struct kernel_view *v = &k->view;

	if (fresh) {
		k->now = k->want.tunnel;
		k->now.no_source_routes = k->lacks.source_routes;
	}
	if (!inspect(k, v, fresh))
		return;
	if (v->d.lines.count == 0 && !(v->found.settings & v->wanted.settings)) {
		if (!waits_for_address(k, v))
			arrived(k, v);
		return;
	}
	whole = k->whole;
	k->whole = whole && v->d.first == PART_LAN;
	k->was_whole = k->was_whole || whole;
	if (k->others.stubborn && !k->mend) {
		if (whole)
			meddling_unmended(k);
		return;
	}
	if (whole && (v->d.first == PART_UP || v->d.first == PART_ADDRESS))
		k->emptied++;
	if (whole && !v->lans_changed && !meddling_noticed(k, &v->d))
		return;
	if (!go_step(k, v))
		failed(k);
}

static bool removal_wanted(const struct kernel *k)
{
	return k->exists &&
	       (!k->want.exists || k->left || !tunnel_same(&k->now, &k->want.tunnel));
}

/* ip(8) has told that it has done its lines. Where that is all, it waits for those of the
 * routes; otherwise the look after its end finds what is missing. */
static void go_told(struct kernel *k)
{
	struct kernel_view *v = &k->view;

	if (removal_wanted(k) || !inspect(k, v, false) || v->d.lines.count > 0 ||
	    (v->found.settings & v->wanted.settings)) {
		if (k->step.ip != IP_NONE)
			step_let_go(k);
		return;
	}
	if (waits_for_address(k, v))
		return;
	step_keep(k);
	arrived(k, v);
}

bool kernel_due(const struct kernel *k)
{
	return k->look && (k->step.ip == IP_NONE || k->step.ip == IP_TOLD);
}

enum kernel_result kernel_go(struct kernel *k)
{
	while (kernel_due(k)) {
		k->look = false;
		if (k->step.ip == IP_TOLD)
			go_told(k);
		else if (removal_wanted(k))
			go_remove(k);
		else if (k->want.exists)
			go_build(k);
	}
	if (k->step.ip != IP_NONE)
		return KERNEL_BUSY;
	k->mend = false;
	if (k->failed)
		return KERNEL_FAILED;
	return k->want.exists && !k->whole ? KERNEL_BUSY : KERNEL_DONE;
}

void kernel_prepare(struct kernel *k)
{
	if (k->run.pid <= 0 && !k->exists && !k->want.exists)
		step_prepare(k);
}

/* It says when it has done its lines, and does not end by that. */
static bool tells(const struct kernel *k)
{
	return k->step.ip == IP_TELLS || k->step.ip == IP_TOLD;
}

/* Another purpose: what ip(8) did before is not held against what it does now. */
static enum kernel_result begin(struct kernel *k)
{
	if (k->step.ip == IP_NONE)
		k->step = (struct kernel_step){0};
	else if (tells(k))
		step_let_go(k);
	k->step.count = 0;
	k->pause = CLOCK_NEVER;
	k->look = true;
	return kernel_go(k);
}

enum kernel_result kernel_want(struct kernel *k, const struct tunnel *t, bool routes)
{
	k->want.exists = t != NULL;
	if (t)
		k->want.tunnel = *t;
	k->want.routes = t && routes;
	k->failed = k->whole = k->was_whole = false;
	k->mend = true;
	k->spare.keep = t && !routes;
	return begin(k);
}

enum kernel_result kernel_want_routes(struct kernel *k, bool routes)
{
	if (k->want.routes != (k->want.exists && routes)) {
		k->whole = false;
		k->mend = true;
	}
	k->want.routes = k->want.exists && routes;
	k->spare.keep = false;
	return begin(k);
}

enum kernel_result kernel_look_due(struct kernel *k)
{
	k->mend = true;
	return begin(k);
}

bool kernel_whole(const struct kernel *k)
{
	return k->want.exists && k->whole;
}

enum kernel_result kernel_reaped(struct kernel *k, int status)
{
	enum kernel_ip was = k->step.ip;

	program_reaped(&k->run, status);
	k->deadline = CLOCK_NEVER;
	k->spare.on = false;
	if (was == IP_NONE)
		return KERNEL_BUSY; /* one that waited in vain */
	k->step.ip = IP_NONE;
	k->step.ended = k->step.ended || was != IP_YIELDS;
	k->look = true;
	return kernel_go(k);
}

/* The interface may be there: ip(8) gets the rest of its lines. Where something is in
 * the way it gets none, and the look after its end finds what. */
static void go_rest(struct kernel *k)
{
	struct kernel_view *v = &k->view;

	lines_start(&v->d.lines);
	if (!removal_wanted(k) && inspect(k, v, false)) {
		if (!v->found.exists)
			return;
		k->step.unready = !prepare_interface(v);
		if (k->step.unready)
			lines_start(&v->d.lines);
		k->routes = k->routes || k->want.routes;
	}
	step_feed_rest(k, &v->d.lines);
}

void kernel_watch(struct kernel *k, const struct watch_event *e)
{
	if (!k->exists || !meddling_concerns(k, e))
		return;
	k->look = true;
	if (k->step.ip == IP_WAITS)
		go_rest(k);
}

void kernel_printed(struct kernel *k)
{
	program_read(&k->run);
	if (!tells(k) || k->run.len == 0)
		return;
	k->step.ip = IP_TOLD;
	k->look = true;
}

int64_t kernel_wake(const struct kernel *k)
{
	return clock_min(k->deadline, k->pause);
}

void kernel_timer(struct kernel *k, int64_t now)
{
	if (now >= k->pause) {
		k->pause = CLOCK_NEVER;
		k->look = true;
	}
	if (now < k->deadline)
		return;
	k->deadline = CLOCK_NEVER;
	if (k->spare.on || tells(k))
		step_let_go(k);
	else
		program_kill(&k->run);
}

void kernel_hurry(struct kernel *k, int64_t end_by)
{
	k->end_by = end_by - END_LOOK_MS;
	if (k->step.ip != IP_NONE)
		k->deadline = clock_min(k->deadline, k->end_by);
}
