/* SPDX-License-Identifier: ISC */
#include "kernel/way.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/netconf.h>
#include <string.h>
#include <unistd.h>

#include "kernel/netlink.h"
#include "unit.h"

/* A kernel of the tests' own takes the place of netlink.c: these tables, looked
 * through as Linux does. */
static struct fake_link {
	const char *name;
	unsigned index, flags, type, rp_filter;
} links[128];
static struct fake_address {
	unsigned link;
	const char *address;
	unsigned len, scope;
} addresses[8];
static struct fake_route {
	const char *from; /* in the table of `ip rule from` this; NULL: in main */
	const char *to;	  /* NULL: default */
	unsigned len, link;
	const char *via, *src;
	unsigned metric;
} routes[8];
static unsigned rp_filter_all;
static unsigned questions; /* of the last look */
static int trouble; /* what each question about routes ends with */

enum { UP = IFF_UP | 1 << 16, WAN = 2, WAN2 = 3, LAN = 4, PPP = 5 };

static void reset(void)
{
	memset(links, 0, sizeof links);
	memset(addresses, 0, sizeof addresses);
	memset(routes, 0, sizeof routes);
	rp_filter_all = 0;
	trouble = 0;
	links[0] = (struct fake_link){"lo", 1, UP | IFF_LOOPBACK, ARPHRD_LOOPBACK, 0};
	links[1] = (struct fake_link){"wan", WAN, UP, ARPHRD_ETHER, 0};
	links[2] = (struct fake_link){"wan2", WAN2, UP, ARPHRD_ETHER, 0};
	links[3] = (struct fake_link){"lan0", LAN, UP, ARPHRD_ETHER, 0};
	addresses[0] = (struct fake_address){1, "127.0.0.1", 8, RT_SCOPE_HOST};
	addresses[1] = (struct fake_address){LAN, "192.168.7.1", 24, RT_SCOPE_UNIVERSE};
}

/* The usual two lines: wan is the better one. */
static void two_lines(void)
{
	reset();
	addresses[2] = (struct fake_address){WAN, "203.0.113.50", 24, 0};
	addresses[3] = (struct fake_address){WAN2, "203.0.114.50", 24, 0};
	routes[0] = (struct fake_route){.link = WAN, .via = "203.0.113.1", .metric = 100};
	routes[1] = (struct fake_route){.link = WAN2, .via = "203.0.114.1", .metric = 600};
}

struct message {
	struct nlmsghdr h;
	char rest[256];
};

static void start(struct message *m, unsigned short type, const void *fixed, size_t len)
{
	memset(m, 0, sizeof *m);
	m->h.nlmsg_type = type;
	m->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&m->h), fixed, len);
}

static void put(struct message *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	m->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* As Linux does: the settings of IPv4 in an attribute of IPv4 in one of all families. */
static void put_rp_filter(struct message *m, unsigned value)
{
	struct {
		struct rtattr family, conf;
		uint32_t values[IPV4_DEVCONF_RP_FILTER + 1];
	} spec = {{sizeof spec, AF_INET}, {sizeof spec - sizeof spec.family, IFLA_INET_CONF}, {0}};

	spec.values[IPV4_DEVCONF_RP_FILTER - 1] = value;
	put(m, IFLA_AF_SPEC, &spec, sizeof spec);
}

static void put_ipv4(struct message *m, unsigned short type, const char *address)
{
	struct in_addr a = address ? unit_ipv4(address) : (struct in_addr){0};

	if (address)
		put(m, type, &a, sizeof a);
}

static void tell_links(netlink_fn *fn, void *arg)
{
	for (struct fake_link *l = links; l->name; l++) {
		struct ifinfomsg i = {.ifi_index = (int)l->index,
				      .ifi_type = (unsigned short)l->type,
				      .ifi_flags = l->flags};
		struct message m;

		start(&m, RTM_NEWLINK, &i, sizeof i);
		put(&m, IFLA_IFNAME, l->name, strlen(l->name) + 1);
		put_rp_filter(&m, l->rp_filter);
		fn(arg, &m.h);
	}
}

static void tell_addresses(netlink_fn *fn, void *arg)
{
	for (struct fake_address *a = addresses; a->address; a++) {
		struct ifaddrmsg i = {.ifa_family = AF_INET,
				      .ifa_index = a->link,
				      .ifa_prefixlen = (unsigned char)a->len,
				      .ifa_scope = (unsigned char)a->scope};
		struct message m;

		start(&m, RTM_NEWADDR, &i, sizeof i);
		put_ipv4(&m, IFA_ADDRESS, a->address);
		put_ipv4(&m, IFA_LOCAL, a->address);
		fn(arg, &m.h);
	}
}

static uint32_t asked(const struct nlmsghdr *h, size_t fixed, unsigned short type)
{
	const struct rtattr *a = netlink_attr(h, fixed, type, sizeof(uint32_t));
	uint32_t word = 0;

	if (a)
		memcpy(&word, RTA_DATA(a), sizeof word);
	return word;
}

static bool within(struct in_addr a, const char *net, unsigned len)
{
	return len == 0 || ((a.s_addr ^ unit_ipv4(net).s_addr) & htonl(~0u << (32 - len))) == 0;
}

/* The longest prefix, then the lowest metric, of the routes of this source's rule;
 * of main where that has none. */
static const struct fake_route *lookup(struct in_addr to, struct in_addr from, unsigned link)
{
	for (int rule = 1; rule >= 0; rule--) {
		const struct fake_route *best = NULL;

		for (const struct fake_route *r = routes; r->link; r++)
			if ((r->from != NULL) == (rule == 1) &&
			    (!rule || unit_ipv4(r->from).s_addr == from.s_addr) &&
			    (!link || link == r->link) && within(to, r->to, r->len) &&
			    (!best || r->len > best->len ||
			     (r->len == best->len && r->metric < best->metric)))
				best = r;
		if (best)
			return best;
	}
	return NULL;
}

/* What inet_select_addr() of Linux chooses: the first address in the gateway's
 * network, else the first one of the link, else the first one of any. */
static const char *select_address(unsigned link, const char *via)
{
	const char *first = NULL;

	for (struct fake_address *a = addresses; a->address; a++)
		if (a->link == link && via && within(unit_ipv4(via), a->address, a->len))
			return a->address;
	for (struct fake_address *a = addresses; a->address; a++)
		if (!first && a->link == link)
			first = a->address;
	for (struct fake_address *a = addresses; a->address; a++)
		if (!first && a->scope < RT_SCOPE_LINK)
			first = a->address;
	return first;
}

static int tell_route(const struct nlmsghdr *h, netlink_fn *fn, void *arg)
{
	const struct rtmsg *q = NLMSG_DATA(h);
	bool match = q->rtm_flags & RTM_F_FIB_MATCH;
	unsigned link = asked(h, sizeof *q, RTA_OIF);
	struct in_addr to = {asked(h, sizeof *q, RTA_DST)}, from = {asked(h, sizeof *q, RTA_SRC)};
	const struct fake_route *r = lookup(to, from, link);
	struct rtmsg found = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST};
	struct message m;

	if (trouble)
		return trouble;
	if (within(to, "127.0.0.1", 8)) {
		found.rtm_type = RTN_LOCAL;
		link = 1;
	} else if (r) {
		link = r->link;
	} else if (match || !link) {
		return ENETUNREACH;
	}
	start(&m, RTM_NEWROUTE, &found, sizeof found);
	put(&m, RTA_OIF, &link, sizeof link);
	if (match && r && r->metric)
		put(&m, RTA_PRIORITY, &r->metric, sizeof r->metric);
	put_ipv4(&m, RTA_GATEWAY, r ? r->via : NULL);
	put_ipv4(&m, RTA_PREFSRC,
		 r && (r->src || match) ? r->src : select_address(link, r ? r->via : NULL));
	fn(arg, &m.h);
	return 0;
}

static int tell_netconf(const struct nlmsghdr *h, netlink_fn *fn, void *arg)
{
	struct netconfmsg c = {AF_INET};
	uint32_t value = rp_filter_all;
	struct message m;

	CHECK_INT(asked(h, sizeof c, NETCONFA_IFINDEX), (uint32_t)NETCONFA_IFINDEX_ALL);
	start(&m, RTM_NEWNETCONF, &c, sizeof c);
	put(&m, NETCONFA_RP_FILTER, &value, sizeof value);
	fn(arg, &m.h);
	return 0;
}

int netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	switch (request->nlmsg_type) {
	case RTM_GETLINK:
		tell_links(fn, arg);
		tell_links(fn, arg); /* as after a try that broke off */
		return 0;
	case RTM_GETADDR:
		tell_addresses(fn, arg);
		tell_addresses(fn, arg);
		return 0;
	case RTM_GETNETCONF:
		return tell_netconf(request, fn, arg);
	default:
		CHECK_INT(request->nlmsg_type, RTM_GETROUTE);
		return tell_route(request, fn, arg);
	}
}

/* All that one look asks goes by one socket, and is asked once more where it failed. */
static int fds[] = {7, 8}, at;

int netlink_ask_on(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	CHECK_INT(fd, fds[at]);
	questions++;
	return netlink_ask(request, fn, arg);
}

int netlink_ask_several(int fd, void *requests, size_t len, netlink_fn *fn, void *arg)
{
	(void)requests, (void)len, (void)fn, (void)arg;
	CHECK_INT(fd, -1); /* no look asks for anything by name */
	return EINVAL;
}

int netlink_once(int (*ask)(void *arg, int fd), void *arg)
{
	int error = ask(arg, fds[at = 0]);

	questions = error ? 0 : questions;
	return error ? ask(arg, fds[at = 1]) : 0;
}

void netlink_complain(int error)
{
	CHECK(error > 0);
}

static struct way ways[WAY_MOST];
static struct way_question question;

static int look(void)
{
	questions = 0;
	question.server = unit_ipv4("198.51.100.1");
	return way_find(&question, ways);
}

static void check_way(int i, const char *link, const char *local)
{
	CHECK_STR(ways[i].link, link);
	CHECK_INT(ways[i].local.s_addr, unit_ipv4(local).s_addr);
}

static void each_line(void)
{
	two_lines();
	CHECK_INT(look(), 2);
	check_way(0, "wan", "203.0.113.50");
	CHECK_INT(ways[0].index, WAN);
	CHECK_INT(ways[0].metric, 100);
	CHECK(ways[0].best && ways[0].carrier && !ways[0].deaf);
	check_way(1, "wan2", "203.0.114.50");
	CHECK_INT(ways[1].metric, 600);
	CHECK(!ways[1].best);
	question.only = WAN2;
	CHECK_INT(look(), 1);
	check_way(0, "wan2", "203.0.114.50");
	question.only = LAN;
	CHECK_INT(look(), 0);
	question.only = 0;
	/* A VPN's more specific routes do not hide the line below. */
	links[4] = (struct fake_link){"tun0", 9, UP | IFF_POINTOPOINT, ARPHRD_NONE, 0};
	addresses[4] = (struct fake_address){9, "10.8.0.2", 32, 0};
	routes[2] = (struct fake_route){.to = "128.0.0.0", .len = 1, .link = 9};
	CHECK_INT(look(), 3);
	check_way(0, "tun0", "10.8.0.2");
	check_way(1, "wan", "203.0.113.50");
	CHECK(ways[0].best && !ways[1].best);
}

static void not_there(void)
{
	two_lines();
	links[1].flags = UP & ~(1u << 16);
	CHECK_INT(look(), 2);
	check_way(0, "wan2", "203.0.114.50");
	check_way(1, "wan", "203.0.113.50");
	CHECK(!ways[1].carrier);
	links[1].flags = 0;
	CHECK_INT(look(), 1);
	check_way(0, "wan2", "203.0.114.50");
	reset();
	CHECK_INT(look(), 0);
	addresses[2] = (struct fake_address){WAN, "203.0.113.50", 24, 0};
	CHECK_INT(look(), 0); /* an address without a route */
	routes[0] = (struct fake_route){.link = WAN, .metric = 100};
	addresses[2].address = "169.254.3.4";
	CHECK_INT(look(), 0);
	addresses[2] = (struct fake_address){0}; /* the kernel would take that of lan0 */
	CHECK_INT(look(), 0);
	two_lines();
	trouble = ENOBUFS;
	CHECK_INT(look(), -1);
	trouble = EACCES; /* prohibit */
	CHECK_INT(look(), 0);
}

static void which_address(void)
{
	two_lines();
	/* A modem's private address was there first; the gateway's network decides. */
	addresses[3] = addresses[2];
	addresses[2] = (struct fake_address){WAN, "192.168.100.2", 24, 0};
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.113.50");
	/* ... also for the private one. */
	routes[0].via = "192.168.100.1";
	CHECK_INT(look(), 1);
	check_way(0, "wan", "192.168.100.2");
	/* The route's src does before all. */
	routes[0].src = "203.0.113.50";
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.113.50");
	routes[0].src = "192.168.100.2";
	routes[0].via = "203.0.113.1";
	CHECK_INT(look(), 1);
	check_way(0, "wan", "192.168.100.2");
	/* Where neither does, a public one is better. */
	routes[0].src = routes[0].via = NULL;
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.113.50");
	addresses[3].address = "100.64.3.4";
	CHECK_INT(look(), 1);
	check_way(0, "wan", "192.168.100.2");
	addresses[3].address = "172.32.0.1";
	CHECK_INT(look(), 1);
	check_way(0, "wan", "172.32.0.1");
	/* One that is about to go is not taken. */
	question.avoid_on = WAN;
	question.avoid = unit_ipv4("172.32.0.1");
	CHECK_INT(look(), 1);
	check_way(0, "wan", "192.168.100.2");
	question.avoid_on = WAN2;
	CHECK_INT(look(), 1);
	check_way(0, "wan", "172.32.0.1");
	question.avoid_on = 0;
	/* The one that the caller named before all, while the link has it. */
	question.prefer = unit_ipv4("192.168.100.2");
	CHECK_INT(look(), 1);
	check_way(0, "wan", "192.168.100.2");
	question.prefer = unit_ipv4("203.0.113.99");
	CHECK_INT(look(), 1);
	check_way(0, "wan", "172.32.0.1");
	question.prefer.s_addr = 0;
}

/* An address that was named is its link's, if that has a way; also where the kernel would
 * send packets from it by the better line. */
static void named(void)
{
	two_lines();
	question.anywhere = true;
	question.prefer = unit_ipv4("203.0.114.50");
	CHECK_INT(look(), 2);
	check_way(0, "wan", "203.0.113.50");
	check_way(1, "wan2", "203.0.114.50");
	question.only = WAN;
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.113.50");
	/* Without a way of its own it may stand on any: on lo, say. */
	question.only = 0;
	routes[1] = (struct fake_route){0};
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.114.50");
	/* But not on one that is down. */
	links[2].flags = 0;
	CHECK_INT(look(), 1);
	check_way(0, "wan", "203.0.113.50");
	CHECK_INT(way_holder(unit_ipv4("203.0.114.50")), 0);
	question = (struct way_question){0};
}

static void unnumbered(void)
{
	reset();
	/* The line has no address of its own; the route names one of lo. */
	links[4] = (struct fake_link){"ppp0", PPP, UP | IFF_POINTOPOINT, ARPHRD_PPP, 0};
	addresses[2] = (struct fake_address){1, "203.0.113.50", 32, 0};
	routes[0] = (struct fake_route){.link = PPP, .src = "203.0.113.50"};
	CHECK_INT(look(), 1);
	check_way(0, "ppp0", "203.0.113.50");
	/* Without that, what the kernel takes; the caller may name another. */
	routes[0].src = NULL;
	CHECK_INT(look(), 1);
	check_way(0, "ppp0", "192.168.7.1");
	question.prefer = unit_ipv4("203.0.113.50");
	CHECK_INT(look(), 1);
	check_way(0, "ppp0", "192.168.7.1");
	question.anywhere = true;
	CHECK_INT(look(), 1);
	check_way(0, "ppp0", "203.0.113.50");
	question = (struct way_question){0};
}

/* A host of containers: each has a link without an address, and those were there first. */
static void many_links(void)
{
	unsigned n = 4;

	two_lines();
	for (; n < 120; n++)
		links[n] = (struct fake_link){"veth", 100 + n, UP, ARPHRD_ETHER, 0};
	links[n++] = (struct fake_link){"ppp0", 900, UP | IFF_POINTOPOINT, ARPHRD_PPP, 0};
	links[n] = (struct fake_link){"wan3", 901, UP, ARPHRD_ETHER, 0};
	addresses[4] = (struct fake_address){900, "203.0.115.50", 32, 0};
	routes[2] = (struct fake_route){.link = 900, .metric = 50};
	CHECK_INT(look(), 3);
	check_way(0, "ppp0", "203.0.115.50");
	CHECK(ways[0].best);
	CHECK(way_usable(900));
	/* The kernel's own choice is among them, also where it has no address. */
	routes[3] = (struct fake_route){.link = 901, .src = "203.0.115.50", .metric = 5};
	CHECK_INT(look(), 4);
	check_way(0, "wan3", "203.0.115.50");
	question.only = 901;
	CHECK_INT(look(), 1);
	question.only = 0;
}

static void by_source(void)
{
	two_lines();
	/* wan2 is in the table of a rule alone. */
	routes[1].from = "203.0.114.50";
	routes[1].metric = 7;
	CHECK_INT(look(), 2);
	check_way(1, "wan2", "203.0.114.50");
	CHECK_INT(ways[1].metric, 7);
	routes[0].metric = 3;
	CHECK_INT(look(), 2);
	check_way(0, "wan", "203.0.113.50");
	addresses[4] = (struct fake_address){WAN2, "203.0.114.60", 24, 0};
	addresses[3].address = "203.0.114.40";
	routes[1].from = "203.0.114.60";
	CHECK_INT(look(), 2);
	check_way(1, "wan2", "203.0.114.60");
}

static void deaf(void)
{
	two_lines();
	links[2].rp_filter = 1;
	CHECK_INT(look(), 2);
	CHECK(!ways[0].deaf && ways[1].deaf);
	links[2].rp_filter = 2;
	rp_filter_all = 1;
	CHECK_INT(look(), 2);
	CHECK(!ways[0].deaf && !ways[1].deaf); /* the higher one counts */
	links[2].rp_filter = 0;
	CHECK_INT(look(), 2);
	CHECK(!ways[0].deaf && ways[1].deaf);
	/* A rule sends the answers' way, too. */
	routes[1].from = "203.0.114.50";
	CHECK_INT(look(), 2);
	CHECK(!ways[0].deaf && !ways[1].deaf);
}

/* Each costs two system calls: two lists, the best route, the setting for all links; for
 * each line the entry that leads there, the address, and whether it leads from that; two
 * for what has an address and leads nowhere. */
static void few_questions(void)
{
	two_lines();
	CHECK_INT(look(), 2);
	CHECK_INT(questions, 4 + 2 * 3 + 2);
	rp_filter_all = 1;
	CHECK_INT(look(), 2);
	CHECK_INT(questions, 4 + 2 * 4 + 2);
}

static void on_this_host(void)
{
	two_lines();
	question.server = unit_ipv4("127.0.0.1");
	CHECK_INT(way_find(&question, ways), 1);
	check_way(0, "lo", "127.0.0.1");
	CHECK(ways[0].best && ways[0].here);
	/* An address that was named. No other link leads there. */
	question.prefer = unit_ipv4("203.0.114.50");
	CHECK_INT(way_find(&question, ways), 2);
	check_way(1, "wan2", "203.0.114.50");
	question.prefer.s_addr = 0;
	question.only = WAN;
	CHECK_INT(way_find(&question, ways), 0);
	question.only = 0;
}

static void holders(void)
{
	two_lines();
	CHECK_INT(way_holder(unit_ipv4("203.0.114.50")), WAN2);
	CHECK_INT(way_holder(unit_ipv4("203.0.114.51")), 0);
	CHECK(way_usable(WAN));
	CHECK(!way_usable(PPP));
	CHECK(way_usable(0)); /* some link has one */
	addresses[2].address = "169.254.1.1";
	CHECK(!way_usable(WAN));
}

static const struct unit_case cases[] = {
	{"each link that leads to the server is a way", each_line},
	{"what has no carrier, no route or no address", not_there},
	{"which address of a link", which_address},
	{"an address that was named", named},
	{"a link whose address another interface has", unnumbered},
	{"a line that comes after a hundred links without addresses", many_links},
	{"ways by the source address alone", by_source},
	{"answers that rp_filter would drop", deaf},
	{"how many questions a look takes", few_questions},
	{"a server on this host", on_this_host},
	{"who has an address, and whether a link has any", holders},
};

UNIT_MAIN(cases)
