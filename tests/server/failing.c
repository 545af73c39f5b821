/* SPDX-License-Identifier: ISC */
/* To be loaded into dtcpd by LD_PRELOAD: calls that fail, for what it says then
 * (far-messages.bats). FAILING names one:
 *
 *   calloc signalfd poll socketpair fork fcntl dup2 setrlimit chroot mkdirat unshare spawn
 *   memory    calloc, in auth and front
 *   state     the state file cannot be put into its place
 *   jail      a filter of system calls is refused
 *   filter    there is none
 *   kill      signals are not sent
 *   opendir   a directory cannot be opened
 *   readdir   nor read to its end
 *   remove    a directory cannot be removed
 *   killed    auth and front make a call that their jails do not let them make
 *   left      the state file of a dtcpd before this one cannot be read
 *   bind      changes in the kernel cannot be watched
 *   join      a group cannot be joined
 *   look      the kernel cannot be asked what is there
 *   sysctl    no file of /proc/sys can be opened
 *
 * Where FAILING_WHEN names a file: only while it is there, and not in auth and front. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h> /* renameat() */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

static const char *name = ""; /* programs forget their environment */
static const char *when;
static bool in_child; /* not by getpid(), for which a jail kills */

__attribute__((constructor)) static void look(void)
{
	const char *wanted = getenv("FAILING");

	name = wanted ? wanted : "";
	when = getenv("FAILING_WHEN");
	if (when && !*when)
		when = NULL;
}

static bool fails(const char *what, int error)
{
	if (strcmp(name, what) != 0 || (when && (in_child || access(when, F_OK) != 0)))
		return false;
	errno = error;
	return true;
}

/* The next function of that name, as a pointer of its type. */
#define NEXT(call) \
	__typeof__(call) *next; \
	*(void **)&next = dlsym(RTLD_NEXT, #call)

void *calloc(size_t n, size_t size)
{
	NEXT(calloc);
	if (fails("calloc", ENOMEM) || (in_child && fails("memory", ENOMEM)))
		return NULL;
	return next(n, size);
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
	NEXT(signalfd);
	return fails("signalfd", EMFILE) ? -1 : next(fd, mask, flags);
}

int poll(struct pollfd *p, nfds_t n, int timeout)
{
	NEXT(poll);
	if (in_child && strcmp(name, "killed") == 0)
		getppid();
	return fails("poll", ENOMEM) ? -1 : next(p, n, timeout);
}

/* What poll() is where its size is checked. */
int __poll_chk(struct pollfd *p, nfds_t n, int timeout, size_t size);
int __poll_chk(struct pollfd *p, nfds_t n, int timeout, size_t size)
{
	(void)size;
	return poll(p, n, timeout);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	NEXT(socketpair);
	return fails("socketpair", EMFILE) ? -1 : next(domain, type, protocol, fds);
}

pid_t fork(void)
{
	pid_t pid;
	NEXT(fork);

	pid = fails("fork", EAGAIN) ? -1 : next();
	in_child |= pid == 0;
	return pid;
}

/* Called as fcntl64() where files are large. */
int fcntl64(int fd, int command, ...)
{
	long arg;
	va_list ap;
	NEXT(fcntl64);

	va_start(ap, command);
	arg = va_arg(ap, long);
	va_end(ap);
	return command == F_DUPFD && fails("fcntl", EMFILE) ? -1 : next(fd, command, arg);
}

int dup2(int from, int to)
{
	NEXT(dup2);
	return fails("dup2", EBUSY) ? -1 : next(from, to);
}

int setrlimit64(__rlimit_resource_t what, const struct rlimit64 *limit)
{
	NEXT(setrlimit64);
	return fails("setrlimit", EPERM) ? -1 : next(what, limit);
}

int chroot(const char *path)
{
	NEXT(chroot);
	return fails("chroot", EPERM) ? -1 : next(path);
}

int unshare(int flags)
{
	NEXT(unshare);
	return fails("unshare", EPERM) ? -1 : next(flags);
}

int prctl(int option, ...)
{
	unsigned long args[4];
	va_list ap;
	NEXT(prctl);

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP && (fails("jail", EPERM) || fails("filter", EINVAL)))
		return -1;
	return next(option, args[0], args[1], args[2], args[3]);
}

int kill(pid_t pid, int number)
{
	NEXT(kill);
	return fails("kill", 0) ? 0 : next(pid, number);
}

DIR *opendir(const char *path)
{
	NEXT(opendir);
	return fails("opendir", EMFILE) ? NULL : next(path);
}

struct dirent64 *readdir64(DIR *d)
{
	NEXT(readdir64);
	return fails("readdir", EIO) ? NULL : next(d);
}

int unlinkat(int fd, const char *path, int flags)
{
	NEXT(unlinkat);
	return flags == AT_REMOVEDIR && fails("remove", EROFS) ? -1 : next(fd, path, flags);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	NEXT(mkdirat);
	return fails("mkdirat", EROFS) ? -1 : next(fd, path, mode);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	NEXT(renameat);
	return fails("state", EIO) ? -1 : next(from_fd, from, to_fd, to);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(bind);
	return address->sa_family == AF_NETLINK && fails("bind", EPERM) ? -1 : next(fd, address, len);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	NEXT(setsockopt);
	if (level == IPPROTO_IPV6 && option == IPV6_JOIN_GROUP && fails("join", ENOBUFS))
		return -1;
	return next(fd, level, option, value, len);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;
	NEXT(open64);

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return strncmp(path, "/proc/sys/", 10) == 0 && fails("sysctl", EACCES) ? -1
									       : next(path, flags, mode);
}

int openat64(int fd, const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;
	NEXT(openat64);

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return strcmp(path, "dtcpd.state") == 0 && fails("left", EIO) ? -1 : next(fd, path, flags, mode);
}

ssize_t send(int fd, const void *what, size_t len, int flags)
{
	int domain = 0;
	socklen_t size = sizeof domain;
	NEXT(send);

	if (strcmp(name, "look") == 0 && !in_child &&
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
	    fails("look", ENOBUFS))
		return -1;
	return next(fd, what, len, flags);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
	NEXT(posix_spawn);
	return fails("spawn", ENOMEM) ? ENOMEM : next(pid, path, files, attributes, argv, env);
}
