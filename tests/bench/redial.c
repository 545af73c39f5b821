/* SPDX-License-Identifier: ISC */
/* redial LINK ADDRESS SOURCE6 TARGET6: gives LINK the address ADDRESS/24 and
 * prints the microseconds from then to the first answer to an echo from
 * SOURCE6 to TARGET6. Echoes go out each 2 ms; while there is no route they
 * cost next to nothing. Fails after 10 s. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { EVERY_US = 2000, LIMIT_US = 10000000 };

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void add(struct nlmsghdr *h, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* As `ip addr add ADDRESS/24 dev LINK` does, without a program to start. */
static void set_address(const char *link, const char *address)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
		char room[64];
	} ask = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof ask.m), .nlmsg_type = RTM_NEWADDR,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
		.m = {.ifa_family = AF_INET, .ifa_prefixlen = 24,
		      .ifa_index = if_nametoindex(link)},
	};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct in_addr a;

	if (fd < 0 || inet_pton(AF_INET, address, &a) != 1)
		wire_die(address);
	add(&ask.h, IFA_LOCAL, &a, sizeof a);
	add(&ask.h, IFA_ADDRESS, &a, sizeof a);
	if (send(fd, &ask, ask.h.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		wire_die("netlink");
	errno = -answer.e.error;
	if (errno)
		wire_die("RTM_NEWADDR");
	close(fd);
}

static int open_echo(const char *source)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	struct icmp6_filter only;

	ICMP6_FILTER_SETBLOCKALL(&only);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only);
	if (fd < 0 || inet_pton(AF_INET6, source, &from.sin6_addr) != 1 ||
	    setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof only) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
		wire_die(source);
	return fd;
}

/* Other people's answers have another identifier. */
static int answered(int fd, uint16_t id)
{
	struct icmp6_hdr h;
	ssize_t n;

	while ((n = recv(fd, &h, sizeof h, MSG_DONTWAIT)) >= 0)
		if (n == (ssize_t)sizeof h && h.icmp6_id == id)
			return 1;
	return 0;
}

int main(int argc, char *argv[])
{
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REQUEST};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	long long begin, next;
	int fd;

	if (argc != 5 || inet_pton(AF_INET6, argv[4], &to.sin6_addr) != 1)
		return 64;
	fd = open_echo(argv[3]);
	h.icmp6_id = htons((uint16_t)getpid());
	begin = next = now();
	set_address(argv[1], argv[2]);
	while (now() - begin < LIMIT_US) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct timespec wait;
		long long left = next - now();

		if (left <= 0) {
			/* Refused until there is a route, which is no error here. */
			if (sendto(fd, &h, sizeof h, 0, (struct sockaddr *)&to, sizeof to) < 0)
				h.icmp6_seq = 0;
			next += EVERY_US;
			left = 0;
		}
		wait = (struct timespec){0, (long)left * 1000};
		if (ppoll(&p, 1, &wait, NULL) > 0 && answered(fd, h.icmp6_id)) {
			printf("%lld\n", now() - begin);
			return 0;
		}
	}
	fprintf(stderr, "redial: no answer within 10 s\n");
	return 1;
}
