/* SPDX-License-Identifier: ISC */
#include "server/look.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "kernel/lists.h"
#include "kernel/netlink.h"
#include "server/far.h"

/* Room for one more entry of size bytes; NULL where memory is short. */
static void *one_more(void *list, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;

	if (n < *room)
		return list;
	list = reallocarray(list, more, size);
	if (list)
		*room = more;
	return list;
}

static void take_stats(const struct nlmsghdr *h, struct look_link *k)
{
	struct rtnl_link_stats64 s;
	/* Newer kernels have more at the end. */
	const size_t size = offsetof(struct rtnl_link_stats64, rx_errors);

	memset(&s, 0, sizeof s);
	netlink_get(&s, size, netlink_attr(h, sizeof(struct ifinfomsg), IFLA_STATS64, size));
	k->packets_in = s.rx_packets;
	k->packets_out = s.tx_packets;
	k->bytes_in = s.rx_bytes;
	k->bytes_out = s.tx_bytes;
}

static void take_link(void *arg, const struct nlmsghdr *h)
{
	struct look *l = arg;
	struct netlink_link n;
	struct netlink_ends e;
	struct look_link *k;

	if (!netlink_link(h, &n) || n.type != ARPHRD_SIT)
		return;
	k = one_more(l->links, l->n_links, &l->links_room, sizeof *l->links);
	if (!k) {
		l->failed = true;
		return;
	}
	l->links = k;
	k += l->n_links++;
	netlink_ends(h, &e);
	*k = (struct look_link){.index = n.index,
				.local = e.local,
				.remote = e.remote,
				.up = n.flags & IFF_UP,
				.mtu = n.mtu};
	memcpy(k->name, n.name, sizeof k->name);
	take_stats(h, k);
}

static void take_counters(void *arg, const struct nlmsghdr *h)
{
	struct netlink_link n;

	if (netlink_link(h, &n))
		take_stats(h, arg);
}

void look_bytes(const char *name, uint64_t *in, uint64_t *out)
{
	struct look_link k = {0};

	lists_counters(name, take_counters, &k);
	*in = k.bytes_in;
	*out = k.bytes_out;
}

/* A route for packets from anywhere; false for others. */
static bool read_route(const struct nlmsghdr *h, struct look_route *r, unsigned char *proto)
{
	struct netlink_route6 n;

	if (!netlink_route6(h, &n) || n.from.len > 0)
		return false;
	*proto = n.proto;
	r->prefix = n.to;
	r->unreachable = n.type != RTN_UNICAST;
	r->index = r->unreachable ? 0 : n.index; /* the kernel names lo */
	return true;
}

static void take_route(void *arg, const struct nlmsghdr *h)
{
	struct look *l = arg;
	struct look_route r, *list;
	unsigned char proto;

	if (!read_route(h, &r, &proto) || proto != FAR_ROUTE_PROTO)
		return;
	list = one_more(l->routes, l->n_routes, &l->routes_room, sizeof *l->routes);
	if (!list) {
		l->failed = true;
		return;
	}
	l->routes = list;
	list[l->n_routes++] = r;
}

/* Of routes the kernel gives those of our number alone, however many others there are. */
static int ask_all(void *arg, int fd)
{
	static const struct lists_filter ours = {.proto = FAR_ROUTE_PROTO};
	struct look *l = arg;
	int error;

	l->n_links = l->n_routes = 0;
	error = lists_links(fd, l->counters, take_link, l);
	return error ? error : lists_routes6(fd, &ours, take_route, l);
}

bool look_take(struct look *l, bool counters)
{
	int error;

	*l = (struct look){.counters = counters};
	error = netlink_once(ask_all, l);
	if (!error && !l->failed)
		return true;
	log_msg(LOG_ERR, "what is in the kernel cannot be looked at: %s",
		error ? strerror(error) : "out of memory");
	return false;
}

void look_free(struct look *l)
{
	free(l->links);
	free(l->routes);
	*l = (struct look){0};
}

const struct look_link *look_link(const struct look *l, const char *name)
{
	for (size_t i = 0; i < l->n_links; i++)
		if (strcmp(l->links[i].name, name) == 0)
			return &l->links[i];
	return NULL;
}

const struct look_route *look_route(const struct look *l, const struct prefix *p, unsigned index)
{
	for (size_t i = 0; i < l->n_routes; i++)
		if (l->routes[i].index == index && prefix_equal(&l->routes[i].prefix, p))
			return &l->routes[i];
	return NULL;
}

/* The kernel gives a message for the filters of a number, and one for each of them. */
static void count_filter(void *arg, const struct nlmsghdr *h)
{
	const struct rtattr *options;
	int *n = arg;

	if (!netlink_body(h, RTM_NEWTFILTER, sizeof(struct tcmsg)))
		return;
	options = netlink_attr(h, sizeof(struct tcmsg), TCA_OPTIONS, 4);
	if (options && netlink_within(options, TCA_U32_SEL, 1))
		++*n;
}

int look_filters(unsigned index)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg m;
	} ask;
	int n = 0;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_len = sizeof ask;
	ask.h.nlmsg_type = RTM_GETTFILTER;
	ask.h.nlmsg_flags = NLM_F_DUMP;
	ask.m.tcm_family = AF_UNSPEC;
	ask.m.tcm_ifindex = (int)index;
	ask.m.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	return netlink_ask(&ask.h, count_filter, &n) == 0 ? n : -1;
}

/* What is looked for among the routes of others. */
struct search {
	struct prefix prefix;
	struct look_other *other;
	bool found;
};

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	struct prefix x = *a, y = *b;

	x.len = y.len = a->len < b->len ? a->len : b->len;
	prefix_mask(&x);
	prefix_mask(&y);
	return prefix_equal(&x, &y);
}

static void take_other(void *arg, const struct nlmsghdr *h)
{
	struct search *s = arg;
	struct look_route r;
	unsigned char proto;

	if (s->found || !read_route(h, &r, &proto) || proto == FAR_ROUTE_PROTO || r.unreachable ||
	    r.prefix.len < 8 || !overlap(&r.prefix, &s->prefix))
		return;
	s->found = true;
	s->other->prefix = r.prefix;
	s->other->on_link = !netlink_attr(h, sizeof(struct rtmsg), RTA_GATEWAY, 1);
	if (!if_indextoname(r.index, s->other->link))
		s->other->link[0] = '\0';
}

bool look_elsewhere(const struct prefix *p, struct look_other *other)
{
	static const struct lists_filter any = {0};
	struct search s = {.prefix = *p, .other = other};

	return lists_routes6(-1, &any, take_other, &s) == 0 && s.found;
}
