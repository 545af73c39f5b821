/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account.h"
#include "ask.h"
#include "call.h"
#include "clock.h"
#include "commands.h"
#include "keeper.h"
#include "log.h"
#include "options.h"
#include "privs.h"
#include "rundir.h"
#include "status_codes.h"

/* How long an old keeper may take to end before a new one gives up, and how
 * long a new one may take longer than it was told to. */
enum { HANDOVER_MS = 5000, OVERTIME_MS = 4000 };

static volatile int signal_seen;

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
	memcpy(r.link, c->link, sizeof r.link);
	return r;
}

static int late(const struct call *c, const struct options *o)
{
	log_msg(LOG_NOTICE, "%s: not up within %u s; still being tried in the background",
		c->interface, o->wait);
	return STATUS_PENDING;
}

/* What the keeper says that was asked instead goes on to the caller. */
static void tell_caller(void *arg, int priority, const char *text)
{
	const struct keeper_how *how = arg;

	control_say(how->client, CONTROL_TEXT, priority, text);
}

/* Keeps the interface, or hands the request to whoever keeps it: the one that
 * is there may be ending, and then its place is ours. */
static int keep_or_ask(struct keeper_how *how, const struct control_request *r)
{
	int64_t patience = clock_ms() + HANDOVER_MS;
	int status;

	while ((status = keeper_run(how)) == KEEPER_HELD) {
		if (how->client >= 0) {
			log_set_client(tell_caller, how);
			log_client_threshold(how->threshold);
		}
		if (r->no_wait && how->client >= 0)
			control_say(how->client, CONTROL_RESULT, STATUS_PENDING, "");
		status = ask_keeper(how->dir, how->interface, r, how->wait_until, NULL);
		if (status == ASK_LATE)
			status = STATUS_PENDING;
		if (status != ASK_AGAIN || clock_ms() >= patience) {
			if (how->client >= 0)
				control_say(how->client, CONTROL_RESULT, status, "");
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
		control_say(how->client, CONTROL_TEXT, LOG_ERR, "the keeper cannot be detached");
		control_say(how->client, CONTROL_RESULT, STATUS_SYSTEM, "");
		_exit(STATUS_SYSTEM);
	}
	log_setup(LOG_TO_CLIENT | LOG_TO_SYSLOG, how->threshold);
	_exit(keep_or_ask(how, r));
}

/* Somebody at a terminal has had enough of waiting: what this call began ends
 * with it. */
static void give_up(int fd)
{
	struct control_request r = {.op = CONTROL_DOWN, .threshold = log_threshold()};

	if (control_ask(fd, &r))
		ask_wait(fd, clock_ms() + OVERTIME_MS, NULL);
	catch_signals(SIG_DFL);
	kill(getpid(), signal_seen);
}

static int start_keeper(struct keeper_how *how, const struct control_request *r,
			int64_t deadline)
{
	int pair[2], status;
	pid_t pid;

	/* Before there is anything that would be left if we ended here. */
	catch_signals(on_signal);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0) {
		log_msg(LOG_ERR, "%s: no process can be started: %m", how->interface);
		return STATUS_SYSTEM;
	}
	if (pid == 0) {
		catch_signals(SIG_DFL);
		close(pair[0]);
		how->client = pair[1];
		background(how, r);
	}
	close(pair[1]);
	status = ask_wait(pair[0], deadline, &signal_seen);
	if (status == ASK_SIGNAL)
		give_up(pair[0]);
	close(pair[0]);
	return status;
}

static int in_background(struct keeper_how *how, const struct call *c, const struct options *o)
{
	struct control_request r = request(c, o);
	int64_t wait_until = clock_ms() + (int64_t)o->wait * 1000;
	int64_t patience = o->wait == 0 ? HANDOVER_MS : 0;
	int status = ASK_AGAIN;

	for (int i = 0; i < 3 && status == ASK_AGAIN; i++) {
		if (pidfile_holder(how->dir, how->interface)) {
			status = ask_keeper(how->dir, how->interface, &r, wait_until + patience,
					    &signal_seen);
			if (status == ASK_LATE)
				return late(c, o);
		}
		if (status == ASK_AGAIN) {
			status = start_keeper(how, &r, wait_until + patience +
						       (how->persist ? 0 : OVERTIME_MS));
			if (status == ASK_LATE && how->persist)
				return late(c, o);
		}
	}
	if (status >= 0)
		return status;
	log_msg(LOG_ERR, "%s: the keeper %s", how->interface,
		status == ASK_LATE ? "gives no answer" : "was ended while it was coming up");
	return STATUS_SYSTEM;
}

static int in_foreground(struct keeper_how *how, const struct call *c, const struct options *o)
{
	struct control_request r = request(c, o);

	int status;

	log_setup(LOG_TO_STDERR | LOG_TO_CLIENT, how->threshold);
	status = keep_or_ask(how, &r);
	if (status != STATUS_PENDING)
		return status;
	/* Nobody who supervises this process is to take another's tries for its own. */
	log_msg(LOG_ERR, "%s: another process keeps it, and has not brought it up yet",
		how->interface);
	return STATUS_UNREACHABLE;
}

int command_up(const struct options *o)
{
	struct keeper_how how;
	const char *missing;
	struct call c;
	char *config;
	int status;

	if (!privs_enough(&missing)) {
		log_msg(LOG_ERR, "privileges are missing: %s is needed to build a tunnel", missing);
		return STATUS_REFUSED;
	}
	status = call_find(&c, o);
	if (status != CALL_GO)
		return status;
	memset(&how, 0, sizeof how);
	how.dir = rundir_open(o->run_dir, true);
	config = realpath(o->config, NULL);
	if (!config)
		log_msg(LOG_ERR, "%s: cannot be found again: %m", o->config);
	if (how.dir < 0 || !config || !privs_find_user(&how.user)) {
		account_free(c.accounts);
		free(config);
		return STATUS_SYSTEM;
	}
	memcpy(how.interface, c.interface, sizeof how.interface);
	memcpy(how.link, c.link, sizeof how.link);
	how.address = c.address;
	how.accounts = c.accounts;
	how.config = config;
	how.server = o->server;
	how.run_dir = o->run_dir;
	how.client = -1;
	how.foreground = o->foreground;
	how.no_wait = o->wait == 0;
	how.persist = o->persist || how.no_wait;
	how.wait_until = how.no_wait ? CLOCK_NEVER : clock_ms() + (int64_t)o->wait * 1000;
	how.threshold = options_threshold(o);
	return o->foreground ? in_foreground(&how, &c, o) : in_background(&how, &c, o);
}
