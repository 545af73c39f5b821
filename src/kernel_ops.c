/* SPDX-License-Identifier: ISC */
#include "kernel_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "link.h"
#include "log.h"
#include "tunnel_lines.h"

/* One ip(8) takes some milliseconds; one that takes this long hangs. */
enum { IP_LIMIT_MS = 5000 };

static void show(const char *lines)
{
	while (*lines) {
		int len = (int)strcspn(lines, "\n");

		log_msg(LOG_DEBUG, "ip %.*s", len, lines);
		lines += len + (lines[len] == '\n');
	}
}

/* Of half of its lines ip would make half a tunnel, and be content. */
static void feed(struct kernel *k, const struct lines *l)
{
	if (run_feed(&k->run, l->text, l->len))
		return;
	k->unread = true;
	if (errno == EPIPE)
		return; /* it has a message of its own on its way */
	log_msg(LOG_ERR, "%s: ip: its lines cannot be written: %m", k->now.name);
	k->explained = true;
	run_kill(&k->run);
}

static bool start(struct kernel *k, enum kernel_op op, const struct lines *l)
{
	char *env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, (char[]){"LC_ALL=C"}, NULL};
	char path[16], force[] = "-force", batch[] = "-batch", from[] = "-";
	char *plain[] = {path, batch, from, NULL}, *forced[] = {path, force, batch, from, NULL};
	const char *ip = run_ip_path();
	int64_t now = clock_ms(), limit = IP_LIMIT_MS;

	if (k->end_by != CLOCK_NEVER) /* leave time for a second try */
		limit = (k->end_by - now) * (k->retried ? 8 : 5) / 10;
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
	k->explained = k->unread = false;
	k->deadline = now + limit;
	feed(k, l);
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
		log_msg(LOG_ERR, "%s: %s cannot be set to 0: %m", name, path);
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

/* Whether the address of a LAN interface is ours to make. */
static void look_at_lan(const struct tunnel *t, struct tunnel_lan *lan)
{
	if (!link_index(lan->name)) {
		if (lan->state == LAN_WANTED)
			log_msg(LOG_WARNING, "%s: LAN interface %s is missing; it gets its address "
					     "when it appears", t->name, lan->name);
		lan->state = LAN_ABSENT;
	} else {
		lan->state = link_has_address6(lan->name, &lan->address) ? LAN_FOREIGN : LAN_OURS;
	}
}

bool kernel_build(struct kernel *k)
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
		/* Routes that it had beside it are most likely those that are wanted;
		 * an address on a LAN may be somebody else's. */
		k->now = k->want;
		k->now.n_lans = 0;
		k->exists = k->routes = true;
		k->left = true;
		return true; /* kernel_go() removes it first */
	case LINK_UNKNOWN:
		return false;
	case LINK_ABSENT:
		break;
	}
	k->now = k->want;
	k->now.no_source_routes = k->no_source_routes;
	for (unsigned i = 0; i < k->now.n_lans; i++)
		look_at_lan(&k->now, &k->now.lans[i]);
	k->exists = true;
	k->routes = k->target_routes = k->want_routes;
	k->added = k->again = false;
	if (!k->record(k->record_arg)) {
		k->exists = false;
		return false;
	}
	tunnel_add(&k->now, &l);
	k->exists = start(k, KOP_BUILD, &l);
	return k->exists;
}

/* The interface is there and still down: the rest follows. */
void kernel_build_rest(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	k->added = true;
	if (distrust_far_end(&k->now)) {
		tunnel_configure(&k->now, k->target_routes, &l);
		show(l.text);
		feed(k, &l);
	} else {
		k->explained = true;
		run_kill(&k->run);
	}
	run_feed_end(&k->run);
}

bool kernel_move(struct kernel *k)
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
		tunnel_routes(n, "add", &l);
	k->routes = k->routes || k->want_routes;
	/* Where it cannot be written, the old one still names all but the ends. */
	k->record(k->record_arg);
	return start(k, KOP_MOVE, &l);
}

bool kernel_change_routes(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	k->target_routes = k->want_routes;
	if (k->want_routes)
		tunnel_routes(&k->now, k->again ? "replace" : "add", &l);
	else
		tunnel_routes_del(&k->now, &l);
	k->again = false;
	if (l.count == 0) {
		k->routes = k->want_routes;
		return true;
	}
	k->routes = true; /* until they are seen to be gone */
	return start(k, KOP_ROUTES, &l);
}

bool kernel_add_lans(struct kernel *k)
{
	struct lines l;

	lines_start(&l);
	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (lan->state != LAN_WANTED)
			continue;
		look_at_lan(&k->now, lan);
		if (lan->state == LAN_OURS) {
			log_msg(LOG_NOTICE, "%s: LAN interface %s gets its address", k->now.name,
				lan->name);
			tunnel_lan_add(lan, &l);
		}
	}
	k->record(k->record_arg);
	return l.count == 0 || start(k, KOP_LAN, &l);
}

bool kernel_undo(struct kernel *k)
{
	enum link_kind kind = link_kind(k->now.name);
	struct lines l;

	if (kind == LINK_UNKNOWN)
		return false; /* what is not seen is not gone */
	lines_start(&l);
	tunnel_undo(&k->now, true, kind == LINK_SIT, &l);
	if (l.count == 0) {
		k->exists = k->routes = k->left = false;
		return true;
	}
	return start(k, KOP_UNDO, &l);
}
