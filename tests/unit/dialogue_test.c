/* SPDX-License-Identifier: ISC */
/* How a session takes leave of a server that is at the other end of a socket
 * pair. */
#include "session/dialogue.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

enum { NEVER_MS = 600000, SHORT_MS = 50 };

static const char answer[] = "+OK see you soon.\r\n";

/* A server that has answered already. Returns its socket. */
static int served(struct connection *n, int64_t deadline)
{
	int pair[2] = {-1, -1};

	memset(n, 0, sizeof *n);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(send(pair[1], answer, sizeof answer - 1, 0), sizeof answer - 1);
	n->fd = pair[0];
	n->channel = -1;
	n->deadline = deadline;
	return pair[1];
}

static void over(struct connection *n, int server)
{
	connection_close(n);
	close(server);
}

/* After an answer to a ping that was on its way, too. */
static void closes(void)
{
	struct connection n;
	char end;
	int server = served(&n, clock_ms() + NEVER_MS);

	CHECK_INT(send(server, answer, sizeof answer - 1, 0), sizeof answer - 1);
	CHECK_INT(shutdown(server, SHUT_WR), 0);
	if (dialogue_quit(&n))
		dialogue_wait_end(&n);
	CHECK(clock_ms() < n.deadline);
	CHECK_INT(recv(n.fd, &end, 1, 0), 0);
	over(&n, server);
}

static void stays(void)
{
	struct connection n;
	char heard[8] = "";
	int server = served(&n, clock_ms() + SHORT_MS);

	CHECK_INT(send(server, answer, sizeof answer - 1, 0), sizeof answer - 1);
	if (dialogue_quit(&n))
		dialogue_wait_end(&n);
	CHECK(clock_ms() >= n.deadline);
	CHECK_INT(recv(server, heard, sizeof heard - 1, 0), 6);
	CHECK_STR(heard, "quit\r\n");
	over(&n, server);
}

static void floods(void)
{
	struct connection n;
	char left;
	int server = served(&n, clock_ms() + NEVER_MS);

	for (int i = 0; i < 100; i++)
		CHECK_INT(send(server, answer, sizeof answer - 1, 0), sizeof answer - 1);
	if (dialogue_quit(&n))
		dialogue_wait_end(&n);
	CHECK_INT(recv(n.fd, &left, 1, 0), 1);
	over(&n, server);
}

static const struct unit_case cases[] = {
	{"quit waits for the server to close, not only to answer", closes},
	{"quit waits no longer than told", stays},
	{"quit does not read a flood to its end", floods},
};
UNIT_MAIN(cases)
