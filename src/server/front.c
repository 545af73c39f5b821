/* SPDX-License-Identifier: ISC */
#include "server/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/text.h"
#include "server/channel.h"
#include "server/crowd.h"
#include "server/client_line.h"
#include "server/message.h"

enum {
	LOGIN_S = 60,	  /* of silence, until there is a login */
	LINGER_MS = 2000, /* for a client to close after we have */
	/* Keepalives are told to auth together, so that a crowd's do not have all processes
	 * run, and the state written, for each: so much later, and more for each connection. */
	PINGED_MS = 1000,
	PINGED_MORE_MS = 10,
	PAUSE_MS = 100,	  /* of accept(2) when the kernel has no descriptor for us */
	ACCEPT_AT_ONCE = 32,
	READ_AT_ONCE = 64
};

/* What a connection is about. Only in CONN_OPEN and CONN_UP its lines are read. */
enum conn_state {
	CONN_FREE,
	CONN_OPENING,  /* auth was asked for a challenge */
	CONN_OPEN,     /* greeted, not logged in */
	CONN_CHECKING, /* auth was asked for a login */
	CONN_UP,       /* logged in */
	CONN_LEAVING,  /* over; auth was told, and the FIN waits for its MESSAGE_GONE */
	CONN_LINGER    /* the FIN was sent; the client is to close, too */
};

struct conn {
	enum conn_state state;
	int fd; /* -1: none */
	bool watched; /* epoll(7) tells when there is something to read */
	uint32_t generation;
	bool owed; /* auth has not said MESSAGE_GONE yet, so the slot stays */
	uint64_t order;
	struct in_addr client, server;
	int64_t deadline; /* of silence */
	bool pinged;	   /* and auth was not told yet */
	int64_t pinged_at;
	struct line line;
	char type_word[24];
};

struct front {
	const struct front_how *how;
	unsigned idle; /* seconds */
	struct channel auth;
	struct conn *conns;
	struct crowd_member *crowd;
	int epoll;	   /* the connections that are read from */
	uint32_t n_watched;
	int64_t tell_at; /* when auth is told of keepalives, or CLOCK_NEVER */
	uint64_t order;
	int64_t paused; /* until when nothing is accepted */
	bool full;	/* every slot is in use */
};

static uint32_t slot_of(const struct front *f, const struct conn *c)
{
	return (uint32_t)(c - f->conns);
}

static void tell(struct front *f, const struct conn *c, struct message *m, enum message_kind kind)
{
	m->kind = kind;
	m->slot = slot_of(f, c);
	m->generation = c->generation;
	channel_send(&f->auth, m);
}

static void tell_short(struct front *f, const struct conn *c, enum message_kind kind)
{
	struct message m;

	memset(&m, 0, sizeof m);
	tell(f, c, &m, kind);
}

static void free_if_over(struct conn *c)
{
	if (c->fd < 0 && !c->owed)
		c->state = CONN_FREE;
}

static void hang_up(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->watched = false;
	free_if_over(c);
}

/* Ours is said: FIN. A client that has not sent all of its own would get a reset for
 * it if the connection were closed at once, and might not see the last line. */
static void finish(struct conn *c)
{
	if (c->fd < 0 || shutdown(c->fd, SHUT_WR) < 0) {
		hang_up(c);
		return;
	}
	c->state = CONN_LINGER;
	c->deadline = clock_ms() + LINGER_MS;
}

/* The connection is over, from whichever side. Without a tunnel there is nothing to
 * wait for. */
static void leave(struct front *f, struct conn *c)
{
	bool wait = c->state == CONN_UP || c->state == CONN_CHECKING;

	tell_short(f, c, MESSAGE_CLOSE);
	c->owed = true;
	c->state = CONN_LEAVING;
	if (!wait)
		finish(c);
}

/* False where the client does not take it; the connection is over then, without a
 * last word. Answers are short, so a client that leaves no room for one has not read for
 * long. */
static bool say(struct front *f, struct conn *c, const char *text)
{
	size_t len = strlen(text);

	if (log_threshold() >= LOG_DEBUG)
		log_msg(LOG_DEBUG, "%s: S: %.*s", text_ipv4(c->client), (int)(len - 2), text);
	if (send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
		return true;
	if (c->state != CONN_LEAVING && c->state != CONN_LINGER)
		leave(f, c);
	hang_up(c);
	return false;
}

static void say_and_leave(struct front *f, struct conn *c, const char *text)
{
	if (say(f, c, text))
		leave(f, c);
}

/* The silence after which a connection ends. */
static int64_t silence_ms(const struct front *f, const struct conn *c)
{
	return (int64_t)(c->state != CONN_UP && f->idle > LOGIN_S ? LOGIN_S : f->idle) * 1000;
}

/* Each line of the client starts the time of silence anew. */
static void heard(const struct front *f, struct conn *c)
{
	c->deadline = clock_ms() + silence_ms(f, c);
}

/* The file has another number: it holds for the silence that there is, too. */
static void set_idle(struct front *f, unsigned idle)
{
	unsigned was = f->idle;

	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];

		if (c->state == CONN_FREE || c->state == CONN_LINGER)
			continue;
		f->idle = was;
		c->deadline -= silence_ms(f, c);
		f->idle = idle;
		c->deadline += silence_ms(f, c);
	}
	f->idle = idle;
}

static void ask_login(struct front *f, struct conn *c, const struct client_command *command)
{
	struct message m;

	memset(&m, 0, sizeof m);
	memcpy(m.name, command->name, sizeof m.name);
	memcpy(m.response, command->response, sizeof m.response);
	m.type = command->type;
	m.code = !command->well_formed	? LOGIN_MALFORMED
		 : !command->type_known ? LOGIN_UNKNOWN_TYPE
					: LOGIN_COMPLETE;
	memcpy(c->type_word, command->type_word, sizeof c->type_word);
	c->state = CONN_CHECKING;
	tell(f, c, &m, MESSAGE_LOGIN);
}

static void pinged(struct front *f, struct conn *c)
{
	if (!say(f, c, answer_pong) || c->state != CONN_UP)
		return;
	c->pinged = true;
	c->pinged_at = clock_ms();
	f->tell_at = clock_min(f->tell_at, c->pinged_at + PINGED_MS +
						   PINGED_MORE_MS * (int64_t)f->n_watched);
}

/* Those that auth does not take at once wait here, where they take no memory. */
static void tell_pings(struct front *f, int64_t now)
{
	if (now < f->tell_at)
		return;
	f->tell_at = CLOCK_NEVER;
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];
		struct message m;

		if (!c->pinged || c->state != CONN_UP)
			continue;
		if (channel_lags(&f->auth)) {
			f->tell_at = now + PINGED_MORE_MS;
			return;
		}
		memset(&m, 0, sizeof m);
		m.code = (uint32_t)((now - c->pinged_at) / 1000);
		if (m.code > PINGED_MOST_S)
			m.code = PINGED_MOST_S;
		c->pinged = false;
		tell(f, c, &m, MESSAGE_PINGED);
	}
}

static void obey(struct front *f, struct conn *c, const char *line)
{
	char shown[LINE_MAX_BYTES + 1];
	struct client_command command;

	heard(f, c);
	if (log_threshold() >= LOG_DEBUG)
		log_msg(LOG_DEBUG, "%s: C: %s", text_ipv4(c->client),
			client_line_shown(line, shown));
	client_command(line, &command);
	switch (command.kind) {
	case COMMAND_TUNNEL:
		if (c->state == CONN_UP)
			say(f, c, answer_second);
		else
			ask_login(f, c, &command);
		break;
	case COMMAND_PING:
		pinged(f, c);
		break;
	case COMMAND_HELP:
		say(f, c, answer_help);
		break;
	case COMMAND_QUIT:
		say_and_leave(f, c, answer_quit);
		break;
	case COMMAND_UNKNOWN:
		say(f, c, answer_invalid);
		break;
	}
}

/* The lines that have come in, as long as one may be answered now. */
static void work(struct front *f, struct conn *c)
{
	const char *line;

	while (c->state == CONN_OPEN || c->state == CONN_UP) {
		switch (line_next(&c->line, &line)) {
		case LINE_NONE:
			return;
		case LINE_READY:
			obey(f, c, line);
			break;
		case LINE_TOO_LONG:
		case LINE_CONTROL:
			say_and_leave(f, c, answer_line);
			return;
		}
	}
}

static void read_lines(struct front *f, struct conn *c)
{
	size_t room;
	char *to = line_room(&c->line, &room);
	ssize_t n = recv(c->fd, to, room, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(f, c);
		return;
	}
	line_added(&c->line, (size_t)n);
	work(f, c);
}

static void drain(struct conn *c)
{
	char rest[4096];
	ssize_t n = recv(c->fd, rest, sizeof rest, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up(c);
}

static void timed_out(struct front *f, struct conn *c)
{
	if (c->state == CONN_LINGER)
		hang_up(c);
	else
		say_and_leave(f, c, answer_timeout);
}

/* Those that are not logged in. One whose login is being checked stays. */
static size_t list_crowd(const struct front *f)
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->how->slots; i++) {
		const struct conn *c = &f->conns[i];

		if (c->fd >= 0 &&
		    (c->state == CONN_OPENING || c->state == CONN_OPEN || c->state == CONN_LINGER))
			f->crowd[n++] = (struct crowd_member){i, c->order, c->client,
							      c->state == CONN_LINGER};
	}
	return n;
}

static void make_room(struct front *f, struct in_addr client)
{
	int victim = crowd_victim(f->crowd, list_crowd(f), client);
	struct conn *c;

	if (victim < 0)
		return;
	c = &f->conns[f->crowd[victim].slot];
	if (c->state != CONN_LINGER)
		say_and_leave(f, c, answer_crowd);
	hang_up(c);
}

static struct conn *free_slot(struct front *f)
{
	for (uint32_t i = 0; i < f->how->slots; i++)
		if (f->conns[i].state == CONN_FREE)
			return &f->conns[i];
	return NULL;
}

static bool ends_of(int fd, struct in_addr client, struct conn *c)
{
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof sin;

	c->client = client;
	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0 || sin.sin_family != AF_INET)
		return false;
	c->server = sin.sin_addr;
	return true;
}

/* Takes one connection; false where none is waiting. */
static bool accept_one(struct front *f, int listener)
{
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof sin;
	struct message m;
	struct conn *c = free_slot(f);
	int fd;

	f->full = !c;
	if (f->full)
		return false;
	fd = accept4(listener, (struct sockaddr *)&sin, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			f->paused = clock_ms() + PAUSE_MS;
		return false;
	}
	make_room(f, sin.sin_addr);
	*c = (struct conn){.state = CONN_OPENING,
			   .fd = fd,
			   .generation = c->generation + 1,
			   .order = ++f->order,
			   .deadline = CLOCK_NEVER};
	if (!ends_of(fd, sin.sin_addr, c)) {
		hang_up(c);
		return true;
	}
	heard(f, c);
	memset(&m, 0, sizeof m);
	m.client = c->client;
	m.server = c->server;
	tell(f, c, &m, MESSAGE_OPEN);
	return true;
}

static void login_result(struct front *f, struct conn *c, const struct message *m)
{
	char answer[ANSWER_MAX];

	answer_login(answer, (enum message_result)m->code, m->text, c->type_word);
	c->state = m->code == RESULT_OK ? CONN_UP : CONN_OPEN;
	heard(f, c);
	if (m->code == RESULT_LAST)
		say_and_leave(f, c, answer);
	else if (say(f, c, answer))
		work(f, c);
}

/* The session, or the connection before it was greeted, is over by auth's word. */
static void ended(struct front *f, struct conn *c, enum message_end why)
{
	char answer[ANSWER_MAX];

	c->owed = false;
	if (c->state == CONN_LINGER || c->fd < 0) {
		free_if_over(c);
		return;
	}
	answer_end(answer, why);
	if (c->state != CONN_LEAVING) { /* there the last word was said */
		c->state = CONN_LEAVING;
		say(f, c, answer);
	}
	finish(c);
}

static void greet(struct front *f, struct conn *c, const char *challenge)
{
	char answer[ANSWER_MAX];

	answer_greeting(answer, challenge);
	c->state = CONN_OPEN;
	if (say(f, c, answer))
		work(f, c);
}

static void gone(struct conn *c)
{
	c->owed = false;
	if (c->state == CONN_LEAVING)
		finish(c);
	free_if_over(c);
}

static void hear_auth(struct front *f, const struct message *m)
{
	struct conn *c = &f->conns[m->slot];

	if (m->kind == MESSAGE_IDLE) {
		set_idle(f, m->code);
		return;
	}
	if (c->state == CONN_FREE || c->generation != m->generation)
		return;
	switch (m->kind) {
	case MESSAGE_CHALLENGE:
		if (c->state == CONN_OPENING)
			greet(f, c, m->text);
		break;
	case MESSAGE_RESULT:
		if (c->state == CONN_CHECKING)
			login_result(f, c, m);
		break;
	case MESSAGE_REFUSED:
	case MESSAGE_END:
		ended(f, c, (enum message_end)m->code);
		break;
	default: /* MESSAGE_GONE: message_ok() lets no other pass */
		gone(c);
		break;
	}
}

/* False where the kernel cannot, and the connection is over. */
static bool watch(struct front *f, struct conn *c, bool on)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = slot_of(f, c)};

	if (c->watched != on &&
	    epoll_ctl(f->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, c->fd, &e) < 0) {
		leave(f, c);
		hang_up(c);
		return false;
	}
	c->watched = on;
	return true;
}

/* From which connections is read now, and until when that is waited for. */
static void watch_all(struct front *f, int64_t now, int64_t *deadline)
{
	*deadline = now < f->paused ? clock_min(f->paused, f->tell_at) : f->tell_at;
	f->n_watched = 0;
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];
		bool on = c->state == CONN_OPEN || c->state == CONN_UP || c->state == CONN_LINGER;

		if (c->fd < 0 || !watch(f, c, on) || !on)
			continue;
		*deadline = clock_min(*deadline, c->deadline);
		f->n_watched++;
	}
}

/* What poll(2) is to look at: auth, the connections together, and the listeners; returns
 * how many. While auth lags behind nothing is read that would make more messages for it. */
enum { POLL_AUTH, POLL_CONNS, POLL_LISTENERS };
static nfds_t list_polls(const struct front *f, int64_t now, struct pollfd *p)
{
	bool busy = channel_busy(&f->auth), deaf = busy || f->full || now < f->paused;

	p[POLL_AUTH] = (struct pollfd){.fd = f->auth.fd, .events = channel_events(&f->auth, true)};
	p[POLL_CONNS] = (struct pollfd){.fd = busy ? -1 : f->epoll, .events = POLLIN};
	for (unsigned i = 0; i < f->how->n_listeners; i++)
		p[POLL_LISTENERS + i] =
			(struct pollfd){.fd = deaf ? -1 : f->how->listeners[i], .events = POLLIN};
	return POLL_LISTENERS + f->how->n_listeners;
}

static void serve_conns(struct front *f)
{
	struct epoll_event e[READ_AT_ONCE];
	int n = epoll_pwait(f->epoll, e, READ_AT_ONCE, 0, NULL);

	for (int i = 0; i < n; i++) {
		struct conn *c = &f->conns[e[i].data.u32];

		/* Something before it in this round may have ended it. */
		if (!c->watched)
			continue;
		if (c->state == CONN_LINGER)
			drain(c);
		else if (c->state == CONN_OPEN || c->state == CONN_UP)
			read_lines(f, c);
	}
}

static void serve_timers(struct front *f, int64_t now)
{
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];

		if (c->fd >= 0 && now >= c->deadline &&
		    (c->state == CONN_OPEN || c->state == CONN_UP || c->state == CONN_LINGER))
			timed_out(f, c);
	}
}

static void serve(struct front *f)
{
	struct message ready;

	memset(&ready, 0, sizeof ready);
	ready.kind = MESSAGE_READY;
	channel_send(&f->auth, &ready);
	while (!f->auth.broken) {
		int64_t deadline, now = clock_ms();
		struct pollfd p[POLL_LISTENERS + CONFIG_LISTEN_MAX];
		struct message m;

		watch_all(f, now, &deadline);
		if (poll(p, list_polls(f, now, p), clock_poll_timeout(deadline, now)) < 0 && errno != EINTR)
			return;
		channel_flush(&f->auth);
		while (channel_receive(&f->auth, &m, FROM_AUTH_TO_FRONT, f->how->slots) > 0) {
			hear_auth(f, &m);
			f->full = false;
		}
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

/* The server ends: root has removed the tunnels, or has died. */
static void say_goodbye(struct front *f)
{
	for (uint32_t i = 0; i < f->how->slots; i++) {
		struct conn *c = &f->conns[i];

		if (c->fd >= 0 && c->state != CONN_LINGER && c->state != CONN_LEAVING)
			send(c->fd, answer_stopping, strlen(answer_stopping),
			     MSG_NOSIGNAL | MSG_DONTWAIT);
		if (c->fd >= 0)
			shutdown(c->fd, SHUT_WR);
	}
}

static bool allocate(struct front *f, int channel)
{
	uint32_t slots = f->how->slots;

	f->conns = calloc(slots, sizeof *f->conns);
	f->crowd = calloc(slots, sizeof *f->crowd);
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!f->conns || !f->crowd || f->epoll < 0)
		return false;
	for (uint32_t i = 0; i < slots; i++)
		f->conns[i].fd = -1;
	/* A connection has three messages under way at most, and half must do. */
	return channel_init(&f->auth, channel, 8 * (size_t)slots);
}

void front_main(int channel, const struct front_how *how)
{
	static struct front f;

	f.how = how;
	f.idle = how->idle;
	f.tell_at = CLOCK_NEVER;
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
