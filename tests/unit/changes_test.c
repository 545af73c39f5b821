/* SPDX-License-Identifier: ISC */
#include "server/changes.h"

#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/far.h"
#include "unit.h"

enum { OURS = 7, ANOTHER = 8, STRANGE = 9 };

static struct changes c;
static int kernel; /* what is said here is told */

static void begin(void)
{
	int ends[2];

	CHECK(changes_open(&c, 4));
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
	CHECK(dup2(ends[0], c.fd) == c.fd);
	close(ends[0]);
	kernel = ends[1];
	changes_expect(&c, 1, OURS);
	changes_expect(&c, 3, ANOTHER);
}

static void end(void)
{
	close(kernel);
	changes_close(&c);
	CHECK_INT(c.fd, -1);
}

/* A message of this type, with this body, and a number as an attribute where that is not 0. */
static void told_with(unsigned short type, unsigned short flags, const void *body, size_t size,
		      unsigned short attribute, unsigned number)
{
	struct {
		struct nlmsghdr h;
		char room[64];
	} m;

	memset(&m, 0, sizeof m);
	m.h.nlmsg_type = type;
	m.h.nlmsg_flags = flags;
	m.h.nlmsg_len = (unsigned)NLMSG_LENGTH(size);
	memcpy(m.room, body, size);
	if (number) {
		struct rtattr *a = (void *)(m.room + NLMSG_ALIGN(size));

		*a = (struct rtattr){RTA_LENGTH(sizeof number), attribute};
		memcpy(RTA_DATA(a), &number, sizeof number);
		m.h.nlmsg_len = (unsigned)(NLMSG_SPACE(size) + a->rta_len);
	}
	CHECK(send(kernel, &m, m.h.nlmsg_len, 0) == (ssize_t)m.h.nlmsg_len);
	changes_forget(&c);
	c.told = 0;
	changes_read(&c);
}

static void told(unsigned short type, const void *body, size_t size, unsigned into)
{
	told_with(type, 0, body, size, RTA_OIF, into);
}

/* As `ip -6 route replace` and `append` have the kernel tell it. */
static void new_route_told(unsigned short flags, unsigned char table, unsigned metric)
{
	const struct rtmsg r = {.rtm_family = AF_INET6, .rtm_table = table};

	told_with(RTM_NEWROUTE, flags, &r, sizeof r, RTA_PRIORITY, metric);
}

static void link_told(unsigned short type, int index)
{
	const struct ifinfomsg i = {.ifi_index = index, .ifi_type = ARPHRD_SIT};

	told(type, &i, sizeof i, 0);
}

static void tc_told(unsigned short type, int index)
{
	const struct tcmsg t = {.tcm_ifindex = index};

	told(type, &t, sizeof t, 0);
}

static void route_told(unsigned short type, unsigned char proto, unsigned char kind, unsigned into)
{
	const struct rtmsg r = {.rtm_protocol = proto, .rtm_type = kind};

	told(type, &r, sizeof r, into);
}

static void address_told(unsigned short type, unsigned index)
{
	const struct ifaddrmsg a = {.ifa_index = index};

	told(type, &a, sizeof a, 0);
}

static void of_one(void)
{
	begin();
	link_told(RTM_NEWLINK, OURS);
	CHECK_INT(changes_one(&c), 1);
	link_told(RTM_DELLINK, ANOTHER);
	CHECK_INT(changes_one(&c), 3);
	tc_told(RTM_DELQDISC, OURS);
	CHECK_INT(changes_one(&c), 1);
	tc_told(RTM_DELTFILTER, OURS);
	CHECK_INT(changes_one(&c), 1);
	tc_told(RTM_NEWTFILTER, OURS);
	CHECK_INT(changes_one(&c), 1);
	address_told(RTM_DELADDR, ANOTHER);
	CHECK_INT(changes_one(&c), 3);
	route_told(RTM_DELROUTE, FAR_ROUTE_PROTO, RTN_UNICAST, ANOTHER);
	CHECK_INT(changes_one(&c), 3);
	CHECK(changes_any(&c));
	end();
}

static void of_others(void)
{
	begin();
	link_told(RTM_NEWLINK, STRANGE);
	CHECK(!changes_any(&c));
	link_told(RTM_DELLINK, 0);
	CHECK(!changes_any(&c));
	tc_told(RTM_DELTFILTER, STRANGE);
	CHECK(!changes_any(&c));
	tc_told(RTM_NEWQDISC, OURS);
	CHECK(!changes_any(&c));
	address_told(RTM_DELADDR, STRANGE);
	CHECK(!changes_any(&c));
	address_told(RTM_NEWADDR, OURS);
	CHECK(!changes_any(&c));
	route_told(RTM_DELROUTE, RTPROT_STATIC, RTN_UNICAST, OURS);
	CHECK(!changes_any(&c));
	route_told(RTM_DELROUTE, RTPROT_STATIC, RTN_UNREACHABLE, 1);
	CHECK(!changes_any(&c));
	route_told(RTM_NEWROUTE, FAR_ROUTE_PROTO, RTN_UNICAST, OURS);
	CHECK(!changes_any(&c));
	/* Too short to say whose it is. */
	told(RTM_NEWLINK, "", 1, 0);
	CHECK(!changes_any(&c));
	end();
}

/* What a program of ours may have done, however many interfaces it is about to make. */
static void work(void)
{
	const struct ifinfomsg cable = {.ifi_index = STRANGE, .ifi_type = ARPHRD_ETHER};

	begin();
	link_told(RTM_NEWLINK, STRANGE);
	CHECK_INT(c.told, 1);
	tc_told(RTM_NEWQDISC, STRANGE);
	CHECK_INT(c.told, 1);
	route_told(RTM_NEWROUTE, FAR_ROUTE_PROTO, RTN_UNREACHABLE, 1);
	CHECK_INT(c.told, 1);
	route_told(RTM_NEWROUTE, RTPROT_STATIC, RTN_UNICAST, STRANGE);
	CHECK_INT(c.told, 0);
	told(RTM_NEWLINK, &cable, sizeof cable, 0);
	CHECK_INT(c.told, 0);
	address_told(RTM_NEWADDR, STRANGE);
	CHECK_INT(c.told, 0);
	end();
}

static void of_all(void)
{
	begin();
	route_told(RTM_DELROUTE, FAR_ROUTE_PROTO, RTN_UNREACHABLE, 1);
	CHECK(c.routes && changes_any(&c) && !c.lost);
	CHECK_INT(changes_one(&c), -1);
	link_told(RTM_NEWLINK, OURS);
	c.of[3].any = true;
	CHECK_INT(changes_one(&c), -1);
	changes_forget(&c);
	CHECK(!changes_any(&c));
	c.lost = true;
	CHECK_INT(changes_one(&c), -1);
	CHECK(changes_any(&c));
	end();
}

static void replaced(void)
{
	begin();
	new_route_told(NLM_F_REPLACE, RT_TABLE_MAIN, FAR_METRIC);
	CHECK(c.lost && changes_any(&c));
	new_route_told(NLM_F_REPLACE, RT_TABLE_MAIN, TUNNEL_METRIC_WORST);
	CHECK(c.lost);
	/* A routing daemon's; one in another table; one that stands beside ours. */
	new_route_told(NLM_F_REPLACE, RT_TABLE_MAIN, 32);
	CHECK(!changes_any(&c));
	new_route_told(NLM_F_REPLACE, 100, FAR_METRIC);
	CHECK(!changes_any(&c));
	new_route_told(NLM_F_CREATE | NLM_F_APPEND, RT_TABLE_MAIN, FAR_METRIC);
	CHECK(!changes_any(&c));
	end();
}

/* What was told of a session before all of it was seen makes nobody look. */
static void seen(void)
{
	begin();
	link_told(RTM_NEWLINK, OURS);
	changes_expect(&c, 1, STRANGE);
	CHECK(!changes_any(&c));
	link_told(RTM_NEWLINK, OURS);
	CHECK(!changes_any(&c));
	link_told(RTM_NEWLINK, STRANGE);
	CHECK_INT(changes_one(&c), 1);
	changes_expect(&c, 1, 0);
	link_told(RTM_DELLINK, STRANGE);
	CHECK(!changes_any(&c));
	end();
}

static const struct unit_case cases[] = {
	{"a change of one session's interface, filters, address or route", of_one},
	{"what changes of others makes nobody look", of_others},
	{"an unreachable route, two sessions, lost messages: all are looked at", of_all},
	{"a route in place of another, of a metric of ours: all are looked at", replaced},
	{"what is seen after it was told is looked at no more", seen},
	{"what may be the work of a program of ours is counted", work},
};

UNIT_MAIN(cases)
