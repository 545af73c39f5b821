/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/log.h"
#include "common/status_codes.h"
#include "common/text.h"
#include "keeper/parts.h"
#include "rundir/rundir.h"

static bool is_up(const struct keeper *k)
{
	if (!fsm_is_up(&k->fsm))
		return false;
	return !k->report.state.build || (kernel_whole(&k->kernel) && k->kernel.routes);
}

static struct report_now look(const struct keeper *k)
{
	return (struct report_now){
		.now = keeper_now(k),
		.up = is_up(k),
		.in_kernel = k->kernel.exists,
		.routes = k->kernel.routes,
		.settled = k->report.state.build && !k->fsm.routes &&
			   (k->fsm.state == FSM_UP || k->fsm.state == FSM_WAIT),
		.tunnel = &k->kernel.now,
		.index = k->kernel.index,
		.emptied = k->kernel.emptied,
		.link = k->uplink.use.link,
		.path_ok = k->probe.ok,
		.path_rtt_us = k->probe.rtt_us,
		.lost_at = k->fsm.lost_at,
		.not_before = fsm_not_before(&k->fsm),
		.script = k->accounts.in_use ? k->accounts.in_use->script : NULL,
	};
}

void act_report(struct keeper *k)
{
	struct report_now now = look(k);

	if (k->fsm.state < FSM_END_SCRIPT)
		report_update(&k->report, &now);
}

bool act_record(void *keeper)
{
	struct keeper *k = keeper;
	struct report_now now = look(k);

	return report_record(&k->report, &now);
}

/* Whether somebody wants to see what is said to the server. */
static bool wants_dialogue(const struct keeper *k)
{
	return log_threshold() >= LOG_DEBUG || callers_want(&k->callers, LOG_DEBUG);
}

static void log_in(struct keeper *k)
{
	struct account *a = k->accounts.by_number[k->fsm.account];
	struct state *s = &k->report.state;
	struct session_how how = {
		.account = a,
		.all = k->accounts.list,
		.user = k->how.user,
		.hidden = k,
		.hidden_size = sizeof *k,
		.deadline = k->fsm.login_by,
		.letter_case = k->accounts.letter_case[k->fsm.account],
		.quiet = !wants_dialogue(k),
	};

	k->asked = false;
	callers_login(&k->callers);
	uplink_login(&k->uplink, k->fsm.account, k->fsm.round);
	text_escape(s->server, sizeof s->server, a->server, strlen(a->server));
	text_escape(s->user, sizeof s->user, a->user, strlen(a->user));
	if (!s->known)
		s->tunnel.type = a->type;
	log_msg(LOG_DEBUG, "%s: connecting to %s port %u", k->how.interface, a->server, a->port);
	if (peer_start(&k->peer, &how))
		return;
	log_msg(LOG_ERR, "%s: a session process cannot be started: %m", k->how.interface);
	events_post(&k->events, EV_FAIL, STATUS_SYSTEM);
}

bool act_same_tunnel(const struct keeper *k)
{
	const struct kernel *n = &k->kernel;
	const struct tunnel *t = &k->planned;

	return n->exists && !n->left && tunnel_same(&n->now, t) &&
	       n->now.local.s_addr == t->local.s_addr && n->now.link.index == t->link.index;
}

static void build(struct keeper *k)
{
	const struct account *a = k->accounts.by_number[k->fsm.account];
	struct state *s = &k->report.state;
	struct tunnel t = k->planned;

	k->accounts.in_use = a;
	if (!act_same_tunnel(k))
		probe_forget(&k->probe);
	s->build = a->build;
	s->known = true;
	s->seen_as = k->offer.seen_as;
	s->tunnel = t;
	hear_kernel(k, kernel_want(&k->kernel, a->build ? &t : NULL, k->fsm.routes));
}

static bool has_path(const struct keeper *k)
{
	return k->accounts.in_use && k->accounts.in_use->build && k->kernel.exists;
}

static void ask_path(struct keeper *k)
{
	if (has_path(k))
		hear_path(k, probe_first(&k->probe, &k->kernel.now, k->fsm.path_by,
					 k->fsm.accounts[k->fsm.account].ping_ms, k->now_us));
}

static void check_path(struct keeper *k)
{
	if (!has_path(k))
		return;
	probe_tunnel(&k->probe, &k->kernel.now);
	hear_path(k, probe_check(&k->probe, k->now_us));
}

/* Each account has failed, be it by its path alone. */
static void tell_failure(struct keeper *k)
{
	struct report_now now = look(k);

	now.script = k->accounts.by_number[k->fsm.account]->script;
	if (k->fsm.state == FSM_BACKOFF || k->fsm.state == FSM_UP)
		report_fail(&k->report, &now, k->fsm.status);
}

static void answer_callers(struct keeper *k)
{
	int status = k->fsm.status;

	if (k->fsm.state >= FSM_END_SCRIPT || (status == STATUS_OK && !is_up(k)))
		return;
	/* Whoever asks --status next has to hear what the caller was told. */
	if (callers_waiting(&k->callers))
		act_report(k);
	if (status == STATUS_OK)
		callers_say_idle(&k->callers, k->how.interface, false);
	callers_answer(&k->callers, status, k->uplink.use.local);
	if (status != STATUS_OK && !k->fsm.been_up)
		tell_failure(k);
}

static void begin_end(struct keeper *k)
{
	struct report_now now = look(k);

	kernel_hurry(&k->kernel, k->fsm.end_by);
	report_down(&k->report, &now);
	if (script_idle(&k->report.script))
		events_post(&k->events, EV_SCRIPT_DONE, 0);
}

static void remove_all(struct keeper *k)
{
	program_kill(&k->report.script.run);
	probe_close(&k->probe);
	hear_kernel(k, kernel_want(&k->kernel, NULL, false));
}

/* With each keepalive, since the kernel does not tell of everything that others do. */
void act_restore(struct keeper *k)
{
	enum rundir_state found = rundir_restore(k->how.run_dir, k->how.interface, &k->how.dir,
						 &k->pidfile, &k->callers.listener);

	k->report.dir = k->how.dir; /* which may be new, though not all is there */
	if (found == RUNDIR_RESTORED)
		act_record(k);
}

static void ping(struct keeper *k)
{
	act_restore(k);
	peer_ping(&k->peer, k->now_us, !wants_dialogue(k));
	/* If everything is there that is no event: nothing has changed. */
	if (k->report.state.build && kernel_look_due(&k->kernel) == KERNEL_FAILED)
		hear_kernel(k, KERNEL_FAILED);
}

/* In the order of enum fsm_action. */
void act(struct keeper *k, unsigned actions)
{
	if (actions & DO_DROP)
		peer_drop(&k->peer);
	if (actions & DO_QUIT)
		peer_quit(&k->peer);
	if (actions & DO_ANSWER)
		answer_callers(k);
	if (actions & DO_LOGIN)
		log_in(k);
	if (actions & DO_PING)
		ping(k);
	if (actions & DO_BUILD)
		build(k);
	if (actions & DO_ROUTES)
		hear_kernel(k, kernel_want_routes(&k->kernel, k->fsm.routes));
	if (actions & DO_PATH)
		ask_path(k);
	if (actions & DO_PROBE)
		check_path(k);
	if (actions & DO_SCRIPT)
		begin_end(k);
	if (actions & DO_REMOVE)
		remove_all(k);
}
