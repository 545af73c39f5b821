/* SPDX-License-Identifier: ISC */
#include "echo.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { EVERY_US = 2000, LIMIT_US = 10000000 };

long long echo_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* A raw socket that has answers alone. */
static int open_raw(const char *what)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	struct icmp6_filter only;

	ICMP6_FILTER_SETBLOCKALL(&only);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only);
	if (fd < 0 || setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof only) < 0)
		wire_die(what);
	return fd;
}

int echo_open(const char *source)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	int fd = open_raw("raw socket");

	if (source && (inet_pton(AF_INET6, source, &from.sin6_addr) != 1 ||
		       bind(fd, (struct sockaddr *)&from, sizeof from) < 0))
		wire_die(source);
	return fd;
}

int echo_open_tunnel(const char *name)
{
	int off = 0, fd = open_raw(name);

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1) < 0)
		wire_die(name);
	return fd;
}

/* Other people's answers have another identifier. */
static int is_answered(int fd, uint16_t id)
{
	struct icmp6_hdr h;
	ssize_t n;

	while ((n = recv(fd, &h, sizeof h, MSG_DONTWAIT)) >= 0)
		if (n == (ssize_t)sizeof h && h.icmp6_id == id)
			return 1;
	return 0;
}

long long echo_answered(int fd, const char *target, long long begin)
{
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REQUEST};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	long long first = echo_clock(), next = first;

	if (inet_pton(AF_INET6, target, &to.sin6_addr) != 1)
		wire_die(target);
	h.icmp6_id = htons((uint16_t)getpid());
	while (echo_clock() - first < LIMIT_US) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct timespec wait;
		long long left = next - echo_clock();

		if (left <= 0) {
			/* Refused until there is a route, which is no error here. */
			if (sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to) < 0)
				h.icmp6_seq = 0;
			next += EVERY_US;
			left = 0;
		}
		wait = (struct timespec){0, (long)left * 1000};
		if (ppoll(&p, 1, &wait, NULL) > 0 && is_answered(fd, h.icmp6_id))
			return echo_clock() - begin;
	}
	fprintf(stderr, "no answer from %s within 10 s\n", target);
	exit(1);
}

/* A second answer is not of interest. */
void echo_far_end(int fd, unsigned index)
{
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REQUEST};
	char answer[sizeof h];

	for (unsigned char group = 2; group > 0; group--) {
		struct sockaddr_in6 to = {.sin6_family = AF_INET6,
					  .sin6_scope_id = index,
					  .sin6_addr.s6_addr = {0xff, 2, [15] = group}};

		if (sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to) < 0)
			wire_die("sendto");
	}
	if (recv(fd, answer, sizeof answer, 0) < 0)
		wire_die("recv");
}
