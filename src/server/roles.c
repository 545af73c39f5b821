/* SPDX-License-Identifier: ISC */
#include "server/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "server/auth.h"
#include "server/front.h"

enum {
	END_MS = 2000,	    /* for the other two to end */
	BACKLOG = 1024,	    /* of a listening socket: after an outage all come back at once */
	BUFFER_BYTES = 8192 /* of the kernel, for each connection and direction */
};

/* What accepted connections inherit. If a client has vanished and somebody else has got its
 * address, a reset tells within half a minute, long before its session has been silent for too
 * long. A client that is only not reachable is given longer than the usual five minutes of
 * silence. */
static bool set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_REUSEADDR, 1},	       {SOL_SOCKET, SO_KEEPALIVE, 1},
		{SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES}, {SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES},
		{IPPROTO_TCP, TCP_NODELAY, 1},	       {IPPROTO_TCP, TCP_KEEPIDLE, 30},
		{IPPROTO_TCP, TCP_KEEPINTVL, 30},      {IPPROTO_TCP, TCP_KEEPCNT, 20},
	};

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof options[i].value) < 0)
			return false;
	return true;
}

/* The front of a dtcpd that was killed may take a moment to end. */
static bool bind_soon(int fd, const struct sockaddr_in *sin)
{
	int64_t deadline = clock_ms() + END_MS;

	while (bind(fd, (const struct sockaddr *)sin, sizeof *sin) < 0) {
		if (errno != EADDRINUSE || clock_ms() >= deadline)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	return true;
}

static void say_not_at(const struct sockaddr_in *sin)
{
	log_msg(LOG_ERR, "%s:%u cannot be listened at: %m", text_ipv4(sin->sin_addr),
		ntohs(sin->sin_port));
}

static int bind_to(const struct sockaddr_in *sin)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && set_options(fd) && bind_soon(fd, sin))
		return fd;
	say_not_at(sin);
	fd_close(&fd);
	return -1;
}

bool roles_bind(const struct config *c, struct listeners *l)
{
	for (l->n = 0; l->n < c->n_listen; l->n++) {
		l->fd[l->n] = bind_to(&c->listen[l->n]);
		if (l->fd[l->n] < 0) {
			roles_unbind(l);
			return false;
		}
	}
	return true;
}

void roles_unbind(struct listeners *l)
{
	while (l->n > 0)
		fd_close(&l->fd[--l->n]);
}

bool roles_listen(const struct config *c, const struct listeners *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (listen(l->fd[i], BACKLOG) < 0) {
			say_not_at(&c->listen[i]);
			return false;
		}
	return true;
}

/* Leaves the n descriptors alone open beside 0, 1 and 2, as 3, 4 and so on. */
static bool keep_only(int *fds, unsigned n)
{
	const int away = 3 + CONFIG_LISTEN_MAX + 2;

	for (unsigned i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD, away);
		if (fds[i] < 0) {
			log_msg(LOG_ERR, "descriptors cannot be moved: %m");
			return false;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (dup2(fds[i], 3 + (int)i) < 0) {
			log_msg(LOG_ERR, "descriptors cannot be moved: %m");
			return false;
		}
		fds[i] = 3 + (int)i;
	}
	privs_close_from(3 + (int)n);
	return true;
}

static void no_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	/* Ctrl-C goes to the whole group; how things end is root's to say. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void roles_limit_descriptors(uint32_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_msg(LOG_WARNING,
			"up to %u descriptors may be needed, and are not allowed: %m", wanted);
}

static void run_front(int channel, const struct roles_how *how)
{
	struct front_how front = {.user = how->user,
				  .n_listeners = how->listeners->n,
				  .slots = how->slots,
				  .idle = how->idle,
				  .empty = how->empty};
	int fds[1 + CONFIG_LISTEN_MAX] = {channel};

	memcpy(fds + 1, how->listeners->fd, how->listeners->n * sizeof *fds);
	roles_limit_descriptors(how->slots + CONFIG_LISTEN_MAX + 32);
	if (!keep_only(fds, 1 + how->listeners->n))
		return;
	memcpy(front.listeners, fds + 1, how->listeners->n * sizeof *fds);
	front_main(fds[0], &front);
}

static void run_auth(int front, int root, const struct roles_how *how)
{
	const struct auth_how auth = {.user = how->user, .slots = how->slots};
	int fds[2] = {front, root};

	if (keep_only(fds, 2))
		auth_main(fds[0], fds[1], &auth);
}

/* Auth is told the users by messages, like those of a later file. */
static void forget_users(struct config *c)
{
	config_free(c);
#ifdef M_TRIM_THRESHOLD
	malloc_trim(0); /* glibc's, which keeps what is freed between other things */
#endif
}

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

bool roles_start(struct roles *r, const struct roles_how *how)
{
	int outer[2], inner[2]; /* front and auth, auth and root */

	*r = (struct roles){.channel = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, outer) < 0) {
		log_msg(LOG_ERR, "socketpair: %m");
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, inner) < 0) {
		log_msg(LOG_ERR, "socketpair: %m");
		close_pair(outer);
		return false;
	}
	r->front = fork();
	if (r->front == 0) {
		no_signals();
		forget_users(how->config);
		run_front(outer[0], how);
		_exit(0);
	}
	r->auth = r->front < 0 ? -1 : fork();
	if (r->auth == 0) {
		no_signals();
		forget_users(how->config);
		run_auth(outer[1], inner[0], how);
		_exit(0);
	}
	if (r->front < 0 || r->auth < 0)
		log_msg(LOG_ERR, "fork: %m");
	close_pair(outer);
	close(inner[0]);
	r->channel = inner[1];
	return r->front > 0 && r->auth > 0;
}

static void say_signal(const char *name, int signal)
{
	log_msg(LOG_ERR, "the process %s was ended by signal %d%s", name, signal,
		signal == SIGSYS ? ", for a system call that it may not make" : "");
}

/* If a process was killed, the end of its channel is often seen before waitpid(2) can tell. */
static void reap(pid_t *pid, const char *name, int64_t deadline)
{
	int status = 0;

	while (*pid > 0 && waitpid(*pid, &status, WNOHANG) == 0) {
		if (clock_ms() >= deadline) {
			kill(*pid, SIGKILL);
			waitpid(*pid, NULL, 0);
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	if (*pid > 0 && WIFSIGNALED(status))
		say_signal(name, WTERMSIG(status));
	*pid = 0;
}

void roles_end(struct roles *r)
{
	int64_t deadline = clock_ms() + END_MS;

	fd_close(&r->channel);
	reap(&r->auth, "auth", deadline);
	reap(&r->front, "front", deadline);
}

bool roles_reaped(struct roles *r, pid_t pid, int status)
{
	const char *name = pid == r->front ? "front" : "auth";

	if (pid <= 0 || (pid != r->front && pid != r->auth))
		return false;
	if (WIFSIGNALED(status))
		say_signal(name, WTERMSIG(status));
	else
		log_msg(LOG_ERR, "the process %s ended by itself", name);
	*(pid == r->front ? &r->front : &r->auth) = 0;
	return true;
}
