/* SPDX-License-Identifier: ISC */
/* forger ADDRESS CLIENTS COUNT: sends COUNT packets as the clients of crowd.c, in turn,
 * would through their tunnels to ADDRESS, but with a source that is none of theirs.
 * Prints the nanoseconds for one. What sends and what receives run on one processor, and
 * a packet has been dealt with when sending it returns, or a little later. */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "wire.h"

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char *argv[])
{
	struct {
		struct iphdr outer;
		struct ip6_hdr inner;
		char data[8];
	} packet;
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	long clients = argc == 4 ? atol(argv[2]) : 0, count = argc == 4 ? atol(argv[3]) : 0;
	long long begin;

	if (clients < 1 || count < 1 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 64;
	memset(&packet, 0, sizeof packet);
	packet.outer = (struct iphdr){.version = 4,
				      .ihl = 5,
				      .ttl = 64,
				      .protocol = IPPROTO_IPV6,
				      .tot_len = htons(sizeof packet),
				      .daddr = to.sin_addr.s_addr};
	packet.inner.ip6_flow = htonl(6u << 28);
	packet.inner.ip6_plen = htons(sizeof packet.data);
	packet.inner.ip6_nxt = IPPROTO_NONE;
	packet.inner.ip6_hlim = 64;
	inet_pton(AF_INET6, "2001:db8:bad::1", &packet.inner.ip6_src);
	inet_pton(AF_INET6, "2001:db8:6::2", &packet.inner.ip6_dst);
	if (fd < 0)
		wire_die("raw socket");
	begin = now_ns();
	for (long n = 0; n < count; n++) {
		packet.outer.saddr = address_of((unsigned)(n % clients) + 1);
		if (sendto(fd, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) < 0)
			wire_die("sendto");
	}
	printf("%lld\n", (now_ns() - begin) / count);
	return 0;
}
