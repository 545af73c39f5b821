/* SPDX-License-Identifier: ISC */
/* The least time that any client could take, for the bench.
 *
 *   floor SERVER LOCAL           brings dtcp0 up
 *   floor -w LINK SERVER OLD     waits for a new address on LINK, then moves dtcp0
 *   roles -r SERVER LOCAL        brings dtcp0 up with the roles that dtcp-up has:
 *                                a command, a keeper, a session without privileges,
 *                                a process for the digest that loads libcrypto
 *   roles -W LINK SERVER OLD     moves dtcp0 as a keeper, with the two others
 *
 * It includes: loading libcrypto, connecting from LOCAL, reading the greeting,
 * the MD5 by EVP, `tunnel foo RESPONSE network`, reading the answer, and one
 * `ip -batch -` with the same lines that dtcp-up feeds it, at once and through
 * a pipe, waited for. With -w: hearing of the address by netlink, and the lines
 * of a move. It includes none of: an account file, messages, a state file,
 * privileges to drop, a process that stays, settings under /proc/sys, or any
 * check of what the server says. */

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire.h"

/* The number that marks dtcp-up's routes, src/common/tunnel.h. */
#define PROTO "202"

static int dial(const char *server, struct in_addr local)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(20200)};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = local};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1)
		wire_die("connect");
	/* The kernel tells of an address a moment before it can be used. */
	while (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
		if (errno != EADDRNOTAVAIL || usleep(500) < 0)
			wire_die("bind");
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
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

/* The response, from the process behind fd where that is one. */
static void respond(int helper, const char *challenge, char hex[WIRE_HEX])
{
	if (helper < 0)
		wire_response("foo", challenge, "bar", hex);
	else if (send(helper, challenge, strlen(challenge) + 1, 0) < 0 ||
		 recv(helper, hex, WIRE_HEX, 0) != WIRE_HEX)
		wire_die("helper");
}

/* Logs in; the ends and the prefix. */
static void log_in(int fd, int helper, char remote[64], char prefix[64])
{
	char line[WIRE_LINE], challenge[WIRE_LINE], hex[WIRE_HEX], command[WIRE_LINE], seen[64];
	int n;

	read_line(fd, line);
	if (sscanf(line, "+OK %s", challenge) != 1)
		wire_die(line);
	respond(helper, challenge, hex);
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

/* A child, joined by a socket pair: its end in *fd, for both. */
static pid_t start(int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		wire_die("fork");
	*fd = pair[pid == 0];
	close(pair[pid != 0]);
	return pid;
}

static void drop_privileges(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0)
		wire_die("privileges");
}

static void help(int fd)
{
	char challenge[WIRE_LINE], hex[WIRE_HEX] = "";

	if (recv(fd, challenge, sizeof challenge, 0) <= 0)
		_exit(1);
	wire_response("foo", challenge, "bar", hex);
	if (send(fd, hex, sizeof hex, 0) < 0)
		_exit(1);
	_exit(0);
}

static void hold_session(int fd, const char *server, struct in_addr near)
{
	char found[2][64];
	int helper, connection;

	drop_privileges();
	if (start(&helper) == 0)
		help(helper);
	connection = dial(server, near);
	log_in(connection, helper, found[0], found[1]);
	if (send(fd, found, sizeof found, 0) < 0)
		_exit(1);
	_exit(0);
}

/* log_in() by a session of its own. */
static void have_session(const char *server, struct in_addr near, char remote[64], char prefix[64])
{
	char found[2][64];
	int session;

	if (start(&session) == 0)
		hold_session(session, server, near);
	if (recv(session, found, sizeof found, 0) != sizeof found)
		_exit(1);
	memcpy(remote, found[0], sizeof found[0]);
	memcpy(prefix, found[1], sizeof found[1]);
}

static int with_roles(const char *server, const char *local, struct in_addr near)
{
	char remote[64], prefix[64], done = 0;
	int keeper;

	if (start(&keeper) > 0)
		return recv(keeper, &done, 1, 0) == 1 ? 0 : 1;
	setsid();
	have_session(server, near, remote, prefix);
	build(remote, local, prefix);
	if (send(keeper, &done, 1, 0) < 0)
		_exit(1);
	_exit(0);
}

int main(int argc, char *argv[])
{
	char remote[64], prefix[64], local[64];
	struct in_addr near;

	if (argc == 4 && strcmp(argv[1], "-r") == 0 && inet_pton(AF_INET, argv[3], &near) == 1)
		return with_roles(argv[2], argv[3], near);
	if (argc == 5 && strcasecmp(argv[1], "-w") == 0) {
		near = next_address(argv[2]);
		if (argv[1][1] == 'W')
			have_session(argv[3], near, remote, prefix);
		else
			log_in(dial(argv[3], near), -1, remote, prefix);
		move(remote, inet_ntop(AF_INET, &near, local, sizeof local), argv[4], prefix);
	} else if (argc == 3 && inet_pton(AF_INET, argv[2], &near) == 1) {
		log_in(dial(argv[1], near), -1, remote, prefix);
		build(remote, argv[2], prefix);
	} else {
		fprintf(stderr, "usage: floor SERVER LOCAL | floor -w LINK SERVER OLD | "
				"roles -r SERVER LOCAL | roles -W LINK SERVER OLD\n");
		return 64;
	}
	return 0;
}
