/* SPDX-License-Identifier: ISC */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "link.h"
#include "log.h"
#include "watch.h"

/* One ip(8) takes some milliseconds; one that takes this long hangs. */
enum { IP_LIMIT_MS = 5000 };

void kernel_init(struct kernel *k, bool (*record)(void *arg), void *arg)
{
	memset(k, 0, sizeof *k);
	k->run.in = k->run.out = -1;
	k->deadline = k->end_by = CLOCK_NEVER;
	k->record = record;
	k->record_arg = arg;
}

void kernel_adopt(struct kernel *k, const struct tunnel *t)
{
	k->now = *t;
	k->exists = true;
	k->routes = true;
	k->left = true; /* until a removal has been seen to work */
}

static void show(const char *lines)
{
	while (*lines) {
		int len = (int)strcspn(lines, "\n");

		log_msg(LOG_DEBUG, "ip %.*s", len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static bool start(struct kernel *k, enum kernel_op op, const struct lines *l)
{
	char *env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, (char[]){"LC_ALL=C"}, NULL};
	char path[16], force[] = "-force", batch[] = "-batch", from[] = "-";
	char *plain[] = {path, batch, from, NULL}, *forced[] = {path, force, batch, from, NULL};
	const char *ip = run_ip_path();
	int64_t now = clock_ms(), limit = IP_LIMIT_MS;

	if (k->end_by != CLOCK_NEVER) /* leave time for a second try */
		limit = (k->end_by - now) / (k->retried ? 1 : 2);
	if (!ip) {
		log_msg(LOG_ERR, "%s: ip(8) of iproute2 is not installed", k->now.name);
		return false;
	}
	snprintf(path, sizeof path, "%s", ip);
	show(l->text);
	if (l->overflow || !run_start(&k->run, op == KOP_UNDO ? forced : plain, env, true)) {
		log_msg(LOG_ERR, "%s: %s cannot be run: %s", k->now.name, path,
			l->overflow ? "too many lines" : strerror(errno));
		return false;
	}
	k->op = op;
	k->deadline = now + limit;
	/* Where it does not read, it has a message of its own on its way. */
	run_feed(&k->run, l->text, l->len);
	if (op != KOP_BUILD)
		run_feed_end(&k->run);
	return true;
}

static bool set_proc(const char *name, const char *setting)
{
	char path[80];
	int fd;
	bool ok;

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0\n", 2) == 2;
	if (!ok)
		log_msg(LOG_ERR, "%s: %s cannot be set to 0: %s", name, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Anyone at the far end could install a default route otherwise. A far end of
 * type tunnelonly may have no other way to assign addresses. */
static bool distrust_far_end(const struct tunnel *t)
{
	if (t->type == DTCP_TUNNELONLY)
		return true;
	return set_proc(t->name, "accept_ra") && set_proc(t->name, "autoconf") &&
	       set_proc(t->name, "accept_redirects");
}

/* Which addresses of LAN interfaces are ours to make. */
static void look_at_lans(struct tunnel *t, bool warn)
{
	for (unsigned i = 0; i < t->n_lans; i++) {
		struct tunnel_lan *lan = &t->lans[i];

		if (lan->state == LAN_OURS || lan->state == LAN_FOREIGN)
			continue;
		if (!if_nametoindex(lan->name)) {
			if (warn && lan->state == LAN_WANTED)
				log_msg(LOG_WARNING, "%s: LAN interface %s is missing; it gets its "
						     "address when it appears", t->name, lan->name);
			lan->state = LAN_ABSENT;
		} else {
			lan->state = link_has_address6(lan->name, &lan->address) ? LAN_FOREIGN
										: LAN_OURS;
		}
	}
}

static bool build(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	switch (link_kind(k->want.name)) {
	case LINK_OTHER:
		log_msg(LOG_ERR, "%s: an interface of this name exists that is no sit tunnel",
			k->want.name);
		return false;
	case LINK_SIT:
		log_msg(LOG_NOTICE, "%s: a sit tunnel of this name is left from before; it is "
				    "taken over", k->want.name);
		k->now = (struct tunnel){0};
		memcpy(k->now.name, k->want.name, sizeof k->now.name);
		k->now.route = ROUTE_NONE;
		k->exists = true;
		k->left = true;
		return true; /* kernel_go() removes it first */
	case LINK_ABSENT:
		break;
	}
	k->now = k->want;
	k->now.no_source_routes = k->no_source_routes;
	look_at_lans(&k->now, true);
	k->exists = true;
	k->routes = k->target_routes = k->want_routes;
	k->added = false;
	if (!k->record(k->record_arg)) {
		k->exists = false;
		return false;
	}
	tunnel_add(&k->now, &l);
	return start(k, KOP_BUILD, &l);
}

/* The interface is there and still down: the rest follows. */
static void build_rest(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	k->added = true;
	if (distrust_far_end(&k->now)) {
		tunnel_configure(&k->now, k->target_routes, &l);
		show(l.text);
		run_feed(&k->run, l.text, l.len);
	} else {
		run_kill(&k->run);
	}
	run_feed_end(&k->run);
}

static bool move(struct kernel *k)
{
	struct in6_addr ll = tunnel_link_local(k->now.local);
	struct tunnel *n = &k->now, old = *n;
	struct lines l;

	lines_start(&l);
	n->local = k->want.local;
	n->mtu = k->want.mtu;
	k->target_routes = k->want_routes;
	tunnel_move(&old, n, link_has_address6(n->name, &ll), &l);
	if (k->want_routes && !k->routes)
		tunnel_routes_add(n, &l);
	k->routes = k->routes || k->want_routes;
	/* Where it cannot be written, the old one still names all but the ends. */
	k->record(k->record_arg);
	return start(k, KOP_MOVE, &l);
}

static bool change_routes(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	k->target_routes = k->want_routes;
	if (k->want_routes)
		tunnel_routes_add(&k->now, &l);
	else
		tunnel_routes_del(&k->now, &l);
	if (l.count == 0) {
		k->routes = k->want_routes;
		return true;
	}
	k->routes = true; /* until they are seen to be gone */
	return start(k, KOP_ROUTES, &l);
}

static bool add_lans(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (lan->state != LAN_WANTED)
			continue;
		lan->state = LAN_ABSENT;
		look_at_lans(&k->now, false);
		if (lan->state == LAN_OURS) {
			log_msg(LOG_NOTICE, "%s: LAN interface %s gets its address", k->now.name,
				lan->name);
			tunnel_lan_add(lan, &l);
		}
	}
	k->record(k->record_arg);
	return l.count == 0 || start(k, KOP_LAN, &l);
}

static bool undo(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	tunnel_undo(&k->now, true, link_kind(k->now.name) == LINK_SIT, &l);
	if (l.count == 0) {
		k->exists = k->routes = k->left = false;
		return true;
	}
	return start(k, KOP_UNDO, &l);
}

static bool lan_wanted(const struct kernel *k)
{
	for (unsigned i = 0; i < k->now.n_lans; i++)
		if (k->now.lans[i].state == LAN_WANTED)
			return true;
	return false;
}

/* What has to be done next, from the difference of what is and what is wanted.
 * Routes that lead nowhere go first. */
static enum kernel_op next(const struct kernel *k)
{
	if (k->exists && (!k->want_exists || k->left || !tunnel_same(&k->now, &k->want)))
		return KOP_UNDO;
	if (!k->exists)
		return k->want_exists ? KOP_BUILD : KOP_NONE;
	if (k->routes && !k->want_routes)
		return KOP_ROUTES;
	if (k->now.local.s_addr != k->want.local.s_addr || k->now.mtu != k->want.mtu)
		return KOP_MOVE;
	if (k->routes != k->want_routes)
		return KOP_ROUTES;
	return lan_wanted(k) ? KOP_LAN : KOP_NONE;
}

/* A failure makes everything be removed; where that fails too, that is said
 * and left for the next call. */
static bool failed(struct kernel *k, enum kernel_op op)
{
	k->failed = true;
	k->want_exists = false;
	if (op != KOP_UNDO)
		return true;
	if (!k->retried) {
		k->retried = true;
		return true;
	}
	k->left = true;
	log_msg(LOG_ERR, "%s: could not be removed and is left: %s and its addresses and routes; "
			 "the next dtcp-up or --down removes them", k->now.name,
		link_kind(k->now.name) == LINK_SIT ? "the interface" : "(no interface)");
	return false;
}

enum kernel_result kernel_go(struct kernel *k)
{
	while (k->op == KOP_NONE) {
		enum kernel_op op = next(k);
		bool ok = true;

		switch (op) {
		case KOP_NONE:
			return k->failed ? KERNEL_FAILED : KERNEL_DONE;
		case KOP_BUILD:
			ok = build(k);
			break;
		case KOP_MOVE:
			ok = move(k);
			break;
		case KOP_ROUTES:
			ok = change_routes(k);
			break;
		case KOP_LAN:
			ok = add_lans(k);
			break;
		case KOP_UNDO:
			ok = undo(k);
			break;
		}
		if (!ok && !failed(k, op))
			return KERNEL_FAILED;
	}
	return KERNEL_BUSY;
}

enum kernel_result kernel_want(struct kernel *k, const struct tunnel *t, bool routes)
{
	k->want_exists = t != NULL;
	if (t)
		k->want = *t;
	k->want_routes = t && routes;
	k->failed = k->retried = false;
	return kernel_go(k);
}

enum kernel_result kernel_want_routes(struct kernel *k, bool routes)
{
	k->want_routes = k->want_exists && routes;
	return kernel_go(k);
}

/* True where a build stopped at a line that this kernel cannot do and that can
 * be done without. */
static bool lacks_source_routes(struct kernel *k)
{
	if (k->op != KOP_BUILD || k->no_source_routes || !strstr(k->run.text, "IPV6_SUBTREES"))
		return false;
	k->no_source_routes = true;
	log_msg(LOG_WARNING, "%s: this kernel has no source routes (IPV6_SUBTREES): another "
			     "default route may carry packets with the tunnel's addresses",
		k->now.name);
	return true;
}

static bool succeeded(const struct kernel *k)
{
	if (k->op == KOP_UNDO)
		return !k->run.killed && (run_ok(&k->run) || tunnel_undone(k->run.text)) &&
		       k->run.cut == 0 && link_kind(k->now.name) != LINK_SIT;
	return run_ok(&k->run) && (k->op != KOP_BUILD || k->added);
}

/* What ip said goes on one line, without the line end. */
static void complain(struct kernel *k)
{
	char result[64], *text = k->run.text;
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ';';
	run_result(&k->run, result, sizeof result);
	if (strstr(text, "No buffer space available"))
		log_msg(LOG_ERR, "%s: ip: %s: %s (another tunnel has the same ends?)",
			k->now.name, result, text);
	else
		log_msg(LOG_ERR, "%s: ip: %s: %s", k->now.name, result,
			len ? text : "it said nothing");
}

enum kernel_result kernel_reaped(struct kernel *k, int status)
{
	enum kernel_op op = k->op;
	bool retry;

	run_reaped(&k->run, status);
	k->deadline = CLOCK_NEVER;
	if (succeeded(k)) {
		k->op = KOP_NONE;
		if (op == KOP_UNDO) {
			k->exists = k->routes = k->left = k->retried = false;
		} else if (op == KOP_ROUTES) {
			k->routes = k->target_routes;
		}
		return kernel_go(k);
	}
	retry = lacks_source_routes(k);
	if (!retry)
		complain(k);
	k->op = KOP_NONE;
	k->left = k->exists;
	if (!retry && !failed(k, op))
		return KERNEL_FAILED;
	return kernel_go(k);
}

enum kernel_result kernel_timer(struct kernel *k, int64_t now)
{
	if (k->op != KOP_NONE && now >= k->deadline) {
		k->deadline = CLOCK_NEVER;
		run_kill(&k->run);
	}
	return KERNEL_BUSY;
}

void kernel_hurry(struct kernel *k, int64_t now, int64_t end_by)
{
	k->end_by = end_by;
	if (k->op != KOP_NONE)
		k->deadline = clock_min(k->deadline, now + (end_by - now) / 3);
}

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
		    e->index == if_nametoindex(lan->name))
			lan->state = LAN_WANTED;
	}
}

void kernel_watch(struct kernel *k, const struct watch_event *e)
{
	if (!k->exists)
		return;
	/* The last words of an interface that went before also carry its name,
	 * hence the look at what is there. */
	if (k->op == KOP_BUILD && !k->added && e->kind == WATCH_LINK_NEW &&
	    strcmp(e->name, k->now.name) == 0 && link_kind(k->now.name) == LINK_SIT)
		build_rest(k);
	if (k->op == KOP_UNDO || !k->want_exists)
		return; /* what goes now is meant to go */
	watch_lan(k, e);
	if (k->op == KOP_NONE && e->kind == WATCH_LINK_GONE && strcmp(e->name, k->now.name) == 0) {
		log_msg(LOG_WARNING, "%s: somebody removed the interface; it is built anew",
			k->now.name);
		k->left = true;
	}
	if (k->op == KOP_NONE && e->kind == WATCH_ROUTE_GONE && k->routes &&
	    e->index == if_nametoindex(k->now.name)) {
		log_msg(LOG_WARNING, "%s: somebody removed a route into the tunnel; it is built "
				     "anew", k->now.name);
		k->left = true;
	}
}
