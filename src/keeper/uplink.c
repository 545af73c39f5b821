/* SPDX-License-Identifier: ISC */
#include "keeper/uplink.h"

#include <arpa/inet.h>
#include <asm/byteorder.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "kernel/interface.h"

/* As long as a server's address is not known, a default route is what leads to it:
 * 192.0.2.1 is on no host and in no table (RFC 5737). */
static const struct in_addr anywhere = {__constant_htonl(0xc0000201)};

void uplink_init(struct uplink *u, const char *who, const char *link, struct in_addr asked,
		 const char *told)
{
	memset(u, 0, offsetof(struct uplink, accounts));
	u->who = who;
	snprintf(u->link, sizeof u->link, "%s", link);
	u->asked = asked;
	u->named = !told[0] && asked.s_addr;
	snprintf(u->told, sizeof u->told, "%s", told);
	u->near_ok = true;
}

void uplink_forget(struct uplink *u)
{
	u->n_answers = 0;
}

void uplink_account(struct uplink *u, unsigned n, const char *link, const char *server)
{
	struct uplink_account *a = &u->accounts[n], before = {.pin = 0};

	if (n < u->n_known)
		before = *a;
	else
		u->n_known = n + 1;
	memset(a, 0, sizeof *a);
	snprintf(a->link, sizeof a->link, "%s", u->link[0] ? u->link : link);
	if (strcmp(a->link, before.link) == 0)
		a->pin = before.pin;
	if (inet_pton(AF_INET, server, &a->server) != 1)
		a->server.s_addr = 0;
	u->n_accounts = n + 1;
}

/* The link that an account is pinned to, 0 where it is not there. Of one that was
 * renamed while it was used nobody has the name. */
static unsigned pinned_to(const struct uplink_account *a)
{
	unsigned index = interface_index(a->link);

	return index ? index : a->pin;
}

static bool is_line(const struct line *l, const struct way *w)
{
	return l->index == w->index && l->local.s_addr == w->local.s_addr;
}

static bool was_tried(const struct uplink_account *a, const struct way *w)
{
	for (unsigned i = 0; i < a->n_tried; i++)
		if (is_line(&a->tried[i], w))
			return true;
	return false;
}

/* The way with the address that a caller named; NULL: none has it. */
static const struct way *asked_way(const struct uplink *u, const struct way *ways, int n)
{
	for (int i = 0; i < n; i++)
		if (ways[i].local.s_addr == u->asked.s_addr)
			return &ways[i];
	return NULL;
}

static bool same_question(const struct way_question *a, const struct way_question *b)
{
	return a->server.s_addr == b->server.s_addr && a->prefer.s_addr == b->prefer.s_addr &&
	       a->anywhere == b->anywhere && a->avoid_on == b->avoid_on &&
	       a->avoid.s_addr == b->avoid.s_addr;
}

enum {
	PINNED = 1,  /* by the link alone that the account is pinned to */
	LASTING = 2, /* from no address that is about to go */
	USABLE = PINNED | LASTING
};

/* The ways of this kind to the server of an account as the kernel has them. -1: not known. */
static int ask(struct uplink *u, const struct uplink_account *account, unsigned kind,
	       struct way ways[WAY_MOST])
{
	const char *link = kind & PINNED ? account->link : "";
	unsigned pin = link[0] ? account->pin : 0;
	struct way_question q = {.server = account->server.s_addr ? account->server : anywhere,
				 .prefer = u->asked,
				 .anywhere = u->named};
	struct uplink_answered *a;

	if (kind & LASTING && u->gone.index) {
		q.avoid_on = u->gone.index;
		q.avoid = u->gone.local;
	}
	for (unsigned i = 0; i < u->n_answers && i < UPLINK_ANSWERS; i++) {
		a = &u->answers[i];
		if (same_question(&a->q, &q) && strcmp(a->link, link) == 0 && a->pin == pin) {
			memcpy(ways, a->ways, sizeof a->ways);
			return a->n;
		}
	}
	a = &u->answers[u->n_answers++ % UPLINK_ANSWERS];
	snprintf(a->link, sizeof a->link, "%s", link);
	a->pin = pin;
	a->q = q;
	if (link[0])
		q.only = pinned_to(account);
	a->n = link[0] && !q.only ? 0 : way_find(&q, a->ways);
	memcpy(ways, a->ways, sizeof a->ways);
	return a->n;
}

/* Nobody who is not pinned to it uses a link without a carrier, or a deaf one. */
static bool may_take(const struct uplink_account *a, const struct way *w)
{
	return a->link[0] || (w->carrier && !w->deaf);
}

/* Whether some account can use the line with the address that a caller named: then that one is
 * meant. */
static bool one_is_named(struct uplink *u)
{
	struct way ways[WAY_MOST];

	for (unsigned i = 0; i < u->n_accounts; i++) {
		const struct uplink_account *a = &u->accounts[i];
		const struct way *w = asked_way(u, ways, ask(u, a, USABLE, ways));

		if (w && may_take(a, w))
			return true;
	}
	return false;
}

/* The ways that an account may take, the best one first. -1: not known. */
static int find(struct uplink *u, const struct uplink_account *a, struct way ways[WAY_MOST])
{
	int n = ask(u, a, USABLE, ways), left = 0;
	bool only_asked;

	if (u->named && asked_way(u, ways, n))
		u->seen = true;
	/* An address that was named is the only one, before any link has had it and while
	 * one has it. */
	only_asked = u->named && !a->link[0] && (!u->seen || asked_way(u, ways, n));
	if (u->named && a->link[0] && n > 0 && !asked_way(u, ways, n) && one_is_named(u))
		return 0;
	for (int i = 0; i < n; i++) {
		const struct way *w = &ways[i];

		if (!may_take(a, w) || (only_asked && w->local.s_addr != u->asked.s_addr))
			continue;
		ways[left++] = *w;
	}
	return n < 0 ? n : left;
}

/* The best of these ways: the one in use, which is kept; then in their order; the one
 * that has failed last. Without again, only of those that account a was not tried
 * over. */
static const struct way *choose(const struct uplink *u, const struct uplink_account *a,
				const struct way *ways, int n, bool again)
{
	const struct way *first = NULL, *last = NULL;

	for (int i = 0; i < n; i++) {
		const struct way *w = &ways[i];

		if (!again && was_tried(a, w))
			continue;
		if (is_line(&a->failed, w))
			last = w;
		else if (!first || is_line(&u->use, w))
			first = w;
	}
	return first ? first : last;
}

/* Whether an account with n ways has a line. Where the kernel cannot be asked, there is
 * taken to be one. */
static bool makes_a_line(const struct uplink *u, const struct uplink_account *a, int n)
{
	if (n != 0)
		return true;
	/* A name may stand for a neighbour, to whom no default route leads; and that it
	 * cannot be looked up has to be said. */
	return !a->server.s_addr && !u->named && !a->link[0];
}

static int count_untried(const struct uplink_account *a, const struct way *ways, int n)
{
	int left = 0;

	for (int i = 0; i < n; i++)
		left += !was_tried(a, &ways[i]);
	return left;
}

/* Whether one of these is not the line in use, and, with untried, was not tried. */
static bool any_other(const struct uplink *u, const struct uplink_account *a,
		      const struct way *ways, int n, bool untried)
{
	for (int i = 0; i < n; i++)
		if (!is_line(&u->use, &ways[i]) && !(untried && was_tried(a, &ways[i])))
			return true;
	return false;
}

static bool has_untried(struct uplink *u, const struct uplink_account *a)
{
	struct way ways[WAY_MOST];

	return any_other(u, a, ways, find(u, a, ways), true);
}

struct uplink_lines uplink_lines(struct uplink *u, unsigned n)
{
	struct uplink_lines l = {0};

	for (unsigned i = 0; i < u->n_accounts; i++) {
		const struct uplink_account *a = &u->accounts[i];
		struct way ways[WAY_MOST];
		int found = find(u, a, ways);

		if (!makes_a_line(u, a, found))
			l.absent |= 1u << i;
		/* An account whose login failed before it was given a line (its server's
		 * name cannot be resolved, say) would fail over another line, too. */
		if (a->given && any_other(u, a, ways, found, true))
			l.untried |= 1u << i;
		if (count_untried(a, ways, found) > 1)
			l.several |= 1u << i;
		if (i == n)
			l.others = any_other(u, a, ways, found, false);
	}
	return l;
}

bool uplink_has_line(struct uplink *u)
{
	for (unsigned i = 0; i < u->n_accounts; i++) {
		const struct uplink_account *a = &u->accounts[i];
		struct way ways[WAY_MOST];

		if (makes_a_line(u, a, find(u, a, ways)))
			return true;
	}
	return false;
}

static bool is_among(const struct line *l, const struct way *ways, int n)
{
	for (int i = 0; i < n; i++)
		if (is_line(l, &ways[i]))
			return true;
	return false;
}

/* One that goes and comes back is worth another try. */
static void forget_gone(struct uplink *u, struct uplink_account *a)
{
	struct way ways[WAY_MOST];
	int n = a->n_tried ? find(u, a, ways) : -1;
	unsigned left = 0;

	for (unsigned i = 0; n >= 0 && i < a->n_tried; i++)
		if (is_among(&a->tried[i], ways, n))
			a->tried[left++] = a->tried[i];
	if (n >= 0)
		a->n_tried = left;
}

/* Something has happened to it: the same. */
static void forget_try(struct uplink_account *a, unsigned index)
{
	unsigned left = 0;

	for (unsigned i = 0; i < a->n_tried; i++)
		if (a->tried[i].index != index)
			a->tried[left++] = a->tried[i];
	a->n_tried = left;
}

static void forget_tries(struct uplink *u)
{
	for (unsigned i = 0; i < u->n_accounts; i++)
		u->accounts[i].n_tried = 0;
}

void uplink_login(struct uplink *u, unsigned n, unsigned round)
{
	if (round != u->round)
		forget_tries(u);
	u->round = round;
	u->in_use = false;
	u->accounts[n].given = u->accounts[n].refused = false;
}

static void use(struct uplink *u, const struct way *w)
{
	u->use = (struct line){.index = w->index, .local = w->local, .here = w->here};
	memcpy(u->use.link, w->link, sizeof u->use.link);
	u->in_use = true;
	u->carrier = w->carrier;
	if (u->asked.s_addr == w->local.s_addr)
		u->seen = true;
}

static void note_try(struct uplink_account *a, const struct line *l)
{
	bool noted = false;

	for (unsigned i = 0; i < a->n_tried; i++)
		noted = noted || (a->tried[i].index == l->index &&
				  a->tried[i].local.s_addr == l->local.s_addr);
	if (!noted && a->n_tried < UPLINK_TRIED)
		a->tried[a->n_tried++] = *l;
}

/* Says once that a link is deaf, until another one is. */
static void warn_deaf(struct uplink *u, const struct uplink_account *a)
{
	struct way ways[WAY_MOST];
	int n = ask(u, a, USABLE, ways);

	for (int i = 0; i < n; i++) {
		if (!ways[i].deaf || !ways[i].carrier || u->deaf == ways[i].index)
			continue;
		u->deaf = ways[i].index;
		way_warn_deaf(&ways[i], u->who, a->server, a->link[0]);
		return;
	}
}

bool uplink_give(struct uplink *u, unsigned n, struct in_addr server)
{
	struct uplink_account *a = &u->accounts[n];
	struct way ways[WAY_MOST];
	const struct way *w = NULL;
	int found;

	a->server = server;
	warn_deaf(u, a);
	found = find(u, a, ways);
	/* Each address of the server over the same line. */
	for (int i = 0; i < found && u->in_use; i++)
		if (is_line(&u->use, &ways[i]))
			return true;
	w = choose(u, a, ways, found, false);
	if (!w)
		w = choose(u, a, ways, found, true); /* a last time, to stay with it */
	if (!w) {
		a->refused = true;
		return false;
	}
	use(u, w);
	a->pin = w->index;
	a->given = true;
	note_try(a, &u->use);
	return true;
}

bool uplink_lacks(const struct uplink *u, unsigned n)
{
	return u->accounts[n].refused && !u->accounts[n].given;
}

void uplink_explain(struct uplink *u)
{
	const char *link = u->n_accounts ? u->accounts[0].link : "";
	unsigned index = link[0] ? interface_index(link) : 0;

	for (unsigned i = 0; i < u->n_accounts; i++)
		warn_deaf(u, &u->accounts[i]);
	if (link[0] && !index)
		log_msg(LOG_ERR, "%s: link %s is not there", u->who, link);
	else if (u->named && !way_holder(u->asked))
		log_msg(LOG_ERR, "%s: no interface has the address %s", u->who,
			text_ipv4(u->asked));
	else if (!link[0])
		log_msg(LOG_ERR, "%s: no link leads to the server", u->who);
	else if (!way_usable(index))
		log_msg(LOG_ERR, "%s: link %s has no global IPv4 address", u->who, link);
	else
		log_msg(LOG_ERR, "%s: link %s does not lead to the server", u->who, link);
}

void uplink_offered(struct uplink *u)
{
	u->near = u->use;
	u->near_ok = true;
}

void uplink_works(struct uplink *u)
{
	forget_tries(u);
	for (unsigned i = 0; i < u->n_accounts; i++)
		u->accounts[i].failed.index = 0;
}

void uplink_rest(struct uplink *u)
{
	for (unsigned i = 0; i < u->n_accounts && u->use.index; i++)
		note_try(&u->accounts[i], &u->use);
}

void uplink_failed(struct uplink *u, unsigned n)
{
	if (u->in_use)
		u->accounts[n].failed = u->use;
}

/* Whether the kernel still has a line: the address somewhere, and a way by the link. */
static bool is_there(const struct line *l, const struct way *ways, int n)
{
	for (int i = 0; i < n; i++)
		if (ways[i].index == l->index)
			return ways[i].local.s_addr == l->local.s_addr || way_holder(l->local);
	return false;
}

static bool any_untried(struct uplink *u)
{
	for (unsigned i = 0; i < u->n_accounts; i++) {
		const struct uplink_account *a = &u->accounts[i];
		struct way ways[WAY_MOST];

		if (count_untried(a, ways, find(u, a, ways)) > 0)
			return true;
	}
	return false;
}

/* The hook's word holds until the address has gone. */
static void mind_gone(struct uplink *u)
{
	if (u->gone.index && !way_holder(u->gone.local))
		u->gone.index = 0;
}

/* The line in use, among all that will last. */
static enum uplink_news judge(struct uplink *u, unsigned n)
{
	struct way ways[WAY_MOST], all[WAY_MOST];
	int found = find(u, &u->accounts[n], ways);
	int n_all = ask(u, &u->accounts[n], LASTING, all);
	const struct way *same = NULL, *named = u->named ? asked_way(u, all, n_all) : NULL;
	bool had = u->carrier;

	if (n_all < 0)
		return UPLINK_SAME; /* later, then */
	for (int i = 0; i < n_all; i++)
		if (all[i].index == u->use.index)
			same = &all[i];
	if (same) {
		memcpy(u->use.link, same->link, sizeof u->use.link); /* it may have been renamed */
		u->carrier = same->carrier;
	}
	if (!same) {
		log_msg(LOG_WARNING,
			"%s: link %s has lost the address %s, or its way to the server", u->who,
			u->use.link, text_ipv4(u->use.local));
		u->in_use = false;
		return uplink_has_line(u) ? UPLINK_LINE : UPLINK_GONE;
	}
	if (same->local.s_addr != u->use.local.s_addr) {
		log_msg(LOG_NOTICE, "%s: link %s has the address %s now, not %s", u->who,
			u->use.link, text_ipv4(same->local), text_ipv4(u->use.local));
		return UPLINK_LINE;
	}
	/* A pinned account leaves the named line to another one. */
	if (named && same->local.s_addr != u->asked.s_addr &&
	    (u->accounts[n].link[0] ? found == 0 : asked_way(u, ways, found) != NULL)) {
		log_msg(LOG_NOTICE, "%s: moves from link %s to link %s, which has %s", u->who,
			u->use.link, named->link, text_ipv4(u->asked));
		return UPLINK_LINE;
	}
	return had && !same->carrier ? UPLINK_ASK : UPLINK_SAME;
}

enum uplink_news uplink_look(struct uplink *u, enum uplink_phase phase, unsigned n)
{
	struct way all[WAY_MOST];
	bool was = u->near_ok;
	enum uplink_news news = UPLINK_SAME;
	int n_all = ask(u, &u->accounts[n], 0, all);

	if (n_all < 0)
		return UPLINK_SAME; /* later, then */
	mind_gone(u);
	for (unsigned i = 0; i < u->n_accounts; i++)
		forget_gone(u, &u->accounts[i]);
	if (u->near.index || u->in_use)
		u->near_ok = is_there(u->near.index ? &u->near : &u->use, all, n_all);
	if (phase == UPLINK_WAITS)
		return uplink_has_line(u) ? UPLINK_LINE : UPLINK_SAME;
	if (phase == UPLINK_PAUSES && !uplink_has_line(u))
		news = UPLINK_GONE;
	else if (phase == UPLINK_PAUSES)
		news = any_untried(u) ? UPLINK_LINE : UPLINK_SAME;
	else if (u->in_use)
		news = judge(u, n);
	if (phase == UPLINK_STAYS && news == UPLINK_SAME && has_untried(u, &u->accounts[n]))
		news = UPLINK_LINE;
	return news == UPLINK_SAME && was != u->near_ok ? UPLINK_NEAR : news;
}

/* As link_same() does, but by netlink: a hook often names a link that has gone. */
static bool same_link(const char *a, const char *b)
{
	unsigned index = interface_index(a);

	return strcmp(a, b) == 0 || (index && index == interface_index(b));
}

/* The line in use may have been renamed. */
static bool is_used(const struct uplink *u, const char *link)
{
	return same_link(link, u->use.link) || interface_index(link) == u->use.index;
}

bool uplink_is_on(const struct uplink *u, const char *link)
{
	if (!link[0])
		return true;
	return u->use.link[0] ? is_used(u, link) : uplink_may_use(u, link);
}

bool uplink_may_use(const struct uplink *u, const char *link)
{
	if (u->n_accounts == 0)
		return true;
	for (unsigned i = 0; i < u->n_accounts; i++)
		if (!u->accounts[i].link[0] || same_link(link, u->accounts[i].link))
			return true;
	return false;
}

/* Whether a call is about one link, by its own option or by every account's. */
static bool is_pinned(const struct uplink *u, const char *link)
{
	for (unsigned i = 0; i < u->n_accounts && !link[0]; i++)
		if (!u->accounts[i].link[0])
			return false;
	return link[0] || u->n_accounts;
}

enum uplink_answer uplink_ask(struct uplink *u, const char *link, struct in_addr address)
{
	if (link[0] && !uplink_is_on(u, link)) {
		log_msg(LOG_NOTICE, "%s: is kept for link %s; link %s is not used", u->who,
			u->use.link, link);
		return UPLINK_KEPT;
	}
	if (address.s_addr && !way_holder(address)) {
		if (is_pinned(u, link)) {
			uplink_event(u, link, address); /* a hint */
			return UPLINK_TAKEN;
		}
		log_msg(LOG_ERR, "%s: no interface has the address %s", u->who, text_ipv4(address));
		return UPLINK_ABSENT;
	}
	if (address.s_addr) {
		uplink_await(u, address);
		u->gone.index = 0;
	}
	return UPLINK_TAKEN;
}

void uplink_await(struct uplink *u, struct in_addr address)
{
	u->asked = address;
	u->named = u->seen = true; /* seen: other addresses will do where no link has it */
}

bool uplink_is_about(const struct uplink *u, const char *link)
{
	if (u->use.link[0])
		return is_used(u, link);
	if (u->told[0] && same_link(link, u->told))
		return true;
	for (unsigned i = 0; i < u->n_accounts; i++)
		if (u->accounts[i].link[0] && same_link(link, u->accounts[i].link))
			return true;
	return false;
}

void uplink_event(struct uplink *u, const char *link, struct in_addr address)
{
	unsigned index = interface_index(link);

	if (index == u->gone.index)
		u->gone.index = 0;
	for (unsigned i = 0; i < u->n_accounts; i++)
		forget_try(&u->accounts[i], index);
	if (!u->use.index)
		snprintf(u->told, sizeof u->told, "%s", link);
	/* What a caller named goes before what a hook says, while a link has it. */
	if (!address.s_addr || (u->named && (!u->seen || way_holder(u->asked))))
		return;
	u->asked = address;
	u->named = false;
}

/* Whether some account has a way, or that is not known. A server whose address is not known
 * may be a neighbour, but nothing says so when the line has gone. */
static bool is_led_anywhere(struct uplink *u)
{
	struct way ways[WAY_MOST];

	for (unsigned i = 0; i < u->n_accounts; i++)
		if (find(u, &u->accounts[i], ways) != 0)
			return true;
	return false;
}

bool uplink_event_down(struct uplink *u, const char *link, struct in_addr address)
{
	unsigned index = interface_index(link);

	if (address.s_addr && index) {
		u->gone = (struct line){.index = index, .local = address};
		snprintf(u->gone.link, sizeof u->gone.link, "%s", link);
	}
	/* A hook of an older address may be late. */
	if (!address.s_addr && index && way_usable(index))
		return true;
	return is_led_anywhere(u);
}
