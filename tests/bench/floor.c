/* SPDX-License-Identifier: ISC */
/* The least time that any client could take, for the bench.
 *
 *   floor SERVER LOCAL           brings dtcp0 up
 *   floor -w LINK SERVER OLD     waits for a new address on LINK, then moves dtcp0
 *
 * It includes: loading libcrypto, connecting from LOCAL, reading the greeting,
 * the MD5 by EVP, `tunnel foo RESPONSE network`, reading the answer, and one
 * `ip -batch -` with the same lines that dtcp-up feeds it, at once and through
 * a pipe, waited for. With -w: hearing of the address by netlink, and the lines
 * of a move. It includes none of: an account file, messages, a state file,
 * privileges to drop, a process that stays, settings under /proc/sys, or any
 * check of what the server says. */

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire.h"

/* The number that marks dtcp-up's routes, src/tunnel.h. */
#define PROTO "202"

static int dial(const char *server, struct in_addr local)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(20200)};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = local};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof from) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		wire_die("connect");
	return fd;
}

static void read_line(int fd, char line[WIRE_LINE])
{
	size_t len = 0;

	while (len == 0 || line[len - 1] != '\n') {
		ssize_t n = read(fd, line + len, WIRE_LINE - 1 - len);

		if (n <= 0)
			wire_die("read");
		len += (size_t)n;
	}
	line[len] = '\0';
}

/* Logs in; the ends and the prefix. */
static void log_in(int fd, char remote[64], char prefix[64])
{
	char line[WIRE_LINE], challenge[WIRE_LINE], hex[WIRE_HEX], command[WIRE_LINE], seen[64];
	int n;

	read_line(fd, line);
	if (sscanf(line, "+OK %s", challenge) != 1)
		wire_die(line);
	wire_response("foo", challenge, "bar", hex);
	n = snprintf(command, sizeof command, "tunnel foo %s network\r\n", hex);
	if (write(fd, command, (size_t)n) != n)
		wire_die("write");
	read_line(fd, line);
	if (sscanf(line, "+OK %63s %63s %63s", seen, remote, prefix) != 3)
		wire_die(line);
}

static void run_ip(const char *lines)
{
	char *argv[] = {(char[]){"ip"}, (char[]){"-batch"}, (char[]){"-"}, NULL}, *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	int in[2], status = -1;
	pid_t pid;

	if (pipe(in) < 0 || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, in[0], 0) ||
	    posix_spawn_file_actions_addclose(&actions, in[1]) ||
	    posix_spawn(&pid, "/sbin/ip", &actions, NULL, argv, env))
		wire_die("ip");
	if (write(in[1], lines, strlen(lines)) < 0)
		wire_die("write to ip");
	close(in[1]);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		exit(1);
}

static void build(const char *remote, const char *local, const char *prefix)
{
	char lines[2048];
	int base = (int)(strchr(prefix, '/') - prefix);

	snprintf(lines, sizeof lines,
		 "tunnel add name dtcp0 mode sit remote %s local %s ttl 64\n"
		 "link set dev dtcp0 mtu 1480 up\n"
		 "addr add %.*s1/128 dev dtcp0\n"
		 "route add unreachable %s proto " PROTO "\n"
		 "route add ::/0 from %s dev dtcp0 proto " PROTO "\n"
		 "route add unreachable ::/0 from %s metric 4294967295 proto " PROTO "\n"
		 "route add ::/0 dev dtcp0 metric 4096 proto " PROTO "\n",
		 remote, local, base, prefix, prefix, prefix, prefix);
	run_ip(lines);
}

static void link_local(const char *address, char out[64])
{
	struct in6_addr a = {.s6_addr = {0xfe, 0x80}};

	inet_pton(AF_INET, address, a.s6_addr + 12);
	inet_ntop(AF_INET6, &a, out, 64);
}

static void move(const char *remote, const char *local, const char *old, const char *prefix)
{
	char lines[2048], now[64], before[64];

	link_local(local, now);
	link_local(old, before);
	snprintf(lines, sizeof lines,
		 "tunnel change name dtcp0 mode sit remote %s local %s ttl 64\n"
		 "addr replace %s/64 dev dtcp0\n"
		 "addr del %s/64 dev dtcp0\n"
		 "route add ::/0 from %s dev dtcp0 proto " PROTO "\n"
		 "route add ::/0 dev dtcp0 metric 4096 proto " PROTO "\n",
		 remote, local, now, before, prefix);
	run_ip(lines);
}

/* The next address that link gets. */
static struct in_addr next_address(const char *link)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	union {
		struct nlmsghdr h;
		char bytes[4096];
	} buf;

	if (fd < 0 || bind(fd, (struct sockaddr *)&nl, sizeof nl) < 0)
		wire_die("netlink");
	puts("waiting");
	fflush(stdout);
	for (;;) {
		ssize_t n = recv(fd, &buf, sizeof buf, 0);
		const struct ifaddrmsg *m = NLMSG_DATA(&buf.h);
		size_t left = buf.h.nlmsg_len - NLMSG_LENGTH(sizeof *m);

		if (n < 0)
			wire_die("recv");
		if (buf.h.nlmsg_type != RTM_NEWADDR || m->ifa_index != if_nametoindex(link))
			continue;
		for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
			struct in_addr found;

			if (a->rta_type != IFA_LOCAL)
				continue;
			memcpy(&found, RTA_DATA(a), sizeof found);
			return found;
		}
	}
}

int main(int argc, char *argv[])
{
	char remote[64], prefix[64], local[64];
	struct in_addr near;

	if (argc == 5 && strcmp(argv[1], "-w") == 0) {
		near = next_address(argv[2]);
		log_in(dial(argv[3], near), remote, prefix);
		move(remote, inet_ntop(AF_INET, &near, local, sizeof local), argv[4], prefix);
	} else if (argc == 3 && inet_pton(AF_INET, argv[2], &near) == 1) {
		log_in(dial(argv[1], near), remote, prefix);
		build(remote, argv[2], prefix);
	} else {
		fprintf(stderr, "usage: floor SERVER LOCAL | floor -w LINK SERVER OLD\n");
		return 64;
	}
	return 0;
}
