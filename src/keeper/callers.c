/* SPDX-License-Identifier: ISC */
#include "keeper/callers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/status_codes.h"

void callers_init(struct callers *c)
{
	memset(c, 0, sizeof *c);
	c->listener = -1;
	for (int i = 0; i < CALLERS_MAX; i++)
		c->list[i].fd = -1;
}

static void hang_up(struct caller *one)
{
	fd_close(&one->fd);
	one->waiting = one->hasty = one->idle = false;
}

void callers_close(struct callers *c)
{
	fd_close(&c->listener);
}

static struct caller *add(struct callers *c, int fd)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].fd < 0) {
			c->list[i] = (struct caller){.fd = fd};
			return &c->list[i];
		}
	close(fd);
	return NULL;
}

void callers_accept(struct callers *c)
{
	int fd = control_accept(c->listener);

	if (fd >= 0)
		add(c, fd);
}

void callers_add(struct callers *c, int fd, const struct control_request *asked)
{
	struct caller *one = add(c, fd);

	if (one)
		caller_waits(one, asked);
}

bool caller_recv(struct caller *one, struct control_request *q)
{
	int got = control_recv_request(one->fd, q);

	if (got < 0)
		hang_up(one);
	if (got > 0)
		control_say(one->fd, CONTROL_HEARD, 0, "");
	return got > 0;
}

void caller_waits(struct caller *one, const struct control_request *q)
{
	one->asked = *q;
	one->waiting = true;
}

void caller_answer(struct caller *one, int status)
{
	control_say(one->fd, CONTROL_RESULT, status, "");
	hang_up(one);
}

void caller_ask_next(struct caller *one)
{
	control_say(one->fd, CONTROL_ENDING, 0, "");
	hang_up(one);
}

void callers_log(void *arg, int priority, const char *text)
{
	struct callers *c = arg;

	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].waiting && priority <= c->list[i].asked.threshold)
			control_say(c->list[i].fd, CONTROL_TEXT, priority, text);
}

bool callers_want(const struct callers *c, int priority)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].waiting && priority <= c->list[i].asked.threshold)
			return true;
	return false;
}

bool callers_waiting(const struct callers *c)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].waiting)
			return true;
	return false;
}

void callers_login(struct callers *c)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		c->list[i].idle = false;
}

void callers_say_idle(const struct callers *c, const char *interface, bool hasty)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].idle && c->list[i].hasty == hasty) {
			log_msg(LOG_NOTICE, "%s: is up already", interface);
			return;
		}
}

void callers_answer(struct callers *c, int status, struct in_addr local)
{
	for (int i = 0; i < CALLERS_MAX; i++) {
		struct caller *one = &c->list[i];

		if (!one->waiting || one->asked.op != CONTROL_UP)
			continue;
		if (status == STATUS_OK && one->awaits.s_addr && one->awaits.s_addr != local.s_addr)
			continue;
		if (status == STATUS_OK || !(one->asked.persist || one->asked.no_wait))
			caller_answer(one, status);
	}
}

void callers_answer_hasty(struct callers *c, bool up)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (c->list[i].hasty)
			caller_answer(&c->list[i], up ? STATUS_OK : STATUS_PENDING);
}

/* The connection stays open: the end of this process closes it, by which the caller knows
 * that nothing is left, not even a process. */
static void answer_last(struct caller *one, int status)
{
	control_say(one->fd, CONTROL_RESULT, status, "");
	one->waiting = false;
}

void callers_answer_last(struct callers *c, const char *interface, int status, bool left)
{
	char text[64];

	for (int i = 0; i < CALLERS_MAX; i++) {
		struct caller *one = &c->list[i];

		if (!one->waiting)
			continue;
		if (one->asked.op == CONTROL_UP && status == STATUS_OK) {
			/* Somebody wanted it down; to begin anew would undo that. */
			snprintf(text, sizeof text, "%s: was ended while it was coming up",
				 interface);
			control_say(one->fd, CONTROL_TEXT, LOG_ERR, text);
			answer_last(one, STATUS_SYSTEM);
		} else if (one->asked.op == CONTROL_DOWN) {
			answer_last(one, left ? STATUS_SYSTEM : STATUS_OK);
		} else {
			answer_last(one, status);
		}
	}
}
