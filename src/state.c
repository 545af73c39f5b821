/* SPDX-License-Identifier: ISC */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "rundir.h"

void state_init(struct state *s, const char *iface)
{
	memset(s, 0, sizeof *s);
	snprintf(s->tunnel.name, sizeof s->tunnel.name, "%s", iface);
	s->build = true;
	s->dtcp_rtt_us = s->path_rtt_us = s->path_ok = -1;
}

const char *state_word_name(enum state_word w)
{
	static const char names[][11] = {"down", "connecting", "up"};

	return names[w];
}

/* For where there is no room for a second file. Somebody may read half of it, which
 * is better than that everybody reads what was true before. */
static bool overwrite(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && pwrite(fd, text, len, 0) == (ssize_t)len &&
		  ftruncate(fd, (off_t)len) == 0;

	if (fd >= 0)
		close(fd);
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
	ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (ok && renameat(dir, temporary, dir, name) == 0)
		return true;
	saved = ok ? errno : saved;
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
	int saved = errno;

	state_init(s, iface);
	if (fd >= 0)
		close(fd);
	if (n >= 0) {
		state_parse(s, text, (size_t)n);
		return true;
	}
	/* What is no file is no state. */
	if (saved == ELOOP || saved == EISDIR || saved == ENXIO)
		saved = ENOENT;
	if (saved != ENOENT)
		log_msg(LOG_ERR, "%s: cannot be read: %s", name, strerror(saved));
	errno = saved;
	return false;
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
