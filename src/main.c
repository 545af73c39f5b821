/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "privs.h"
#include "status_codes.h"

/* Whatever called us, from a PPP daemon to a boot script, nothing of it is to
 * matter: its open descriptors, its signals, its umask, its environment. */
static void normalise(void)
{
	static char *kept[2]; /* of the environment */
	char *notify = getenv("NOTIFY_SOCKET");
	sigset_t none;
	int fd;

	/* A descriptor of 0 to 2 that is closed would be given to the next file
	 * opened, which messages would then be written to. */
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	privs_close_from(3);
	for (int sig = 1; sig < 32; sig++) /* nothing here uses real-time signals */
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (notify)
		kept[0] = notify - sizeof "NOTIFY_SOCKET"; /* with its name and the '=' */
	environ = kept;
}

int main(int argc, char *argv[])
{
	struct options o;
	int status;

	normalise();
	status = options_parse(&o, argc, argv);
	if (status != OPTIONS_GO)
		return status;
	switch (o.command) {
	case COMMAND_DOWN:
		return command_down(&o);
	case COMMAND_STATUS:
		return command_status(&o);
	case COMMAND_CHECK:
		return command_check(&o);
	case COMMAND_UP:
		break;
	}
	return o.dry_run ? command_dry_run(&o) : command_up(&o);
}
