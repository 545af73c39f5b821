/* SPDX-License-Identifier: ISC */
#include "server/changes.h"

#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "common/log.h"
#include "kernel/netlink.h"
#include "server/far.h"

bool changes_open(struct changes *c, uint32_t n)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK,
					    .nl_groups = RTMGRP_LINK | RTMGRP_IPV6_ROUTE |
							 RTMGRP_IPV6_IFADDR | RTMGRP_TC};

	*c = (struct changes){.fd = -1, .n = n, .of = calloc(n, sizeof *c->of)};
	if (!c->of) {
		log_msg(LOG_ERR, "out of memory");
		return false;
	}
	c->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (c->fd >= 0 && bind(c->fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return true;
	log_msg(LOG_ERR, "changes of interfaces and routes cannot be watched: %m");
	return false;
}

void changes_close(struct changes *c)
{
	fd_close(&c->fd);
	free(c->of);
	c->of = NULL;
}

void changes_expect(struct changes *c, uint32_t session, unsigned index)
{
	c->of[session] = (struct changes_of){.index = index};
}

static void changed(struct changes *c, unsigned index)
{
	for (uint32_t i = 0; index && i < c->n; i++)
		c->of[i].any |= c->of[i].index == index;
}

static void route_gone(struct changes *c, const struct nlmsghdr *h, const struct rtmsg *route)
{
	if (route->rtm_protocol != FAR_ROUTE_PROTO)
		return;
	if (route->rtm_type == RTN_UNICAST)
		changed(c, netlink_word(h, sizeof *route, RTA_OIF));
	else
		c->routes = true;
}

/* A route that takes another's place has its metric, and what it was is not told. Daemons
 * that replace routes all day take metrics of their own. */
static bool is_in_place_of_ours(const struct nlmsghdr *h)
{
	struct netlink_route6 r;

	return h->nlmsg_flags & NLM_F_REPLACE && netlink_route6(h, &r) &&
	       (r.metric == FAR_METRIC || r.metric == TUNNEL_METRIC_WORST);
}

/* What our programs do is among these, and what daemons do with their routes all day is not, nor
 * what happens to the machine's other links. An address of ours comes with its link. */
static bool may_be_our_work(const struct nlmsghdr *h)
{
	const struct rtmsg *route = netlink_body(h, h->nlmsg_type, sizeof *route);
	const struct ifinfomsg *link = netlink_body(h, h->nlmsg_type, sizeof *link);

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return link && link->ifi_type == ARPHRD_SIT;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return false;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return route && route->rtm_protocol == FAR_ROUTE_PROTO;
	default:
		return true;
	}
}

/* Of what can be ours: an interface that is changed or goes, its filters, a route or an
 * address that goes, a route that takes another's place. */
static void take(void *arg, const struct nlmsghdr *h)
{
	struct changes *c = arg;
	const struct ifinfomsg *link = netlink_body(h, h->nlmsg_type, sizeof *link);
	const struct tcmsg *tc = netlink_body(h, h->nlmsg_type, sizeof *tc);
	const struct rtmsg *route = netlink_body(h, RTM_DELROUTE, sizeof *route);
	const struct ifaddrmsg *address = netlink_body(h, RTM_DELADDR, sizeof *address);

	c->told += may_be_our_work(h);
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		changed(c, link ? (unsigned)link->ifi_index : 0);
		break;
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
	case RTM_DELQDISC:
		changed(c, tc ? (unsigned)tc->tcm_ifindex : 0);
		break;
	case RTM_DELADDR:
		changed(c, address ? address->ifa_index : 0);
		break;
	case RTM_DELROUTE:
		if (route)
			route_gone(c, h, route);
		break;
	case RTM_NEWROUTE:
		c->lost |= is_in_place_of_ours(h);
		break;
	default:
		break;
	}
}

void changes_read(struct changes *c)
{
	if (netlink_drain(c->fd, take, c))
		return;
	c->lost = true;
	c->told++;
}

bool changes_any(const struct changes *c)
{
	bool any = c->lost || c->routes;

	for (uint32_t i = 0; i < c->n; i++)
		any |= c->of[i].any;
	return any;
}

int64_t changes_one(const struct changes *c)
{
	int64_t one = -1;

	if (c->lost || c->routes)
		return -1;
	for (uint32_t i = 0; i < c->n; i++) {
		if (!c->of[i].any)
			continue;
		if (one >= 0)
			return -1;
		one = i;
	}
	return one;
}

void changes_forget(struct changes *c)
{
	c->lost = c->routes = false;
	for (uint32_t i = 0; i < c->n; i++)
		c->of[i].any = false;
}
