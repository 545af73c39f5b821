/* SPDX-License-Identifier: ISC */
#include "rundir/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static char path[UNIT_FOLDER_SIZE];
static int dir;

static void begin(void)
{
	dir = unit_folder(path);
}

static void end(void)
{
	close(dir);
	CHECK_INT(rmdir(path), 0); /* nothing is left there */
}

static void locked(void)
{
	char text[24], own[24];
	ssize_t n;
	int fd;

	begin();
	CHECK_INT(pidfile_take(dir, "dtcp0", &fd), PIDFILE_LOCKED);
	n = pread(fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	snprintf(own, sizeof own, "%d\n", (int)getpid());
	CHECK_STR(text, own);
	pidfile_drop(dir, "dtcp0", fd);
	CHECK_INT(pidfile_holder(dir, "dtcp0"), 0);
	end();
}

/* As on a disk that gets full within the number: no errno is set then. */
static void part(void)
{
	struct rlimit all, few;
	enum pidfile_result taken;
	int fd;

	begin();
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = (struct rlimit){1, all.rlim_max};
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &few), 0);
	errno = 0;
	taken = pidfile_take(dir, "dtcp0", &fd);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &all), 0);
	CHECK_INT(taken, PIDFILE_FAILED);
	CHECK_STR(unit_log(), "3 dtcp0.pid: cannot be written: No space left on device\n");
	end();
}

/* What a process that was killed still has, or a script that asks: flock(2)'s lock alone. It
 * is let go after so many milliseconds. */
static enum pidfile_result beside(int ms)
{
	enum pidfile_result taken;
	int ready[2], fd;
	char byte;
	pid_t other;

	CHECK_INT(pipe(ready), 0);
	other = fork();
	if (other == 0) {
		fd = openat(dir, "dtcp0.pid", O_RDWR | O_CREAT, 0600);
		if (flock(fd, LOCK_EX) == 0 && write(ready[1], "", 1) == 1)
			poll(NULL, 0, ms);
		_exit(0);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	taken = pidfile_take(dir, "dtcp0", &fd);
	kill(other, SIGKILL);
	CHECK_INT(waitpid(other, NULL, 0), other);
	close(ready[0]);
	close(ready[1]);
	if (taken == PIDFILE_LOCKED)
		pidfile_drop(dir, "dtcp0", fd);
	return taken;
}

static void half(void)
{
	begin();
	CHECK_INT(beside(20), PIDFILE_LOCKED);
	CHECK_INT(beside(-1), PIDFILE_HELD);
	CHECK_INT(unlinkat(dir, "dtcp0.pid", 0), 0);
	end();
}

static const struct unit_case cases[] = {
	{"the pidfile is locked, has our number, and goes", locked},
	{"a number of which a part alone can be written: no room, which is said", part},
	{"a lock that only flock(2) knows is waited for, a while", half},
};

UNIT_MAIN(cases)
