/* SPDX-License-Identifier: ISC */
#include "rundir/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "common/clock.h"
#include "common/end_times.h"
#include "common/log.h"
#include "common/text.h"
#include "rundir/control.h"

const char *rundir_name(char out[RUNDIR_NAME_MAX], const char *iface, const char *ending)
{
	snprintf(out, RUNDIR_NAME_MAX, "%.15s.%s", iface, ending);
	return out;
}

bool rundir_proc(void)
{
	bool there = access("/proc/self/fd", F_OK) == 0;

	if (!there)
		log_msg(LOG_ERR, "/proc is not mounted, and no keeper can do without: mount -t proc "
				 "proc /proc");
	return there;
}

void rundir_remove(int dir, const char *name)
{
	/* Try twice: the first failure may be a temporary lack of memory. */
	for (int i = 0; i < 2; i++)
		if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
			return;
	log_msg(LOG_WARNING, "%s: cannot be removed: %m", name);
}

bool rundir_ours(int dir, const char *path)
{
	struct stat st;

	if (fstat(dir, &st) < 0) {
		log_msg(LOG_ERR, "%s: cannot be looked at: %m", path);
		return false;
	}
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return true;
	log_msg(LOG_ERR, "%s: belongs to user %u with mode %03o; it must be root's alone to write: "
			 "remove it", path, st.st_uid, st.st_mode & 0777);
	return false;
}

int rundir_open(const char *path, bool make)
{
	int fd;

	if (make && mkdir(path, 0755) < 0 && errno != EEXIST) {
		log_msg(LOG_ERR, "%s: cannot be made: %m", path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (make)
			log_msg(LOG_ERR, "%s: is no directory that can be opened: %m", path);
		return -1;
	}
	if (!make || rundir_ours(fd, path))
		return fd;
	close(fd);
	return -1;
}

static struct flock record(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* A file that was removed while we waited for its lock is nobody's lock. */
static bool same_file(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static bool write_pid(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	ssize_t written;

	if (ftruncate(fd, 0) < 0)
		return false;
	written = pwrite(fd, text, (size_t)n, 0);
	if (written >= 0 && written != n)
		errno = ENOSPC;
	return written == n;
}

/* A keeper that is killed loses its record lock a moment before that of flock(2), and a child
 * that it has just forked keeps the latter until it runs its program; a script may ask with
 * flock(1), too. So who has flock(2)'s lock alone is no keeper, and is waited for. Others take
 * us for the keeper meanwhile, and ask again. */
static bool lock_both(int fd)
{
	int64_t patience = clock_ms() + END_GONE_MS;
	struct flock lock = record(F_WRLCK);

	if (fcntl(fd, F_SETLK, &lock) < 0)
		return false;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || clock_ms() >= patience)
			return false;
		clock_wait(-1, clock_ms() + 10);
	}
	return true;
}

enum pidfile_result pidfile_take(int dir, const char *iface, int *fd)
{
	char name[RUNDIR_NAME_MAX];

	rundir_name(name, iface, "pid");
	for (int i = 0; i < 100; i++) {
		*fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			     0600);
		if (*fd < 0 && i == 0)
			continue; /* as in rundir_remove() */
		if (*fd < 0)
			break;
		if (!lock_both(*fd)) {
			bool held = errno == EAGAIN || errno == EACCES;

			if (!held && i > 0)
				log_msg(LOG_ERR, "%s: cannot be locked: %m", name);
			close(*fd);
			if (!held && i == 0)
				continue;
			return held ? PIDFILE_HELD : PIDFILE_FAILED;
		}
		if (!same_file(dir, name, *fd)) {
			close(*fd);
			continue;
		}
		if (write_pid(*fd))
			return PIDFILE_LOCKED;
		log_msg(LOG_ERR, "%s: cannot be written: %m", name);
		pidfile_drop(dir, iface, *fd);
		return PIDFILE_FAILED;
	}
	log_msg(LOG_ERR, "%s: cannot be made in the run directory: %m", name);
	return PIDFILE_FAILED;
}

pid_t pidfile_holder(int dir, const char *iface)
{
	struct flock lock = record(F_WRLCK);
	char name[RUNDIR_NAME_MAX];
	pid_t holder = 0;
	int fd = openat(dir, rundir_name(name, iface, "pid"),
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		holder = lock.l_pid;
	close(fd);
	return holder;
}

void pidfile_drop(int dir, const char *iface, int fd)
{
	char name[RUNDIR_NAME_MAX];
	bool ours = false;

	rundir_name(name, iface, "pid");
	for (int i = 0; i < 2 && !ours; i++) /* as in rundir_remove() */
		ours = same_file(dir, name, fd);
	if (ours)
		rundir_remove(dir, name);
	close(fd);
}

/* Replaces the descriptor by the new one, unless that is -1. */
static bool renew(int *fd, int fresh)
{
	if (fresh < 0)
		return false;
	if (*fd >= 0)
		close(*fd);
	*fd = fresh;
	return true;
}

static bool same_dir(const char *path, int dir)
{
	struct stat a, b;

	return fstat(dir, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static bool is_there(int dir, const char *iface, const char *ending)
{
	char name[RUNDIR_NAME_MAX];

	return faccessat(dir, rundir_name(name, iface, ending), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum rundir_state rundir_restore(const char *path, const char *iface, int *dir, int *pidfile,
				 int *listener)
{
	char name[RUNDIR_NAME_MAX], full[PATH_MAX];
	bool whole;
	int fd;

	/* If the full path leads to our pidfile, the directory is ours, too: one question
	 * instead of two. */
	rundir_name(name, iface, "pid");
	whole = snprintf(full, sizeof full, "%s/%s", path, name) < (int)sizeof full &&
		same_file(AT_FDCWD, full, *pidfile);
	if (!whole && !same_dir(path, *dir) && !renew(dir, rundir_open(path, true)))
		return RUNDIR_LOST;
	if ((whole || same_file(*dir, name, *pidfile)) &&
	    (!listener || is_there(*dir, iface, "sock")) && is_there(*dir, iface, "state"))
		return RUNDIR_WHOLE;
	log_msg(LOG_WARNING, "%s: somebody has removed files from %s; they are made anew", iface,
		path);
	if (!same_file(*dir, name, *pidfile)) {
		enum pidfile_result taken = pidfile_take(*dir, iface, &fd);

		if (taken == PIDFILE_HELD)
			log_msg(LOG_ERR, "%s: another process has %s/%s", iface, path, name);
		if (taken != PIDFILE_LOCKED)
			return RUNDIR_LOST;
		renew(pidfile, fd);
	}
	if (listener && !is_there(*dir, iface, "sock") &&
	    !renew(listener, control_listen(*dir, iface)))
		log_msg(LOG_ERR, "%s: no control socket in %s: %m", iface, path);
	return RUNDIR_RESTORED;
}

static bool read_name(const char *path, char name[32])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, name, 31) : -1;

	if (fd >= 0)
		close(fd);
	name[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool rundir_is_keeper(pid_t pid)
{
	char path[40], own[32], other[32];

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	return read_name("/proc/self/comm", own) && read_name(path, other) &&
	       strcmp(own, other) == 0;
}

enum { PROCESS_STAT_MAX = 1024 };

/* /proc/PID/stat of a process (proc(5)) from the end of its second field on: that is the
 * program's name in brackets, and may hold anything. NULL where there is no such process. */
static const char *process_stat(pid_t pid, char text[PROCESS_STAT_MAX])
{
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, PROCESS_STAT_MAX - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return strrchr(text, ')');
}

bool rundir_is_stopped(pid_t pid)
{
	char text[PROCESS_STAT_MAX];
	const char *p = process_stat(pid, text);

	return p && (strncmp(p, ") T", 3) == 0 || strncmp(p, ") t", 3) == 0);
}

unsigned long long rundir_process_start(pid_t pid)
{
	char text[PROCESS_STAT_MAX];
	const char *p = process_stat(pid, text);

	if (!p || strncmp(p, ") Z", 3) == 0)
		return 0;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? (unsigned long long)strtoll(p + 1, NULL, 10) : 0;
}

struct names {
	char (*list)[IF_NAMESIZE];
	size_t n;
};

/* The interface that a file is about, if it is new. False with errno. */
static bool add_name(struct names *names, char *file)
{
	char *dot = strrchr(file, '.');
	char (*more)[IF_NAMESIZE];

	if (!dot || (strcmp(dot, ".pid") != 0 && strcmp(dot, ".state") != 0))
		return true;
	*dot = '\0';
	if (!text_is_tunnel_name(file))
		return true;
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i], file) == 0)
			return true;
	more = realloc(names->list, (names->n + 1) * sizeof *more);
	if (!more)
		return false;
	names->list = more;
	snprintf(more[names->n++], sizeof *more, "%.15s", file);
	return true;
}

/* False with errno where the directory could not be read to its end. */
static bool all_names(DIR *d, struct names *names)
{
	struct dirent *e;

	do {
		errno = 0;
		e = readdir(d);
	} while (e && add_name(names, e->d_name));
	return !e && errno == 0;
}

bool rundir_each(int dir, void (*fn)(void *arg, const char *iface), void *arg)
{
	struct names names = {NULL, 0};
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	bool ok = d && all_names(d, &names);

	for (size_t i = 0; ok && i < names.n; i++)
		fn(arg, names.list[i]);
	free(names.list);
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
	return ok;
}
