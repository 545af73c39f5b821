/* SPDX-License-Identifier: ISC */
#include "command/ask.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/end_times.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "rundir/rundir.h"

enum { CONNECT_MS = 2000, PAUSE_MS = 10 };

void ask_pause(void)
{
	poll(NULL, 0, PAUSE_MS);
}

bool ask_is_keeper(const char *iface, pid_t pid)
{
	if (pid == 0) {
		log_msg(LOG_ERR, "%s: somebody who is no keeper has locked the pidfile by flock(2)",
			iface);
		return false;
	}
	if (rundir_is_keeper(pid))
		return true;
	log_msg(LOG_ERR, "%s: process %d, which is no keeper, has locked the pidfile", iface,
		(int)pid);
	return false;
}

/* A keeper that goes on hangs up after the result; one that ends does so by its end. */
static void wait_for_end(int fd)
{
	int64_t until = clock_ms() + END_GONE_MS;
	struct control_reply r;

	while (clock_wait(fd, until) > 0 && control_recv_reply(fd, &r) >= 0)
		;
}

int ask_wait(int fd, int64_t deadline, int64_t working_deadline,
	     const volatile sig_atomic_t *signal_seen)
{
	struct control_reply r;

	for (;;) {
		int got = control_recv_reply(fd, &r);

		if (got < 0)
			return ASK_AGAIN;
		if (got > 0 && r.kind == CONTROL_ENDING)
			return ASK_AGAIN;
		if (got > 0 && r.kind == CONTROL_RESULT) {
			wait_for_end(fd);
			return r.code;
		}
		if (got > 0 && r.kind == CONTROL_HEARD) {
			deadline = working_deadline;
			continue;
		}
		if (got > 0) {
			log_relay(r.code, r.text);
			continue;
		}
		if (signal_seen && *signal_seen)
			return ASK_SIGNAL;
		if (clock_ms() >= deadline)
			return ASK_LATE;
		/* A signal between the look above and this wait is seen a second
		 * later. */
		clock_wait(fd, clock_min(deadline, clock_ms() + 1000));
	}
}

int ask_keeper(int dir, const char *iface, const struct control_request *r, int64_t deadline,
	       int64_t working_deadline,
	       const volatile sig_atomic_t *signal_seen)
{
	int64_t give_up = clock_ms() + CONNECT_MS;
	int fd, status;

	while ((fd = control_connect(dir, iface)) < 0) {
		if (!pidfile_holder(dir, iface))
			return ASK_AGAIN;
		if (clock_ms() >= give_up || clock_ms() >= deadline)
			return ASK_LATE;
		ask_pause();
	}
	status = control_ask(fd, r) ? ask_wait(fd, deadline, working_deadline, signal_seen)
				    : ASK_AGAIN;
	close(fd);
	return status;
}
