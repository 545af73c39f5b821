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
 *   floor -p ..., roles -p ...   the same with the path first: `ip` is started when the
 *                                server was asked, and has its last lines, the routes
 *                                into the tunnel, when the far end has answered an echo
 *                                request
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
#include <fcntl.h>
#include <grp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "echo.h"
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

/* Hears the greeting and asks for the tunnel. */
static void ask(int fd, int helper)
{
	char line[WIRE_LINE], challenge[WIRE_LINE], hex[WIRE_HEX], command[WIRE_LINE];
	int n;

	read_line(fd, line);
	if (sscanf(line, "+OK %s", challenge) != 1)
		wire_die(line);
	respond(helper, challenge, hex);
	n = snprintf(command, sizeof command, "tunnel foo %s network\r\n", hex);
	if (write(fd, command, (size_t)n) != n)
		wire_die("write");
}

/* What the server offers: the far end and the prefix. */
struct offer {
	char remote[64], prefix[64];
};

static void hear(int fd, struct offer *o)
{
	char line[WIRE_LINE], seen[64];

	read_line(fd, line);
	if (sscanf(line, "+OK %63s %63s %63s", seen, o->remote, o->prefix) != 3)
		wire_die(line);
}

/* ip(8), which takes lines; out: what it prints, -1 where nobody reads that. */
struct ip {
	pid_t pid;
	int in, out;
};

static void make_pipe(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) < 0)
		wire_die("pipe");
}

static struct ip start_ip(bool heard)
{
	char *argv[] = {(char[]){"ip"}, (char[]){"-batch"}, (char[]){"-"}, NULL}, *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2] = {-1, -1};
	struct ip ip;

	make_pipe(in);
	if (heard)
		make_pipe(out);
	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, in[0], 0) ||
	    (heard && posix_spawn_file_actions_adddup2(&actions, out[1], 1)) ||
	    posix_spawn(&ip.pid, "/sbin/ip", &actions, NULL, argv, env))
		wire_die("ip");
	close(in[0]);
	if (heard)
		close(out[1]);
	ip.in = in[1];
	ip.out = out[0];
	return ip;
}

static void feed(const struct ip *ip, const char *lines)
{
	if (write(ip->in, lines, strlen(lines)) < 0)
		wire_die("write to ip");
}

static void end_ip(const struct ip *ip)
{
	int status = -1;

	close(ip->in);
	if (waitpid(ip->pid, &status, 0) < 0 || status != 0)
		exit(1);
}

/* How a program is to go about it. */
struct way {
	bool path_first;
	struct ip ip; /* with path_first it waits since the server was asked */
};

static void server_was_asked(struct way *w)
{
	if (w->path_first)
		w->ip = start_ip(true);
}

/* It has done its lines, and the far end answers. */
static void wait_for_path(const struct ip *ip)
{
	char shown[WIRE_LINE];

	/* It has done the others when it does this one. */
	feed(ip, "link show dev dtcp0\n");
	if (read(ip->out, shown, sizeof shown) <= 0)
		wire_die("read from ip");
	echo_far_end(echo_open_tunnel("dtcp0"), if_nametoindex("dtcp0"));
}

/* Has ip(8) make the tunnel, and set the routes into it: at once, or with the path first. */
static void have_made(struct way *w, const char *tunnel, const char *routes)
{
	if (!w->path_first)
		w->ip = start_ip(false);
	feed(&w->ip, tunnel);
	if (w->path_first)
		wait_for_path(&w->ip);
	feed(&w->ip, routes);
	end_ip(&w->ip);
}

static void build(struct way *w, const struct offer *o, const char *local)
{
	char tunnel[1024], routes[512];
	int base = (int)(strchr(o->prefix, '/') - o->prefix);

	snprintf(tunnel, sizeof tunnel,
		 "tunnel add name dtcp0 mode sit remote %s local %s ttl 64\n"
		 "link set dev dtcp0 mtu 1480 up\n"
		 "addr add %.*s1/128 dev dtcp0\n"
		 "route add unreachable %s proto " PROTO "\n"
		 "route add unreachable ::/0 from %s metric 4294967295 proto " PROTO "\n",
		 o->remote, local, base, o->prefix, o->prefix, o->prefix);
	snprintf(routes, sizeof routes,
		 "route add ::/0 from %s dev dtcp0 proto " PROTO "\n"
		 "route add ::/0 dev dtcp0 metric 4096 proto " PROTO "\n",
		 o->prefix);
	have_made(w, tunnel, routes);
}

static void link_local(const char *address, char out[64])
{
	struct in6_addr a = {.s6_addr = {0xfe, 0x80}};

	inet_pton(AF_INET, address, a.s6_addr + 12);
	inet_ntop(AF_INET6, &a, out, 64);
}

static void move(struct way *w, const struct offer *o, const char *local, const char *old)
{
	char tunnel[1024], routes[512], now[64], before[64];

	link_local(local, now);
	link_local(old, before);
	snprintf(tunnel, sizeof tunnel,
		 "tunnel change name dtcp0 mode sit remote %s local %s ttl 64\n"
		 "addr replace %s/64 dev dtcp0\n"
		 "addr del %s/64 dev dtcp0\n",
		 o->remote, local, now, before);
	snprintf(routes, sizeof routes,
		 "route add ::/0 from %s dev dtcp0 proto " PROTO "\n"
		 "route add ::/0 dev dtcp0 metric 4096 proto " PROTO "\n",
		 o->prefix);
	have_made(w, tunnel, routes);
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
	struct offer o;
	int helper, connection;

	drop_privileges();
	if (start(&helper) == 0)
		help(helper);
	connection = dial(server, near);
	ask(connection, helper);
	if (send(fd, "", 1, 0) < 0)
		_exit(1);
	hear(connection, &o);
	if (send(fd, &o, sizeof o, 0) < 0)
		_exit(1);
	_exit(0);
}

/* Logs in by a session of its own. */
static void have_session(struct way *w, const char *server, struct in_addr near, struct offer *o)
{
	char asked;
	int session;

	if (start(&session) == 0)
		hold_session(session, server, near);
	if (recv(session, &asked, 1, 0) != 1)
		_exit(1);
	server_was_asked(w);
	if (recv(session, o, sizeof *o, 0) != sizeof *o)
		_exit(1);
}

static void log_in(struct way *w, const char *server, struct in_addr near, struct offer *o)
{
	int fd = dial(server, near);

	ask(fd, -1);
	server_was_asked(w);
	hear(fd, o);
}

static int with_roles(struct way *w, const char *server, const char *local, struct in_addr near)
{
	struct offer o;
	char done = 0;
	int keeper;

	if (start(&keeper) > 0)
		return recv(keeper, &done, 1, 0) == 1 ? 0 : 1;
	setsid();
	have_session(w, server, near, &o);
	build(w, &o, local);
	if (send(keeper, &done, 1, 0) < 0)
		_exit(1);
	_exit(0);
}

int main(int argc, char *argv[])
{
	struct way w = {.path_first = argc > 1 && strcmp(argv[1], "-p") == 0};
	struct in_addr near;
	struct offer o;
	char local[64];

	argc -= w.path_first;
	argv += w.path_first;
	if (argc == 4 && strcmp(argv[1], "-r") == 0 && inet_pton(AF_INET, argv[3], &near) == 1)
		return with_roles(&w, argv[2], argv[3], near);
	if (argc == 5 && strcasecmp(argv[1], "-w") == 0) {
		near = next_address(argv[2]);
		if (argv[1][1] == 'W')
			have_session(&w, argv[3], near, &o);
		else
			log_in(&w, argv[3], near, &o);
		move(&w, &o, inet_ntop(AF_INET, &near, local, sizeof local), argv[4]);
	} else if (argc == 3 && inet_pton(AF_INET, argv[2], &near) == 1) {
		log_in(&w, argv[1], near, &o);
		build(&w, &o, argv[2]);
	} else {
		fprintf(stderr, "usage: floor [-p] SERVER LOCAL | floor [-p] -w LINK SERVER OLD | "
				"roles [-p] -r SERVER LOCAL | roles [-p] -W LINK SERVER OLD\n");
		return 64;
	}
	return 0;
}
