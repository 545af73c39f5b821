/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "keeper/backoff.h"
#include "keeper/parts.h"
#include "kernel/watch.h"

int64_t keeper_now(const struct keeper *k)
{
	return k->now_us / 1000;
}

/* The kernel is asked for lines only where the event depends on them. */
static struct uplink_lines lines_for(struct keeper *k, enum fsm_event e)
{
	struct uplink_lines none = {0};

	if (!fsm_needs_lines(&k->fsm, e, keeper_now(k)))
		return none;
	return uplink_lines(&k->uplink, k->fsm.account);
}

/* Works off what has happened, and what that makes happen. The only place that
 * runs the state machine; comes after each source of events. */
static void settle(struct keeper *k)
{
	struct event e;

	while (events_take(&k->events, &e)) {
		struct uplink_lines lines = lines_for(k, e.kind);
		struct fsm_input in = {
			.event = e.kind,
			.status = e.status,
			.absent = lines.absent,
			.untried = lines.untried,
			.several = lines.several,
			.others = lines.others,
			.near_ok = k->uplink.near_ok,
			.leaving = k->peer.leaving.channel >= 0,
			.same = e.kind == EV_OFFER && act_same_tunnel(k),
			.random = backoff_random(k->now_us),
		};
		enum fsm_state was = k->fsm.state;
		unsigned account = k->fsm.account;
		unsigned actions = fsm_step(&k->fsm, &in, keeper_now(k));

		if (e.kind == EV_TIMER && was == FSM_UP && (actions & DO_QUIT))
			log_msg(LOG_WARNING, "%s: server %s: logging in anew, since the path stays bad",
				k->how.interface, k->report.state.server);
		if (e.kind == EV_TIMER && (actions & DO_DROP) && was != FSM_LEAVE)
			log_msg(LOG_WARNING, "%s: server %s: %s", k->how.interface,
				k->report.state.server,
				was == FSM_UP ? "session lost: a ping was not answered within 10 s"
					      : "the session process gave no answer in time");
		if (e.kind == EV_TIMER && (actions & DO_DROP) && was == FSM_UP)
			uplink_failed(&k->uplink, account);
		if (k->fsm.state == FSM_BACKOFF && was != FSM_BACKOFF)
			uplink_rest(&k->uplink);
		act(k, actions);
	}
	uplink_forget(&k->uplink);
}

static void read_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		hear_signal(k, info.ssi_signo);
		settle(k);
	}
}

static void reaped(struct keeper *k, pid_t pid, int status)
{
	struct script *script = &k->report.script;

	if (peer_reaped(&k->peer, pid, status))
		return;
	if (pid == k->kernel.run.pid) {
		hear_kernel(k, kernel_reaped(&k->kernel, status));
	} else if (pid == script->run.pid) {
		script_reaped(script, status);
		if (k->fsm.state == FSM_END_SCRIPT && script_idle(script))
			events_post(&k->events, EV_SCRIPT_DONE, 0);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
		/* A session that was leaving: nobody else reports how it ended. */
		log_msg(LOG_ERR, "%s: the session process %s", k->how.interface,
			session_end_text(status));
	}
}

static void reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		reaped(k, pid, status);
		settle(k);
	}
}

struct changes {
	struct keeper *keeper;
	bool ways; /* to servers may have changed */
	bool link; /* the one below the tunnel may have changed */
};

static void watch_event(void *arg, const struct watch_event *e)
{
	struct changes *c = arg;

	kernel_watch(&c->keeper->kernel, e);
	if (e->kind == WATCH_LINK_GONE || e->kind == WATCH_OVERFLOW)
		probe_gone(&c->keeper->probe, e->index);
	if (e->kind == WATCH_ADDRESS4 || e->kind == WATCH_ROUTE4 || e->kind == WATCH_OVERFLOW ||
	    ((e->kind == WATCH_LINK_NEW || e->kind == WATCH_LINK_GONE) &&
	     strcmp(e->name, c->keeper->how.interface) != 0))
		c->ways = true;
	if (e->kind == WATCH_OVERFLOW ||
	    (e->kind == WATCH_LINK_NEW && e->index == c->keeper->kernel.now.link.index))
		c->link = true;
}

static void go_kernel(struct keeper *k)
{
	if (!kernel_due(&k->kernel))
		return;
	hear_kernel(k, kernel_go(&k->kernel));
	settle(k);
}

/* What has changed about the lines is settled before what has changed about the tunnel. */
static void read_watch(struct keeper *k)
{
	struct changes c = {.keeper = k};

	watch_read(k->watch, watch_event, &c);
	if (k->fsm.state >= FSM_END_SCRIPT)
		return;
	if (c.ways) {
		hear_link(k);
		settle(k);
	}
	if (c.link) {
		hear_mtu(k);
		settle(k);
	}
	go_kernel(k);
}

static void timers(struct keeper *k)
{
	int64_t now = keeper_now(k);

	if (now >= k->fsm.wake)
		events_post(&k->events, EV_TIMER, 0);
	settle(k);
	kernel_timer(&k->kernel, now);
	go_kernel(k);
	script_timer(&k->report.script, now);
	if (now >= k->probe.path.wake)
		hear_path(k, probe_timer(&k->probe, k->now_us));
	settle(k);
}

/* A caller that does not wait is answered when its request was worked off. */
static void take_caller(struct keeper *k, struct caller *one)
{
	bool up;

	hear_caller(k, one);
	settle(k);
	up = k->report.state.word == STATE_UP && fsm_is_up(&k->fsm);
	if (up)
		callers_say_idle(&k->callers, k->how.interface, true);
	callers_answer_hasty(&k->callers, up);
}

enum { P_WATCH, P_SESSION, P_LEAVING, P_SIGNALS, P_KERNEL, P_SCRIPT, P_PROBE, P_PRESENCE, P_LISTEN,
       P_CALLERS, P_COUNT = P_CALLERS + CALLERS_MAX };

static void wait_for_events(struct keeper *k, struct pollfd p[P_COUNT])
{
	int64_t wake = clock_min(clock_min(k->fsm.wake, kernel_wake(&k->kernel)),
				 clock_min(k->report.script.deadline, k->probe.path.wake));
	int fds[P_CALLERS] = {
		[P_WATCH] = k->watch,
		[P_SESSION] = k->peer.session.channel,
		[P_LEAVING] = k->peer.leaving.channel,
		[P_SIGNALS] = k->signals,
		[P_KERNEL] = k->kernel.run.out,
		[P_SCRIPT] = k->report.script.run.out,
		[P_PROBE] = probe_listens(&k->probe),
		[P_PRESENCE] = k->presence,
		[P_LISTEN] = k->callers.listener,
	};

	if (k->fsm.state < FSM_END_SCRIPT)
		wake = clock_min(wake, report_wake(&k->report));
	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){
			.fd = i < P_CALLERS ? fds[i] : k->callers.list[i - P_CALLERS].fd,
			.events = POLLIN,
		};
	if (poll(p, P_COUNT, clock_poll_timeout(wake, keeper_now(k))) < 0)
		for (int i = 0; i < P_COUNT; i++)
			p[i].revents = 0;
	k->now_us = clock_us();
}

/* True where this source has something, and what was polled is still it: what came
 * before may have closed it. */
static bool ready(const struct pollfd *p, int fd)
{
	return p->revents && p->fd == fd;
}

/* Changes of the kernel come before the end of the ip(8) that caused them, so
 * that they are not taken for somebody else's. */
static void take_events(struct keeper *k, const struct pollfd p[P_COUNT])
{
	if (p[P_WATCH].revents || p[P_SIGNALS].revents)
		read_watch(k);
	if (ready(&p[P_SESSION], k->peer.session.channel))
		hear_session(k);
	settle(k);
	if (ready(&p[P_LEAVING], k->peer.leaving.channel))
		hear_leaving(k);
	settle(k);
	if (ready(&p[P_KERNEL], k->kernel.run.out)) {
		kernel_printed(&k->kernel);
		go_kernel(k);
	}
	if (ready(&p[P_SCRIPT], k->report.script.run.out))
		program_read(&k->report.script.run);
	if (p[P_SIGNALS].revents) {
		read_signals(k);
		reap(k);
	}
	if (ready(&p[P_PROBE], k->probe.fd))
		hear_path(k, probe_read(&k->probe, k->now_us));
	settle(k);
	if (p[P_PRESENCE].revents)
		hear_presence(k);
	if (p[P_LISTEN].revents)
		callers_accept(&k->callers);
	for (int i = 0; i < CALLERS_MAX; i++)
		if (ready(&p[P_CALLERS + i], k->callers.list[i].fd))
			take_caller(k, &k->callers.list[i]);
	timers(k);
}

void keeper_loop(struct keeper *k)
{
	struct pollfd p[P_COUNT];

	k->now_us = clock_us();
	if (k->kernel.exists)
		hear_kernel(k, kernel_want(&k->kernel, NULL, false));
	if (!uplink_has_line(&k->uplink))
		uplink_explain(&k->uplink);
	events_post(&k->events, EV_BEGIN, 0);
	settle(k);
	while (k->fsm.state != FSM_DONE) {
		act_report(k);
		wait_for_events(k, p);
		take_events(k, p);
	}
}
