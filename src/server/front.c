/* SPDX-License-Identifier: ISC */
#include "server/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "server/channel.h"
#include "server/conn.h"
#include "server/crowd.h"
#include "server/message.h"

enum {
	PAUSE_MS = 100, /* of accept(2) when the kernel has no descriptor for us */
	LAG_MS = 10,	/* until auth is told more, where it has not read all yet */
	ACCEPT_AT_ONCE = 32,
	READ_AT_ONCE = 64
};

struct front {
	const struct front_how *how;
	struct conn_shared shared;
	struct conn *conns;
	struct crowd_member *crowd;
	int epoll; /* the connections that are read from */
	uint64_t order;
	int64_t paused; /* until when nothing is accepted */
	bool full;	/* every slot is in use */
	size_t n_crowd; /* connections that are not logged in */
	int64_t open_at; /* while they are too many nothing is accepted until then */
};

/* ------------------------------------------------------------------ who may come in */

/* It is not logged in. One whose login is being checked stays. */
static bool is_of_crowd(const struct conn *c)
{
	return c->fd >= 0 &&
	       (c->state == CONN_OPENING || c->state == CONN_OPEN || c->state == CONN_LINGER);
}

static void list_crowd(struct front *f)
{
	f->n_crowd = 0;
	for (uint32_t i = 0; i < f->how->slots; i++) {
		const struct conn *c = &f->conns[i];

		if (is_of_crowd(c))
			f->crowd[f->n_crowd++] = (struct crowd_member){
				i, c->order, c->client, c->state == CONN_LINGER, c->patience};
	}
}

static bool is_crowded(const struct front *f, int64_t now)
{
	return f->n_crowd >= CROWD_MOST && now < f->open_at;
}

static void make_room(struct front *f, struct in_addr client)
{
	int victim = crowd_victim(f->crowd, f->n_crowd, client);

	if (victim >= 0)
		conn_make_way(&f->shared, &f->conns[f->crowd[victim].slot]);
}

static struct conn *free_slot(struct front *f)
{
	for (uint32_t i = 0; i < f->how->slots; i++)
		if (f->conns[i].state == CONN_FREE)
			return &f->conns[i];
	return NULL;
}

/* Our end of a connection; false where it has none any more. */
static bool own_end(int fd, struct in_addr *server)
{
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof sin;

	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0 || sin.sin_family != AF_INET)
		return false;
	*server = sin.sin_addr;
	return true;
}

/* Takes one connection; false where none is waiting. */
static bool accept_one(struct front *f, int listener)
{
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof sin;
	struct conn *c = free_slot(f);
	int64_t now = clock_ms();
	struct in_addr server;
	int fd;

	f->full = !c;
	list_crowd(f);
	f->open_at = crowd_open_at(f->crowd, f->n_crowd);
	if (f->full || is_crowded(f, now))
		return false;
	fd = accept4(listener, (struct sockaddr *)&sin, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			f->paused = now + PAUSE_MS;
		return false;
	}
	if (!own_end(fd, &server)) {
		close(fd);
		return true;
	}
	make_room(f, sin.sin_addr);
	conn_begin(&f->shared, c, fd, ++f->order, sin.sin_addr, server);
	return true;
}

/* ------------------------------------------------------------------ all connections */

static void set_idle(struct front *f, unsigned idle)
{
	unsigned was = f->shared.idle;

	f->shared.idle = idle;
	for (uint32_t i = 0; i < f->how->slots; i++)
		conn_set_idle(&f->shared, &f->conns[i], was);
}

static void hear_auth(struct front *f, const struct message *m)
{
	if (m->kind == MESSAGE_IDLE)
		set_idle(f, m->code);
	else
		conn_hear(&f->shared, &f->conns[m->slot], m);
}

/* Those that auth does not take at once wait here, where they take no memory. */
static void tell_pings(struct front *f, int64_t now)
{
	if (now < f->shared.tell_at)
		return;
	f->shared.tell_at = CLOCK_NEVER;
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];

		if (!c->pinged || c->state != CONN_UP)
			continue;
		if (channel_lags(&f->shared.auth)) {
			f->shared.tell_at = now + LAG_MS;
			return;
		}
		conn_tell_ping(&f->shared, c, now);
	}
}

/* False where the kernel cannot, and the connection is over. */
static bool watch(struct front *f, struct conn *c, bool on)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = c->slot};

	if (c->watched != on &&
	    epoll_ctl(f->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, c->fd, &e) < 0) {
		conn_drop(&f->shared, c);
		return false;
	}
	c->watched = on;
	return true;
}

/* From which connections is read now, and until when that is waited for. */
static void watch_all(struct front *f, int64_t now, int64_t *deadline)
{
	*deadline = f->shared.tell_at;
	if (now < f->paused)
		*deadline = clock_min(*deadline, f->paused);
	f->shared.n_heard = 0;
	f->n_crowd = 0;
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];
		bool on = conn_reads(c);

		if (c->state == CONN_FREE)
			f->full = false;
		f->n_crowd += is_of_crowd(c);
		if (c->fd < 0 || !watch(f, c, on) || !on)
			continue;
		*deadline = clock_min(*deadline, c->deadline);
		f->shared.n_heard++;
	}
	if (is_crowded(f, now))
		*deadline = clock_min(*deadline, f->open_at);
}

static void serve_conns(struct front *f)
{
	struct epoll_event e[READ_AT_ONCE];
	int n = epoll_pwait(f->epoll, e, READ_AT_ONCE, 0, NULL);

	for (int i = 0; i < n; i++) {
		struct conn *c = &f->conns[e[i].data.u32];

		/* Something before it in this round may have ended it. */
		if (c->watched && conn_reads(c))
			conn_read(&f->shared, c);
	}
}

static void serve_timers(struct front *f, int64_t now)
{
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];

		if (c->fd >= 0 && now >= c->deadline && conn_reads(c))
			conn_timed_out(&f->shared, c);
	}
}

/* The server ends: root has removed the tunnels, or has died. */
static void say_goodbye(struct front *f)
{
	for (uint32_t i = 0; i < f->how->slots; i++)
		conn_say_goodbye(&f->conns[i]);
}

/* ------------------------------------------------------------------ the process */

/* What poll(2) is to look at: auth, the connections together, and the listeners; returns
 * how many. While auth lags behind nothing is read that would make more messages for it. */
enum { POLL_AUTH, POLL_CONNS, POLL_LISTENERS };
static nfds_t list_polls(const struct front *f, int64_t now, struct pollfd *p)
{
	const struct channel *auth = &f->shared.auth;
	bool busy = channel_busy(auth);
	bool deaf = busy || f->full || now < f->paused || is_crowded(f, now);

	p[POLL_AUTH] = (struct pollfd){.fd = auth->fd, .events = channel_events(auth, true)};
	p[POLL_CONNS] = (struct pollfd){.fd = busy ? -1 : f->epoll, .events = POLLIN};
	for (unsigned i = 0; i < f->how->n_listeners; i++)
		p[POLL_LISTENERS + i] =
			(struct pollfd){.fd = deaf ? -1 : f->how->listeners[i], .events = POLLIN};
	return POLL_LISTENERS + f->how->n_listeners;
}

static void serve(struct front *f)
{
	struct channel *auth = &f->shared.auth;
	struct message ready;

	memset(&ready, 0, sizeof ready);
	ready.kind = MESSAGE_READY;
	channel_send(auth, &ready);
	while (!auth->broken) {
		int64_t deadline, now = clock_ms();
		struct pollfd p[POLL_LISTENERS + CONFIG_LISTEN_MAX];
		struct message m;
		nfds_t n;

		watch_all(f, now, &deadline);
		n = list_polls(f, now, p);
		if (poll(p, n, clock_poll_timeout(deadline, now)) < 0 && errno != EINTR)
			return;
		channel_flush(auth);
		while (channel_receive(auth, &m, FROM_AUTH_TO_FRONT, f->how->slots) > 0)
			hear_auth(f, &m);
		if (p[POLL_CONNS].revents)
			serve_conns(f);
		serve_timers(f, clock_ms());
		tell_pings(f, clock_ms());
		for (unsigned i = 0; i < f->how->n_listeners; i++)
			for (int k = 0; p[POLL_LISTENERS + i].revents && k < ACCEPT_AT_ONCE; k++)
				if (!accept_one(f, f->how->listeners[i]))
					break;
	}
}

static bool allocate(struct front *f, int channel)
{
	uint32_t slots = f->how->slots;

	f->conns = calloc(slots, sizeof *f->conns);
	f->crowd = calloc(slots, sizeof *f->crowd);
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!f->conns || !f->crowd || f->epoll < 0 || !line_pool_init(&f->shared.lines, slots))
		return false;
	for (uint32_t i = 0; i < slots; i++) {
		f->conns[i].slot = i;
		f->conns[i].fd = -1;
	}
	/* A connection has three messages under way at most, and half must do. */
	return channel_init(&f->shared.auth, channel, 8 * (size_t)slots);
}

void front_main(int channel, const struct front_how *how)
{
	static struct front f;

	f.how = how;
	f.shared.idle = how->idle;
	f.shared.tell_at = CLOCK_NEVER;
	if (!allocate(&f, channel)) {
		log_msg(LOG_ERR, "the front has too little memory");
		return;
	}
	if (how->empty && geteuid() == 0 && (chroot(how->empty) < 0 || chdir("/") < 0))
		log_msg(LOG_NOTICE, "the front cannot be shut in %s: %m", how->empty);
	if (!privs_drop(&how->user))
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!jail_enter(JAIL_FRONT)) {
		log_msg(LOG_ERR, "the front's system calls cannot be filtered: %m");
		return;
	}
	serve(&f);
	say_goodbye(&f);
}
