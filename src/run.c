/* SPDX-License-Identifier: ISC */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *run_ip_path(void)
{
	static const char *const places[] = {"/sbin/ip", "/usr/sbin/ip", "/bin/ip", "/usr/bin/ip"};

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

/* Signals as they are for a program that a shell starts, whatever the keeper
 * and who started it had made of them. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_init(attr);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &all);
	if (!err)
		err = posix_spawnattr_setpgroup(attr, 0);
	if (!err)
		err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							     POSIX_SPAWN_SETPGROUP);
	return err;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int in, int out)
{
	int err = posix_spawn_file_actions_init(actions);

	if (!err && in >= 0)
		err = posix_spawn_file_actions_adddup2(actions, in, 0);
	if (!err && in < 0)
		err = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, out, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, out, 2);
	return err;
}

static int spawn(struct run *r, char *const argv[], char *const env[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int err = set_attributes(&attr);

	if (err)
		return err;
	err = set_descriptors(&actions, in, out);
	if (!err) {
		err = posix_spawn(&r->pid, argv[0], &actions, &attr, argv, env);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attr);
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
