/* SPDX-License-Identifier: ISC */
#include "rundir/netns.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void own(void)
{
	CHECK(netns_own() > 0);
	CHECK_INT(netns_find(netns_own()), NETNS_OWN);
	CHECK_INT(netns_find(0), NETNS_OWN);
}

/* Of a process with one of its own, where that is allowed: root's, or of whoever may have a
 * user namespace. */
static void others(void)
{
	unsigned long long number = 0;
	int told[2];
	pid_t other;

	/* Nothing has such a low number: the kernel begins at 0xf0000000 (PROC_DYNAMIC_FIRST). But
	 * where process 1 has more capabilities than we, its namespace cannot be seen. */
	CHECK(netns_find(7) != NETNS_OWN);
	CHECK_INT(pipe(told), 0);
	other = fork();
	if (other == 0) {
		if (unshare(CLONE_NEWNET) == 0)
			number = netns_own();
		_exit(write(told[1], &number, sizeof number) == (ssize_t)sizeof number ? pause() : 1);
	}
	CHECK_INT(read(told[0], &number, sizeof number), (int)sizeof number);
	if (number) {
		CHECK(number != netns_own());
		CHECK_INT(netns_find(number), NETNS_OTHER);
	}
	kill(other, SIGKILL);
	CHECK_INT(waitpid(other, NULL, 0), other);
	/* Another process may have one of this number by now. */
	if (number && geteuid() == 0)
		CHECK(netns_find(number) != NETNS_OWN);
	close(told[0]);
	close(told[1]);
}

static const struct unit_case cases[] = {
	{"our own, and none", own},
	{"one that a process is in, and one that is gone", others},
};

UNIT_MAIN(cases)
