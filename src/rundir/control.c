/* SPDX-License-Identifier: ISC */
#include "rundir/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "rundir/rundir.h"

/* A path by way of the directory's descriptor, since an address holds 107
 * bytes and --run-dir may be longer. */
static void address(struct sockaddr_un *un, int dir, const char *iface)
{
	char name[RUNDIR_NAME_MAX];

	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof un->sun_path, "/proc/self/fd/%d/%s", dir,
		 rundir_name(name, iface, "sock"));
}

static int use(int dir, const char *iface,
	       int (*fn)(int fd, const struct sockaddr *sa, socklen_t len), int flags)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	address(&un, dir, iface);
	if (fd >= 0 && fn(fd, (const struct sockaddr *)&un, sizeof un) < 0)
		fd_close(&fd);
	return fd;
}

int control_listen(int dir, const char *iface)
{
	mode_t mask = umask(0177);
	int fd;

	control_remove(dir, iface);
	fd = use(dir, iface, bind, SOCK_NONBLOCK);
	umask(mask);
	if (fd >= 0 && listen(fd, 16) < 0)
		fd_close(&fd);
	return fd;
}

int control_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int control_connect(int dir, const char *iface)
{
	return use(dir, iface, connect, SOCK_NONBLOCK);
}

void control_remove(int dir, const char *iface)
{
	char name[RUNDIR_NAME_MAX];

	rundir_remove(dir, rundir_name(name, iface, "sock"));
}

bool control_ask(int fd, const struct control_request *r)
{
	return fd_send(fd, r, sizeof *r, 0);
}

bool control_say(int fd, enum control_kind kind, int code, const char *text)
{
	struct control_reply r = {.kind = (uint32_t)kind, .code = code};
	size_t len = strlen(text);

	if (len >= sizeof r.text)
		len = sizeof r.text - 1;
	memcpy(r.text, text, len);
	len += offsetof(struct control_reply, text) + 1;
	/* A caller that does not read is not waited for. */
	return fd_send(fd, &r, len, MSG_DONTWAIT);
}

static ssize_t take(int fd, void *buf, size_t size)
{
	ssize_t n = fd_recv(fd, buf, size, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	return n <= 0 ? -1 : n;
}

int control_recv_request(int fd, struct control_request *r)
{
	ssize_t n;

	memset(r, 0, sizeof *r);
	n = take(fd, r, sizeof *r);
	if (n <= 0)
		return (int)n;
	/* A shorter one is of a version that did not have the last members yet. */
	if (n < (ssize_t)sizeof r->op || (r->op != CONTROL_UP && r->op != CONTROL_DOWN))
		return -1;
	r->link[sizeof r->link - 1] = '\0';
	return 1;
}

int control_recv_reply(int fd, struct control_reply *r)
{
	ssize_t n = take(fd, r, sizeof *r);

	if (n <= 0)
		return (int)n;
	if ((size_t)n <= offsetof(struct control_reply, text))
		return -1;
	((char *)r)[n - 1] = '\0';
	return 1;
}
