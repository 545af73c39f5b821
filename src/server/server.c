/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/sd_notify.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "rundir/rundir.h"
#include "server/arguments.h"
#include "server/builder.h"
#include "server/channel.h"
#include "server/front.h"
#include "server/logins.h"
#include "server/record_file.h"
#include "server/roles.h"
#include "server/script_queue.h"

/* The role of root: it has privileges, and nothing that came from the network but what
 * auth tells it in messages of a fixed size (logins.h). Here are its beginning, its
 * signals, its loop and its end. */

enum {
	SETTLE_MS = 60000, /* for what is left from before, at the start */
	END_MS = 15000	   /* for all to be taken down */
};

struct server {
	const struct server_options *o;
	struct config config;
	struct sessions sessions;
	struct builder *builder;
	struct channel auth;
	struct roles roles;
	struct script_queue scripts;
	struct record_file record;
	struct logins logins;
	int dir, pidfile, signals;
	uint32_t room;	   /* for so many sessions there is memory in all three processes ... */
	uint32_t slots;	   /* ... and for so many connections */
	struct listeners listeners; /* until the front has them */
	unsigned n_listen; /* where the front listens, whatever the file says by now */
	struct sockaddr_in listen[CONFIG_LISTEN_MAX];
	bool ready; /* the front has begun to serve */
	bool ending;
	int64_t end_by;
	int status; /* to end with */
};

/* The other two are in their jails, and connections are taken. */
static void say_ready(struct server *s)
{
	const char *no_filter = jail_missing();

	if (s->ready || s->ending)
		return;
	s->ready = s->record.listens = true;
	record_file_write(&s->record);
	if (no_filter)
		log_msg(LOG_INFO, "there is no filter of system calls: %s", no_filter);
	server_warn(s->o->config, &s->config);
	for (unsigned i = 0; i < s->n_listen; i++)
		log_msg(LOG_NOTICE, "listening at %s:%u, %u user%s",
			text_ipv4(s->listen[i].sin_addr), ntohs(s->listen[i].sin_port),
			s->config.n_users, s->config.n_users == 1 ? "" : "s");
	sd_notify_tell("dtcpd", "READY=1");
}

static void hear_auth(struct server *s, const struct message *m)
{
	if (m->kind == MESSAGE_READY)
		say_ready(s);
	else if (m->kind != MESSAGE_WANT || !s->ending)
		logins_hear(&s->logins, m);
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
	logins_end_all(&s->logins);
	builder_hurry(s->builder);
	if (!builder_users(s->builder, NULL))
		log_msg(LOG_ERR, "out of memory");
}

/* In whatever order. No address is in the file twice. */
static bool listens_as(const struct server *s, const struct config *c)
{
	unsigned same = 0;

	for (unsigned i = 0; i < c->n_listen; i++)
		for (unsigned n = 0; n < s->n_listen; n++)
			same += memcmp(&s->listen[n], &c->listen[i], sizeof c->listen[i]) == 0;
	return same == c->n_listen && same == s->n_listen;
}

static void limit_sessions(struct server *s)
{
	s->sessions.most = s->config.sessions < s->room ? s->config.sessions : s->room;
}

/* What holds for all from now on, and what has to wait. */
static void take_settings(struct server *s)
{
	limit_sessions(s);
	logins_tell_idle(&s->logins);
	if (!listens_as(s, &s->config))
		log_msg(LOG_WARNING, "other addresses are listened at only after a restart");
	if (s->config.sessions > s->room)
		log_msg(LOG_WARNING, "there is room for %u sessions, for more only after a restart",
			s->room);
}

static void read_again(struct server *s)
{
	struct config old = s->config, new;
	bool ok = config_read(&new, s->o->config);

	if (ok && !config_renumber(&new, &old)) {
		log_msg(LOG_ERR, "out of memory");
		config_free(&new);
		ok = false;
	}
	if (!ok) {
		log_msg(LOG_ERR, "%s was not read: everything stays as it was", s->o->config);
		return;
	}
	s->config = new;
	if (!logins_tell_users(&s->logins) || !builder_users(s->builder, &s->config) ||
	    !logins_end_unknown(&s->logins)) {
		log_msg(LOG_ERR, "out of memory");
		begin_end(s, STATUS_SYSTEM);
	}
	record_file_write(&s->record); /* before there are routes of it */
	take_settings(s);
	config_free(&old);
	server_warn(s->o->config, &s->config);
	log_msg(LOG_NOTICE, "%s was read again: %u user%s", s->o->config, s->config.n_users,
		s->config.n_users == 1 ? "" : "s");
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
		logins_answer(&s->logins);
	} while (builder_work(s->builder, logins_gone, &s->logins));
	logins_answer(&s->logins);
	script_queue_work(&s->scripts, s->config.script);
	record_file_work(&s->record);
}

static bool is_over(const struct server *s)
{
	return s->ending && ((builder_idle(s->builder) && script_queue_idle(&s->scripts)) ||
			     clock_ms() >= s->end_by);
}

/* Clients are told as soon as their tunnels are gone, and have their connections closed, which
 * they take for the sign of that: scripts may have more to do, and nobody waits for them. */
static void dismiss(struct server *s)
{
	if (!s->ending || !builder_idle(s->builder))
		return;
	roles_end(&s->roles); /* with the channel */
	s->auth.broken = true;
	s->auth.fd = -1;
}

static void serve(struct server *s)
{
	for (;;) {
		struct pollfd p[3 + BUILDER_POLLS];
		int64_t deadline;
		struct message m;
		nfds_t n;

		work(s);
		dismiss(s);
		if (is_over(s))
			return;
		deadline = clock_min(clock_min(s->record.write_at, s->scripts.script.deadline),
				     s->end_by);
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

static bool bind_all(struct server *s)
{
	s->n_listen = s->config.n_listen;
	memcpy(s->listen, s->config.listen, sizeof s->listen);
	return roles_bind(&s->config, &s->listeners);
}

/* Nothing of an earlier dtcpd, and everything that is there without a session. False
 * after a message. */
static bool prepare(struct server *s)
{
	const struct builder_how how = {&s->sessions, &s->dir, record_file_write, &s->record};

	if (!sessions_init(&s->sessions, s->room)) {
		log_msg(LOG_ERR, "out of memory");
		return false;
	}
	limit_sessions(s);
	/* Each tunnel takes one, and what runs beside them a few. */
	roles_limit_descriptors(s->sessions.size + 64);
	s->builder = builder_open(&how);
	if (!s->builder)
		return false;
	record_file_init(&s->record, &s->dir, &s->pidfile, s->o->run_dir, &s->sessions,
			 builder_standing(s->builder));
	s->logins = (struct logins){.config = &s->config,
				    .sessions = &s->sessions,
				    .builder = s->builder,
				    .auth = &s->auth,
				    .scripts = &s->scripts,
				    .record = &s->record};
	if (!record_file_take_over(&s->record, s->builder))
		return false;
	if (!builder_users(s->builder, &s->config)) {
		log_msg(LOG_ERR, "out of memory");
		return false;
	}
	/* What is left and what is about to be made, before anything is: also who comes after
	 * one that was killed at this knows of all of it. */
	if (!record_file_write(&s->record))
		return false;
	builder_settle(s->builder, clock_ms() + SETTLE_MS);
	return true;
}

static bool start_roles(struct server *s)
{
	struct roles_how how = {.config = &s->config,
				.listeners = &s->listeners,
				.slots = s->slots,
				.idle = s->config.idle};
	char empty[512];
	bool ok;

	if (!roles_listen(&s->config, &s->listeners))
		return false;
	/* The front is shut in there. */
	snprintf(empty, sizeof empty, "%s/empty", s->o->run_dir);
	if (mkdirat(s->dir, "empty", 0755) == 0 || errno == EEXIST)
		how.empty = empty;
	else
		log_msg(LOG_NOTICE, "the front cannot be shut in: %s cannot be made: %m", empty);
	ok = privs_find_user("dtcpd", &how.user) && roles_start(&s->roles, &how);
	roles_unbind(&s->listeners);
	if (!ok)
		return false;
	/* Each connection has three messages under way at most. */
	if (channel_init(&s->auth, s->roles.channel, 4 * (size_t)s->slots) &&
	    logins_tell_users(&s->logins))
		return true;
	log_msg(LOG_ERR, "out of memory");
	return false;
}

static void clean_up(struct server *s)
{
	bool clean;

	roles_end(&s->roles);
	script_queue_end(&s->scripts);
	/* It has not served at all, but the prefixes have their routes. */
	if (s->builder && !s->ending && builder_users(s->builder, NULL)) {
		builder_hurry(s->builder);
		builder_settle(s->builder, clock_ms() + END_MS);
	}
	clean = !s->builder || builder_idle(s->builder);
	if (s->builder)
		builder_close(s->builder);
	if (!clean) {
		log_msg(LOG_ERR, "not everything could be removed; the next start tries again");
		s->status = STATUS_SYSTEM;
	} else {
		record_file_remove(&s->record);
	}
	if (s->pidfile >= 0) { /* else what is in the run directory is another dtcpd's */
		if (unlinkat(s->dir, "empty", AT_REMOVEDIR) < 0 && errno != ENOENT)
			log_msg(LOG_WARNING, "%s/empty cannot be removed: %m", s->o->run_dir);
		pidfile_drop(s->dir, "dtcpd", s->pidfile);
	}
	config_free(&s->config);
}

/* What a crowd, or the reading of a long file, has needed goes back to the kernel. By
 * itself glibc keeps as much as has ever been freed at a time. */
static void keep_little_memory(void)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_TRIM_THRESHOLD, 65536);
#endif
}

int server_serve(const struct server_options *o)
{
	struct server *s;

	if (!builder_permitted())
		return STATUS_REFUSED;
	keep_little_memory();
	s = calloc(1, sizeof *s);
	if (!s) {
		log_msg(LOG_ERR, "out of memory");
		return STATUS_SYSTEM;
	}
	*s = (struct server){.o = o,
			     .dir = -1,
			     .pidfile = -1,
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
	/* A signal to end that comes meanwhile waits: nothing is left then either. */
	if (lock(s) && open_signals(s) && bind_all(s) && prepare(s) && start_roles(s)) {
		s->status = STATUS_OK;
		serve(s);
	}
	clean_up(s);
	return s->status;
}
