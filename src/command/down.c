/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/ask.h"
#include "command/commands.h"
#include "command/options.h"
#include "common/clock.h"
#include "common/end_times.h"
#include "common/log.h"
#include "common/privs.h"
#include "common/status_codes.h"
#include "kernel/kernel.h"
#include "rundir/presence.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"

/* A keeper says that it has heard before it does anything else. */
enum { HEARD_MS = 5000, TRIES = 5 };

struct down {
	const struct options *options;
	int dir;
	int status;
	unsigned found; /* interfaces */
};

/* The process that holds a pidfile's lock, 0 for none, and its descriptor, which
 * goes on meaning that process (-1 where there is none). */
struct holder {
	pid_t pid;
	int fd;
};

static struct holder holder_of(int dir, const char *iface)
{
	struct holder h = {.pid = pidfile_holder(dir, iface), .fd = -1};

	if (h.pid > 0)
		h.fd = (int)syscall(SYS_pidfd_open, h.pid, 0);
	return h;
}

/* Signals the keeper, and no other program: the lock is asked for again now that
 * the process is pinned by its descriptor. ASK_AGAIN, or an exit status after a
 * message. */
static int kill_holder(int dir, const char *iface, const struct holder *h)
{
	if (h->fd < 0 || pidfile_holder(dir, iface) != h->pid)
		return ASK_AGAIN;
	if (!ask_is_keeper(iface, h->pid))
		return STATUS_SYSTEM;
	log_msg(LOG_WARNING, "%s: the keeper (process %d) does not answer and is killed", iface,
		(int)h->pid);
	syscall(SYS_pidfd_send_signal, h->fd, SIGKILL, NULL, 0);
	clock_wait(h->fd, clock_ms() + END_GONE_MS);
	return ASK_AGAIN;
}

/* The link that this is about, "" for any. */
static const char *link_of(const struct down *d)
{
	return d->options->event[0] ? d->options->event : d->options->link;
}

/* Whether --down is about this tunnel: without --link about each, else where it is on that
 * link by its state. An event is a question that the keeper answers. */
static bool is_meant(const struct down *d, const char *iface)
{
	struct state s;

	return !d->options->event[0] &&
	       (!d->options->link[0] || (state_read(d->dir, iface, &s) &&
					 state_on_link(&s, d->options->link)));
}

/* A keeper that hangs up instead of answering may be of a version that does not
 * understand what it is asked. A signal is understood by all. */
static void end_other_version(int dir, const char *iface, const struct holder *h)
{
	if (h->fd < 0 || pidfile_holder(dir, iface) != h->pid || !rundir_is_keeper(h->pid))
		return;
	syscall(SYS_pidfd_send_signal, h->fd, SIGTERM, NULL, 0);
	clock_wait(h->fd, clock_ms() + END_WAIT_MS);
}

/* Has the keeper end. It answers when nothing is left but its process: that is
 * waited for, too, unless it serves another link than was named and goes on. */
static int end_keeper(const struct down *d, const char *iface, const struct holder *h)
{
	struct control_request r = {.op = CONTROL_DOWN, .threshold = log_threshold()};
	/* A slow keeper is waited for, a stopped one is not. */
	int64_t limit = rundir_is_stopped(h->pid) ? END_GONE_MS : HEARD_MS;
	int status;

	r.event = d->options->event[0] != '\0';
	r.address = d->options->address;
	memcpy(r.link, link_of(d), sizeof r.link);
	status = ask_keeper(d->dir, iface, &r, clock_ms() + limit,
			    clock_ms() + END_WAIT_MS, NULL);
	if (status == ASK_LATE)
		return kill_holder(d->dir, iface, h);
	if (status == ASK_AGAIN && is_meant(d, iface))
		end_other_version(d->dir, iface, h);
	if (h->fd >= 0 && pidfile_holder(d->dir, iface) != h->pid)
		clock_wait(h->fd, clock_ms() + END_GONE_MS);
	return status;
}

/* Waits for the ip(8) that removes things. */
static bool finish(struct kernel *k)
{
	enum kernel_result r = kernel_want(k, NULL, false);

	while (r == KERNEL_BUSY) {
		int status;

		clock_wait(k->run.out, clock_ms() + 10);
		program_read(&k->run);
		if (waitpid(k->run.pid, &status, WNOHANG) > 0)
			r = kernel_reaped(k, status);
		else
			kernel_timer(k, clock_ms());
	}
	return r == KERNEL_DONE;
}

/* Removes what a keeper that was killed left. ASK_AGAIN where another one has
 * come meanwhile. */
static int remove_left(struct down *d, const char *iface)
{
	struct state left;
	struct kernel k;
	int fd, status = STATUS_OK;
	bool there;
	enum pidfile_result lock = pidfile_take(d->dir, iface, &fd);

	/* Where the run directory takes no lock, nobody else can start either: what is
	 * left in the kernel is removed all the same. */
	if (lock == PIDFILE_HELD)
		return ASK_AGAIN;
	there = state_read(d->dir, iface, &left);
	if (!there && errno != ENOENT)
		status = STATUS_SYSTEM;
	if (there && left.in_kernel) {
		log_msg(LOG_NOTICE, "%s: removing what a keeper that was killed (process %d) left",
			iface, (int)left.pid);
		kernel_init(&k, NULL, NULL);
		kernel_adopt(&k, &left.tunnel);
		if (!finish(&k))
			status = STATUS_SYSTEM;
		kernel_close(&k);
	}
	if (status == STATUS_OK)
		state_remove(d->dir, iface);
	control_remove(d->dir, iface);
	if (lock == PIDFILE_LOCKED)
		pidfile_drop(d->dir, iface, fd);
	return status;
}

static int one_try(struct down *d, const char *iface)
{
	struct holder h = holder_of(d->dir, iface);
	struct state left;

	if (h.pid) {
		int status = end_keeper(d, iface, &h);

		if (h.fd >= 0)
			close(h.fd);
		return status;
	}
	if (link_of(d)[0] && state_read(d->dir, iface, &left) && (left.link[0] || left.pins[0]) &&
	    !state_on_link(&left, link_of(d)))
		return STATUS_OK;
	return remove_left(d, iface);
}

static void take_down(void *arg, const char *iface)
{
	struct down *d = arg;
	struct state s;
	int status = ASK_AGAIN;

	if (d->options->interface[0] && strcmp(d->options->interface, iface) != 0)
		return;
	d->found++;
	if (!state_read(d->dir, iface, &s) ? errno != ENOENT && !pidfile_holder(d->dir, iface)
					   : state_elsewhere(&s, d->options->run_dir))
		status = STATUS_SYSTEM;
	for (int i = 0; i < TRIES && status == ASK_AGAIN; i++)
		status = one_try(d, iface);
	if (status == ASK_AGAIN) {
		if (ask_is_keeper(iface, pidfile_holder(d->dir, iface)))
			log_msg(LOG_ERR, "%s: others start it again and again", iface);
		status = STATUS_SYSTEM;
	}
	if (status != STATUS_OK)
		d->status = status;
}

/* Somebody who took a tunnel down hears that there was none; a hook need not. */
static int say_nothing(const struct down *d)
{
	if (!d->options->event[0])
		log_msg(LOG_NOTICE, "%s%sthere is no tunnel to take down", d->options->interface,
			d->options->interface[0] ? ": " : "");
	return d->status;
}

int command_down(const struct options *o)
{
	struct down d = {.options = o, .status = STATUS_OK};
	const char *missing;

	if (!privs_enough(true, &missing)) {
		log_msg(LOG_ERR, "privileges are missing: %s is needed to take a tunnel down",
			missing);
		return STATUS_REFUSED;
	}
	presence_wake(o->run_dir, o->interface);
	d.dir = rundir_open(o->run_dir, false);
	if (d.dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return say_nothing(&d);
	if (d.dir < 0) {
		log_msg(LOG_ERR, "%s: cannot be opened: %m", o->run_dir);
		return STATUS_SYSTEM;
	}
	if (!rundir_ours(d.dir, o->run_dir) || !rundir_proc()) {
		close(d.dir);
		return STATUS_SYSTEM;
	}
	if (!rundir_each(d.dir, take_down, &d)) {
		log_msg(LOG_ERR, "%s: cannot be read: %m", o->run_dir);
		d.status = STATUS_SYSTEM;
	}
	close(d.dir);
	return d.found ? d.status : say_nothing(&d);
}
