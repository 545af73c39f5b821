/* SPDX-License-Identifier: ISC */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "rundir.h"
#include "status_codes.h"

enum { CONNECT_MS = 2000, PAUSE_MS = 10 };

void ask_pause(void)
{
	poll(NULL, 0, PAUSE_MS);
}

int ask_wait(int fd, int64_t deadline, const volatile int *signal_seen)
{
	struct control_reply r;

	for (;;) {
		int got = control_recv_reply(fd, &r);

		if (got < 0)
			return ASK_AGAIN;
		if (got > 0 && r.kind == CONTROL_ENDING)
			return ASK_AGAIN;
		if (got > 0 && r.kind == CONTROL_RESULT)
			return r.code;
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
	       const volatile int *signal_seen)
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
	status = control_ask(fd, r) ? ask_wait(fd, deadline, signal_seen) : ASK_AGAIN;
	close(fd);
	return status;
}
