/* SPDX-License-Identifier: ISC */
/* redial LINK ADDRESS SOURCE6 TARGET6: gives LINK the address ADDRESS/24 and
 * prints the microseconds from then to the first answer to an echo from
 * SOURCE6 to TARGET6 (echo.h). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"
#include "wire.h"

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

int main(int argc, char *argv[])
{
	long long begin;
	int fd;

	if (argc != 5)
		return 64;
	fd = echo_open(argv[3]);
	begin = echo_clock();
	set_address(argv[1], argv[2]);
	printf("%lld\n", echo_answered(fd, argv[4], begin));
	return 0;
}
