/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account/account.h"
#include "command/ask.h"
#include "command/call.h"
#include "command/commands.h"
#include "command/options.h"
#include "command/up.h"
#include "common/clock.h"
#include "common/end_times.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/status_codes.h"
#include "keeper/keeper.h"
#include "rundir/presence.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"

/* How long a new keeper waits for the old one to end, and a command for its keeper to say that
 * it has heard. */
enum { HANDOVER_MS = 5000, HEARD_MS = 4000 };

static volatile sig_atomic_t signal_seen;

static void on_signal(int sig)
{
	signal_seen = sig;
}

static void catch_signals(void (*handler)(int))
{
	signal(SIGINT, handler);
	signal(SIGTERM, handler);
}

static struct control_request request(const struct call *c, const struct options *o)
{
	struct control_request r;

	memset(&r, 0, sizeof r);
	r.op = CONTROL_UP;
	r.no_wait = o->wait == 0;
	r.persist = o->persist;
	r.threshold = options_threshold(o);
	r.address = c->address;
	r.event = o->event[0] != '\0';
	memcpy(r.link, r.event ? o->event : c->link, sizeof r.link);
	return r;
}

static int late(const struct keeper_how *how, const struct options *o)
{
	pid_t holder = pidfile_holder(how->dir, how->interface);

	if (holder && !ask_is_keeper(how->interface, holder))
		return STATUS_SYSTEM;
	log_msg(LOG_NOTICE, "%s: not up within %u s; still being tried in the background "
			    "(dtcp-up --status tells why)",
		how->interface, o->wait);
	return STATUS_PENDING;
}

/* How long a caller with --wait 0 waits for the keeper to say how it stands. A slow keeper has
 * its time; one that is stopped would never use it. */
static int64_t patience(const struct keeper_how *how, const struct options *o)
{
	if (o->wait > 0)
		return 0;
	return rundir_is_stopped(pidfile_holder(how->dir, how->interface)) ? END_GONE_MS
									   : HANDOVER_MS;
}

/* Passes on to the caller what another keeper says, which was asked in place of this
 * one. */
static void tell_caller(void *arg, int priority, const char *text)
{
	const struct keeper_how *how = arg;

	if (priority <= how->threshold)
		control_say(how->caller, CONTROL_TEXT, priority, text);
}

/* Keeps the interface, or hands the request to whoever keeps it. A keeper that is just
 * ending is replaced. */
static int keep_or_ask(struct keeper_how *how, const struct control_request *r)
{
	int64_t patience = clock_ms() + HANDOVER_MS;
	int status;

	while ((status = keeper_run(how)) == KEEPER_HELD) {
		if (how->caller >= 0)
			log_set_function(tell_caller, how);
		if (r->no_wait && how->caller >= 0)
			control_say(how->caller, CONTROL_RESULT, STATUS_PENDING, "");
		status = ask_keeper(how->dir, how->interface, r, how->wait_until, how->wait_until,
				    NULL);
		if (status == ASK_LATE)
			status = STATUS_PENDING;
		if (status != ASK_AGAIN || clock_ms() >= patience) {
			if (how->caller >= 0)
				control_say(how->caller, CONTROL_RESULT, status, "");
			return status;
		}
		ask_pause();
	}
	return status;
}

/* The process that stays behind. */
static void background(struct keeper_how *how, const struct control_request *r)
{
	if (!keeper_detach()) {
		control_say(how->caller, CONTROL_TEXT, LOG_ERR, "the keeper cannot be detached");
		control_say(how->caller, CONTROL_RESULT, STATUS_SYSTEM, "");
		_exit(STATUS_SYSTEM);
	}
	log_setup(LOG_TO_FUNCTION | LOG_TO_SYSLOG, how->threshold);
	_exit(keep_or_ask(how, r));
}

/* Somebody at a terminal has had enough of waiting: what this call began ends
 * with it. */
static void give_up(int fd)
{
	struct control_request r = {.op = CONTROL_DOWN, .threshold = log_threshold()};

	if (control_ask(fd, &r))
		ask_wait(fd, clock_ms() + HEARD_MS, clock_ms() + END_WAIT_MS, NULL);
	catch_signals(SIG_DFL);
	kill(getpid(), signal_seen);
}

static int start_keeper(struct keeper_how *how, const struct control_request *r,
			int64_t deadline)
{
	int pair[2], status;
	pid_t pid;

	/* From here on there may be something that a signal would leave behind. */
	catch_signals(on_signal);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0) {
		log_msg(LOG_ERR, "%s: no process can be started: %m", how->interface);
		return STATUS_SYSTEM;
	}
	if (pid == 0) {
		catch_signals(SIG_DFL);
		close(pair[0]);
		how->caller = pair[1];
		background(how, r);
	}
	close(pair[1]);
	status = ask_wait(pair[0], deadline, deadline, &signal_seen);
	if (status == ASK_SIGNAL)
		give_up(pair[0]);
	close(pair[0]);
	return status;
}

/* Asks the keeper that there is, or starts one. */
static int in_background(struct keeper_how *how, const struct call *c, const struct options *o,
			 up_worth_fn *worth, const struct state *last)
{
	struct control_request r = request(c, o);
	int64_t wait_until = clock_ms() + (int64_t)o->wait * 1000;
	int status = ASK_AGAIN;

	for (int i = 0; i < 3 && status == ASK_AGAIN; i++) {
		if (pidfile_holder(how->dir, how->interface)) {
			int64_t until = wait_until + patience(how, o);

			status = ask_keeper(how->dir, how->interface, &r, until, until,
					    &signal_seen);
			if (status == ASK_LATE)
				return late(how, o);
			if (o->event[0] && status == STATUS_PENDING)
				return STATUS_OK; /* it was told */
		}
		if (status == ASK_AGAIN && worth && !worth(c->accounts, o->event, last)) {
			log_msg(LOG_NOTICE, "%s: link %s leads to no server of its accounts: "
					    "nothing to do", c->interface, o->event);
			return STATUS_OK;
		}
		if (status == ASK_AGAIN) {
			/* A try that has failed in the end answers when nothing is left. */
			status = start_keeper(how, &r, wait_until + patience(how, o) +
						       (how->persist ? 0 : END_WAIT_MS));
			if (status == ASK_LATE && how->persist)
				return late(how, o);
		}
	}
	if (status >= 0)
		return status;
	log_msg(LOG_ERR, "%s: the keeper %s", how->interface,
		status == ASK_LATE ? "gives no answer" : "was ended while it was coming up");
	return STATUS_SYSTEM;
}

/* A supervisor must not think that its child has ended while another process has
 * the interface, so that is an error; one that is just ending is waited for. */
static int in_foreground(struct keeper_how *how)
{
	struct control_request look = {.op = CONTROL_UP, .no_wait = 1, .event = 1,
				       .threshold = LOG_ERR};
	int64_t patience = clock_ms() + HANDOVER_MS;
	int status;

	log_setup(LOG_TO_STDERR | LOG_TO_FUNCTION, how->threshold);
	while ((status = keeper_run(how)) == KEEPER_HELD) {
		log_setup(LOG_TO_STDERR, how->threshold);
		status = ask_keeper(how->dir, how->interface, &look, patience, patience, NULL);
		if (status != ASK_AGAIN || clock_ms() >= patience) {
			pid_t holder = pidfile_holder(how->dir, how->interface);

			if (!holder) /* its files were removed */
				holder = presence_find(how->run_dir, how->interface, false);
			if (!ask_is_keeper(how->interface, holder))
				return STATUS_SYSTEM;
			log_msg(LOG_ERR, "%s: another keeper (process %d) has it; dtcp-up --down "
					 "ends that one", how->interface, (int)holder);
			return STATUS_UNREACHABLE;
		}
		ask_pause();
		log_setup(LOG_TO_STDERR | LOG_TO_FUNCTION, how->threshold);
	}
	return status;
}

/* The path for a process that is in another directory. Symbolic links stay in it: one that is
 * pointed at another file later leads SIGHUP to that one. NULL with errno. */
static char *from_anywhere(const char *path)
{
	char *here, *whole;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&whole, "%s/%s", here, path) < 0)
		whole = NULL;
	free(here);
	return whole;
}

/* What a keeper is started with, and what the last one knew; false after a message. */
static bool prepare(struct keeper_how *how, struct state *last, const struct call *c,
		    const struct options *o)
{
	memset(how, 0, sizeof *how);
	how->dir = how->caller = -1;
	how->accounts = c->accounts;
	if (!rundir_proc())
		return false;
	presence_wake(o->run_dir, c->interface);
	how->dir = rundir_open(o->run_dir, true);
	if (how->dir < 0 && errno == EROFS && o->event[0])
		log_msg(LOG_ERR, "%s: a service that runs this hook may write nothing there, but the "
				 "unit may: systemctl enable --now dtcp-up", c->interface);
	/* The keeper changes its directory, and may have to find this one again. */
	how->run_dir = realpath(o->run_dir, NULL);
	if (!how->run_dir)
		how->run_dir = strdup(o->run_dir);
	how->config = from_anywhere(o->config);
	if (!how->config)
		log_msg(LOG_ERR, "%s: cannot be found again: %m", o->config);
	if (how->dir >= 0 && (state_read(how->dir, c->interface, last)
				      ? state_elsewhere(last, o->run_dir) : errno != ENOENT))
		return false;
	if (how->dir < 0 || !how->run_dir || !how->config ||
	    !privs_find_user("dtcp-up", &how->user))
		return false;
	memcpy(how->interface, c->interface, sizeof how->interface);
	memcpy(how->link, c->link, sizeof how->link);
	how->address = c->address;
	memcpy(how->config_mark, c->mark, sizeof how->config_mark);
	how->server = o->server;
	how->foreground = o->foreground;
	memcpy(how->event, o->event, sizeof how->event);
	how->no_wait = o->wait == 0;
	how->persist = o->persist || how->no_wait;
	how->wait_until = how->no_wait ? CLOCK_NEVER : clock_ms() + (int64_t)o->wait * 1000;
	how->threshold = options_threshold(o);
	return true;
}

/* A keeper of another interface may be started next, which would have copies of it all: it is
 * to know its own passwords alone. */
static void let_go(struct keeper_how *how)
{
	account_free(how->accounts);
	fd_close(&how->dir);
	free((char *)how->run_dir);
	free((char *)how->config);
}

int up_interface(const struct options *o, up_worth_fn *worth)
{
	struct keeper_how how;
	struct state last;
	const char *missing;
	struct call c;
	int status;

	if (!privs_enough(true, &missing)) {
		log_msg(LOG_ERR, "privileges are missing: %s is needed to build a tunnel", missing);
		return STATUS_REFUSED;
	}
	status = call_find(&c, o);
	if (status != CALL_GO)
		return status;
	if (!prepare(&how, &last, &c, o))
		status = STATUS_SYSTEM;
	else if (o->foreground)
		return in_foreground(&how); /* all of it is the keeper's, and the end comes next */
	else
		status = in_background(&how, &c, o, worth, &last);
	let_go(&how);
	return status;
}

int command_up(const struct options *o)
{
	return up_interface(o, NULL);
}
