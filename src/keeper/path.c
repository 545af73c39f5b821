/* SPDX-License-Identifier: ISC */
#include "keeper/path.h"

#include "common/clock.h"

void path_init(struct path *p)
{
	*p = (struct path){.state = PATH_REST, .most = PATH_LOOK_MS, .next = CLOCK_NEVER,
			   .big_next = CLOCK_NEVER, .wake = CLOCK_NEVER};
}

static unsigned first(struct path *p, int64_t now, int64_t limit)
{
	p->state = PATH_FIRST;
	p->limit = limit;
	p->next = clock_min(now + PATH_FIRST_MS, limit);
	p->pause = (int64_t)2 * PATH_FIRST_MS;
	p->big_left = 0;
	p->big_next = CLOCK_NEVER;
	return PATH_SEND;
}

static unsigned start(struct path *p, int64_t now)
{
	if (p->state == PATH_BAD)
		return PATH_SEND;
	if (p->state != PATH_REST)
		return 0; /* a check is under way */
	p->state = PATH_CHECK;
	p->began = p->heard = now;
	p->next = now + PATH_ECHO_MS;
	return PATH_SEND;
}

static unsigned answered(struct path *p, int64_t now)
{
	unsigned big = 0;

	if (p->state == PATH_REST)
		return 0;
	if (p->state == PATH_FIRST || (p->state == PATH_BAD && p->limit)) {
		big = PATH_SEND_BIG;
		p->big_left = PATH_BIG_TRIES;
		p->big_next = now + PATH_ECHO_MS;
	}
	p->state = PATH_REST;
	p->limit = 0;
	p->next = CLOCK_NEVER;
	return PATH_GOOD | big;
}

/* Where an echo that fills the MTU passes, small ones do. */
static unsigned answered_big(struct path *p, int64_t now)
{
	p->big_left = 0;
	p->big_next = CLOCK_NEVER;
	return answered(p, now) & PATH_GOOD;
}

static unsigned failed(struct path *p, int64_t now)
{
	p->state = PATH_BAD;
	p->next = now + PATH_LOOK_MS;
	p->pause = (int64_t)2 * PATH_LOOK_MS;
	p->big_left = 0;
	p->big_next = CLOCK_NEVER;
	return PATH_FAILED;
}

/* Sends, and doubles the pause up to most. */
static unsigned send_later(struct path *p, int64_t now, int64_t most)
{
	p->pause = clock_min(p->pause, most);
	p->next = now + p->pause;
	p->pause *= 2;
	return PATH_SEND;
}

static unsigned turn(struct path *p, int64_t now)
{
	int64_t end = clock_min(p->heard + PATH_PATIENCE_MS, p->began + PATH_MOST_MS);

	switch (p->state) {
	case PATH_FIRST:
		if (now >= p->limit)
			return failed(p, now);
		send_later(p, now, PATH_LIMIT_MS);
		p->next = clock_min(p->next, p->limit);
		return PATH_SEND;
	case PATH_CHECK:
		if (now >= end)
			return failed(p, now);
		p->next = clock_min(now + PATH_ECHO_MS, end);
		return PATH_SEND;
	case PATH_BAD:
		return send_later(p, now, p->most);
	case PATH_REST:
		break;
	}
	return 0;
}

static unsigned big_turn(struct path *p, int64_t now)
{
	if (--p->big_left == 0) {
		p->big_next = CLOCK_NEVER;
		return PATH_MTU_BAD;
	}
	p->big_next = now + PATH_ECHO_MS;
	return PATH_SEND_BIG;
}

static unsigned timer(struct path *p, int64_t now)
{
	unsigned result = now >= p->next ? turn(p, now) : 0;

	if (now >= p->big_next)
		result |= big_turn(p, now);
	return result;
}

unsigned path_step(struct path *p, enum path_event e, int64_t now, int64_t limit)
{
	unsigned result = 0;

	switch (e) {
	case PATH_EV_FIRST:
		result = first(p, now, limit);
		break;
	case PATH_EV_START:
		result = start(p, now);
		break;
	case PATH_EV_ANSWER:
		result = answered(p, now);
		break;
	case PATH_EV_ANSWER_BIG:
		result = answered_big(p, now);
		break;
	case PATH_EV_TRAFFIC:
		p->heard = now;
		break;
	case PATH_EV_TIMER:
		result = timer(p, now);
		break;
	}
	p->wake = clock_min(p->next, p->big_next);
	return result;
}
