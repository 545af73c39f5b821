/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_state.h"
#include "log.h"
#include "watch.h"

int64_t keeper_now(const struct keeper *k)
{
	return k->now_us / 1000;
}

/* Delays need no more than to differ from one keeper to the next: each number
 * follows from the last one (Knuth's MMIX), and the first is drawn. */
static uint32_t lot(struct keeper *k)
{
	k->lot = k->lot * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(k->lot >> 32);
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
		in.random = lot(k);
		actions = fsm_step(&k->fsm, &in, keeper_now(k));
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
		/* The number is free again, and nobody's to be killed. */
		if (pid == k->session.pid)
			k->session.pid = 0;
		if (pid == k->leaving.pid)
			k->leaving.pid = 0;
		if (pid == k->kernel.run.pid) {
			keeper_kernel(k, kernel_reaped(&k->kernel, status));
		} else if (pid == k->script.run.pid) {
			script_reaped(&k->script, k->how.interface, status);
			if (k->fsm.state == FSM_END_SCRIPT && script_idle(&k->script))
				keeper_event(k, EV_SCRIPT_DONE, 0);
		} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
			/* See jail.h. Its connection's end was told before. */
			log_msg(LOG_ERR, "%s: the session process was killed for a system call that "
					 "no session has need of", k->how.interface);
		}
	}
}

static void watch_event(void *arg, const struct watch_event *e)
{
	struct keeper *k = arg;

	kernel_watch(&k->kernel, e);
	if (e->kind == WATCH_LINK_GONE || e->kind == WATCH_OVERFLOW)
		probe_gone(&k->probe, e->index);
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
	if (k->kernel.op == KOP_NONE && k->kernel.exists &&
	    (k->kernel.want_exists || k->kernel.failed))
		keeper_kernel(k, kernel_go(&k->kernel));
}

static void timers(struct keeper *k)
{
	int64_t now = keeper_now(k);

	if (now >= k->fsm.wake)
		keeper_event(k, EV_TIMER, 0);
	kernel_timer(&k->kernel, now);
	script_timer(&k->script, now);
	if (now >= k->probe.path.wake)
		keeper_path(k, probe_timer(&k->probe, k->how.interface, k->now_us));
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
		[P_PROBE] = probe_listens(&k->probe),
		[P_LISTEN] = k->listener,
	};

	wake = clock_min(wake, keeper_tell_wake(k));
	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){
			.fd = i < P_CLIENTS ? fds[i] : k->clients[i - P_CLIENTS].fd,
			.events = POLLIN,
		};
	if (poll(p, P_COUNT, clock_poll_timeout(wake, keeper_now(k))) < 0)
		for (int i = 0; i < P_COUNT; i++)
			p[i].revents = 0;
	k->now_us = clock_us();
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
		keeper_path(k, probe_read(&k->probe, k->how.interface, k->now_us));
	if (p[P_LISTEN].revents)
		keeper_accept(k);
	for (int i = 0; i < KEEPER_CLIENTS; i++)
		if (p[P_CLIENTS + i].revents && k->clients[i].fd == p[P_CLIENTS + i].fd)
			keeper_client(k, &k->clients[i]);
	timers(k);
}

void keeper_loop(struct keeper *k)
{
	struct pollfd p[P_COUNT];

	k->now_us = clock_us();
	if (getrandom(&k->lot, sizeof k->lot, GRND_NONBLOCK) < 0)
		k->lot = (uint64_t)k->now_us; /* early at boot */
	if (k->kernel.exists)
		keeper_kernel(k, kernel_want(&k->kernel, NULL, false));
	keeper_check_link(k, true);
	while (k->fsm.state != FSM_DONE) {
		keeper_tell(k);
		keeper_hear(k);
		wait_for_events(k, p);
		take_events(k, p);
	}
}
