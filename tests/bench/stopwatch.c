/* SPDX-License-Identifier: ISC */
/* stopwatch COMMAND [ARGUMENT]...: prints the microseconds from the start of
 * COMMAND to its end, whatever it leaves running, and ends with its status.
 * What COMMAND prints is dropped. A shell would add its own fork, with copies
 * of its pages. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "wire.h"

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int main(int argc, char *argv[])
{
	char *env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	posix_spawn_file_actions_t actions;
	long long begin;
	int status;
	pid_t pid;

	if (argc < 2 || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
		return 64;
	begin = now();
	if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, env))
		wire_die(argv[1]);
	if (waitpid(pid, &status, 0) < 0)
		wire_die("waitpid");
	printf("%lld\n", now() - begin);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
