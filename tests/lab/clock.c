/* SPDX-License-Identifier: ISC */
/* Loaded into user-mode-linux by boot (LD_PRELOAD): the lab's clock. It goes by what
 * the lab does, and not by the machine it runs on:
 *
 *   - while the lab works, slowly: LAB_CLOCK times slower than the machine's, so
 *     that no limit in the lab passes because a processor is slow, or busy with
 *     other things;
 *   - while all of the lab waits, fast: IDLE times. Nothing can happen in it before
 *     its next timer, so nobody has to wait for that.
 *
 * The kernel reads CLOCK_MONOTONIC, has one timer, and waits in sigsuspend() alone. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { IDLE = 1000 };
static const int64_t SECOND = 1000000000;

/* The lab's time, in nanoseconds, is now `lab` plus what went by since the
 * machine's was `machine`, divided by `rate`. */
static struct {
	int64_t rate, machine, lab;
	/* the kernel's timer: when it is due in the lab's time, and its period */
	bool armed;
	timer_t timer;
	int64_t due, period;
	int fd; /* where its signal can be read, if it asked for that */
} lab_clock;

static struct timespec as_timespec(int64_t ns)
{
	return (struct timespec){ns / SECOND, ns % SECOND};
}

static int64_t as_ns(struct timespec t)
{
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t machine_now(void)
{
	struct timespec t = {0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return as_ns(t);
}

static int64_t lab_now(void)
{
	int64_t now = machine_now();

	if (lab_clock.rate == 0) {
		const char *rate = getenv("LAB_CLOCK");

		lab_clock.rate = rate && atoi(rate) > 0 ? atoi(rate) : 1;
		lab_clock.machine = lab_clock.lab = now;
	}
	return lab_clock.lab + (now - lab_clock.machine) / lab_clock.rate;
}

int clock_gettime(clockid_t which, struct timespec *t)
{
	if (which != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, which, t);
	*t = as_timespec(lab_now());
	return 0;
}

/* Sets the machine's timer so that it ends when the lab's is due. */
static int set_timer(void)
{
	struct itimerspec t = {as_timespec(lab_clock.period * lab_clock.rate), {0, 0}};
	int64_t left = (lab_clock.due - lab_now()) * lab_clock.rate;

	if (lab_clock.armed)
		t.it_value = as_timespec(left > 0 ? left : 1);
	return (int)syscall(SYS_timer_settime, lab_clock.timer, 0, &t, NULL);
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *t, struct itimerspec *old)
{
	int64_t now = lab_now();

	if (flags != 0 || old)
		abort(); /* the kernel has never asked for that */
	lab_clock.timer = timer;
	lab_clock.period = as_ns(t->it_interval);
	lab_clock.armed = as_ns(t->it_value) != 0;
	lab_clock.due = now + as_ns(t->it_value);
	return set_timer();
}

/* The kernel waits: for a signal, also until its timer is due, in the lab's time.
 * Returns what ppoll() does when that was interrupted, 0 when the timer is due. */
static int idle(struct pollfd *fds, nfds_t n, const sigset_t *mask)
{
	int64_t began = lab_now(), machine = machine_now(), left = lab_clock.due - began;
	struct timespec wait = as_timespec(left / IDLE);
	int64_t went;
	int r;

	if (lab_clock.rate == 1 || !lab_clock.armed || left <= 0)
		return 0;
	r = ppoll(fds, n, &wait, mask);
	went = r == 0 ? left : (machine_now() - machine) * IDLE;
	lab_clock.machine = machine_now();
	lab_clock.lab = began + (went < left ? went : left);
	set_timer();
	return r;
}

/* How kernels wait before 7.0. */
int sigsuspend(const sigset_t *mask)
{
	int r = idle(NULL, 0, mask);

	return r ? r : (int)syscall(SYS_rt_sigsuspend, mask, _NSIG / 8);
}

/* How later ones do: their timer's signal can be read from a descriptor. */
int signalfd(int fd, const sigset_t *mask, int flags)
{
	return lab_clock.fd = (int)syscall(SYS_signalfd4, fd, mask, _NSIG / 8, flags);
}

/* gcc takes it for libc's, which it knows not to read what it is given. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = {timeout / 1000, timeout % 1000 * 1000000};
	int r = 0;

	if (timeout < 0 && n == 1 && fds->fd == lab_clock.fd)
		r = idle(fds, n, NULL);
	return r ? r : ppoll(fds, n, timeout < 0 ? NULL : &t, NULL);
}
