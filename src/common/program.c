/* SPDX-License-Identifier: ISC */
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

bool program_find(const char *name, char *path, size_t size)
{
	static const char *const places[] = {"/sbin", "/usr/sbin", "/bin", "/usr/bin"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(path, size, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* What the child does first: /dev/null where there is no pipe for its input, and one
 * pipe for all that it prints. */
static int set_files(posix_spawn_file_actions_t *files, int in, int out)
{
	int err = in >= 0 ? posix_spawn_file_actions_adddup2(files, in, 0)
			  : posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (!err)
		err = posix_spawn_file_actions_adddup2(files, out, 1);
	return err ? err : posix_spawn_file_actions_adddup2(files, out, 2);
}

/* A process group of its own, and signals as they are for a program that a shell starts: none
 * blocked, none ignored. All of them are named, since for each that is not the C library first
 * asks the kernel how it is handled. */
static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(a, &none);
	posix_spawnattr_setsigdefault(a, &all);
	posix_spawnattr_setpgroup(a, 0);
	return posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSIGDEF);
}

/* Returns an errno. */
static int spawn(struct program *r, char *const argv[], char *const env[], int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int err = posix_spawn_file_actions_init(&files);

	if (err)
		return err;
	err = posix_spawnattr_init(&attributes);
	if (!err) {
		err = set_files(&files, in, out);
		if (!err)
			err = set_attributes(&attributes);
		if (!err)
			err = posix_spawn(&r->pid, argv[0], &files, &attributes, argv, env);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return err;
}

bool program_start(struct program *r, char *const argv[], char *const env[], bool feed)
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
	fd_close(&in[0]);
	fd_close(&out[1]);
	if (err) {
		fd_close(&in[1]);
		fd_close(&out[0]);
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

bool program_feed(struct program *r, const char *text, size_t len)
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

void program_feed_end(struct program *r)
{
	fd_close(&r->in);
}

void program_read(struct program *r)
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
			fd_close(&r->out);
			return;
		}
		if (room)
			r->len += (size_t)n;
		else
			r->cut += (size_t)n;
		r->text[r->len] = '\0';
	}
}

void program_kill(struct program *r)
{
	if (r->pid <= 0)
		return;
	r->killed = true;
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL);
}

void program_reaped(struct program *r, int status)
{
	program_read(r);
	fd_close(&r->out);
	fd_close(&r->in);
	r->status = status;
	r->pid = 0;
}

bool program_ok(const struct program *r)
{
	return !r->killed && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
}

const char *program_result(const struct program *r, char *out, size_t size)
{
	if (r->killed)
		snprintf(out, size, "ended at its time limit");
	else if (WIFSIGNALED(r->status))
		snprintf(out, size, "ended by signal %d", WTERMSIG(r->status));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(r->status));
	return out;
}
