/* SPDX-License-Identifier: ISC */
#include "kernel/watch.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/tunnel.h"
#include "unit.h"

enum { EVENTS = 64 };

static struct watch_event events[EVENTS];
static unsigned n_events;

static void keep(void *arg, const struct watch_event *e)
{
	(void)arg;
	CHECK(n_events < EVENTS);
	if (n_events < EVENTS)
		events[n_events++] = *e;
}

/* Parses len bytes in memory of just that size. */
static void parse(const void *buf, size_t len)
{
	void *copy = malloc(len ? len : 1);

	n_events = 0;
	memset(events, 0, sizeof events);
	memcpy(copy, buf, len);
	watch_parse(copy, len, keep, NULL);
	free(copy);
}

/* Messages as the kernel makes them, one after the other. */
static union {
	struct nlmsghdr align;
	unsigned char bytes[1024];
} buf;
static size_t used, message; /* message: where the last one begins */

static void begin(uint16_t type, const void *head, size_t size)
{
	struct nlmsghdr h = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type};

	message = used;
	memcpy(buf.bytes + used, &h, sizeof h);
	memcpy(buf.bytes + used + NLMSG_HDRLEN, head, size);
	used += NLMSG_SPACE(size);
}

static void attribute(uint16_t type, const void *value, size_t size)
{
	struct rtattr a = {(uint16_t)RTA_LENGTH(size), type};
	struct nlmsghdr h;

	memcpy(buf.bytes + used, &a, sizeof a);
	memcpy(buf.bytes + used + RTA_LENGTH(0), value, size);
	used += RTA_SPACE(size);
	memcpy(&h, buf.bytes + message, sizeof h);
	h.nlmsg_len = (uint32_t)(used - message);
	memcpy(buf.bytes + message, &h, sizeof h);
}

static void start(void)
{
	memset(&buf, 0, sizeof buf);
	used = 0;
}

static void link_change(uint16_t type, int index, const char *name, size_t len)
{
	struct ifinfomsg info = {.ifi_index = index};
	uint32_t mtu = 1500;

	begin(type, &info, sizeof info);
	attribute(IFLA_MTU, &mtu, sizeof mtu);
	attribute(IFLA_IFNAME, name, len);
}

static void address_change(uint16_t type, uint8_t family, const char *address)
{
	struct ifaddrmsg info = {.ifa_family = family, .ifa_index = 7};
	struct in6_addr a;

	CHECK(inet_pton(family, address, &a) == 1);
	begin(type, &info, sizeof info);
	attribute(IFA_ADDRESS, &a, family == AF_INET ? 4 : 16);
}

/* With NLM_F_REPLACE among the flags, one that takes the place of another. */
static void route_change(uint16_t type, uint16_t flags, uint8_t proto)
{
	struct rtmsg info = {.rtm_family = AF_INET6, .rtm_protocol = proto};
	uint32_t index = 9;

	begin(type, &info, sizeof info);
	memcpy(buf.bytes + message + offsetof(struct nlmsghdr, nlmsg_flags), &flags, sizeof flags);
	attribute(RTA_OIF, &index, sizeof index);
	attribute(RTA_PRIORITY, &info, sizeof index);
	attribute(RTA_OIF, &info, 2); /* of a wrong size */
}

static void links(void)
{
	start();
	link_change(RTM_NEWLINK, 3, "eth0", 5);
	link_change(RTM_DELLINK, 4, "dtcp0", 6);
	parse(&buf, used);
	CHECK_INT(n_events, 2);
	CHECK_INT(events[0].kind, WATCH_LINK_NEW);
	CHECK_INT(events[0].index, 3);
	CHECK_STR(events[0].name, "eth0");
	CHECK_INT(events[1].kind, WATCH_LINK_GONE);
	CHECK_STR(events[1].name, "dtcp0");
}

static void addresses(void)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr own;

	start();
	address_change(RTM_NEWADDR, AF_INET, "192.0.2.1");
	address_change(RTM_DELADDR, AF_INET, "192.0.2.1");
	address_change(RTM_NEWADDR, AF_INET6, "2001:db8::1");
	address_change(RTM_DELADDR, AF_INET6, "2001:db8::2");
	/* One with a peer. */
	address_change(RTM_DELADDR, AF_INET6, "2001:db8::4");
	CHECK(inet_pton(AF_INET6, "2001:db8::3", &own) == 1);
	attribute(IFA_LOCAL, &own, sizeof own);
	parse(&buf, used);
	CHECK_INT(n_events, 4); /* a new IPv6 address is nobody's concern */
	CHECK_INT(events[0].kind, WATCH_ADDRESS4);
	CHECK_INT(events[1].kind, WATCH_ADDRESS4);
	CHECK_INT(events[2].kind, WATCH_ADDRESS6_GONE);
	CHECK_INT(events[2].index, 7);
	CHECK_STR(inet_ntop(AF_INET6, &events[2].address, text, sizeof text), "2001:db8::2");
	CHECK_STR(inet_ntop(AF_INET6, &events[3].address, text, sizeof text), "2001:db8::3");
}

static void routes(void)
{
	start();
	route_change(RTM_DELROUTE, 0, TUNNEL_ROUTE_PROTO);
	route_change(RTM_DELROUTE, 0, RTPROT_RA);
	route_change(RTM_NEWROUTE, 0, TUNNEL_ROUTE_PROTO);
	parse(&buf, used);
	CHECK_INT(n_events, 1);
	CHECK_INT(events[0].kind, WATCH_ROUTE_GONE);
	CHECK_INT(events[0].index, 9);
	start();
	route_change(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_BOOT);
	route_change(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_STATIC);
	route_change(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_RA);
	route_change(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_BIRD);
	parse(&buf, used);
	CHECK_INT(n_events, 2);
	CHECK_INT(events[1].kind, WATCH_ROUTE_REPLACED);
}

static void route4_change(uint16_t type, uint8_t len)
{
	struct rtmsg info = {.rtm_family = AF_INET, .rtm_dst_len = len};
	uint32_t index = 9;

	begin(type, &info, sizeof info);
	attribute(RTA_OIF, &index, sizeof index);
}

static void ways(void)
{
	struct rtmsg rule = {.rtm_family = AF_INET};

	start();
	route4_change(RTM_NEWROUTE, 0);
	route4_change(RTM_DELROUTE, 1);
	route4_change(RTM_NEWROUTE, 2);
	route4_change(RTM_DELROUTE, 32);
	begin(RTM_NEWRULE, &rule, sizeof rule);
	begin(RTM_DELRULE, &rule, sizeof rule);
	parse(&buf, used);
	CHECK_INT(n_events, 4);
	for (unsigned i = 0; i < n_events; i++)
		CHECK_INT(events[i].kind, WATCH_ROUTE4);
	CHECK_INT(events[1].index, 9);
}

static void others(void)
{
	struct rtmsg info = {.rtm_protocol = TUNNEL_ROUTE_PROTO};

	for (unsigned type = 0; type < 200; type++) {
		bool known = type == RTM_NEWLINK || type == RTM_DELLINK || type == RTM_NEWADDR ||
			     type == RTM_DELADDR || type == RTM_DELROUTE ||
			     type == RTM_NEWRULE || type == RTM_DELRULE;

		start();
		begin((uint16_t)type, &info, sizeof info);
		link_change(RTM_NEWLINK, 3, "eth0", 5);
		parse(&buf, used);
		if (!known)
			CHECK_INT(n_events, 1);
	}
}

/* Names that are too long, or without an end, or nothing. */
static void names(void)
{
	start();
	link_change(RTM_NEWLINK, 3, "a23456789012345678901234567890", 31);
	link_change(RTM_NEWLINK, 3, "eth0", 4);
	link_change(RTM_NEWLINK, 3, "", 0);
	link_change(RTM_NEWLINK, 3, "b234567890123456", IF_NAMESIZE);
	parse(&buf, used);
	CHECK_INT(n_events, 4);
	CHECK_STR(events[0].name, "a23456789012345");
	CHECK_STR(events[1].name, "eth0");
	CHECK_STR(events[2].name, "");
	CHECK_STR(events[3].name, "b23456789012345");
}

static void all(void)
{
	start();
	link_change(RTM_NEWLINK, 3, "eth0", 5);
	address_change(RTM_DELADDR, AF_INET6, "2001:db8::2");
	route_change(RTM_DELROUTE, 0, TUNNEL_ROUTE_PROTO);
	link_change(RTM_NEWLINK, 4, "name", 5);
}

/* Cut anywhere: only whole messages count, and nothing behind the end is
 * looked at (AddressSanitizer sees that). */
static void truncated(void)
{
	all();
	for (size_t len = 0; len <= used; len++) {
		parse(&buf, len);
		CHECK(n_events <= 4);
	}
	CHECK_INT(n_events, 4);
}

/* Each length within set to each value, in memory that ends where it says. */
static void wrong_lengths(void)
{
	all();
	for (size_t at = 0; at + 2 <= used; at += 2) {
		unsigned char old[2];

		memcpy(old, buf.bytes + at, 2);
		for (unsigned value = 0; value < 96; value++) {
			uint16_t v = (uint16_t)value;

			memcpy(buf.bytes + at, &v, 2);
			parse(&buf, used);
			CHECK(n_events <= 4);
		}
		memset(buf.bytes + at, 0xff, 2);
		parse(&buf, used);
		memcpy(buf.bytes + at, old, 2);
	}
}

/* The last attribute may end before its padding does. */
static void unpadded(void)
{
	struct ifinfomsg info = {.ifi_index = 3};
	struct nlmsghdr h;

	start();
	begin(RTM_NEWLINK, &info, sizeof info);
	attribute(IFLA_IFNAME, "e", 1);
	memcpy(&h, buf.bytes, sizeof h);
	h.nlmsg_len -= 3;
	memcpy(buf.bytes, &h, sizeof h);
	parse(&buf, used - 3);
	CHECK_INT(n_events, 1);
	CHECK_STR(events[0].name, "e");
}

/* Whether a message made with the functions above gets through the filter of
 * a keeper of this tunnel. What follows it, where a kernel says much more, is
 * needed: a filter that reads beyond the end drops. */
static bool passes(const char *tunnel)
{
	unsigned char more[64] = {0};
	char got[sizeof buf.bytes];
	int fd[2];
	bool did;

	attribute(IFLA_STATS, more, sizeof more);
	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	CHECK_INT(watch_filter(fd[1], tunnel), 0);
	CHECK_INT(send(fd[0], buf.bytes, used, 0), used);
	did = recv(fd[1], got, sizeof got, MSG_DONTWAIT) == (ssize_t)used;
	close(fd[0]);
	close(fd[1]);
	return did;
}

static bool link_passes(uint16_t type, uint16_t kind, const char *name, const char *tunnel)
{
	struct ifinfomsg info = {.ifi_index = 3, .ifi_type = kind};

	start();
	begin(type, &info, sizeof info);
	attribute(IFLA_IFNAME, name, strlen(name) + 1);
	return passes(tunnel);
}

/* A sit tunnel's word gets through to its own keeper only. */
static void filter_links(void)
{
	static const char *const names[] = {"d", "dtcp", "dtcp0", "dtcp1", "dtcp01", "dtcp0123",
					    "dtcp01234567890", "dtcp01234567891", "etcp0", "dtdp0"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		for (unsigned j = 0; j < sizeof names / sizeof names[0]; j++) {
			CHECK_INT(link_passes(RTM_NEWLINK, ARPHRD_SIT, names[i], names[j]), i == j);
			CHECK_INT(link_passes(RTM_DELLINK, ARPHRD_SIT, names[i], names[j]), i == j);
			CHECK(link_passes(RTM_NEWLINK, ARPHRD_ETHER, names[i], names[j]));
		}
}

static bool address_passes(uint16_t type, uint8_t family, const char *address)
{
	start();
	address_change(type, family, address);
	return passes("dtcp0");
}

static bool route_passes(uint16_t type, uint16_t flags, uint8_t proto)
{
	start();
	route_change(type, flags, proto);
	return passes("dtcp0");
}

static void filter_others(void)
{
	CHECK(address_passes(RTM_NEWADDR, AF_INET, "192.0.2.1"));
	CHECK(!address_passes(RTM_NEWADDR, AF_INET6, "2001:db8::1"));
	CHECK(address_passes(RTM_DELADDR, AF_INET6, "2001:db8::1"));
	CHECK(route_passes(RTM_DELROUTE, 0, TUNNEL_ROUTE_PROTO));
	CHECK(!route_passes(RTM_DELROUTE, 0, RTPROT_RA));
	CHECK(!route_passes(RTM_NEWROUTE, 0, TUNNEL_ROUTE_PROTO));
	CHECK(!route_passes(RTM_NEWROUTE, 0, RTPROT_BOOT));
	/* What somebody has replaced by hand, and not what daemons do all day. */
	CHECK(route_passes(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_BOOT));
	CHECK(route_passes(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_STATIC));
	CHECK(!route_passes(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_RA));
	CHECK(!route_passes(RTM_NEWROUTE, NLM_F_REPLACE, RTPROT_BIRD));
}

static bool route4_passes(uint16_t type, uint8_t len)
{
	start();
	route4_change(type, len);
	return passes("dtcp0");
}

static void filter_ways(void)
{
	struct rtmsg rule = {.rtm_family = AF_INET};

	CHECK(route4_passes(RTM_NEWROUTE, 0) && route4_passes(RTM_DELROUTE, 0));
	CHECK(route4_passes(RTM_NEWROUTE, 1) && route4_passes(RTM_DELROUTE, 1));
	CHECK(!route4_passes(RTM_NEWROUTE, 2) && !route4_passes(RTM_DELROUTE, 2));
	CHECK(!route4_passes(RTM_NEWROUTE, 32) && !route4_passes(RTM_DELROUTE, 32));
	start();
	begin(RTM_DELRULE, &rule, sizeof rule);
	CHECK(passes("dtcp0"));
}

static const struct unit_case cases[] = {
	{"links that come and go", links},
	{"IPv4 addresses, and IPv6 addresses that go", addresses},
	{"routes of our own that go, and those that others replace", routes},
	{"IPv4 default routes and rules", ways},
	{"other messages are passed over", others},
	{"names of every length", names},
	{"messages cut anywhere", truncated},
	{"wrong lengths everywhere", wrong_lengths},
	{"an attribute that ends before its padding", unpadded},
	{"of sit tunnels a keeper hears of its own only", filter_links},
	{"a keeper hears of IPv4 addresses, and of what goes", filter_others},
	{"a keeper hears of IPv4 default routes and rules", filter_ways},
};
UNIT_MAIN(cases)
