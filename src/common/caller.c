/* SPDX-License-Identifier: ISC */
#include "common/caller.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/privs.h"

void caller_forget(void)
{
	static char *kept[2]; /* of the environment */
	char *notify = getenv("NOTIFY_SOCKET");
	sigset_t none;
	int fd;

	/* If 0, 1 or 2 is closed, the next file that is opened would get that number, and
	 * messages would be written into it. */
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	privs_close_from(3);
	for (int sig = 1; sig < 32; sig++) /* nothing here uses real-time signals */
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	/* A write that fails says so. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (notify)
		kept[0] = notify - sizeof "NOTIFY_SOCKET"; /* with its name and the '=' */
	environ = kept;
}
