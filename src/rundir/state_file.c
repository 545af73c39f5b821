/* SPDX-License-Identifier: ISC */
#include "rundir/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "rundir/netns.h"
#include "rundir/rundir.h"

/* A short write sets no errno: there was no room for the rest. */
static bool write_all(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	if (n >= 0 && (size_t)n != len)
		errno = ENOSPC;
	return n >= 0 && (size_t)n == len;
}

/* Used where there is no room for a second file. Somebody may read half of it, which is
 * better than a state that is no longer true. */
static bool overwrite(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && pwrite(fd, text, len, 0) == (ssize_t)len &&
		  ftruncate(fd, (off_t)len) == 0;

	fd_close(&fd);
	return ok;
}

bool state_write(int dir, const char *iface, const char *text, size_t len)
{
	char name[RUNDIR_NAME_MAX], temporary[RUNDIR_NAME_MAX];
	int fd, saved;
	bool ok;

	rundir_name(name, iface, "state");
	rundir_name(temporary, iface, "state.new");
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	ok = fd >= 0 && write_all(fd, text, len);
	fd_close(&fd);
	if (ok && renameat(dir, temporary, dir, name) == 0)
		return true;
	saved = errno;
	unlinkat(dir, temporary, 0);
	if (saved == ENOSPC && overwrite(dir, name, text, len))
		return true;
	errno = saved;
	return false;
}

bool state_read(int dir, const char *iface, struct state *s)
{
	char text[STATE_FILE_MAX], name[RUNDIR_NAME_MAX];
	int fd = openat(dir, rundir_name(name, iface, "state"),
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;

	state_init(s, iface);
	fd_close(&fd);
	if (n >= 0) {
		state_parse(s, text, (size_t)n);
		/* With its namespace everything has gone that was in the kernel. */
		if (s->in_kernel && netns_find(s->netns) == NETNS_GONE)
			s->in_kernel = false;
		return true;
	}
	/* What is no regular file holds no state. */
	if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
		errno = ENOENT;
	if (errno != ENOENT)
		log_msg(LOG_ERR, "%s: cannot be read: %m", name);
	return false;
}

bool state_elsewhere(const struct state *s, const char *path)
{
	if (netns_find(s->netns) != NETNS_OTHER)
		return false;
	log_msg(LOG_ERR, "%s: %s belongs to another network namespace%s: name a directory for this "
			 "one (--run-dir)", s->tunnel.name, path,
		state_alive(s) ? "" : " (if that is gone, remove what is in it)");
	return true;
}

void state_remove(int dir, const char *iface)
{
	char name[RUNDIR_NAME_MAX];

	rundir_remove(dir, rundir_name(name, iface, "state.new"));
	rundir_remove(dir, rundir_name(name, iface, "state"));
}

bool state_alive(const struct state *s)
{
	return s->pid > 0 && s->start != 0 && rundir_process_start(s->pid) == s->start;
}
