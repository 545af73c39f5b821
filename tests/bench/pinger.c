/* SPDX-License-Identifier: ISC */
/* pinger SERVER IFACE: the least processor time of a keepalive with its path
 * check, for the bench. Two processes, as dtcp-up has: with each SIGUSR1 one has
 * the other say `ping` to the DTCP server and wait for the answer, then sends the
 * two echo requests of the path check into the tunnel and waits for an answer. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int open_tunnel(const char *name)
{
	struct icmp6_filter only;
	int off = 0, fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

	ICMP6_FILTER_SETBLOCKALL(&only);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only);
	if (fd < 0 || setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof only) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1) < 0)
		wire_die(name);
	return fd;
}

/* To all routers and all nodes; a second answer is not of interest. */
static void echo(int tunnel, unsigned index)
{
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REQUEST};
	char answer[sizeof h];

	for (unsigned char group = 2; group > 0; group--) {
		struct sockaddr_in6 to = {.sin6_family = AF_INET6,
					  .sin6_scope_id = index,
					  .sin6_addr.s6_addr = {0xff, 2, [15] = group}};

		if (sendto(tunnel, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to) < 0)
			wire_die("sendto");
	}
	if (recv(tunnel, answer, sizeof answer, 0) < 0)
		wire_die("recv");
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
	tunnel = open_tunnel(argv[2]);
	puts("ready");
	fflush(stdout);
	while (sigwait(&set, &number) == 0) {
		if (send(pair[0], &order, 1, 0) != 1 || recv(pair[0], &order, 1, 0) != 1)
			wire_die("session");
		echo(tunnel, if_nametoindex(argv[2]));
	}
	return 1;
}
