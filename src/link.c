/* SPDX-License-Identifier: ISC */
#include "link.h"

#include <ifaddrs.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

bool link_global(struct in_addr a)
{
	uint32_t h = ntohl(a.s_addr);

	return h >> 24 != 127 && h >> 24 != 0 && h >> 16 != 0xa9fe;
}

/* The IPv4 address in a sockaddr, 0.0.0.0 for others and for none. */
static struct in_addr ipv4(const struct sockaddr *sa)
{
	struct sockaddr_in sin;

	memset(&sin, 0, sizeof sin);
	if (sa && sa->sa_family == AF_INET)
		memcpy(&sin, sa, sizeof sin);
	return sin.sin_addr;
}

bool link_address(const char *link, struct in_addr prefer, struct in_addr *out)
{
	struct ifaddrs *all, *i;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (i = all; i; i = i->ifa_next) {
		struct in_addr a = ipv4(i->ifa_addr);

		if (!a.s_addr || strcmp(i->ifa_name, link) != 0)
			continue;
		if (a.s_addr == prefer.s_addr || (!found && link_global(a))) {
			*out = a;
			found = true;
		}
		if (a.s_addr == prefer.s_addr)
			break;
	}
	freeifaddrs(all);
	return found;
}

bool link_of(struct in_addr address, char link[IF_NAMESIZE])
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		if (!address.s_addr || ipv4(i->ifa_addr).s_addr != address.s_addr)
			continue;
		snprintf(link, IF_NAMESIZE, "%s", i->ifa_name);
		found = true;
	}
	freeifaddrs(all);
	return found;
}

/* The first and the last address of a network go to all of its hosts, whether
 * or not ip(8) was told of a broadcast address. */
static bool network_wide(const struct ifaddrs *i, struct in_addr a)
{
	uint32_t address = ipv4(i->ifa_addr).s_addr, mask = ipv4(i->ifa_netmask).s_addr;

	if (!address || ntohl(mask) >= 0xfffffffe || !(i->ifa_flags & IFF_BROADCAST))
		return false;
	return a.s_addr == (address & mask) || a.s_addr == (address | ~mask);
}

bool link_is_ours(struct in_addr a)
{
	struct ifaddrs *all;
	bool ours = false;

	if (getifaddrs(&all) < 0)
		return true; /* nothing is known, so nothing is allowed */
	for (struct ifaddrs *i = all; i && !ours; i = i->ifa_next) {
		ours = ipv4(i->ifa_addr).s_addr == a.s_addr || network_wide(i, a);
		if (i->ifa_flags & IFF_BROADCAST)
			ours = ours || ipv4(i->ifa_broadaddr).s_addr == a.s_addr;
	}
	freeifaddrs(all);
	return ours;
}

bool link_has_address6(const char *name, const struct in6_addr *a)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		struct sockaddr_in6 sin6;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET6 ||
		    strcmp(i->ifa_name, name) != 0)
			continue;
		memcpy(&sin6, i->ifa_addr, sizeof sin6);
		found = memcmp(&sin6.sin6_addr, a, sizeof *a) == 0;
	}
	freeifaddrs(all);
	return found;
}

/* The request is a constant in each call, since C libraries disagree on its
 * type. */
static bool ask(const char *name, bool mtu, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	memset(r, 0, sizeof *r);
	snprintf(r->ifr_name, sizeof r->ifr_name, "%s", name);
	ok = (mtu ? ioctl(fd, SIOCGIFMTU, r) : ioctl(fd, SIOCGIFHWADDR, r)) == 0;
	close(fd);
	return ok;
}

unsigned link_mtu(const char *link)
{
	struct ifreq r;

	return ask(link, true, &r) && r.ifr_mtu > 0 ? (unsigned)r.ifr_mtu : 0;
}

enum link_kind link_kind(const char *name)
{
	struct ifreq r;

	if (!ask(name, false, &r))
		return LINK_ABSENT;
	return r.ifr_hwaddr.sa_family == ARPHRD_SIT ? LINK_SIT : LINK_OTHER;
}
