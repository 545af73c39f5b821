/* SPDX-License-Identifier: ISC */
#include "server/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "server/client_line.h"
#include "server/crowd.h"

enum {
	LOGIN_S = 60,	  /* of silence, until there is a login */
	LINGER_MS = 2000, /* for a client to close after we have */
	/* Keepalives are told to auth together, so that a crowd's do not have all processes
	 * run, and the state written, for each: so much later for each connection. */
	PINGED_MS = 10
};

static void tell(struct conn_shared *s, const struct conn *c, struct message *m,
		 enum message_kind kind)
{
	m->kind = kind;
	m->slot = c->slot;
	m->generation = c->generation;
	channel_send(&s->auth, m);
}

static void drop_line(struct conn_shared *s, struct conn *c)
{
	if (c->line)
		line_pool_give(&s->lines, c->line);
	c->line = NULL;
}

static void free_if_over(struct conn *c)
{
	if (c->fd < 0 && !c->owed)
		c->state = CONN_FREE;
}

static void hang_up(struct conn *c)
{
	fd_close(&c->fd);
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
static void leave(struct conn_shared *s, struct conn *c)
{
	bool wait = c->state == CONN_UP || c->state == CONN_CHECKING;
	struct message m;

	memset(&m, 0, sizeof m);
	tell(s, c, &m, MESSAGE_CLOSE);
	drop_line(s, c);
	c->owed = true;
	c->state = CONN_LEAVING;
	if (!wait)
		finish(c);
}

void conn_drop(struct conn_shared *s, struct conn *c)
{
	if (c->state != CONN_LEAVING && c->state != CONN_LINGER)
		leave(s, c);
	hang_up(c);
}

/* False where the client does not take it; the connection is over then, without a
 * last word. Answers are short, so a client that leaves no room for one has not read for
 * long. */
static bool say(struct conn_shared *s, struct conn *c, const char *text)
{
	size_t len = strlen(text);

	if (log_threshold() >= LOG_DEBUG)
		log_msg(LOG_DEBUG, "%s: S: %.*s", text_ipv4(c->client), (int)(len - 2), text);
	if (send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
		return true;
	conn_drop(s, c);
	return false;
}

static void say_and_leave(struct conn_shared *s, struct conn *c, const char *text)
{
	if (say(s, c, text))
		leave(s, c);
}

/* The silence after which a connection ends. */
static int64_t silence_ms(unsigned idle, const struct conn *c)
{
	return (int64_t)(c->state == CONN_UP ? idle : LOGIN_S) * 1000;
}

/* Each line of the client starts the time of silence anew. */
static void heard(const struct conn_shared *s, struct conn *c)
{
	c->deadline = clock_ms() + silence_ms(s->idle, c);
}

void conn_set_idle(const struct conn_shared *s, struct conn *c, unsigned was)
{
	if (c->state != CONN_FREE && c->state != CONN_LINGER)
		c->deadline += silence_ms(s->idle, c) - silence_ms(was, c);
}

void conn_begin(struct conn_shared *s, struct conn *c, int fd, uint64_t order,
		struct in_addr client, struct in_addr server)
{
	struct message m;

	*c = (struct conn){.state = CONN_OPENING,
			   .slot = c->slot,
			   .generation = c->generation + 1,
			   .fd = fd,
			   .order = order,
			   .client = client,
			   .server = server,
			   .patience = clock_ms() + CROWD_PATIENCE_MS};
	heard(s, c);
	memset(&m, 0, sizeof m);
	m.client = client;
	m.server = server;
	tell(s, c, &m, MESSAGE_OPEN);
}

static void ask_login(struct conn_shared *s, struct conn *c, const struct client_command *command)
{
	struct message m;

	memset(&m, 0, sizeof m);
	memcpy(m.name, command->name, sizeof m.name);
	memcpy(m.response, command->response, sizeof m.response);
	m.upper = command->upper;
	m.type = command->type;
	m.code = !command->well_formed	? LOGIN_MALFORMED
		 : !command->type_known ? LOGIN_UNKNOWN_TYPE
					: LOGIN_COMPLETE;
	memcpy(c->type_word, command->type_word, sizeof c->type_word);
	c->state = CONN_CHECKING;
	tell(s, c, &m, MESSAGE_LOGIN);
}

static void pinged(struct conn_shared *s, struct conn *c)
{
	if (!say(s, c, answer_pong) || c->state != CONN_UP)
		return;
	c->pinged = true;
	c->pinged_at = clock_ms();
	s->tell_at = clock_min(s->tell_at, c->pinged_at + PINGED_MS * (int64_t)s->n_heard);
}

void conn_tell_ping(struct conn_shared *s, struct conn *c, int64_t now)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.code = (uint32_t)((now - c->pinged_at) / 1000);
	if (m.code > PINGED_MOST_S)
		m.code = PINGED_MOST_S;
	c->pinged = false;
	tell(s, c, &m, MESSAGE_PINGED);
}

static void obey(struct conn_shared *s, struct conn *c, const char *line)
{
	char shown[LINE_MAX_BYTES + 1];
	struct client_command command;

	heard(s, c);
	if (log_threshold() >= LOG_DEBUG)
		log_msg(LOG_DEBUG, "%s: C: %s", text_ipv4(c->client),
			client_line_shown(line, shown));
	client_command(line, &command);
	switch (command.kind) {
	case COMMAND_TUNNEL:
		if (c->state == CONN_UP)
			say(s, c, answer_second);
		else
			ask_login(s, c, &command);
		break;
	case COMMAND_PING:
		pinged(s, c);
		break;
	case COMMAND_HELP:
		say(s, c, answer_help);
		break;
	case COMMAND_QUIT:
		say_and_leave(s, c, answer_quit);
		break;
	case COMMAND_UNKNOWN:
		say(s, c, answer_invalid);
		break;
	}
}

/* The lines that have come in, as long as one may be answered now. */
static void work(struct conn_shared *s, struct conn *c)
{
	enum line_status status = LINE_READY;
	const char *line;

	while (status == LINE_READY && c->line && (c->state == CONN_OPEN || c->state == CONN_UP)) {
		status = line_next(c->line, &line);
		if (status == LINE_READY)
			obey(s, c, line);
		else if (status != LINE_NONE)
			say_and_leave(s, c, answer_line);
	}
	if (c->line && line_is_empty(c->line))
		drop_line(s, c);
}

static void read_lines(struct conn_shared *s, struct conn *c)
{
	size_t room;
	ssize_t n;
	char *to;

	if (!c->line)
		c->line = line_pool_take(&s->lines);
	to = line_room(c->line, &room);
	n = recv(c->fd, to, room, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		leave(s, c);
		return;
	}
	line_added(c->line, n > 0 ? (size_t)n : 0);
	work(s, c);
}

static void drain(struct conn *c)
{
	char rest[4096];
	ssize_t n = recv(c->fd, rest, sizeof rest, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up(c);
}

void conn_read(struct conn_shared *s, struct conn *c)
{
	if (c->state == CONN_LINGER)
		drain(c);
	else
		read_lines(s, c);
}

void conn_timed_out(struct conn_shared *s, struct conn *c)
{
	if (c->state == CONN_LINGER)
		hang_up(c);
	else
		say_and_leave(s, c, answer_timeout);
}

void conn_make_way(struct conn_shared *s, struct conn *c)
{
	if (c->state != CONN_LINGER)
		say_and_leave(s, c, answer_crowd);
	hang_up(c);
}

void conn_say_goodbye(const struct conn *c)
{
	if (c->fd < 0)
		return;
	if (c->state != CONN_LINGER && c->state != CONN_LEAVING)
		send(c->fd, answer_stopping, strlen(answer_stopping), MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(c->fd, SHUT_WR);
}

static void greet(struct conn_shared *s, struct conn *c, const char *challenge)
{
	char answer[ANSWER_MAX];

	answer_greeting(answer, challenge);
	c->state = CONN_OPEN;
	c->patience = clock_ms() + CROWD_PATIENCE_MS;
	if (say(s, c, answer))
		work(s, c);
}

static void login_result(struct conn_shared *s, struct conn *c, const struct message *m)
{
	char answer[ANSWER_MAX];

	answer_login(answer, (enum message_result)m->code, m->text, c->type_word);
	c->state = m->code == RESULT_OK ? CONN_UP : CONN_OPEN;
	heard(s, c);
	if (m->code == RESULT_LAST)
		say_and_leave(s, c, answer);
	else if (say(s, c, answer))
		work(s, c);
}

/* The session, or the connection before it was greeted, is over by auth's word. */
static void ended(struct conn_shared *s, struct conn *c, enum message_end why)
{
	char answer[ANSWER_MAX];

	c->owed = false;
	if (c->state == CONN_LINGER || c->fd < 0) {
		free_if_over(c);
		return;
	}
	drop_line(s, c);
	answer_end(answer, why);
	if (c->state != CONN_LEAVING) { /* there the last word was said */
		c->state = CONN_LEAVING;
		say(s, c, answer);
	}
	finish(c);
}

static void gone(struct conn *c)
{
	c->owed = false;
	if (c->state == CONN_LEAVING)
		finish(c);
	free_if_over(c);
}

void conn_hear(struct conn_shared *s, struct conn *c, const struct message *m)
{
	if (c->state == CONN_FREE || c->generation != m->generation)
		return;
	switch (m->kind) {
	case MESSAGE_CHALLENGE:
		if (c->state == CONN_OPENING)
			greet(s, c, m->text);
		break;
	case MESSAGE_RESULT:
		if (c->state == CONN_CHECKING)
			login_result(s, c, m);
		break;
	case MESSAGE_REFUSED:
	case MESSAGE_END:
		ended(s, c, (enum message_end)m->code);
		break;
	default: /* MESSAGE_GONE: message_ok() lets no other pass */
		gone(c);
		break;
	}
}
