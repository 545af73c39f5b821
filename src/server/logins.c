/* SPDX-License-Identifier: ISC */
#include "server/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "server/session_log.h"

/* A keepalive is in the state file so much later: a millisecond for each session, within these
 * bounds, since the file is the longer, and keepalives the more, the more sessions there are. */
enum { WRITE_LEAST_MS = 10, WRITE_MOST_MS = 1000 };

static void tell(struct logins *l, enum message_kind kind, struct holder h, uint32_t code,
		 const char *text)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.slot = h.slot;
	m.generation = h.generation;
	m.code = code;
	snprintf(m.text, sizeof m.text, "%s", text);
	channel_send(l->auth, &m);
}

bool logins_tell_users(struct logins *l)
{
	struct message m;

	if (!channel_reserve(l->auth, l->config->n_users + 2))
		return false;
	memset(&m, 0, sizeof m);
	m.kind = MESSAGE_USER;
	for (const struct config_user *u = l->config->users; u; u = u->next) {
		m.user = u->id;
		snprintf(m.name, sizeof m.name, "%s", u->name);
		snprintf(m.text, sizeof m.text, "%s", u->password);
		channel_send(l->auth, &m);
	}
	explicit_bzero(&m, sizeof m);
	m.kind = MESSAGE_USERS_END;
	channel_send(l->auth, &m);
	config_forget_passwords(l->config);
	return true;
}

void logins_tell_idle(struct logins *l)
{
	tell(l, MESSAGE_IDLE, (struct holder){0}, l->config->idle, "");
}

static struct session_log log_of(const struct logins *l)
{
	return (struct session_log){l->builder, l->scripts, l->config->script};
}

static void log_end(const struct logins *l, const struct session *e, const char *why)
{
	const struct session_log log = log_of(l);

	session_log_end(&log, e, why);
}

static void end_session(struct logins *l, struct session *e, enum message_end code, const char *why)
{
	log_end(l, e, why);
	tell(l, MESSAGE_END, e->holder, code, "");
	sessions_leave(e, false);
	record_file_soon(l->record, 0);
}

static struct session *of_user(struct logins *l, uint32_t user)
{
	for (uint32_t i = 0; i < l->sessions->size; i++) {
		struct session *e = &l->sessions->list[i];

		if (e->used && e->held && e->user == user)
			return e;
	}
	return NULL;
}

static const char *why_refused(enum message_result result)
{
	switch (result) {
	case RESULT_TAKEN:
		return "another user's tunnel leads to that address";
	case RESULT_FULL:
		return "there are as many sessions as there may be";
	default:
		return "the user is no more in the file";
	}
}

static void log_refused(const struct logins *l, const struct message *m, enum message_result result)
{
	static const char *const words[] = {"prefix=", "host=", "tunnelonly=yes"};
	const struct config_user *u = config_user(l->config, m->user);

	if (u && result == RESULT_UNSUPPORTED)
		log_msg(LOG_NOTICE, "%s: a login as '%s' is refused: type %s wants %s, which line %u of "
				    "the file lacks", text_ipv4(m->client), u->name,
			tunnel_type_name(m->type), words[m->type], u->line);
	else if (u)
		log_msg(LOG_NOTICE, "%s: a login as '%s' is refused: %s", text_ipv4(m->client),
			u->name, why_refused(result));
	else
		log_msg(LOG_NOTICE, "%s: a login is refused: %s", text_ipv4(m->client),
			why_refused(result));
}

static void want(struct logins *l, const struct message *m)
{
	struct login_how how = {.config = l->config,
				.name_free = builder_name_free,
				.arg = l->builder,
				.now = time(NULL),
				.boot = clock_boot_s()};
	struct holder h = {m->slot, m->generation};
	struct session *older = of_user(l, m->user), before = {0};
	struct login login;

	if (!builder_far_end_ok(l->builder, m->client)) {
		log_msg(LOG_NOTICE,
			"no tunnel can lead to %s, which is this machine's own, or nobody's",
			text_ipv4(m->client));
		tell(l, MESSAGE_RESULT, h, RESULT_BROKEN, "");
		return;
	}
	how.way_mtu = builder_way_mtu(l->builder, m->server, m->client);
	if (older)
		before = *older;
	login = sessions_login(l->sessions, m, &how);
	if (login.result != RESULT_OK) {
		log_refused(l, m, login.result);
		tell(l, MESSAGE_RESULT, h, login.result, "");
		return;
	}
	if (login.displaced) {
		log_end(l, &before, "a newer login");
		tell(l, MESSAGE_END, login.old, END_DISPLACED, "");
	}
	if (login.gone)
		tell(l, MESSAGE_GONE, login.leaver, 0, "");
}

static void left(struct logins *l, const struct message *m)
{
	struct holder h = {m->slot, m->generation};
	struct session *e = sessions_held_by(l->sessions, h);

	if (!e) {
		/* Its session may have been ended, but its tunnel is there still. */
		if (!sessions_owe(l->sessions, h))
			tell(l, MESSAGE_GONE, h, 0, "");
		return;
	}
	log_end(l, e,
		m->code == LEFT_CHANGED ? "the password was changed" : "the connection ended");
	sessions_leave(e, true);
	record_file_soon(l->record, 0);
}

static int64_t write_ms(const struct logins *l)
{
	uint32_t n = sessions_held(l->sessions);

	return n < WRITE_LEAST_MS ? WRITE_LEAST_MS : n > WRITE_MOST_MS ? WRITE_MOST_MS : n;
}

static void pinged(struct logins *l, const struct message *m)
{
	struct session *e = sessions_held_by(l->sessions, (struct holder){m->slot, m->generation});

	if (!e)
		return;
	e->pinged = time(NULL) - m->code;
	e->since = clock_date(e->since, e->began);
	record_file_soon(l->record, write_ms(l));
}

void logins_hear(struct logins *l, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_WANT:
		want(l, m);
		break;
	case MESSAGE_LEFT:
		left(l, m);
		break;
	default: /* MESSAGE_PINGED: message_ok() lets no other pass */
		pinged(l, m);
		break;
	}
}

void logins_gone(void *arg, struct session *e)
{
	struct logins *l = arg;

	if (e->owed)
		tell(l, MESSAGE_GONE, e->leaver, 0, "");
	/* From now on another program may have an interface of that name, which whoever
	 * comes after a crash must not remove. */
	record_file_soon(l->record, 0);
}

/* What could not be built, or not be kept up. */
static void answer_failed(struct logins *l, struct session *e)
{
	if (e->answered) {
		end_session(l, e, END_LOST, "the tunnel could not be kept up");
		return;
	}
	tell(l, MESSAGE_RESULT, e->holder, RESULT_BROKEN, "");
	sessions_leave(e, false);
}

static bool is_owed_an_answer(const struct session *e)
{
	return !e->answered && sessions_is_up(e);
}

void logins_answer(struct logins *l)
{
	const struct session_log log = log_of(l);
	char words[MESSAGE_TEXT_MAX + 1];
	bool any = false;

	for (uint32_t i = 0; i < l->sessions->size; i++) {
		struct session *e = &l->sessions->list[i];

		if (e->used && e->held && e->failed)
			answer_failed(l, e);
		any |= is_owed_an_answer(e);
	}
	if (any)
		record_file_write(l->record);
	for (uint32_t i = 0; any && i < l->sessions->size; i++) {
		struct session *e = &l->sessions->list[i];

		if (!is_owed_an_answer(e))
			continue;
		e->answered = true;
		far_offer(&e->now, words, sizeof words);
		session_log_begin(&log, e);
		tell(l, MESSAGE_RESULT, e->holder, RESULT_OK, words);
	}
}

bool logins_end_unknown(struct logins *l)
{
	struct config_entry *users = config_sorted(l->config, config_by_id);

	if (!users)
		return false;
	for (uint32_t i = 0; i < l->sessions->size; i++) {
		struct session *e = &l->sessions->list[i];
		const struct config_user user = {.id = e->user};
		const struct config_entry wanted = {&user};

		if (e->used && e->held &&
		    !bsearch(&wanted, users, l->config->n_users, sizeof *users, config_by_id))
			end_session(l, e, END_CHANGED, "the user was removed or changed");
	}
	free(users);
	return true;
}

void logins_end_all(struct logins *l)
{
	for (uint32_t i = 0; i < l->sessions->size; i++) {
		struct session *e = &l->sessions->list[i];

		if (!e->used || !e->held)
			continue;
		log_end(l, e, "dtcpd ends");
		sessions_leave(e, false);
	}
}
