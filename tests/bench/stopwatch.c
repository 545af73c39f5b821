/* SPDX-License-Identifier: ISC */
/* stopwatch [-p TARGET6] COMMAND [ARGUMENT]...: prints the microseconds from the start of
 * COMMAND to its end, whatever it leaves running, and ends with its status. With -p to the
 * first ordinary ping of TARGET6 that is answered after that.
 * What COMMAND prints is dropped. A shell would add its own fork, with copies
 * of its pages. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "echo.h"
#include "wire.h"

int main(int argc, char *argv[])
{
	char *env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	posix_spawn_file_actions_t actions;
	const char *target = NULL;
	long long begin, took;
	int status, fd = -1;
	pid_t pid;

	if (argc > 3 && strcmp(argv[1], "-p") == 0) {
		target = argv[2];
		fd = echo_open(NULL);
		argv += 2;
		argc -= 2;
	}
	if (argc < 2 || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
		return 64;
	begin = echo_clock();
	if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, env))
		wire_die(argv[1]);
	if (waitpid(pid, &status, 0) < 0)
		wire_die("waitpid");
	took = echo_clock() - begin;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
	if (target && status == 0)
		took = echo_answered(fd, target, begin);
	printf("%lld\n", took);
	return status;
}
