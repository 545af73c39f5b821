/* SPDX-License-Identifier: ISC */
#include "link.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"
#include "text.h"

/* By netlink, not by ioctl(2): that one has the kernel start modprobe(8) for a
 * name that is not there, which takes longer than all else here together. */

bool link_global(struct in_addr a)
{
	uint32_t h = ntohl(a.s_addr);

	return h >> 24 != 127 && h >> 24 != 0 && h >> 16 != 0xa9fe;
}

/* What the kernel says of one interface. */
struct link {
	unsigned index; /* 0: there is none */
	bool unknown;   /* whether there is one */
	unsigned type, mtu;
	char name[IF_NAMESIZE];
};

static void take_link(void *arg, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	struct link *l = arg;
	const struct rtattr *a;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return;
	l->index = (unsigned)info->ifi_index;
	l->type = info->ifi_type;
	a = netlink_attr(h, sizeof *info, IFLA_MTU, sizeof l->mtu);
	if (a)
		memcpy(&l->mtu, RTA_DATA(a), sizeof l->mtu);
	a = netlink_attr(h, sizeof *info, IFLA_IFNAME, 1);
	if (a)
		snprintf(l->name, sizeof l->name, "%.*s", (int)RTA_PAYLOAD(a),
			 (const char *)RTA_DATA(a));
}

/* Asks for an interface by name, or by index where name is "". */
static struct link ask_link(const char *name, unsigned index)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
		struct rtattr a;
		char name[IF_NAMESIZE];
	} ask;
	struct link l = {0};
	int error;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETLINK;
	ask.h.nlmsg_len = index ? NLMSG_LENGTH(sizeof ask.m) : sizeof ask;
	ask.m.ifi_index = (int)index;
	ask.a = (struct rtattr){RTA_LENGTH(sizeof ask.name), IFLA_IFNAME};
	snprintf(ask.name, sizeof ask.name, "%s", name);
	error = netlink_ask(&ask.h, take_link, &l);
	l.unknown = error && error != ENODEV;
	return l;
}

/* What is looked for among all addresses, and what was found. */
struct search {
	unsigned index; /* on this interface; 0: on any */
	struct in_addr address;
	struct in6_addr address6;
	bool found;
	unsigned on;           /* the interface that has the address */
	struct in_addr global; /* the first one of interface index */
};

static bool ask_addresses(unsigned char family, netlink_fn *fn, struct search *s)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
	} ask;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETADDR;
	ask.h.nlmsg_flags = NLM_F_DUMP;
	ask.h.nlmsg_len = sizeof ask;
	ask.m.ifa_family = family;
	return netlink_ask(&ask.h, fn, s) == 0;
}

static bool is_address(const struct nlmsghdr *h)
{
	return h->nlmsg_type == RTM_NEWADDR &&
	       h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg));
}

/* One IPv4 address of a message, 0.0.0.0 where it has none of that kind. */
static struct in_addr ipv4(const struct nlmsghdr *h, unsigned short kind)
{
	struct in_addr a = {0};
	const struct rtattr *attr = netlink_attr(h, sizeof(struct ifaddrmsg), kind, sizeof a);

	if (attr)
		memcpy(&a, RTA_DATA(attr), sizeof a);
	return a;
}

static void take_address(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct search *s = arg;
	struct in_addr a;

	if (!is_address(h) || (s->index && s->index != m->ifa_index))
		return;
	a = ipv4(h, IFA_LOCAL);
	if (a.s_addr && a.s_addr == s->address.s_addr) {
		s->found = true;
		s->on = m->ifa_index;
	}
	if (!s->global.s_addr && link_global(a))
		s->global = a;
}

bool link_address(const char *link, struct in_addr prefer, struct in_addr *out)
{
	struct search s = {.index = ask_link(link, 0).index, .address = prefer};

	if (!s.index || !ask_addresses(AF_INET, take_address, &s) || (!s.found && !s.global.s_addr))
		return false;
	*out = s.found ? prefer : s.global;
	return true;
}

bool link_of(struct in_addr address, char link[IF_NAMESIZE])
{
	struct search s = {.address = address};
	struct link l;

	if (!ask_addresses(AF_INET, take_address, &s) || !s.found)
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

	if (is_address(h) && (ipv4(h, IFA_LOCAL).s_addr == s->address.s_addr ||
			      ipv4(h, IFA_BROADCAST).s_addr == s->address.s_addr ||
			      network_wide(h, s->address)))
		s->found = true;
}

bool link_offer_ok(struct offer *o, enum dtcp_type type, char why[OFFER_WHY_MAX])
{
	struct search s = {.address = o->remote};

	if (o->type != type) {
		snprintf(why, OFFER_WHY_MAX, "the offer is of another type");
		return false;
	}
	if (!offer_check(o, why))
		return false;
	/* Where nothing is known, nothing is allowed. */
	if (ask_addresses(AF_INET, take_ours, &s) && !s.found)
		return true;
	snprintf(why, OFFER_WHY_MAX, "the far end %s is an address of this host",
		 text_ipv4(o->remote));
	return false;
}

static void take_address6(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const struct rtattr *a;
	struct search *s = arg;

	if (!is_address(h) || m->ifa_index != s->index)
		return;
	/* Where there is a peer, IFA_ADDRESS is its. */
	a = netlink_attr(h, sizeof *m, IFA_LOCAL, sizeof s->address6);
	if (!a)
		a = netlink_attr(h, sizeof *m, IFA_ADDRESS, sizeof s->address6);
	if (a && memcmp(RTA_DATA(a), &s->address6, sizeof s->address6) == 0)
		s->found = true;
}

bool link_has_address6(const char *name, const struct in6_addr *a)
{
	struct search s = {.index = ask_link(name, 0).index, .address6 = *a};

	return s.index && ask_addresses(AF_INET6, take_address6, &s) && s.found;
}

unsigned link_mtu(const char *link)
{
	return ask_link(link, 0).mtu;
}

unsigned link_index(const char *name)
{
	return ask_link(name, 0).index;
}

enum link_kind link_kind(const char *name)
{
	struct link l = ask_link(name, 0);

	if (!l.index)
		return l.unknown ? LINK_UNKNOWN : LINK_ABSENT;
	return l.type == ARPHRD_SIT ? LINK_SIT : LINK_OTHER;
}
