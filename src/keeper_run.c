/* SPDX-License-Identifier: ISC */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "keeper_state.h"
#include "log.h"
#include "privs.h"
#include "rundir.h"
#include "status_codes.h"
#include "watch.h"

enum { LEAVE_MS = 450 }; /* a session ends 400 ms after it was told to */

static sigset_t signals_that_matter(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	return set;
}

static void hold_signals(int how)
{
	sigset_t set = signals_that_matter();

	sigprocmask(how, &set, NULL);
}

static bool open_signals(struct keeper *k)
{
	sigset_t set = signals_that_matter();

	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals >= 0;
}

/* What a keeper that was killed left behind goes before anything is built. False
 * where nobody knows; the state has to stay then. */
static bool take_over(struct keeper *k)
{
	struct state left;
	bool there = state_read(k->how.dir, k->how.interface, &left);

	if (!there && errno != ENOENT)
		return false;
	if (there && left.in_kernel) {
		log_msg(LOG_NOTICE, "%s: removing what a keeper that was killed (process %d) left",
			k->how.interface, (int)left.pid);
		kernel_adopt(&k->kernel, &left.tunnel);
	}
	state_init(&k->state, k->how.interface);
	k->state.pid = getpid();
	k->state.start = rundir_process_start(k->state.pid);
	return true;
}

static bool prepare(struct keeper *k)
{
	k->watch = watch_open(k->how.interface);
	if (k->watch < 0 || !open_signals(k)) {
		log_msg(LOG_ERR, "%s: no %s: %m", k->how.interface,
			k->watch < 0 ? "netlink socket" : "signal descriptor");
		return false;
	}
	k->listener = control_listen(k->how.dir, k->how.interface);
	if (k->listener < 0) {
		log_msg(LOG_ERR, "%s: no control socket in %s: %m", k->how.interface,
			k->how.run_dir);
		return false;
	}
	return keeper_record(k);
}

/* Where there is little to remove, the session is still saying quit, without
 * which the server would keep the tunnel for minutes. */
static void let_leave(struct keeper *k)
{
	int64_t since = clock_min(clock_ms(), k->fsm.end_by - FSM_END_MS);

	while (k->leaving.channel >= 0 && clock_wait(k->leaving.channel, since + LEAVE_MS) > 0)
		keeper_leaving(k);
}

/* Nothing is to be left: no process, no file. A tunnel that could not be
 * removed keeps its state, by which the next call finds it. */
static void clean_up(struct keeper *k)
{
	session_drop(&k->session, true);
	let_leave(k);
	session_drop(&k->leaving, true);
	run_kill(&k->kernel.run);
	run_kill(&k->script.run);
	while (waitpid(-1, NULL, 0) > 0)
		;
	probe_close(&k->probe);
	if (k->kernel.exists) {
		keeper_record(k);
	} else {
		state_remove(k->how.dir, k->how.interface);
	}
	control_remove(k->how.dir, k->how.interface);
	pidfile_drop(k->how.dir, k->how.interface, k->pidfile);
	keeper_notify(k, "STOPPING=1");
	keeper_answer_last(k);
}

static struct keeper *make(const struct keeper_how *how)
{
	struct keeper *k = mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return NULL;
	/* In a mapping of its own, which a session gives back: it neither needs it
	 * nor is to know it, and each page written here would stay there as a copy.
	 * (MADV_DONTFORK would say the same; user-mode-linux has it wrong.) */
	k->how = *how;
	k->session.channel = k->leaving.channel = -1;
	k->watch = k->signals = k->listener = k->pidfile = -1;
	for (int i = 0; i < KEEPER_CLIENTS; i++)
		k->clients[i].fd = -1;
	memcpy(k->link, how->link, sizeof k->link);
	k->wanted = how->address;
	k->down_since = CLOCK_NEVER;
	fsm_init(&k->fsm, how->persist, how->wait_until, 0);
	kernel_init(&k->kernel, keeper_record, k);
	probe_init(&k->probe);
	script_init(&k->script);
	return k;
}

static void dispose(struct keeper *k)
{
	int fds[] = {k->watch, k->signals, k->listener};

	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	account_free(k->accounts);
	munmap(k, sizeof *k);
}

/* Ends before there is anything to clean up. */
static int refuse(struct keeper *k)
{
	k->fsm.status = STATUS_SYSTEM;
	keeper_answer_last(k);
	log_set_client(NULL, NULL);
	dispose(k);
	return STATUS_SYSTEM;
}

int keeper_run(const struct keeper_how *how)
{
	struct control_request asked = {.op = CONTROL_UP, .no_wait = how->no_wait,
					.persist = how->persist,
					.threshold = how->threshold};
	struct keeper *k = make(how);
	int status = STATUS_SYSTEM;

	if (!k)
		return status;
	log_set_client(keeper_say, k);
	log_client_threshold(LOG_ERR);
	if (how->client >= 0)
		keeper_add_client(k, how->client, &asked);
	keeper_load_accounts(k, how->accounts);
	/* Before there is a pidfile that says where to send them: one that comes at
	 * once is obeyed a moment later. */
	hold_signals(SIG_BLOCK);
	switch (pidfile_take(how->dir, how->interface, &k->pidfile)) {
	case PIDFILE_HELD:
		hold_signals(SIG_UNBLOCK);
		k->accounts = NULL; /* still the caller's, as is its client */
		log_set_client(NULL, NULL);
		dispose(k);
		return KEEPER_HELD;
	case PIDFILE_FAILED:
		return refuse(k);
	case PIDFILE_LOCKED:
		break;
	}
	privs_no_dump();
	if (!take_over(k)) {
		pidfile_drop(how->dir, how->interface, k->pidfile);
		return refuse(k);
	}
	if (prepare(k)) {
		if (how->client >= 0 && how->no_wait)
			control_say(how->client, CONTROL_RESULT, STATUS_PENDING, "");
		keeper_loop(k);
		status = k->fsm.status;
	}
	k->fsm.status = status;
	clean_up(k);
	log_set_client(NULL, NULL);
	dispose(k);
	return status;
}

bool keeper_detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return false;
	close(null);
	return true;
}
