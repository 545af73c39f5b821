/* SPDX-License-Identifier: ISC */
/* server ADDRESS [IFACE]: a DTCP server for the bench, which takes as little
 * time as it can, so that what is measured is the client. One process, no log.
 * User `foo` gets 2001:db8:c0de::/48, user `uN` gets 2001:db8:(1000+N)::/48,
 * the password is `bar`. With IFACE it points that sit tunnel at the client
 * with each login, as a real server makes one for it. */
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_tunnel.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { CLIENTS = 512 };

static struct client {
	char challenge[WIRE_HEX];
	char line[WIRE_LINE];
	size_t len;
} clients[CLIENTS];
static struct pollfd polled[CLIENTS];
static struct pollfd *const listener = &polled[0]; /* its client stays unused */
static int used = 1; /* none beyond was ever in use */
static const char *iface;

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return; /* the client is gone, which poll() will tell */
}

static void hang_up(int i)
{
	close(polled[i].fd);
	polled[i].fd = -1;
}

static void point_at(struct in_addr client, struct in_addr server)
{
	struct ip_tunnel_parm p = {.iph = {.version = 4, .ihl = 5, .protocol = IPPROTO_IPV6}};
	struct ifreq r = {.ifr_data = (void *)&p};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(p.name, sizeof p.name, "%s", iface);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", iface);
	p.iph.saddr = server.s_addr;
	p.iph.daddr = client.s_addr;
	p.iph.ttl = 64;
	if (fd < 0 || ioctl(fd, SIOCCHGTUNNEL, &r) < 0)
		wire_die(iface);
	close(fd);
}

static void log_in(int i, const char *user, const char *response)
{
	struct sockaddr_in peer, own;
	socklen_t len = sizeof peer, own_len = sizeof own;
	char hex[WIRE_HEX], a[64], b[64], text[WIRE_LINE];
	unsigned prefix = user[0] == 'u' ? 0x1000 + (unsigned)atoi(user + 1) : 0xc0de;

	wire_response(user, clients[i].challenge, "bar", hex);
	if (strcasecmp(hex, response) != 0) {
		say(polled[i].fd, "-ERR authentication failed.\r\n");
		return;
	}
	if (getpeername(polled[i].fd, (struct sockaddr *)&peer, &len) < 0 ||
	    getsockname(polled[i].fd, (struct sockaddr *)&own, &own_len) < 0) {
		hang_up(i);
		return;
	}
	if (iface)
		point_at(peer.sin_addr, own.sin_addr);
	inet_ntop(AF_INET, &peer.sin_addr, a, sizeof a);
	inet_ntop(AF_INET, &own.sin_addr, b, sizeof b);
	snprintf(text, sizeof text, "+OK %s %s 2001:db8:%x::/48\r\n", a, b, prefix);
	say(polled[i].fd, text);
}

static void obey(int i, const char *line)
{
	char user[64], response[64], type[16];

	if (sscanf(line, "tunnel %63s %63s %15s", user, response, type) == 3) {
		log_in(i, user, response);
	} else if (strncmp(line, "ping", 4) == 0) {
		say(polled[i].fd, "+OK pong\r\n");
	} else if (strncmp(line, "quit", 4) == 0) {
		say(polled[i].fd, "+OK tunnel server quitting\r\n");
		hang_up(i);
	} else {
		say(polled[i].fd, "-ERR invalid command\r\n");
	}
}

static void hear(int i)
{
	struct client *c = &clients[i];
	ssize_t n = read(polled[i].fd, c->line + c->len, sizeof c->line - 1 - c->len);
	char *end;

	if (n <= 0) {
		hang_up(i);
		return;
	}
	c->len += (size_t)n;
	c->line[c->len] = '\0';
	end = strchr(c->line, '\n');
	if (!end)
		return;
	c->len = 0; /* clients wait for an answer before they go on */
	obey(i, c->line);
}

static void welcome(void)
{
	int one = 1, fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	char text[WIRE_LINE];

	for (int i = 1; fd >= 0 && i < CLIENTS; i++) {
		if (polled[i].fd >= 0)
			continue;
		used = i < used ? used : i + 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		polled[i].fd = fd;
		clients[i].len = 0;
		for (int n = 0; n < 4; n++)
			sprintf(clients[i].challenge + 8 * n, "%08x", (unsigned)random());
		snprintf(text, sizeof text, "+OK %s server of the bench\r\n", clients[i].challenge);
		say(fd, text);
		return;
	}
	if (fd >= 0)
		close(fd);
}

int main(int argc, char *argv[])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(20200)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc < 2 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1)
		return 64;
	iface = argc > 2 ? argv[2] : NULL;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, CLIENTS) < 0)
		wire_die("listen");
	for (int i = 0; i < CLIENTS; i++)
		polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	listener->fd = fd;
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(polled, (nfds_t)used, -1) < 0)
			wire_die("poll");
		for (int i = 1; i < used; i++)
			if (polled[i].fd >= 0 && polled[i].revents)
				hear(i);
		if (listener->revents)
			welcome();
	}
}
