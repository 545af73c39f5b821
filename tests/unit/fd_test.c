/* SPDX-License-Identifier: ISC */
#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "unit.h"

static void closed(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), was = fd;

	CHECK(fd >= 0);
	fd_close(&fd);
	CHECK_INT(fd, -1);
	CHECK_INT(fcntl(was, F_GETFD), -1);
}

/* Also where close(2) itself fails. */
static void kept(void)
{
	int none = -1, nobody = 1000000;

	errno = ENOSPC;
	fd_close(&none);
	CHECK_INT(errno, ENOSPC);
	fd_close(&nobody);
	CHECK_INT(errno, ENOSPC);
	CHECK_INT(nobody, -1);
}

static int pair[2], ticks;

static void packets(void)
{
	char got[8] = "";

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK(fd_send(pair[0], "abc", 4, 0));
	CHECK_INT(fd_recv(pair[1], got, sizeof got, MSG_DONTWAIT), 4);
	CHECK_STR(got, "abc");
	CHECK_INT(fd_recv(pair[1], got, sizeof got, MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK(fd_send(pair[0], "abcdefgh", 9, MSG_DONTWAIT));
	CHECK_INT(fd_recv(pair[1], got, sizeof got, MSG_TRUNC), 9);
	close(pair[1]);
	CHECK(!fd_send(pair[0], "x", 1, 0)); /* and no signal ends this process */
	CHECK_INT(errno, EPIPE);
	close(pair[0]);
}

/* The third signal brings what is waited for. */
static void tick(int signal)
{
	(void)signal;
	if (++ticks == 3)
		fd_send(pair[0], "x", 1, MSG_DONTWAIT);
}

static void interrupted(void)
{
	struct sigaction how = {.sa_handler = tick}; /* without SA_RESTART */
	struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	char got;

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_INT(sigaction(SIGALRM, &how, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
	CHECK_INT(fd_recv(pair[1], &got, 1, 0), 1);
	CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(ticks >= 3);
	close(pair[0]);
	close(pair[1]);
}

static const struct unit_case cases[] = {
	{"a descriptor is closed, and is -1", closed},
	{"errno stays", kept},
	{"packets are sent and received, whole or not", packets},
	{"a signal does not end the wait for a packet", interrupted},
};

UNIT_MAIN(cases)
