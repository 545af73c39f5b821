/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_state.h"
#include "log.h"
#include "text.h"

/* sd_notify(3) in the little that is needed of it. */
void keeper_notify(const struct keeper *k, const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!k->how.foreground || len == 0 || len >= sizeof un.sun_path)
		return;
	memcpy(un.sun_path, path, len);
	if (un.sun_path[0] == '@')
		un.sun_path[0] = '\0'; /* an abstract name, unix(7) */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&un,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_msg(LOG_WARNING, "%s: NOTIFY_SOCKET %s: %m", k->how.interface, path);
	close(fd);
}

static bool is_up(const struct keeper *k)
{
	const struct kernel *n = &k->kernel;

	if (!fsm_is_up(&k->fsm))
		return false;
	return !k->state.build ||
	       (n->exists && n->routes && !n->left && (n->op == KOP_NONE || n->op == KOP_LAN));
}

static void look(struct keeper *k)
{
	struct state *s = &k->state;
	enum state_word word = is_up(k) ? STATE_UP : STATE_CONNECTING;

	if (word != s->word || !s->since) {
		s->word = word;
		s->since = time(NULL);
	}
	memcpy(s->link, k->link, sizeof s->link);
	s->in_kernel = k->kernel.exists;
	s->routes = k->kernel.exists && k->kernel.routes;
	if (k->kernel.exists)
		s->tunnel = k->kernel.now;
	s->path_ok = k->probe.ok;
	s->path_rtt_us = k->probe.rtt_us;
}

static bool write_state(struct keeper *k, const char *text, size_t len, size_t facts)
{
	bool ok;

	memcpy(k->written, text, len);
	k->written_len = len;
	k->written_facts = facts;
	k->written_word = k->state.word;
	k->written_routes = k->state.routes;
	ok = state_write(k->how.dir, k->how.interface, text, len);
	if (!ok && !k->state_failed)
		log_msg(k->fsm.been_up ? LOG_WARNING : LOG_ERR,
			"%s: the state cannot be written to %s: %m", k->how.interface,
			k->how.run_dir);
	k->state_failed = !ok;
	return ok;
}

bool keeper_record(void *arg)
{
	struct keeper *k = arg;
	char text[STATE_FILE_MAX];
	size_t len, facts;

	look(k);
	len = state_format(&k->state, text, &facts);
	return write_state(k, text, len, facts);
}

static void log_change(struct keeper *k, enum state_word was)
{
	const struct tunnel *t = &k->state.tunnel;

	if (k->state.word == STATE_UP && was != STATE_UP)
		log_msg(LOG_NOTICE, "%s: up: %s to %s by server %s, %s%s, MTU %u", k->how.interface,
			text_ipv4(t->local), text_ipv4(t->remote), k->state.server,
			t->n_prefixes ? "prefix " : "type ",
			t->n_prefixes ? text_prefix(&t->prefixes[0])
				      : account_type_name(t->type), t->mtu);
	if (k->written_routes && !k->state.routes && k->fsm.been_up && k->state.build)
		log_msg(LOG_NOTICE, "%s: routes into the tunnel are withdrawn", k->how.interface);
}

static bool same_for_script(const struct state *a, const struct state *b)
{
	return tunnel_same(&a->tunnel, &b->tunnel) && a->tunnel.mtu == b->tunnel.mtu &&
	       a->tunnel.local.s_addr == b->tunnel.local.s_addr &&
	       strcmp(a->server, b->server) == 0 && strcmp(a->link, b->link) == 0;
}

static void tell(struct keeper *k, const char *event, bool urgent)
{
	if (k->account && k->account->script)
		script_tell(&k->script, k->account->script, event, &k->state, &k->told, urgent);
	k->told = k->state;
	k->last_event = event;
}

/* A loss that is mended within the time that routes outlive a session is none. */
static void tell_script(struct keeper *k)
{
	int64_t now = keeper_now(k);

	if (k->state.word == STATE_UP) {
		bool lost = k->last_event && strcmp(k->last_event, "lost") == 0;

		k->down_since = CLOCK_NEVER;
		if (!k->last_event)
			tell(k, "up", false);
		else if (lost || !same_for_script(&k->told, &k->state))
			tell(k, "change", false);
		return;
	}
	if (!k->last_event || strcmp(k->last_event, "lost") == 0)
		return;
	if (k->down_since == CLOCK_NEVER)
		k->down_since = clock_min(now, k->fsm.lost_at);
	if (now >= k->down_since + FSM_GRACE_MS && !k->kernel.routes)
		tell(k, "lost", false);
}

int64_t keeper_tell_wake(const struct keeper *k)
{
	bool known = k->last_event && strcmp(k->last_event, "lost") != 0;

	if (!known || k->down_since == CLOCK_NEVER || k->kernel.routes ||
	    k->fsm.state >= FSM_END_SCRIPT)
		return CLOCK_NEVER;
	return k->down_since + FSM_GRACE_MS;
}

void keeper_tell(struct keeper *k)
{
	enum state_word was = k->written_word;
	char text[STATE_FILE_MAX];
	size_t len, facts;
	bool changed;

	if (k->fsm.state >= FSM_END_SCRIPT)
		return;
	look(k);
	len = state_format(&k->state, text, &facts);
	/* A keepalive's figures are written when its path check has ended, once
	 * for both. */
	if (k->probe.path.state == PATH_REST)
		changed = len != k->written_len || memcmp(text, k->written, len) != 0;
	else
		changed = facts != k->written_facts || memcmp(text, k->written, facts) != 0;
	if (changed) {
		log_change(k, was);
		write_state(k, text, len, facts);
		if (k->state.word == STATE_UP && was != STATE_UP)
			keeper_notify(k, "READY=1\nSTATUS=up");
	}
	tell_script(k);
}

void keeper_tell_down(struct keeper *k)
{
	if (!k->last_event) {
		keeper_event(k, EV_SCRIPT_DONE, 0);
		return;
	}
	look(k);
	tell(k, "down", true);
	if (script_idle(&k->script))
		keeper_event(k, EV_SCRIPT_DONE, 0);
}
