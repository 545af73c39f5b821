/* SPDX-License-Identifier: ISC */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
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

static uint32_t lot(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof r, GRND_NONBLOCK) != (ssize_t)sizeof r)
		r = (uint32_t)clock_us() * 2654435761u; /* early at boot; a lot all the same */
	return r;
}

/* What an event makes us do may cause another one, which waits for its turn. */
void keeper_event(struct keeper *k, enum fsm_event e, int status)
{
	if (k->queued == KEEPER_QUEUE)
		return; /* each kind is caused once at most, so this cannot be */
	k->queue[k->queued++] = (struct fsm_input){.event = e, .status = status};
	if (k->stepping)
		return;
	k->stepping = true;
	while (k->queued > 0) {
		struct fsm_input in = k->queue[0];
		enum fsm_state was = k->fsm.state;
		unsigned actions;

		k->queued--;
		memmove(k->queue, k->queue + 1, k->queued * sizeof k->queue[0]);
		in.near_ok = k->near_ok;
		in.random = lot();
		actions = fsm_step(&k->fsm, &in, clock_ms());
		if (in.event == EV_TIMER && (actions & DO_DROP))
			log_msg(LOG_WARNING, "%s: server %s: %s", k->how.interface, k->state.server,
				was == FSM_UP ? "session lost: a ping was not answered within 10 s"
					      : "the session process gave no answer in time");
		keeper_act(k, actions);
	}
	k->stepping = false;
}

static void take_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			log_msg(LOG_NOTICE, "%s: ends by signal %u", k->how.interface,
				info.ssi_signo);
			keeper_event(k, EV_STOP, 0);
			break;
		case SIGHUP:
			if (k->fsm.state < FSM_END_SCRIPT)
				keeper_reload(k);
			break;
		case SIGUSR1:
			keeper_event(k, EV_ASK, 0);
			break;
		default:
			break; /* SIGCHLD: reap() */
		}
	}
}

static void reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->kernel.run.pid) {
			keeper_kernel(k, kernel_reaped(&k->kernel, status));
		} else if (pid == k->script.run.pid) {
			script_reaped(&k->script, k->how.interface, status);
			if (k->fsm.state == FSM_END_SCRIPT && script_idle(&k->script))
				keeper_event(k, EV_SCRIPT_DONE, 0);
		}
	}
}

static void watch_event(void *arg, const struct watch_event *e)
{
	struct keeper *k = arg;

	kernel_watch(&k->kernel, e);
	if (e->kind == WATCH_ADDRESS4 || e->kind == WATCH_OVERFLOW)
		k->link_changed = true;
}

static void read_watch(struct keeper *k)
{
	k->link_changed = false;
	watch_read(k->watch, watch_event, k);
	if (k->fsm.state >= FSM_END_SCRIPT)
		return;
	if (k->link_changed)
		keeper_check_link(k, false);
	if (k->kernel.want_exists && k->kernel.op == KOP_NONE)
		keeper_kernel(k, kernel_go(&k->kernel));
}

static void timers(struct keeper *k)
{
	int64_t now = clock_ms();

	if (now >= k->fsm.wake)
		keeper_event(k, EV_TIMER, 0);
	kernel_timer(&k->kernel, now);
	script_timer(&k->script, now);
	if (now >= k->probe.path.wake)
		keeper_path(k, probe_timer(&k->probe, k->how.interface, now));
}

enum { P_WATCH, P_SESSION, P_LEAVING, P_SIGNALS, P_KERNEL, P_SCRIPT, P_PROBE, P_LISTEN,
       P_CLIENTS, P_COUNT = P_CLIENTS + KEEPER_CLIENTS };

static void wait_for_events(struct keeper *k, struct pollfd p[P_COUNT])
{
	int64_t wake = clock_min(clock_min(k->fsm.wake, k->kernel.deadline),
				 clock_min(k->script.deadline, k->probe.path.wake));
	int fds[P_CLIENTS] = {
		[P_WATCH] = k->watch,
		[P_SESSION] = k->session.channel,
		[P_LEAVING] = k->leaving.channel,
		[P_SIGNALS] = k->signals,
		[P_KERNEL] = k->kernel.run.out,
		[P_SCRIPT] = k->script.run.out,
		[P_PROBE] = k->probe.fd,
		[P_LISTEN] = k->listener,
	};

	wake = clock_min(wake, keeper_tell_wake(k));
	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){
			.fd = i < P_CLIENTS ? fds[i] : k->clients[i - P_CLIENTS].fd,
			.events = POLLIN,
		};
	if (poll(p, P_COUNT, clock_poll_timeout(wake, clock_ms())) < 0)
		for (int i = 0; i < P_COUNT; i++)
			p[i].revents = 0;
}

/* Changes of the kernel come before the end of the ip(8) that caused them, so
 * that they are not taken for somebody else's. A descriptor may be gone by the
 * time its turn comes, hence the second look. */
static void take_events(struct keeper *k, const struct pollfd p[P_COUNT])
{
	if (p[P_WATCH].revents || p[P_SIGNALS].revents)
		read_watch(k);
	if (p[P_SESSION].revents && k->session.channel == p[P_SESSION].fd)
		keeper_message(k);
	if (p[P_LEAVING].revents && k->leaving.channel == p[P_LEAVING].fd)
		keeper_leaving(k);
	if (p[P_KERNEL].revents && k->kernel.run.out == p[P_KERNEL].fd)
		run_read(&k->kernel.run);
	if (p[P_SCRIPT].revents && k->script.run.out == p[P_SCRIPT].fd)
		run_read(&k->script.run);
	if (p[P_SIGNALS].revents) {
		take_signal(k);
		reap(k);
	}
	if (p[P_PROBE].revents && k->probe.fd == p[P_PROBE].fd)
		keeper_path(k, probe_read(&k->probe, k->how.interface));
	if (p[P_LISTEN].revents)
		keeper_accept(k);
	for (int i = 0; i < KEEPER_CLIENTS; i++)
		if (p[P_CLIENTS + i].revents && k->clients[i].fd == p[P_CLIENTS + i].fd)
			keeper_client(k, &k->clients[i]);
	timers(k);
}

static bool open_signals(struct keeper *k)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals >= 0;
}

/* What a keeper that was killed left behind goes before anything is built. */
static void take_over(struct keeper *k)
{
	struct state left;

	if (state_read(k->how.dir, k->how.interface, &left) && left.in_kernel) {
		log_msg(LOG_NOTICE, "%s: removing what a keeper that was killed (process %d) left",
			k->how.interface, (int)left.pid);
		kernel_adopt(&k->kernel, &left.tunnel);
	}
}

static bool prepare(struct keeper *k)
{
	k->watch = watch_open();
	if (k->watch < 0 || !open_signals(k)) {
		log_msg(LOG_ERR, "%s: no %s: %s", k->how.interface,
			k->watch < 0 ? "netlink socket" : "signal descriptor", strerror(errno));
		return false;
	}
	k->listener = control_listen(k->how.dir, k->how.interface);
	if (k->listener < 0) {
		log_msg(LOG_ERR, "%s: no control socket in %s: %s", k->how.interface,
			k->how.run_dir, strerror(errno));
		return false;
	}
	state_init(&k->state, k->how.interface);
	k->state.pid = getpid();
	k->state.start = rundir_process_start(k->state.pid);
	take_over(k);
	return keeper_record(k);
}

static void loop(struct keeper *k)
{
	struct pollfd p[P_COUNT];

	if (k->kernel.exists)
		keeper_kernel(k, kernel_want(&k->kernel, NULL, false));
	keeper_check_link(k, true);
	while (k->fsm.state != FSM_DONE) {
		keeper_tell(k);
		wait_for_events(k, p);
		take_events(k, p);
	}
}

/* Nothing is to be left: no process, no file. A tunnel that could not be
 * removed keeps its state, by which the next call finds it. */
static void clean_up(struct keeper *k)
{
	session_drop(&k->session, true);
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

int keeper_run(const struct keeper_how *how)
{
	struct control_request asked = {.op = CONTROL_UP, .no_wait = how->no_wait,
					.persist = how->persist};
	struct keeper *k = make(how);
	int status = STATUS_SYSTEM;

	if (!k || !keeper_load_accounts(k, how->accounts))
		return STATUS_SYSTEM;
	switch (pidfile_take(how->dir, how->interface, &k->pidfile)) {
	case PIDFILE_HELD:
		k->accounts = NULL; /* still the caller's */
		dispose(k);
		return KEEPER_HELD;
	case PIDFILE_FAILED:
		dispose(k);
		return STATUS_SYSTEM;
	case PIDFILE_LOCKED:
		break;
	}
	privs_no_dump();
	if (how->client >= 0)
		keeper_add_client(k, how->client, &asked);
	log_set_client(keeper_say, k);
	if (prepare(k)) {
		if (how->client >= 0 && how->no_wait)
			control_say(how->client, CONTROL_RESULT, STATUS_PENDING, "");
		loop(k);
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
