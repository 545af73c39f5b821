/* SPDX-License-Identifier: ISC */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *run_ip_path(void)
{
	static const char places[][14] = {"/sbin/ip", "/usr/sbin/ip", "/bin/ip", "/usr/bin/ip"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	errno = ENOENT;
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What the child does between vfork(2) and the program; returns errno where it
 * fails. Signals become as they are for a program that a shell starts: none
 * blocked, none ignored (main() made all but SIGPIPE so). */
static int become(char *const argv[], char *const env[], int in, int out)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (in < 0)
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setpgid(0, 0) == 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2)
		execve(argv[0], argv, env);
	return errno;
}

/* By vfork(2): the child borrows our memory, while we wait, and nothing is
 * copied. posix_spawn(3) does the same, but first asks about each of 64 signals.
 * Nobody's handler can run in the child, since no process that comes here has
 * one. */
static int spawn(struct run *r, char *const argv[], char *const env[], int in, int out)
{
	volatile int err = 0; /* written by the child */
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */

	if (pid < 0)
		return errno;
	if (pid == 0) {
		err = become(argv, env, in, out); /* NOLINT(clang-analyzer-unix.Vfork) */
		_exit(127);
	}
	if (err)
		waitpid(pid, NULL, 0);
	else
		r->pid = pid;
	return err;
}

bool run_start(struct run *r, char *const argv[], char *const env[], bool feed)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, err;

	memset(r, 0, sizeof *r);
	r->in = r->out = -1;
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	if (feed && pipe2(in, O_CLOEXEC) < 0) {
		err = errno;
	} else {
		/* The child's end blocks, as programs expect of their output. */
		fcntl(out[1], F_SETFL, 0);
		err = spawn(r, argv, env, in[0], out[1]);
	}
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (err) {
		close_fd(&in[1]);
		close_fd(&out[0]);
		r->pid = 0;
		errno = err;
		return false;
	}
	if (feed)
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	r->in = in[1];
	r->out = out[0];
	return true;
}

bool run_feed(struct run *r, const char *text, size_t len)
{
	ssize_t n;

	if (r->in < 0)
		return false;
	do {
		n = write(r->in, text, len);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && n < (ssize_t)len)
		errno = EAGAIN;
	return n == (ssize_t)len;
}

void run_feed_end(struct run *r)
{
	close_fd(&r->in);
}

void run_read(struct run *r)
{
	char rest[1024] = "";

	/* A program that prints for ever must not keep the keeper here. */
	for (int i = 0; i < 256 && r->out >= 0; i++) {
		size_t room = sizeof r->text - 1 - r->len;
		ssize_t n = read(r->out, room ? r->text + r->len : rest, room ? room : sizeof rest);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_fd(&r->out);
			return;
		}
		if (room)
			r->len += (size_t)n;
		else
			r->cut += (size_t)n;
		r->text[r->len] = '\0';
	}
}

void run_kill(struct run *r)
{
	if (r->pid <= 0)
		return;
	r->killed = true;
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL);
}

void run_reaped(struct run *r, int status)
{
	run_read(r);
	close_fd(&r->out);
	close_fd(&r->in);
	r->status = status;
	r->pid = 0;
}

bool run_ok(const struct run *r)
{
	return !r->killed && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
}

const char *run_result(const struct run *r, char *out, size_t size)
{
	if (r->killed)
		snprintf(out, size, "ended at its time limit");
	else if (WIFSIGNALED(r->status))
		snprintf(out, size, "ended by signal %d", WTERMSIG(r->status));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(r->status));
	return out;
}
