/* SPDX-License-Identifier: ISC */
#include "kernel/netlink_read.h"

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <string.h>

#include "unit.h"

/* A message that grows by attributes. */
static struct {
	struct nlmsghdr h;
	char room[512];
} m;

static void put(unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)&m + NLMSG_ALIGN(m.h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	m.h.nlmsg_len = NLMSG_ALIGN(m.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void put_word(unsigned short type, uint32_t word)
{
	put(type, &word, sizeof word);
}

static void start(unsigned short type, const void *body, size_t len)
{
	memset(&m, 0, sizeof m);
	m.h.nlmsg_type = type;
	m.h.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(m.room, body, len);
}

static void start_link(void)
{
	const struct ifinfomsg i = {.ifi_index = 7, .ifi_type = 776, .ifi_flags = IFF_UP};

	start(RTM_NEWLINK, &i, sizeof i);
}

static void links(void)
{
	struct netlink_link l = {.index = 99};

	start_link();
	put(IFLA_IFNAME, "dtcp0", 6);
	put_word(IFLA_MTU, 1480);
	CHECK(netlink_link(&m.h, &l));
	CHECK_INT(l.index, 7);
	CHECK_INT(l.type, 776);
	CHECK_INT(l.flags, IFF_UP);
	CHECK_INT(l.mtu, 1480);
	CHECK_STR(l.name, "dtcp0");
	start_link();
	put(IFLA_IFNAME, "a-name-that-is-too-long", 23); /* and has no end */
	CHECK(netlink_link(&m.h, &l));
	CHECK_STR(l.name, "a-name-that-is-");
	CHECK_INT(l.mtu, 0);
	start_link();
	CHECK(netlink_link(&m.h, &l));
	CHECK_STR(l.name, "");
	l.index = 99;
	m.h.nlmsg_len--;
	CHECK(!netlink_link(&m.h, &l));
	m.h.nlmsg_len++;
	m.h.nlmsg_type = RTM_DELLINK;
	CHECK(!netlink_link(&m.h, &l));
	CHECK_INT(l.index, 99);
}

/* Attributes within attributes: their contents are made first. */
static void put_ends(size_t last)
{
	struct {
		struct rtattr data, local;
		struct in_addr local_address;
		struct rtattr remote;
		struct in_addr remote_address;
		struct rtattr ttl;
		uint8_t ttl_value, padding[3];
	} info = {
		.data = {(unsigned short)last, IFLA_INFO_DATA},
		.local = {RTA_LENGTH(4), IFLA_IPTUN_LOCAL},
		.local_address = unit_ipv4("198.51.100.1"),
		.remote = {RTA_LENGTH(4), IFLA_IPTUN_REMOTE},
		.remote_address = unit_ipv4("203.0.113.5"),
		.ttl = {RTA_LENGTH(1), IFLA_IPTUN_TTL},
		.ttl_value = 9,
	};

	put(IFLA_LINKINFO, &info, last);
}

static void ends(void)
{
	struct netlink_ends e;

	start_link();
	put_ends(28);
	netlink_ends(&m.h, &e);
	CHECK_INT(e.local.s_addr, unit_ipv4("198.51.100.1").s_addr);
	CHECK_INT(e.remote.s_addr, unit_ipv4("203.0.113.5").s_addr);
	CHECK_INT(e.ttl, 9);
	CHECK_INT(e.link, 0);
	start_link();
	put_ends(16); /* breaks off behind the near end */
	netlink_ends(&m.h, &e);
	CHECK_INT(e.local.s_addr, unit_ipv4("198.51.100.1").s_addr);
	CHECK_INT(e.remote.s_addr, 0);
	CHECK_INT(e.ttl, 0);
	start_link();
	netlink_ends(&m.h, &e);
	CHECK_INT(e.local.s_addr, 0);
}

static void start_route(unsigned char table)
{
	const struct rtmsg r = {.rtm_family = AF_INET6,
				.rtm_dst_len = 48,
				.rtm_table = table,
				.rtm_protocol = 203,
				.rtm_type = RTN_UNREACHABLE};
	const struct in6_addr to = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8}};

	start(RTM_NEWROUTE, &r, sizeof r);
	put(RTA_DST, &to, sizeof to);
}

static void routes(void)
{
	struct netlink_route6 r;

	start_route(RT_TABLE_MAIN);
	put_word(RTA_OIF, 7);
	put_word(RTA_PRIORITY, 1024);
	CHECK(netlink_route6(&m.h, &r));
	CHECK_INT(r.to.len, 48);
	CHECK_INT(r.to.addr.s6_addr[3], 0xb8);
	CHECK_INT(r.from.len, 0);
	CHECK_INT(r.proto, 203);
	CHECK_INT(r.type, RTN_UNREACHABLE);
	CHECK_INT(r.index, 7);
	CHECK_INT(r.metric, 1024);
	((struct rtmsg *)(void *)m.room)->rtm_flags = RTM_F_CLONED;
	CHECK(!netlink_route6(&m.h, &r));
	((struct rtmsg *)(void *)m.room)->rtm_flags = 0;
	((struct rtmsg *)(void *)m.room)->rtm_family = AF_INET;
	CHECK(!netlink_route6(&m.h, &r));
	start_route(RT_TABLE_LOCAL);
	CHECK(!netlink_route6(&m.h, &r));
	/* A table whose number needs more than a byte has it in an attribute. */
	start_route(RT_TABLE_COMPAT);
	put_word(RTA_TABLE, RT_TABLE_MAIN);
	CHECK(netlink_route6(&m.h, &r));
	start_route(RT_TABLE_MAIN);
	put_word(RTA_TABLE, 1000);
	CHECK(!netlink_route6(&m.h, &r));
}

static const struct unit_case cases[] = {
	{"an interface: its name may be missing, too long or without an end", links},
	{"the ends of a tunnel, whole and broken off", ends},
	{"a route of the main table, and no other", routes},
};
UNIT_MAIN(cases)
