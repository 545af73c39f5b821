/* SPDX-License-Identifier: ISC */
#include "kernel/interface.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lists.h"
#include "kernel/netlink.h"

/* By netlink, not by ioctl(2): that one has the kernel start modprobe(8) for a
 * name that is not there, which takes longer than all else here together. */

bool interface_global(struct in_addr a)
{
	uint32_t h = ntohl(a.s_addr);

	return h >> 24 != 127 && h >> 24 != 0 && h >> 16 != 0xa9fe;
}

static void take_link(void *arg, const struct nlmsghdr *h)
{
	netlink_link(h, arg);
}

/* Asks for an interface by name, or by index where name is "". Its index is 0 where there
 * is none. */
static struct netlink_link ask_link(const char *name, unsigned index)
{
	struct netlink_link l = {0};

	lists_link(-1, name, index, take_link, &l);
	return l;
}

/* What is looked for among all addresses, and what was found. */
struct search {
	unsigned index; /* on this interface */
	struct in_addr address;
	struct in6_addr address6;
	bool found;
	unsigned on; /* the interface that has the address */
};

static bool ask_addresses(netlink_fn *fn, struct search *s)
{
	return lists_addresses(-1, AF_INET, 0, fn, s) == 0;
}

static const struct ifaddrmsg *address_of(const struct nlmsghdr *h)
{
	return netlink_body(h, RTM_NEWADDR, sizeof(struct ifaddrmsg));
}

/* One IPv4 address of a message, 0.0.0.0 where it has none of that kind. */
static struct in_addr ipv4(const struct nlmsghdr *h, unsigned short kind)
{
	struct in_addr a = {0};

	netlink_get(&a, sizeof a, netlink_attr(h, sizeof(struct ifaddrmsg), kind, sizeof a));
	return a;
}

static void take_address(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = address_of(h);
	struct search *s = arg;
	struct in_addr a;

	if (!m)
		return;
	a = ipv4(h, IFA_LOCAL);
	if (a.s_addr && a.s_addr == s->address.s_addr) {
		s->found = true;
		s->on = m->ifa_index;
	}
}

bool interface_of(struct in_addr address, char link[IF_NAMESIZE])
{
	struct search s = {.address = address};
	struct netlink_link l;

	if (!ask_addresses(take_address, &s) || !s.found)
		return false;
	l = ask_link("", s.on);
	memcpy(link, l.name, IF_NAMESIZE);
	return l.index != 0;
}

/* The first and the last address of a network go to all of its hosts, whether
 * or not ip(8) was told of a broadcast address. A link to one peer has none. */
static bool network_wide(const struct nlmsghdr *h, struct in_addr a)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct in_addr local = ipv4(h, IFA_LOCAL);
	uint32_t mask = m->ifa_prefixlen ? htonl(~0u << (32 - m->ifa_prefixlen)) : 0;

	if (m->ifa_prefixlen > 30 || ipv4(h, IFA_ADDRESS).s_addr != local.s_addr)
		return false;
	return a.s_addr == (local.s_addr & mask) || a.s_addr == (local.s_addr | ~mask);
}

static void take_ours(void *arg, const struct nlmsghdr *h)
{
	struct search *s = arg;

	if (address_of(h) && (ipv4(h, IFA_LOCAL).s_addr == s->address.s_addr ||
			      ipv4(h, IFA_BROADCAST).s_addr == s->address.s_addr ||
			      network_wide(h, s->address)))
		s->found = true;
}

bool interface_is_ours(struct in_addr a)
{
	struct search s = {.address = a};

	/* If the kernel cannot be asked, the address is taken for ours, so that nothing is
	 * built. */
	return !ask_addresses(take_ours, &s) || s.found;
}

static void take_address6(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = address_of(h);
	const struct rtattr *a;
	struct search *s = arg;

	if (!m || m->ifa_index != s->index)
		return;
	/* Where there is a peer, IFA_ADDRESS is its. */
	a = netlink_attr(h, sizeof *m, IFA_LOCAL, sizeof s->address6);
	if (!a)
		a = netlink_attr(h, sizeof *m, IFA_ADDRESS, sizeof s->address6);
	if (a && memcmp(RTA_DATA(a), &s->address6, sizeof s->address6) == 0)
		s->found = true;
}

static int ask_addresses6(void *arg, int fd)
{
	struct search *s = arg;

	return lists_addresses(fd, AF_INET6, s->index, take_address6, s);
}

/* The kernel gives those of this interface alone, however many there are of others. */
bool interface_has_address6(unsigned index, const struct in6_addr *a)
{
	struct search s = {.index = index, .address6 = *a};
	int error = netlink_once(ask_addresses6, &s);

	if (error)
		netlink_complain(error);
	return !error && s.found;
}

bool interface_is_sit(const char *name)
{
	return ask_link(name, 0).type == ARPHRD_SIT;
}

struct tunnel_link interface_link(const char *name)
{
	struct tunnel_link link;
	struct netlink_link l = ask_link(name, 0);

	memset(&link, 0, sizeof link);
	link.mtu = l.mtu;
	/* An address may be on lo, but nothing leaves by it. */
	if (l.type == ARPHRD_LOOPBACK)
		return link;
	snprintf(link.name, sizeof link.name, "%s", name);
	link.index = l.index;
	return link;
}

unsigned interface_index(const char *name)
{
	return ask_link(name, 0).index;
}

unsigned interface_mtu(unsigned index)
{
	return ask_link("", index).mtu;
}

bool interface_has_neighbours(unsigned index)
{
	struct netlink_link l = ask_link("", index);

	return l.index && !(l.flags & (IFF_POINTOPOINT | IFF_NOARP | IFF_LOOPBACK));
}
