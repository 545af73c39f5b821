/* SPDX-License-Identifier: ISC */
#include "rundir/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

unsigned long long netns_own(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? (unsigned long long)st.st_ino : 0;
}

/* Whether the process of this folder of /proc is in it, or may be: one that has just ended is
 * not. */
static bool may_be_in(const char *pid, unsigned long long number)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
	if (stat(path, &st) < 0)
		return errno != ENOENT && errno != ESRCH;
	return st.st_ino == number;
}

static bool has_process(unsigned long long number)
{
	DIR *proc = opendir("/proc");
	const struct dirent *d;
	bool found = !proc;

	while (!found && (d = readdir(proc)))
		found = isdigit((unsigned char)d->d_name[0]) && may_be_in(d->d_name, number);
	if (proc)
		closedir(proc);
	return found;
}

/* As `ip netns add` mounts it below /run/netns. */
static bool has_mount(unsigned long long number)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char root[40], *line = NULL;
	bool found = !f;
	size_t size = 0;

	snprintf(root, sizeof root, " net:[%llu] ", number);
	while (!found && getline(&line, &size, f) >= 0)
		found = strstr(line, root);
	free(line);
	if (f)
		fclose(f);
	return found;
}

enum netns_place netns_find(unsigned long long number)
{
	unsigned long long own = netns_own();

	if (!number || !own || number == own)
		return NETNS_OWN;
	/* To others /proc may show a part of the processes (hidepid=). */
	if (geteuid() != 0 || has_process(number) || has_mount(number))
		return NETNS_OTHER;
	return NETNS_GONE;
}
