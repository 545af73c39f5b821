/* SPDX-License-Identifier: ISC */
#include "server/builder.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/text.h"
#include "kernel/interface.h"
#include "kernel/way.h"
#include "protocol/offer.h"
#include "rundir/rundir.h"
#include "server/ability.h"
#include "server/batch.h"
#include "server/changes.h"
#include "server/far.h"
#include "server/far_kernel.h"
#include "server/look.h"
#include "server/standing.h"

enum {
	LOOK_PAUSE_MS = 500, /* between a change that somebody made and the look at it */
	GATHER_MS = 250,     /* after a round for several sessions: who comes in a crowd is not
			      * alone */
	TRIES = 2
};

/* What one round has got to. In each phase one program runs at most. */
enum phase {
	PHASE_IDLE,
	PHASE_FIRST,  /* ip: what goes, what moves, interfaces, unreachable routes */
	PHASE_FILTER, /* tc: for the new interfaces, which are still down */
	PHASE_REST    /* ip: MTU, up, addresses, routes */
};

struct builder {
	struct builder_how how;
	struct ability_programs programs;
	struct batch batch;
	struct standing standing;
	enum phase phase;
	unsigned char *round; /* by session: its enum session_step in this round */
	struct changes changes; /* that somebody made */
	bool look_due;
	int64_t look_at, gather_until;
	bool changed;
};

/* ------------------------------------------------------------------ a round */

static struct session *each(const struct builder *b, uint32_t i)
{
	return &b->how.sessions->list[i];
}

static uint32_t count(const struct builder *b)
{
	return b->how.sessions->size;
}

/* Notes what the tunnel really has of what a move can change: the MTU is set in any case. */
static void take_ends(struct session *s, const struct look_link *k)
{
	s->exists = k;
	if (!k)
		return;
	s->now.local = k->local;
	s->now.remote = k->remote;
	s->now.ttl = k->ttl;
}

/* A session that was ready stays so only if all of it is really there. */
static void look_at(struct session *s, struct look *l)
{
	char name[IF_NAMESIZE];
	const char *lacks;

	if (!s->used || !s->ready || far_kernel_whole(l, &s->now, &lacks))
		return;
	if (!look_link(l, s->now.name) && if_indextoname(s->index, name)) {
		log_msg(LOG_WARNING, "%s: somebody has changed it: it is named %s now, and is mended",
			s->now.name, name);
		snprintf(s->now.name, sizeof s->now.name, "%s", name);
		s->ready = false;
		return;
	}
	log_msg(LOG_WARNING, "%s: somebody has changed it: it lacks %s, and is mended", s->now.name,
		lacks);
	s->ready = false;
	take_ends(s, look_link(l, s->now.name));
	if (!s->exists)
		far_kernel_leave(s);
}

/* Somebody has changed something. */
static void look_again(struct builder *b)
{
	struct changes *c = &b->changes;
	int64_t one = changes_one(c);
	struct look l;

	b->look_due = false;
	if (!changes_any(c)) /* of what a round has not looked at since */
		return;
	if (one >= 0 ? look_one(&l, each(b, (uint32_t)one)->now.name) : look_take(&l, false)) {
		for (uint32_t i = 0; i < count(b); i++)
			if (c->lost || c->of[i].any)
				look_at(each(b, i), &l);
		if (c->lost || c->routes)
			standing_look(&b->standing, &l);
		changes_forget(c);
	} else {
		c->lost = true; /* then all is looked at */
		b->look_due = true;
		b->look_at = clock_ms() + standing_pause_ms(0);
	}
	look_free(&l);
}

static void watch(struct builder *b)
{
	changes_read(&b->changes);
	if (b->look_due || !changes_any(&b->changes))
		return;
	b->look_due = true;
	b->look_at = clock_ms() + LOOK_PAUSE_MS;
}

/* More is to come: the next round waits for it. */
static bool gathers(const struct builder *b)
{
	return clock_ms() < b->gather_until;
}

/* Whose tunnel has that name in the kernel; NULL: nobody's of ours. */
static const struct session *named(const struct builder *b, const char *name)
{
	for (uint32_t i = 0; i < count(b); i++) {
		const struct session *s = each(b, i);

		if (s->used && s->exists && strcmp(s->now.name, name) == 0)
			return s;
	}
	return NULL;
}

/* A tunnel of ours has that name, and is about to go, as far as is known. */
static bool is_going(const struct builder *b, const char *name)
{
	const struct session *s = named(b, name);

	return s && sessions_step(s) == STEP_REMOVE && s->stays < TRIES;
}

/* Nothing is made in the place of what is there. */
static void refuse_name(struct builder *b, struct session *s)
{
	const struct session *other = named(b, s->want.name);
	char user[4 * CONFIG_NAME_MAX + 1];

	if (other)
		log_msg(LOG_ERR, "%s: it is the tunnel of '%s' until it goes, or that user logs in again",
			s->want.name,
			text_escape(user, sizeof user, other->name, strlen(other->name)));
	else
		log_msg(LOG_ERR, "%s: an interface of this name exists, and is not ours",
			s->want.name);
	s->failed = b->changed = true;
}

/* Which step each session takes in this round. */
static bool plan_steps(struct builder *b, builder_gone_fn *gone, void *arg)
{
	int64_t now = clock_ms();
	struct look l = LOOK_NONE;
	bool any = false;

	for (uint32_t i = 0; i < count(b); i++) {
		struct session *s = each(b, i);
		enum session_step step = s->used ? sessions_step(s) : STEP_NONE;

		b->round[i] = STEP_NONE;
		s->anew = false;
		if (step == STEP_FREE) {
			gone(arg, s);
			far_kernel_leave(s);
			sessions_free(s);
			changes_expect(&b->changes, i, 0);
			b->changed = true;
		} else if (step == STEP_ADD && is_going(b, s->want.name)) {
			continue; /* in the round after that */
		} else if (step == STEP_ADD && look_index(&l, s->want.name)) {
			refuse_name(b, s);
		} else if (step != STEP_NONE && (step != STEP_REMOVE || now >= s->remove_at)) {
			b->round[i] = (unsigned char)step;
			/* Who logs in while it goes waits for what comes in its place. */
			s->ready &= step != STEP_REMOVE && step != STEP_MOVE;
			any = true;
		}
	}
	look_free(&l);
	return any;
}

static void add_lines(struct builder *b, enum session_step step)
{
	for (uint32_t i = 0; i < count(b); i++) {
		struct session *s = each(b, i);

		if (b->round[i] != step)
			continue;
		if (step == STEP_REMOVE)
			far_remove(&b->batch.lines, s->now.name);
		else if (step == STEP_MOVE)
			far_move(&b->batch.lines, &s->want);
		else if (step == STEP_ADD)
			far_add(&b->batch.lines, &s->want);
	}
}

/* What is about to be made may be there from now on. */
static bool record(struct builder *b)
{
	for (uint32_t i = 0; i < count(b); i++)
		if (b->round[i] == STEP_ADD) {
			each(b, i)->now = each(b, i)->want;
			each(b, i)->exists = true;
			standing_made(&b->standing, each(b, i)->now.name);
		}
	if (b->how.record(b->how.arg))
		return true;
	for (uint32_t i = 0; i < count(b); i++)
		if (b->round[i] == STEP_ADD) {
			each(b, i)->exists = false;
			each(b, i)->failed = b->changed = true;
			b->round[i] = STEP_NONE;
		}
	return false;
}

/* Has the program do the lines, if there are any. */
static void do_lines(struct builder *b, char *program)
{
	if (b->batch.lines.len == 0)
		return;
	orphan_mark(b->batch.mark, *b->how.run_dir); /* which may have been made anew */
	batch_start(&b->batch, program);
}

/* What goes or moves does so first, since something new may need its address or name. */
static bool first(struct builder *b, builder_gone_fn *gone, void *arg)
{
	batch_clear(&b->batch);
	batch_forget(&b->batch);
	standing_plan(&b->standing, &b->batch.lines);
	if (plan_steps(b, gone, arg))
		record(b);
	add_lines(b, STEP_REMOVE);
	add_lines(b, STEP_MOVE);
	add_lines(b, STEP_ADD);
	do_lines(b, b->programs.ip);
	for (uint32_t i = 0; i < count(b); i++)
		if (b->round[i] != STEP_NONE)
			return true;
	return b->standing.asked;
}

static bool is_built(const struct builder *b, uint32_t i)
{
	return b->round[i] == STEP_ADD || b->round[i] == STEP_REPAIR;
}

/* What is built in a round is what was written down when it began. Meanwhile its user may have
 * logged in for another type: that is another round's. */
static void filter(struct builder *b)
{
	struct look l = LOOK_NONE;

	batch_clear(&b->batch);
	for (uint32_t i = 0; i < count(b); i++) {
		struct session *s = each(b, i);
		unsigned index = is_built(b, i) ? look_index(&l, s->now.name) : 0;
		int n;

		if (!index || !far_kernel_distrust(s->now.name))
			continue;
		n = look_filters(&l, index);
		if (n == (int)far_filters(&s->now))
			continue;
		if (n > 0)
			far_line(&b->batch.lines, "qdisc del dev %s clsact", s->now.name);
		far_filter(&b->batch.lines, &s->now);
	}
	look_free(&l);
	do_lines(b, b->programs.tc);
}

/* Only behind its filters an interface comes up. */
static void rest(struct builder *b)
{
	struct look l = LOOK_NONE;

	batch_clear(&b->batch);
	for (uint32_t i = 0; i < count(b); i++) {
		struct session *s = each(b, i);
		unsigned index = is_built(b, i) ? look_index(&l, s->now.name) : 0;

		if (index && look_filters(&l, index) == (int)far_filters(&s->now))
			far_configure(&b->batch.lines, &s->now);
	}
	look_free(&l);
	do_lines(b, b->programs.ip);
}

/* It is there still, as far as is known: others do not wait for that. */
static void remove_later(struct session *s)
{
	s->remove_at = clock_ms() + standing_pause_ms(s->stays);
}

static void judge_removal(const struct builder *b, struct session *s, const struct look_link *k)
{
	if (k) {
		if (s->stays++ == 0)
			log_msg(LOG_ERR, "%s: could not be removed: %s", s->now.name,
				batch_said(&b->batch));
		remove_later(s);
		s->failed |= s->held && s->stays >= TRIES; /* another one was to take its place */
		return;
	}
	far_kernel_leave(s);
	s->exists = s->ready = false;
	s->stays = 0;
}

/* One that was made anew while its session lasts has counted nothing yet. */
static void count_from(struct session *s, unsigned index)
{
	if (s->index == index)
		return;
	far_kernel_leave(s); /* the one before it */
	s->index = index;
	s->bytes_in = s->bytes_out = 0;
}

static void judge_tunnel(struct builder *b, struct session *s, struct look *l,
			 const struct look_link *k)
{
	const char *lacks = "the interface";

	take_ends(s, k);
	s->ready = k && far_kernel_whole(l, &s->want, &lacks);
	if (s->ready) {
		s->now = s->want;
		s->tries = 0;
		count_from(s, k->index);
		far_kernel_join(s, k->index);
	} else if (!s->anew && ++s->tries >= TRIES) {
		s->failed = true;
		log_msg(LOG_ERR, "%s: could not be built, it lacks %s; ip and tc: %s", s->want.name,
			lacks, batch_said(&b->batch));
	}
}

/* After a round for one session that one alone is asked for, however many there are. */
static bool look_round(const struct builder *b, struct look *l)
{
	const char *name = NULL;
	unsigned n = 0;

	for (uint32_t i = 0; i < count(b); i++)
		if (b->round[i] != STEP_NONE) {
			name = each(b, i)->now.name;
			n++;
		}
	return n == 1 && !b->standing.asked ? look_one(l, name) : look_take(l, false);
}

/* The kernel says how the round has gone. What it has told of these sessions is ours, or is
 * seen now. */
static void judge(struct builder *b)
{
	struct look l;
	unsigned n = 0;
	bool seen;

	watch(b);
	seen = look_round(b, &l);
	for (uint32_t i = 0; i < count(b); i++) {
		struct session *s = each(b, i);
		const struct look_link *k;

		if (b->round[i] == STEP_NONE)
			continue;
		n++;
		k = seen ? look_link(&l, s->now.name) : NULL;
		if (seen)
			changes_expect(&b->changes, i, k ? k->index : 0);
		if (!seen && b->round[i] == STEP_REMOVE)
			remove_later(s);
		if (!seen && ++s->tries >= TRIES)
			s->failed = true;
		else if (seen && b->round[i] == STEP_REMOVE)
			judge_removal(b, s, k);
		else if (seen)
			judge_tunnel(b, s, &l, k);
		b->round[i] = STEP_NONE;
	}
	/* What has gone is nobody's any more, and another program's next. */
	if (standing_judge(&b->standing, seen ? &l : NULL, batch_said(&b->batch)))
		b->how.record(b->how.arg);
	if (n > 1)
		b->gather_until = clock_ms() + GATHER_MS;
	b->changed = true; /* also without a session in it: one that came meanwhile has waited */
	look_free(&l);
}

static void step(struct builder *b, builder_gone_fn *gone, void *arg)
{
	switch (b->phase) {
	case PHASE_IDLE:
		if (!gathers(b) && first(b, gone, arg))
			b->phase = PHASE_FIRST;
		break;
	case PHASE_FIRST:
		b->phase = PHASE_FILTER;
		filter(b);
		break;
	case PHASE_FILTER:
		b->phase = PHASE_REST;
		rest(b);
		break;
	case PHASE_REST:
		b->phase = PHASE_IDLE;
		judge(b);
		break;
	}
}

bool builder_work(struct builder *b, builder_gone_fn *gone, void *arg)
{
	bool changed;

	if (b->look_due && b->phase == PHASE_IDLE && clock_ms() >= b->look_at)
		look_again(b);
	while (!batch_runs(&b->batch)) {
		step(b, gone, arg);
		if (b->phase == PHASE_IDLE)
			break;
	}
	changed = b->changed;
	b->changed = false;
	return changed;
}

static bool sessions_settled(const struct builder *b)
{
	for (uint32_t i = 0; i < count(b); i++)
		if (each(b, i)->used && sessions_step(each(b, i)) != STEP_NONE)
			return false;
	return true;
}

/* When the first of those that could not be removed is tried again. */
static int64_t remove_at(const struct builder *b)
{
	int64_t at = CLOCK_NEVER;

	for (uint32_t i = 0; i < count(b); i++)
		if (each(b, i)->used && sessions_step(each(b, i)) == STEP_REMOVE)
			at = clock_min(at, each(b, i)->remove_at);
	return at;
}

bool builder_idle(const struct builder *b)
{
	return b->phase == PHASE_IDLE && !b->standing.due && sessions_settled(b);
}

/* ------------------------------------------------------------------ the caller's loop */

nfds_t builder_polls(const struct builder *b, struct pollfd *p, int64_t *deadline)
{
	*deadline = clock_min(*deadline, b->batch.deadline);
	if (b->phase == PHASE_IDLE && b->look_due)
		*deadline = clock_min(*deadline, b->look_at);
	if (b->phase == PHASE_IDLE && gathers(b))
		*deadline = clock_min(*deadline, b->gather_until);
	else if (b->phase == PHASE_IDLE && b->standing.due)
		*deadline = clock_min(*deadline, b->standing.at);
	if (b->phase == PHASE_IDLE && !gathers(b))
		*deadline = clock_min(*deadline, remove_at(b));
	/* While a program of ours is at work the changes are ours: thousands, in a crowd. They
	 * wait, together, and so do those of others. */
	p[0] = (struct pollfd){.fd = b->phase == PHASE_IDLE ? b->changes.fd : -1, .events = POLLIN};
	batch_polls(&b->batch, p + 1);
	return BUILDER_POLLS;
}

/* Something that a program of ours does was done since the last time. Nobody who works is killed
 * for being slow: for a crowd there are thousands of lines. */
static bool kernel_tells(struct builder *b)
{
	unsigned before = b->changes.told;

	changes_read(&b->changes);
	return b->changes.told != before;
}

void builder_heard(struct builder *b, const struct pollfd *p, nfds_t n)
{
	if (n != BUILDER_POLLS)
		return;
	if (p[0].revents)
		watch(b);
	if (batch_hangs(&b->batch) && !rundir_is_stopped(b->batch.run.pid) && kernel_tells(b))
		batch_works(&b->batch);
	batch_heard(&b->batch, p + 1);
}

void builder_hurry(struct builder *b)
{
	batch_hurry(&b->batch);
	for (uint32_t i = 0; i < count(b); i++) {
		each(b, i)->stays = 0;
		each(b, i)->remove_at = 0;
	}
}

bool builder_reaped(struct builder *b, pid_t pid, int status)
{
	return batch_reaped(&b->batch, pid, status);
}

bool builder_name_free(void *arg, const char *name)
{
	(void)arg;
	return interface_index(name) == 0;
}

bool builder_far_end_ok(struct builder *b, struct in_addr client)
{
	(void)b;
	return offer_far_end_ok(client) && !interface_is_ours(client);
}

unsigned builder_way_mtu(struct builder *b, struct in_addr local, struct in_addr remote)
{
	(void)b;
	return way_mtu(local, remote);
}

unsigned builder_index(struct builder *b, const char *name)
{
	(void)b;
	return interface_index(name);
}

void builder_bytes(struct builder *b, const char *name, uint64_t *in, uint64_t *out)
{
	(void)b;
	look_bytes(name, in, out);
}

static void nobody(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
}

void builder_settle(struct builder *b, int64_t deadline)
{
	for (;;) {
		struct pollfd p[BUILDER_POLLS];
		int64_t wake = deadline;
		bool silent;
		int status;
		pid_t pid;
		nfds_t n;

		builder_work(b, nobody, NULL);
		if (builder_idle(b) || standing_stuck(&b->standing) || clock_ms() >= deadline)
			return;
		n = builder_polls(b, p, &wake);
		/* The program may close its output a little before it ends: then look again
		 * after 1 ms. */
		silent = batch_runs(&b->batch) && b->batch.run.out < 0;
		poll(p, n, silent ? 1 : clock_poll_timeout(wake, clock_ms()));
		builder_heard(b, p, n);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			builder_reaped(b, pid, status);
	}
}

/* ------------------------------------------------------------------ begin and end */

bool builder_users(struct builder *b, const struct config *c)
{
	return standing_users(&b->standing, c);
}

bool builder_take_over(struct builder *b, const char *name)
{
	return standing_leftover(&b->standing, name);
}

bool builder_take_over_prefix(struct builder *b, const struct prefix *p)
{
	return standing_leftover_prefix(&b->standing, p);
}

const struct standing *builder_standing(const struct builder *b)
{
	return &b->standing;
}

/* The tunnel that was made as a proof goes in the first round, with all else that is to go; or
 * now, if that cannot be noted. */
static bool prove(struct builder *b)
{
	if (!ability_prove(&b->batch, &b->programs))
		return false;
	if (builder_take_over(b, ABILITY_TRY))
		return true;
	far_remove(&b->batch.lines, ABILITY_TRY);
	batch_run(&b->batch, b->programs.ip);
	return false;
}

static bool open_parts(struct builder *b)
{
	b->changes.fd = -1;
	batch_init(&b->batch);
	orphan_mark(b->batch.mark, *b->how.run_dir);
	if (!orphan_end(b->batch.mark) || !ability_find(&b->programs))
		return false;
	b->round = calloc(count(b), 1);
	if (!b->round) {
		log_msg(LOG_ERR, "out of memory");
		return false;
	}
	return changes_open(&b->changes, count(b)) && prove(b);
}

bool builder_permitted(void)
{
	const char *missing;

	if (privs_enough(false, &missing))
		return true;
	log_msg(LOG_ERR, "this takes privileges: %s is missing", missing);
	return false;
}

struct builder *builder_open(const struct builder_how *how)
{
	struct builder *b = calloc(1, sizeof *b);

	if (!b) {
		log_msg(LOG_ERR, "out of memory");
		return NULL;
	}
	b->how = *how;
	if (open_parts(b))
		return b;
	builder_close(b);
	return NULL;
}

void builder_close(struct builder *b)
{
	batch_free(&b->batch);
	standing_free(&b->standing);
	changes_close(&b->changes);
	free(b->round);
	free(b);
}
