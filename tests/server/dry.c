/* SPDX-License-Identifier: ISC */
/* dtcpd without a kernel: in place of src/server/builder.c, every tunnel is there as soon
 * as it is wanted. So dialogues can be tried on any machine, without privileges
 * (build/server/dtcpd-dry). A tunnel can lead to 127.0.0.1, too. */
#include "server/builder.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/text.h"
#include "quiet_builder.h"
#include "server/standing.h"

struct builder {
	struct builder_how how;
	struct standing standing; /* empty */
};

bool builder_permitted(void)
{
	return true;
}

struct builder *builder_open(const struct builder_how *how)
{
	struct builder *b = calloc(1, sizeof *b);

	b->how = *how;
	return b;
}

void builder_close(struct builder *b)
{
	free(b);
}

bool builder_users(struct builder *b, const struct config *c)
{
	(void)b;
	(void)c;
	return true;
}

const struct standing *builder_standing(const struct builder *b)
{
	return &b->standing;
}

bool builder_take_over(struct builder *b, const char *name)
{
	(void)b;
	log_msg(LOG_NOTICE, "dry: %s would be removed", name);
	return true;
}

bool builder_take_over_prefix(struct builder *b, const struct prefix *p)
{
	(void)b;
	(void)p;
	return true;
}

bool builder_work(struct builder *b, builder_gone_fn *gone, void *arg)
{
	bool changed = false;

	for (uint32_t i = 0; i < b->how.sessions->size; i++) {
		struct session *s = &b->how.sessions->list[i];
		enum session_step step = s->used ? sessions_step(s) : STEP_NONE;

		if (step == STEP_NONE)
			continue;
		changed = true;
		if (step == STEP_FREE) {
			gone(arg, s);
			sessions_free(s);
		} else if (step == STEP_REMOVE) {
			log_msg(LOG_NOTICE, "dry: %s goes", s->now.name);
			s->exists = s->ready = false;
		} else {
			log_msg(LOG_NOTICE, "dry: %s %s, to %s", s->want.name,
				step == STEP_MOVE ? "moves" : "comes", text_ipv4(s->want.remote));
			s->now = s->want;
			s->exists = s->ready = b->how.record(b->how.arg);
			s->failed = !s->ready;
		}
	}
	return changed;
}

bool builder_idle(const struct builder *b)
{
	for (uint32_t i = 0; i < b->how.sessions->size; i++)
		if (b->how.sessions->list[i].used)
			return false;
	return true;
}

void builder_settle(struct builder *b, int64_t deadline)
{
	(void)b;
	(void)deadline;
}

nfds_t builder_polls(const struct builder *b, struct pollfd *p, int64_t *deadline)
{
	(void)b;
	(void)p;
	(void)deadline;
	return 0;
}

void builder_heard(struct builder *b, const struct pollfd *p, nfds_t n)
{
	(void)b;
	(void)p;
	(void)n;
}

void builder_hurry(struct builder *b)
{
	(void)b;
}

bool builder_reaped(struct builder *b, pid_t pid, int status)
{
	(void)b;
	(void)pid;
	(void)status;
	return false;
}

bool builder_far_end_ok(struct builder *b, struct in_addr client)
{
	(void)b;
	(void)client;
	return true;
}
