/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "commands.h"
#include "kernel.h"
#include "log.h"
#include "options.h"
#include "privs.h"
#include "rundir.h"
#include "state.h"
#include "status_codes.h"

/* A keeper ends within 2 s; one that takes this long is stuck. A process that was
 * killed, or is about to exit, is soon gone. */
enum { END_MS = 4000, GONE_MS = 1000, TRIES = 5 };

struct down {
	const struct options *options;
	int dir;
	int status;
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
	bool keeper = rundir_is_keeper(h->pid);

	if (h->fd < 0 || pidfile_holder(dir, iface) != h->pid)
		return ASK_AGAIN;
	if (!keeper) {
		log_msg(LOG_ERR, "%s: process %d, which is no keeper, has locked the pidfile", iface,
			(int)h->pid);
		return STATUS_SYSTEM;
	}
	log_msg(LOG_WARNING, "%s: the keeper (process %d) does not answer and is killed", iface,
		(int)h->pid);
	syscall(SYS_pidfd_send_signal, h->fd, SIGKILL, NULL, 0);
	clock_wait(h->fd, clock_ms() + GONE_MS);
	return ASK_AGAIN;
}

/* Has the keeper end. It answers when nothing is left but its process: that is
 * waited for, too, unless it serves another link than was named and goes on. */
static int end_keeper(const struct down *d, const char *iface, const struct holder *h)
{
	struct control_request r = {.op = CONTROL_DOWN, .threshold = log_threshold()};
	int status;

	memcpy(r.link, d->options->link, sizeof r.link);
	status = ask_keeper(d->dir, iface, &r, clock_ms() + END_MS, NULL);
	if (status == ASK_LATE)
		return kill_holder(d->dir, iface, h);
	if (h->fd >= 0 && pidfile_holder(d->dir, iface) != h->pid)
		clock_wait(h->fd, clock_ms() + GONE_MS);
	return status;
}

/* Waits for the ip(8) that removes things. */
static bool finish(struct kernel *k)
{
	enum kernel_result r = kernel_want(k, NULL, false);

	while (r == KERNEL_BUSY) {
		int status;

		clock_wait(k->run.out, clock_ms() + 10);
		run_read(&k->run);
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

	/* In a run directory that takes no lock nobody else can start either, and
	 * what is left in the kernel is to go all the same. */
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
	if (d->options->link[0] && state_read(d->dir, iface, &left) &&
	    strcmp(left.link, d->options->link) != 0 && left.link[0])
		return STATUS_OK;
	return remove_left(d, iface);
}

static void take_down(void *arg, const char *iface)
{
	struct down *d = arg;
	int status = ASK_AGAIN;

	if (d->options->interface[0] && strcmp(d->options->interface, iface) != 0)
		return;
	for (int i = 0; i < TRIES && status == ASK_AGAIN; i++)
		status = one_try(d, iface);
	if (status == ASK_AGAIN) {
		log_msg(LOG_ERR, "%s: others start it again and again", iface);
		status = STATUS_SYSTEM;
	}
	if (status != STATUS_OK)
		d->status = status;
}

int command_down(const struct options *o)
{
	struct down d = {.options = o, .status = STATUS_OK};
	const char *missing;

	if (!privs_enough(&missing)) {
		log_msg(LOG_ERR, "privileges are missing: %s is needed to take a tunnel down",
			missing);
		return STATUS_REFUSED;
	}
	d.dir = rundir_open(o->run_dir, false);
	if (d.dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return STATUS_OK;
	if (d.dir < 0) {
		log_msg(LOG_ERR, "%s: cannot be opened: %m", o->run_dir);
		return STATUS_SYSTEM;
	}
	if (!rundir_ours(d.dir, o->run_dir)) {
		close(d.dir);
		return STATUS_SYSTEM;
	}
	if (!rundir_each(d.dir, take_down, &d)) {
		log_msg(LOG_ERR, "%s: cannot be read: %m", o->run_dir);
		d.status = STATUS_SYSTEM;
	}
	close(d.dir);
	return d.status;
}
