/* SPDX-License-Identifier: ISC */
/* pinger SERVER IFACE: the least processor time of a keepalive with its path
 * check, for the bench. Two processes, as dtcp-up has: with each SIGUSR1 one has
 * the other say `ping` to the DTCP server and wait for the answer, then sends the
 * two echo requests of the path check into the tunnel and waits for an answer. */
#include <arpa/inet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"
#include "wire.h"

static int dial(const char *server)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(20200)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char greeting[WIRE_LINE];

	if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    read(fd, greeting, sizeof greeting) <= 0)
		wire_die(server);
	return fd;
}

static void hold_session(int boss, const char *server)
{
	int fd = dial(server);
	char order, answer[WIRE_LINE];

	while (recv(boss, &order, 1, 0) == 1)
		if (write(fd, "ping\r\n", 6) != 6 || read(fd, answer, sizeof answer) <= 0 ||
		    send(boss, &order, 1, 0) != 1)
			_exit(1);
	_exit(0);
}

int main(int argc, char *argv[])
{
	int pair[2], tunnel, number;
	char order = 0;
	sigset_t set;

	if (argc != 3)
		return 64;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		wire_die("socketpair");
	if (fork() == 0) {
		close(pair[0]);
		hold_session(pair[1], argv[1]);
	}
	close(pair[1]);
	tunnel = echo_open_tunnel(argv[2]);
	puts("ready");
	fflush(stdout);
	while (sigwait(&set, &number) == 0) {
		if (send(pair[0], &order, 1, 0) != 1 || recv(pair[0], &order, 1, 0) != 1)
			wire_die("session");
		echo_far_end(tunnel, if_nametoindex(argv[2]));
	}
	return 1;
}
