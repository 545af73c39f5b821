/* SPDX-License-Identifier: ISC */
#include "server/orphan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

enum { END_MS = 5000 }; /* for one that was killed to end */

void orphan_mark(char out[ORPHAN_MARK_MAX], int run_dir)
{
	struct stat st = {0};

	fstat(run_dir, &st);
	snprintf(out, ORPHAN_MARK_MAX, "DTCPD=%llu.%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
}

/* Whether the environment, as long as it fits here, has the mark. Those that we look for
 * have three variables, and one of a process that is about to be gone is empty. */
static bool has_mark(const char *number, const char *mark)
{
	char path[64], text[512];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%.20s/environ", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = fstat(fd, &st) == 0 && st.st_uid == geteuid() ? read(fd, text, sizeof text - 1) : 0;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (const char *p = text; p < text + n; p += strlen(p) + 1)
		if (strcmp(p, mark) == 0)
			return true;
	return false;
}

/* The next one of /proc; NULL at its end, and with errno where it cannot be read. */
static struct dirent *next_of(DIR *all)
{
	errno = 0;
	return readdir(all);
}

/* The number of one that is there, after SIGKILL to all; 0: none. -1: with errno. */
static pid_t kill_all(const char *mark)
{
	DIR *all = opendir("/proc");
	pid_t found = 0;
	int error;

	if (!all)
		return -1;
	for (struct dirent *d; (d = next_of(all)) != NULL;) {
		pid_t pid = (pid_t)strtoll(d->d_name, NULL, 10);

		if (pid <= 0 || !has_mark(d->d_name, mark))
			continue;
		kill(pid, SIGKILL);
		found = pid;
	}
	error = errno;
	closedir(all);
	errno = error;
	return error ? -1 : found;
}

bool orphan_end(const char *mark)
{
	int64_t deadline = clock_ms() + END_MS;
	pid_t pid;

	while ((pid = kill_all(mark)) > 0 && clock_ms() < deadline)
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	if (pid > 0)
		log_msg(LOG_ERR, "the process %d, of a dtcpd before this one, cannot be ended", (int)pid);
	else if (pid < 0)
		log_msg(LOG_ERR, "what a dtcpd before this one may have left cannot be looked for: %m");
	return pid == 0;
}
