/* SPDX-License-Identifier: ISC */
#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/status_codes.h"
#include "keeper/parts.h"
#include "kernel/interface.h"
#include "kernel/watch.h"
#include "rundir/netns.h"
#include "rundir/presence.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"

enum { LEAVE_MS = 450 }; /* for the server to answer quit, from the beginning of the end */

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

/* What a keeper that was killed left behind goes before anything is built. False where it
 * cannot be read: then the state has to stay. */
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
	k->report.state.pid = getpid();
	k->report.state.start = rundir_process_start(getpid());
	k->report.state.netns = netns_own();
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
	k->callers.listener = control_listen(k->how.dir, k->how.interface);
	if (k->callers.listener < 0) {
		log_msg(LOG_ERR, "%s: no control socket in %s: %m", k->how.interface,
			k->how.run_dir);
		return false;
	}
	return act_record(k);
}

/* The session that says quit has its time. Without quit the server would keep the
 * tunnel for minutes; and until it closes the connection it may remove the tunnel
 * of the next login with the old one. */
static void let_leave(struct keeper *k)
{
	int64_t since = clock_min(clock_ms(), k->fsm.end_by - FSM_END_MS);

	while (k->peer.leaving.channel >= 0 &&
	       clock_wait(k->peer.leaving.channel,
			  since + (k->peer.answered ? FSM_LEAVE_MS : LEAVE_MS)) > 0)
		peer_leaves(&k->peer, clock_us());
}

/* Nothing is to be left: no process, no file. A tunnel that could not be
 * removed keeps its state, by which the next call finds it. */
static void clean_up(struct keeper *k)
{
	session_drop(&k->peer.session, true);
	let_leave(k);
	peer_drop(&k->peer);
	program_kill(&k->kernel.run);
	program_kill(&k->report.script.run);
	while (waitpid(-1, NULL, 0) > 0)
		;
	probe_close(&k->probe);
	if (k->kernel.exists) {
		act_record(k);
	} else {
		state_remove(k->how.dir, k->how.interface);
	}
	control_remove(k->how.dir, k->how.interface);
	pidfile_drop(k->how.dir, k->how.interface, k->pidfile);
	callers_answer_last(&k->callers, k->how.interface, k->fsm.status, k->kernel.exists);
}

static struct keeper *make(const struct keeper_how *how)
{
	struct keeper *k = mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return NULL;
	/* In a mapping of its own, which each session unmaps: it must not know what is in
	 * it, and would otherwise keep a copy of every page that is written to here.
	 * (MADV_DONTFORK would do the same, but not in user-mode-linux.) */
	k->how = *how;
	k->watch = k->signals = k->pidfile = k->presence = -1;
	fsm_init(&k->fsm, how->persist, how->wait_until, 0);
	uplink_init(&k->uplink, k->how.interface, how->link, how->address, how->event);
	peer_init(&k->peer);
	kernel_init(&k->kernel, act_record, k);
	probe_init(&k->probe);
	report_init(&k->report, k->how.interface, how->dir, how->run_dir, how->foreground);
	callers_init(&k->callers);
	return k;
}

static void dispose(struct keeper *k)
{
	if (k->watch >= 0)
		close(k->watch);
	if (k->signals >= 0)
		close(k->signals);
	if (k->presence >= 0)
		close(k->presence);
	callers_close(&k->callers);
	kernel_close(&k->kernel);
	accounts_free(&k->accounts);
	munmap(k, sizeof *k);
}

/* Ends before there is anything to clean up. */
static int refuse(struct keeper *k, int status)
{
	callers_answer_last(&k->callers, k->how.interface, status, false);
	log_set_function(NULL, NULL);
	dispose(k);
	return status;
}

/* The tunnel that there is may be a keeper's that has another run directory: each would take
 * it from the other, and a login here end the session there. With tunnel=none the interface
 * only names files. */
static bool is_kept_elsewhere(const struct keeper *k)
{
	bool builds = false;
	pid_t other;

	for (unsigned n = 0; n < k->fsm.n_accounts; n++)
		builds = builds || !k->fsm.accounts[n].pathless;
	if (!builds || !interface_index(k->how.interface))
		return false;
	other = presence_elsewhere(k->how.run_dir, k->how.interface);
	if (other)
		log_msg(LOG_ERR, "%s: process %d keeps it with another run directory than %s: name "
				 "that one (--run-dir), or another interface", k->how.interface,
			(int)other, k->how.run_dir);
	return other != 0;
}

/* What the script hears of a failure is what the log says of it. */
static void log_to_callers(void *arg, int priority, const char *text)
{
	struct keeper *k = arg;

	if (priority <= LOG_WARNING)
		snprintf(k->report.error, sizeof k->report.error, "%s", text);
	callers_log(&k->callers, priority, text);
}

/* Another keeper has the interface. Accounts and descriptor are still the caller's. */
static int held(struct keeper *k)
{
	hold_signals(SIG_UNBLOCK);
	k->accounts.list = NULL;
	log_set_function(NULL, NULL);
	dispose(k);
	return KEEPER_HELD;
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
	log_set_function(log_to_callers, k);
	if (how->caller >= 0)
		callers_add(&k->callers, how->caller, &asked);
	accounts_load(&k->accounts, &k->fsm, how->accounts);
	memcpy(k->accounts.mark, how->config_mark, sizeof k->accounts.mark);
	hear_accounts(k);
	/* Blocked before there is a pidfile: whoever reads our number there may send a
	 * signal at once, which is obeyed a moment later. */
	hold_signals(SIG_BLOCK);
	/* Named before it is locked: of two keepers in a run directory that is being
	 * emptied, each sees the other. */
	k->presence = presence_hold(how->run_dir, how->interface);
	if (k->presence < 0)
		log_msg(LOG_WARNING, "%s: no name outside of the run directory: %m",
			how->interface);
	switch (pidfile_take(how->dir, how->interface, &k->pidfile)) {
	case PIDFILE_HELD:
		return held(k);
	case PIDFILE_FAILED:
		return refuse(k, STATUS_SYSTEM);
	case PIDFILE_LOCKED:
		break;
	}
	if (presence_find(how->run_dir, how->interface, k->presence >= 0)) {
		pidfile_drop(how->dir, how->interface, k->pidfile);
		return held(k);
	}
	privs_no_dump();
	if (is_kept_elsewhere(k)) {
		pidfile_drop(how->dir, how->interface, k->pidfile);
		return refuse(k, how->foreground ? STATUS_UNREACHABLE : STATUS_SYSTEM);
	}
	if (!take_over(k)) {
		pidfile_drop(how->dir, how->interface, k->pidfile);
		return refuse(k, STATUS_SYSTEM);
	}
	if (prepare(k)) {
		if (how->caller >= 0 && how->no_wait)
			control_say(how->caller, CONTROL_RESULT, STATUS_PENDING, "");
		keeper_loop(k);
		status = k->fsm.status;
	}
	k->fsm.status = status;
	clean_up(k);
	log_set_function(NULL, NULL);
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
