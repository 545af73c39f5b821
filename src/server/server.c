/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/sd_notify.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"
#include "server/arguments.h"
#include "server/builder.h"
#include "server/channel.h"
#include "server/front.h"
#include "server/record.h"
#include "server/roles.h"
#include "server/script_queue.h"
#include "server/session_log.h"

/* The role of root: it has privileges, and nothing that came from the network but what
 * auth tells it in messages of a fixed size. */

enum {
	SETTLE_MS = 60000, /* for what is left from before, at the start */
	END_MS = 15000,	   /* for all to be taken down */
	WRITE_MS = 1000,   /* a keepalive is in the state file so much later at most */
	AGAIN_MS = 1000	   /* until a state file that could not be written is tried again */
};

struct server {
	const struct server_options *o;
	struct config config;
	struct sessions sessions;
	struct builder *builder;
	struct channel auth;
	struct roles roles;
	struct script_queue scripts;
	int dir, pidfile, signals;
	uint32_t room;	/* for so many sessions there is memory in all three processes ... */
	uint32_t slots; /* ... and for so many connections */
	unsigned n_listen; /* where the front listens, whatever the file says by now */
	struct sockaddr_in listen[CONFIG_LISTEN_MAX];
	bool written;	  /* the state file is there */
	bool stale;	  /* it could not be written the last time, and that was said */
	int64_t write_at; /* when it is to be written anew, or CLOCK_NEVER */
	bool ready;	  /* the front has begun to serve */
	bool ending;
	int64_t end_by;
	int status; /* to end with */
};

/* ------------------------------------------------------------------ state file */

static bool record(void *arg)
{
	struct far_lines l = {0};
	struct server *s = arg;
	bool ok, again = s->stale && clock_ms() >= s->write_at;

	record_format(&l, &s->sessions, &s->config);
	ok = !l.failed && state_write(s->dir, "dtcpd", l.text, l.len);
	if (!ok && !again)
		log_msg(LOG_ERR, "the state cannot be written to %s: %s", s->o->run_dir,
			l.failed ? "out of memory" : strerror(errno));
	free(l.text);
	/* Else --status, and whoever comes after a crash, would go by what was. */
	s->write_at = ok ? CLOCK_NEVER : clock_ms() + AGAIN_MS;
	s->stale = !ok;
	s->written |= ok;
	return ok;
}

static void record_soon(struct server *s, int64_t in_ms)
{
	s->write_at = clock_min(s->write_at, clock_ms() + in_ms);
}

/* What a dtcpd that was killed has left. */
static void take_over(void *arg, enum record_kind kind, const struct record_line *r)
{
	struct server *s = arg;
	bool ok = true;

	if (kind == RECORD_TUNNEL) {
		log_msg(LOG_NOTICE, "%s is left from before, and is removed", r->tunnel.interface);
		ok = builder_take_over(s->builder, r->tunnel.interface);
	} else if (kind == RECORD_PREFIX) {
		ok = builder_take_over_prefix(s->builder, &r->prefix);
	}
	if (!ok)
		log_msg(LOG_ERR, "out of memory");
}

/* ------------------------------------------------------------------ what auth is told */

static void tell(struct server *s, enum message_kind kind, struct holder h, uint32_t code,
		 const char *text)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.slot = h.slot;
	m.generation = h.generation;
	m.code = code;
	snprintf(m.text, sizeof m.text, "%s", text);
	channel_send(&s->auth, &m);
}

/* Each user with name and password, which root forgets then. */
static bool tell_users(struct server *s)
{
	struct message m;

	if (!channel_reserve(&s->auth, s->config.n_users + 2))
		return false;
	memset(&m, 0, sizeof m);
	m.kind = MESSAGE_USER;
	for (const struct config_user *u = s->config.users; u; u = u->next) {
		m.user = u->id;
		snprintf(m.name, sizeof m.name, "%s", u->name);
		snprintf(m.text, sizeof m.text, "%s", u->password);
		channel_send(&s->auth, &m);
	}
	explicit_bzero(&m, sizeof m);
	m.kind = MESSAGE_USERS_END;
	channel_send(&s->auth, &m);
	config_forget_passwords(&s->config);
	return true;
}

/* ------------------------------------------------------------------ sessions */

static struct session_log log_of(struct server *s)
{
	return (struct session_log){s->builder, &s->scripts, s->config.script};
}

static void log_end(struct server *s, const struct session *e, const char *why)
{
	const struct session_log log = log_of(s);

	session_log_end(&log, e, why);
}

static void end_session(struct server *s, struct session *e, enum message_end code, const char *why)
{
	log_end(s, e, why);
	tell(s, MESSAGE_END, e->holder, code, "");
	sessions_leave(e, false);
	record_soon(s, 0);
}

static struct session *of_user(struct server *s, uint32_t user)
{
	for (uint32_t i = 0; i < s->sessions.size; i++)
		if (s->sessions.list[i].used && s->sessions.list[i].held &&
		    s->sessions.list[i].user == user)
			return &s->sessions.list[i];
	return NULL;
}

static void want(struct server *s, const struct message *m)
{
	struct login_how how = {.config = &s->config,
				.name_free = builder_name_free,
				.arg = s->builder,
				.now = time(NULL)};
	struct holder h = {m->slot, m->generation};
	struct session *older = of_user(s, m->user), before = {0};
	struct login l;

	if (!builder_far_end_ok(s->builder, m->client)) {
		log_msg(LOG_NOTICE,
			"no tunnel can lead to %s, which is this machine's own, or nobody's",
			text_ipv4(m->client));
		tell(s, MESSAGE_RESULT, h, RESULT_BROKEN, "");
		return;
	}
	how.way_mtu = builder_way_mtu(s->builder, m->server, m->client);
	if (older)
		before = *older;
	l = sessions_login(&s->sessions, m, &how);
	if (l.result != RESULT_OK) {
		log_msg(LOG_NOTICE, "%s: a login is refused: %s", text_ipv4(m->client),
			l.result == RESULT_TAKEN ? "another user's tunnel leads to that address"
			: l.result == RESULT_UNSUPPORTED ? "this user is not served that type"
			: l.result == RESULT_FULL ? "there are as many sessions as there may be"
						  : "the user is no more in the file");
		tell(s, MESSAGE_RESULT, h, l.result, "");
		return;
	}
	if (l.displaced) {
		log_end(s, &before, "a newer login");
		tell(s, MESSAGE_END, l.old, END_DISPLACED, "");
	}
	if (l.gone)
		tell(s, MESSAGE_GONE, l.leaver, 0, "");
}

static void left(struct server *s, const struct message *m)
{
	struct holder h = {m->slot, m->generation};
	struct session *e = sessions_held_by(&s->sessions, h);

	if (!e) {
		tell(s, MESSAGE_GONE, h, 0, "");
		return;
	}
	log_end(s, e,
		m->code == LEFT_CHANGED ? "the password was changed" : "the connection ended");
	sessions_leave(e, true);
	record_soon(s, 0);
}

/* The other two are in their jails, and connections are taken. */
static void say_ready(struct server *s)
{
	const char *no_filter = jail_missing();

	if (s->ready || s->ending)
		return;
	s->ready = true;
	if (no_filter)
		log_msg(LOG_INFO, "there is no filter of system calls: %s", no_filter);
	for (unsigned i = 0; i < s->n_listen; i++)
		log_msg(LOG_NOTICE, "listening at %s:%u, %u users",
			text_ipv4(s->listen[i].sin_addr), ntohs(s->listen[i].sin_port),
			s->config.n_users);
	sd_notify_tell("dtcpd", "READY=1");
}

static void hear_auth(struct server *s, const struct message *m)
{
	struct session *e;

	switch (m->kind) {
	case MESSAGE_WANT:
		if (!s->ending)
			want(s, m);
		break;
	case MESSAGE_LEFT:
		left(s, m);
		break;
	case MESSAGE_READY:
		say_ready(s);
		break;
	default: /* MESSAGE_PINGED: message_ok() lets no other pass */
		e = sessions_held_by(&s->sessions, (struct holder){m->slot, m->generation});
		if (e) {
			e->pinged = time(NULL) - m->code;
			record_soon(s, WRITE_MS);
		}
		break;
	}
}

/* The builder frees a session whose tunnel is gone. */
static void gone(void *arg, struct session *e)
{
	struct server *s = arg;

	if (e->owed)
		tell(s, MESSAGE_GONE, e->leaver, 0, "");
	record_soon(s, 0); /* without it: the name may be another program's from now on */
}

/* What could not be built, or not be kept up. */
static void answer_failed(struct server *s, struct session *e)
{
	if (e->answered) {
		end_session(s, e, END_LOST, "the tunnel could not be kept up");
		return;
	}
	tell(s, MESSAGE_RESULT, e->holder, RESULT_BROKEN, "");
	sessions_leave(e, false);
}

static bool is_owed_an_answer(const struct session *e)
{
	return !e->answered && sessions_is_up(e);
}

/* What became of what was wanted. Whoever is told that the tunnel is there finds it in
 * the state file, too. */
static void answer(struct server *s)
{
	const struct session_log log = log_of(s);
	char words[MESSAGE_TEXT_MAX + 1];
	bool any = false;

	for (uint32_t i = 0; i < s->sessions.size; i++) {
		struct session *e = &s->sessions.list[i];

		if (e->used && e->held && e->failed)
			answer_failed(s, e);
		any |= is_owed_an_answer(e);
	}
	if (any)
		record(s);
	for (uint32_t i = 0; any && i < s->sessions.size; i++) {
		struct session *e = &s->sessions.list[i];

		if (!is_owed_an_answer(e))
			continue;
		e->answered = true;
		far_offer(&e->now, words, sizeof words);
		session_log_begin(&log, e);
		tell(s, MESSAGE_RESULT, e->holder, RESULT_OK, words);
	}
}

/* ------------------------------------------------------------------ signals */

static void begin_end(struct server *s, int status)
{
	if (s->ending)
		return;
	s->ending = true;
	s->status = status;
	s->end_by = clock_ms() + END_MS;
	sd_notify_tell("dtcpd", "STOPPING=1");
	for (uint32_t i = 0; i < s->sessions.size; i++) {
		struct session *e = &s->sessions.list[i];

		if (!e->used || !e->held)
			continue;
		log_end(s, e, "dtcpd ends");
		sessions_leave(e, false);
	}
	if (!builder_users(s->builder, NULL))
		log_msg(LOG_ERR, "out of memory");
}

static bool listens_as(const struct server *s, const struct config *c)
{
	return s->n_listen == c->n_listen &&
	       memcmp(s->listen, c->listen, c->n_listen * sizeof *c->listen) == 0;
}

static void limit_sessions(struct server *s)
{
	s->sessions.most = s->config.sessions < s->room ? s->config.sessions : s->room;
}

/* What holds for all from now on, and what has to wait. */
static void take_settings(struct server *s)
{
	limit_sessions(s);
	tell(s, MESSAGE_IDLE, (struct holder){0}, s->config.idle, "");
	if (!listens_as(s, &s->config))
		log_msg(LOG_WARNING, "other addresses are listened at only after a restart");
	if (s->config.sessions > s->room)
		log_msg(LOG_WARNING, "there is room for %u sessions, for more only after a restart",
			s->room);
}

static void read_again(struct server *s)
{
	struct config old = s->config, new;

	if (!config_read(&new, s->o->config)) {
		log_msg(LOG_ERR, "%s was not read: everything stays as it was", s->o->config);
		return;
	}
	config_renumber(&new, &old);
	s->config = new;
	if (!tell_users(s) || !builder_users(s->builder, &s->config)) {
		log_msg(LOG_ERR, "out of memory");
		begin_end(s, STATUS_SYSTEM);
	}
	for (uint32_t i = 0; i < s->sessions.size; i++) {
		struct session *e = &s->sessions.list[i];

		if (e->used && e->held && !config_user(&s->config, e->user))
			end_session(s, e, END_CHANGED, "the user was removed or changed");
	}
	take_settings(s);
	config_free(&old);
	log_msg(LOG_NOTICE, "%s was read again: %u users", s->o->config, s->config.n_users);
}

static void reap(struct server *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (builder_reaped(s->builder, pid, status) ||
		    script_queue_reaped(&s->scripts, pid, status))
			continue;
		if (roles_reaped(&s->roles, pid, status))
			begin_end(s, STATUS_SYSTEM);
	}
}

static void read_signals(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP && !s->ending)
			read_again(s);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			begin_end(s, STATUS_OK);
	}
	reap(s);
}

static bool open_signals(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		log_msg(LOG_ERR, "signalfd: %m");
	return s->signals >= 0;
}

/* ------------------------------------------------------------------ loop */

static void work(struct server *s)
{
	do {
		answer(s);
	} while (builder_work(s->builder, gone, s));
	answer(s);
	script_queue_work(&s->scripts, s->config.script);
	if (clock_ms() >= s->write_at)
		record(s);
}

static bool is_over(const struct server *s)
{
	return s->ending && ((builder_idle(s->builder) && script_queue_idle(&s->scripts)) ||
			     clock_ms() >= s->end_by);
}

static void serve(struct server *s)
{
	for (;;) {
		struct pollfd p[3 + BUILDER_POLLS];
		int64_t deadline;
		struct message m;
		nfds_t n;

		work(s);
		if (is_over(s))
			return;
		deadline = clock_min(clock_min(s->write_at, s->scripts.script.deadline), s->end_by);
		p[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
		p[1] = (struct pollfd){.fd = s->auth.broken ? -1 : s->auth.fd,
				       .events = channel_events(&s->auth, true)};
		p[2] = (struct pollfd){.fd = s->scripts.script.run.pid ? s->scripts.script.run.out
								       : -1,
				       .events = POLLIN};
		n = builder_polls(s->builder, p + 3, &deadline);
		if (poll(p, 3 + n, clock_poll_timeout(deadline, clock_ms())) < 0 &&
		    errno != EINTR) {
			log_msg(LOG_ERR, "poll: %m");
			begin_end(s, STATUS_SYSTEM);
		}
		if (p[0].revents)
			read_signals(s);
		builder_heard(s->builder, p + 3, n);
		if (p[2].revents)
			program_read(&s->scripts.script.run);
		script_timer(&s->scripts.script, clock_ms());
		channel_flush(&s->auth);
		while (channel_receive(&s->auth, &m, FROM_AUTH_TO_ROOT, s->slots) > 0)
			hear_auth(s, &m);
		if (s->auth.broken && !s->ending) {
			log_msg(LOG_ERR, "the process auth is gone, or says what it may not");
			begin_end(s, STATUS_SYSTEM);
		}
	}
}

/* ------------------------------------------------------------------ begin and end */

static bool lock(struct server *s)
{
	s->dir = rundir_open(s->o->run_dir, true);
	if (s->dir < 0)
		return false;
	switch (pidfile_take(s->dir, "dtcpd", &s->pidfile)) {
	case PIDFILE_LOCKED:
		return true;
	case PIDFILE_HELD:
		log_msg(LOG_ERR, "another dtcpd runs with %s", s->o->run_dir);
		break;
	case PIDFILE_FAILED:
		break;
	}
	s->pidfile = -1;
	return false;
}

/* Nothing of an earlier dtcpd, and everything that is there without a session. False
 * after a message. */
static bool prepare(struct server *s)
{
	const struct builder_how how = {&s->sessions, s->dir, record, s};

	if (!sessions_init(&s->sessions, s->room)) {
		log_msg(LOG_ERR, "out of memory");
		s->status = STATUS_SYSTEM;
		return false;
	}
	limit_sessions(s);
	/* Each tunnel takes one, and what runs beside them a few. */
	roles_limit_descriptors(s->sessions.size + 64);
	s->builder = builder_open(&how, &s->status);
	if (!s->builder)
		return false;
	s->status = STATUS_SYSTEM;
	if (!record_read(s->dir, take_over, s) && errno != ENOENT) {
		log_msg(LOG_ERR, "what is left from before cannot be read from %s/dtcpd.state: %m",
			s->o->run_dir);
		return false;
	}
	if (!builder_users(s->builder, &s->config)) {
		log_msg(LOG_ERR, "out of memory");
		return false;
	}
	builder_settle(s->builder, clock_ms() + SETTLE_MS);
	return record(s);
}

static bool start_roles(struct server *s)
{
	int listeners[CONFIG_LISTEN_MAX], n = roles_listen(&s->config, listeners);
	struct roles_how how = {.config = &s->config,
				.listeners = listeners,
				.n_listeners = (unsigned)n,
				.slots = s->slots,
				.idle = s->config.idle};
	char empty[512];
	bool ok;

	if (n < 0)
		return false;
	s->n_listen = s->config.n_listen;
	memcpy(s->listen, s->config.listen, sizeof s->listen);
	/* The front is shut in there. */
	snprintf(empty, sizeof empty, "%s/empty", s->o->run_dir);
	if (mkdirat(s->dir, "empty", 0755) == 0 || errno == EEXIST)
		how.empty = empty;
	else
		log_msg(LOG_NOTICE, "the front cannot be shut in: %s cannot be made: %m", empty);
	ok = privs_find_user("dtcpd", &how.user) && roles_start(&s->roles, &how);
	for (int i = 0; i < n; i++)
		close(listeners[i]);
	if (!ok)
		return false;
	/* Each connection has three messages under way at most. */
	if (channel_init(&s->auth, s->roles.channel, 4 * (size_t)s->slots) && tell_users(s))
		return true;
	log_msg(LOG_ERR, "out of memory");
	return false;
}

static void clean_up(struct server *s)
{
	bool clean;

	roles_end(&s->roles);
	/* It has not served at all, but the prefixes have their routes. */
	if (s->builder && !s->ending && builder_users(s->builder, NULL))
		builder_settle(s->builder, clock_ms() + END_MS);
	clean = !s->builder || builder_idle(s->builder);
	if (s->builder)
		builder_close(s->builder);
	if (!clean) {
		log_msg(LOG_ERR, "not everything could be removed; the next start tries again");
		s->status = STATUS_SYSTEM;
	} else if (s->written) {
		state_remove(s->dir, "dtcpd");
	}
	if (s->dir >= 0 && unlinkat(s->dir, "empty", AT_REMOVEDIR) < 0 && errno != ENOENT)
		log_msg(LOG_WARNING, "%s/empty cannot be removed: %m", s->o->run_dir);
	if (s->pidfile >= 0)
		pidfile_drop(s->dir, "dtcpd", s->pidfile);
	config_free(&s->config);
}

int server_serve(const struct server_options *o)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s) {
		log_msg(LOG_ERR, "out of memory");
		return STATUS_SYSTEM;
	}
	*s = (struct server){.o = o,
			     .dir = -1,
			     .pidfile = -1,
			     .write_at = CLOCK_NEVER,
			     .end_by = CLOCK_NEVER,
			     .status = STATUS_SYSTEM,
			     .roles.channel = -1};
	script_queue_init(&s->scripts);
	if (!config_read(&s->config, o->config))
		return STATUS_CONFIG;
	/* What is as usual takes effect without a restart, too. */
	s->room = s->config.sessions > CONFIG_SESSIONS_DEFAULT ? s->config.sessions
							       : CONFIG_SESSIONS_DEFAULT;
	s->slots = s->room + FRONT_SLOTS_MORE;
	privs_no_dump();
	if (lock(s) && prepare(s) && open_signals(s) && start_roles(s)) {
		s->status = STATUS_OK;
		serve(s);
	}
	clean_up(s);
	return s->status;
}
