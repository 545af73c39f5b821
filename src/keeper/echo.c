/* SPDX-License-Identifier: ISC */
#include "keeper/echo.h"

#include <string.h>

#include "common/prefix.h"

/* An echo is the two headers and SMALL bytes that are the same in each, and where it
 * is to fill the MTU zeros after them. */
enum {
	HEADERS = sizeof(struct ip6_hdr) + sizeof(struct icmp6_hdr),
	SMALL = ECHO_BYTES - HEADERS,
	BIG_MAX = 65535
};
static const unsigned char payload[SMALL] = {'d', 't', 'c', 'p', '-', 'u', 'p', '\n'};

/* The lowest two bits of an echo's sequence number are its kind, the others its number. */
enum { KIND_BITS = 2 };
_Static_assert(ECHO_NUMBERS == 0x10000 >> KIND_BITS, "a number and a kind fill 16 bits");

/* The link-local address that the kernel gives a sit interface (RFC 4213, 3.7). */
static struct in6_addr link_local(const struct tunnel *t)
{
	struct in6_addr a = {.s6_addr = {0xfe, 0x80}};

	memcpy(a.s6_addr + 12, &t->local, 4);
	return a;
}

/* Where an echo of this kind comes from. */
static struct in6_addr source(const struct tunnel *t, enum echo_kind kind)
{
	struct in6_addr a;

	if (kind != ECHO_LOCAL && t->type == DTCP_HOST)
		return t->near6;
	if (kind != ECHO_LOCAL && t->n_prefixes > 0 && prefix_subnet(&t->prefixes[0], 0, &a))
		return a;
	return link_local(t);
}

/* RFC 1071, over 16-bit words in network byte order. */
static uint32_t add_words(uint32_t sum, const void *data, size_t len)
{
	const unsigned char *b = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	return sum;
}

/* Of the ICMPv6 message, with the pseudo-header of RFC 8200, 8.1. The zeros of a
 * big echo add nothing. */
static uint16_t checksum(const struct ip6_hdr *ip, const struct icmp6_hdr *icmp)
{
	uint32_t sum = ntohs(ip->ip6_plen) + IPPROTO_ICMPV6;

	sum = add_words(sum, &ip->ip6_src, sizeof ip->ip6_src);
	sum = add_words(sum, &ip->ip6_dst, sizeof ip->ip6_dst);
	sum = add_words(sum, icmp, sizeof *icmp);
	sum = add_words(sum, payload, sizeof payload);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Bytes after the IPv6 header. */
static size_t length(const struct tunnel *t, enum echo_kind kind)
{
	size_t mtu = t->mtu;

	if (kind == ECHO_BIG && mtu > ECHO_BYTES)
		return mtu - sizeof(struct ip6_hdr);
	return sizeof(struct icmp6_hdr) + SMALL;
}

void echo_make(struct echo *e, const struct tunnel *t, enum echo_kind kind, uint16_t id,
	       uint16_t number, enum echo_to to)
{
	static unsigned char zero[BIG_MAX];
	size_t len = length(t, kind);

	e->ip = (struct ip6_hdr){
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = 255,
		.ip6_src = source(t, kind),
		.ip6_dst.s6_addr = {0xff, 2, [15] = (unsigned char)to},
	};
	e->icmp = (struct icmp6_hdr){.icmp6_type = ICMP6_ECHO_REQUEST};
	e->icmp.icmp6_id = id;
	e->icmp.icmp6_seq = htons((uint16_t)((unsigned)number << KIND_BITS | kind));
	e->icmp.icmp6_cksum = checksum(&e->ip, &e->icmp);
	e->iov[0] = (struct iovec){&e->ip, sizeof e->ip};
	e->iov[1] = (struct iovec){&e->icmp, sizeof e->icmp};
	e->iov[2] = (struct iovec){(void *)(uintptr_t)payload, SMALL};
	e->iov[3] = (struct iovec){zero, len - sizeof e->icmp - SMALL};
}

bool echo_is_answer(const unsigned char *packet, size_t len, const struct tunnel *t, uint16_t id,
		    enum echo_kind *kind, uint16_t *number)
{
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct in6_addr ours;
	uint16_t seq;

	if (len < ECHO_BYTES)
		return false;
	memcpy(&ip, packet, sizeof ip);
	memcpy(&icmp, packet + sizeof ip, sizeof icmp);
	seq = ntohs(icmp.icmp6_seq);
	*kind = (enum echo_kind)(seq & ((1 << KIND_BITS) - 1));
	*number = seq >> KIND_BITS;
	if (*kind > ECHO_LOCAL)
		return false;
	ours = source(t, *kind);
	return ip.ip6_vfc >> 4 == 6 && ip.ip6_nxt == IPPROTO_ICMPV6 &&
	       ntohs(ip.ip6_plen) == length(t, *kind) && len == sizeof ip + ntohs(ip.ip6_plen) &&
	       memcmp(&ip.ip6_dst, &ours, sizeof ours) == 0 &&
	       icmp.icmp6_type == ICMP6_ECHO_REPLY && icmp.icmp6_code == 0 && icmp.icmp6_id == id &&
	       memcmp(packet + HEADERS, payload, SMALL) == 0;
}
