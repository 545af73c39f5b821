/* SPDX-License-Identifier: ISC */
#include "rundir/presence.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "rundir/rundir.h"

enum { WAKE_MS = 2000 };

/* The run directory stands in the name as a hash (FNV-1a, draft-eastlake-fnv), since its
 * path may be longer than a name can be. */
static uint64_t number_of(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
	return hash;
}

/* The path without symbolic links, also where its last part is missing. */
static void resolve(const char *path, char out[PATH_MAX])
{
	char parent[PATH_MAX], real[PATH_MAX];
	size_t end = strlen(path), name, head;

	if (realpath(path, out))
		return;
	while (end > 1 && path[end - 1] == '/')
		end--;
	for (name = end; name > 0 && path[name - 1] != '/'; name--)
		;
	for (head = name; head > 1 && path[head - 1] == '/'; head--)
		;
	snprintf(parent, sizeof parent, "%.*s", head ? (int)head : 1, head ? path : ".");
	if (!realpath(parent, real))
		snprintf(real, sizeof real, "%s", parent);
	if (snprintf(out, PATH_MAX, "%s/%.*s", strcmp(real, "/") == 0 ? "" : real,
		     (int)(end - name), path + name) >= PATH_MAX)
		out[0] = '\0';
}

static socklen_t address(struct sockaddr_un *un, const char *name)
{
	size_t len = strlen(name);

	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + 1, name, len); /* after a NUL: an abstract name */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

enum { PRESENCE_NAME_MAX = 80 };

static void name_of(char name[PRESENCE_NAME_MAX], const char *path, const char *iface, pid_t pid)
{
	char real[PATH_MAX];

	resolve(path, real);
	snprintf(name, PRESENCE_NAME_MAX, "dtcp-up/%016llx/%.15s/%d",
		 (unsigned long long)number_of(real), iface, (int)pid);
}

int presence_hold(const char *path, const char *iface)
{
	char name[PRESENCE_NAME_MAX];
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len;

	name_of(name, path, iface, getpid());
	len = address(&un, name);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&un, len) < 0 || listen(fd, 16) < 0))
		fd_close(&fd);
	return fd;
}

void presence_accept(int presence)
{
	int fd = accept4(presence, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static bool peer(int fd, struct ucred *who)
{
	socklen_t len = sizeof *who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &len) == 0;
}

/* Connects to a name. Returns the socket, -1 where no keeper has it: only root's
 * processes and our own are believed. */
static int reach(const char *name, pid_t *pid)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un un;
	struct ucred who;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, address(&un, name)) == 0 &&
	    peer(fd, &who) && (who.uid == 0 || who.uid == geteuid())) {
		*pid = who.pid;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool presence_is(const char *path, const char *iface, pid_t pid)
{
	char name[PRESENCE_NAME_MAX];
	pid_t who = 0;
	int fd;

	name_of(name, path, iface, pid);
	fd = reach(name, &who);
	if (fd >= 0)
		close(fd);
	return fd >= 0 && who == pid;
}

/* Calls fn for each name of the directory (NULL: of any), and of iface unless that is "",
 * until it says that it is enough. */
static void each(const char *path, const char *iface,
		 bool (*fn)(void *arg, const char *name, const char *of), void *arg)
{
	FILE *all = fopen("/proc/net/unix", "re");
	char line[512], real[PATH_MAX], begin[40] = "@dtcp-up/";

	if (path) {
		resolve(path, real);
		snprintf(begin, sizeof begin, "@dtcp-up/%016llx/",
			 (unsigned long long)number_of(real));
	}
	while (all && fgets(line, sizeof line, all)) {
		char *name = strstr(line, begin), *of, *slash;
		char own[IF_NAMESIZE];

		if (!name || strlen(name) > 90)
			continue;
		name[strcspn(name, "\n")] = '\0';
		of = strchr(name + strlen("@dtcp-up/"), '/'); /* behind the directory's number */
		slash = of ? strchr(++of, '/') : NULL;
		if (!slash || slash - of >= IF_NAMESIZE)
			continue;
		snprintf(own, sizeof own, "%.*s", (int)(slash - of), of);
		if (text_is_tunnel_name(own) && (!iface[0] || strcmp(iface, own) == 0) &&
		    fn(arg, name + 1, own))
			break;
	}
	if (all)
		fclose(all);
}

struct search {
	/* What does not count: a name, or all of a directory, with a / at its end; "": none. */
	char own[PRESENCE_NAME_MAX];
	pid_t found;
};

static bool is_other(void *arg, const char *name, const char *of)
{
	struct search *s = arg;
	size_t len = strlen(s->own);
	bool own = len && strncmp(name, s->own, len) == 0 && (s->own[len - 1] == '/' || !name[len]);
	int fd = own ? -1 : reach(name, &s->found);

	(void)of;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

pid_t presence_find(const char *path, const char *iface, bool held)
{
	struct search s = {.own = ""};

	if (held)
		name_of(s.own, path, iface, getpid());
	each(path, iface, is_other, &s);
	return s.found;
}

pid_t presence_elsewhere(const char *path, const char *iface)
{
	char real[PATH_MAX];
	struct search s = {.found = 0};

	resolve(path, real);
	snprintf(s.own, sizeof s.own, "dtcp-up/%016llx/", (unsigned long long)number_of(real));
	each(NULL, iface, is_other, &s);
	return s.found;
}

static bool all_there(const char *path, const char *iface)
{
	static const char *const endings[] = {"pid", "state", "sock"};
	char file[PATH_MAX];

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if ((size_t)snprintf(file, sizeof file, "%s/%s.%s", path, iface, endings[i]) <
			    sizeof file &&
		    access(file, F_OK) != 0)
			return false;
	return true;
}

/* Calls a keeper whose files are missing, and waits until it has answered: it hangs
 * up when it has made them. */
static bool wake_one(void *arg, const char *name, const char *of)
{
	const char *path = arg;
	pid_t pid;
	int fd;

	if (all_there(path, of))
		return false;
	fd = reach(name, &pid);
	if (fd >= 0) {
		clock_wait(fd, clock_ms() + WAKE_MS);
		close(fd);
	}
	return false;
}

void presence_wake(const char *path, const char *iface)
{
	each(path, iface, wake_one, (void *)path);
}
