/* SPDX-License-Identifier: ISC */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "kernel_ops.h"
#include "link.h"
#include "log.h"
#include "tunnel_lines.h"

/* From the end of the last one to the end of all: for saying what is left. */
enum { END_MARGIN_MS = 100 };

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
	if (k->routes != k->want_routes || k->again)
		return KOP_ROUTES;
	return lan_wanted(k) ? KOP_LAN : KOP_NONE;
}

/* A failure makes everything be removed; where that fails too, that is said
 * and left for the next call. */
static bool failed(struct kernel *k, enum kernel_op op)
{
	if (op != KOP_UNDO) {
		k->failed = k->want_exists; /* what is to go need not have been whole */
		k->want_exists = false;
		return true;
	}
	if (!k->retried) {
		k->retried = true;
		return true;
	}
	k->failed = k->left = true;
	k->want_exists = false;
	log_msg(LOG_ERR, "%s: could not be removed and is left: %s and its addresses and routes; "
			 "the next dtcp-up or --down removes them", k->now.name,
		link_kind(k->now.name) == LINK_SIT ? "the interface" : "(no interface)");
	return false;
}

enum kernel_result kernel_go(struct kernel *k)
{
	while (k->op == KOP_NONE) {
		enum kernel_op op;
		bool ok = true;

		if (k->doubt)
			kernel_look_again(k);
		op = next(k);
		switch (op) {
		case KOP_NONE:
			return k->failed ? KERNEL_FAILED : KERNEL_DONE;
		case KOP_BUILD:
			ok = kernel_build(k);
			break;
		case KOP_MOVE:
			ok = kernel_move(k);
			break;
		case KOP_ROUTES:
			ok = kernel_change_routes(k);
			break;
		case KOP_LAN:
			ok = kernel_add_lans(k);
			break;
		case KOP_UNDO:
			ok = kernel_undo(k);
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
	enum link_kind kind;

	if (k->unread)
		return false;
	if (k->op == KOP_UNDO) {
		kind = link_kind(k->now.name);
		return !k->run.killed && kind != LINK_SIT && kind != LINK_UNKNOWN &&
		       (run_ok(&k->run) || (k->run.cut == 0 && tunnel_undone(k->run.text)));
	}
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

/* A LAN interface that takes no address is no reason to end what works. */
static void lans_failed(struct kernel *k)
{
	for (unsigned i = 0; i < k->now.n_lans; i++) {
		struct tunnel_lan *lan = &k->now.lans[i];

		if (lan->state == LAN_OURS && !link_has_address6(lan->name, &lan->address))
			lan->state = LAN_ABSENT;
	}
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
	if (!retry && !k->explained)
		complain(k);
	k->op = KOP_NONE;
	if (op == KOP_LAN) {
		lans_failed(k);
		return kernel_go(k);
	}
	/* The rest is fed once the interface is there: nothing to undo, which an
	 * ip that fails at everything could not do either. */
	if (op == KOP_BUILD && !k->added && link_kind(k->now.name) != LINK_SIT)
		k->exists = k->routes = false;
	k->left = k->exists;
	if (!retry && !failed(k, op))
		return KERNEL_FAILED;
	return kernel_go(k);
}

void kernel_timer(struct kernel *k, int64_t now)
{
	if (k->op != KOP_NONE && now >= k->deadline) {
		k->deadline = CLOCK_NEVER;
		run_kill(&k->run);
	}
}

void kernel_hurry(struct kernel *k, int64_t now, int64_t end_by)
{
	k->end_by = end_by - END_MARGIN_MS;
	if (k->op != KOP_NONE)
		k->deadline = clock_min(k->deadline, now + (k->end_by - now) / 3);
}
