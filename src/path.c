/* SPDX-License-Identifier: ISC */
#include "path.h"

#include "clock.h"

void path_init(struct path *p)
{
	*p = (struct path){.state = PATH_REST, .wake = CLOCK_NEVER};
}

static unsigned rest(struct path *p, unsigned result)
{
	p->state = PATH_REST;
	p->wake = CLOCK_NEVER;
	return result;
}

static unsigned send_again(struct path *p, int64_t now)
{
	p->tries++;
	p->wake = now + PATH_WAIT_MS;
	return (p->state == PATH_ASKED ? PATH_SEND : 0u) | (p->big ? PATH_SEND_BIG : 0u);
}

static unsigned begin(struct path *p, bool big, int64_t now)
{
	p->state = PATH_ASKED;
	p->tries = 0;
	p->big = big;
	return send_again(p, now);
}

static unsigned answered(struct path *p)
{
	if (p->state != PATH_ASKED)
		return 0;
	if (!p->big)
		return rest(p, PATH_GOOD);
	p->state = PATH_ANSWERED;
	return PATH_GOOD;
}

/* Where one that fills the MTU passes, small ones do. */
static unsigned answered_big(struct path *p)
{
	return rest(p, p->state == PATH_ASKED ? PATH_GOOD : 0);
}

unsigned path_step(struct path *p, enum path_event e, int64_t now)
{
	switch (e) {
	case PATH_START:
	case PATH_START_BIG:
		return p->state == PATH_REST ? begin(p, e == PATH_START_BIG, now) : 0;
	case PATH_ANSWER:
		return answered(p);
	case PATH_ANSWER_BIG:
		return p->state == PATH_REST ? 0 : answered_big(p);
	case PATH_TIMER:
		if (p->state == PATH_REST || now < p->wake)
			return 0;
		if (p->tries < PATH_TRIES)
			return send_again(p, now);
		return rest(p, p->state == PATH_ASKED ? PATH_BAD : PATH_MTU_BAD);
	}
	return 0;
}
