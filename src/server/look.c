/* SPDX-License-Identifier: ISC */
#include "server/look.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "kernel/interface.h"
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
				.mtu = n.mtu,
				.ttl = e.ttl};
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

struct one {
	struct look *look;
	const char *name;
};

/* Where there is none nothing comes, which is no error. */
static int ask_link(int fd, const char *name, netlink_fn *fn, void *arg)
{
	int error = lists_link(fd, name, 0, fn, arg);

	return error == ENODEV ? 0 : error;
}

static int ask_one(void *arg, int fd)
{
	const struct one *one = arg;
	struct look *l = one->look;
	struct lists_filter into = {.proto = FAR_ROUTE_PROTO};
	int error;

	l->n_links = l->n_routes = 0;
	error = ask_link(fd, one->name, take_link, l);
	if (error || l->n_links == 0)
		return error;
	into.index = l->links[0].index;
	return lists_routes6(fd, &into, take_route, l);
}

static int by_name(const void *a, const void *b)
{
	const struct look_link *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_index_and_prefix(const void *a, const void *b)
{
	const struct look_route *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return prefix_order(&x->prefix, &y->prefix);
}

/* Each session looks for its own: in a crowd, one by one through lists of all is long. */
static void sort(struct look *l)
{
	if (l->n_links > 0)
		qsort(l->links, l->n_links, sizeof *l->links, by_name);
	if (l->n_routes > 0)
		qsort(l->routes, l->n_routes, sizeof *l->routes, by_index_and_prefix);
}

static bool taken(struct look *l, int error)
{
	sort(l);
	if (!error && !l->failed)
		return true;
	log_msg(LOG_ERR, "what is in the kernel cannot be looked at: %s",
		error ? strerror(error) : "out of memory");
	return false;
}

bool look_take(struct look *l, bool counters)
{
	*l = (struct look){.counters = counters, .fd = -1};
	return taken(l, netlink_try(&l->fd, ask_all, l));
}

bool look_one(struct look *l, const char *name)
{
	struct one one = {.name = name};

	*l = LOOK_NONE;
	one.look = l;
	return taken(l, netlink_try(&l->fd, ask_one, &one));
}

void look_free(struct look *l)
{
	free(l->links);
	free(l->routes);
	fd_close(&l->fd);
	*l = LOOK_NONE;
}

const struct look_link *look_link(const struct look *l, const char *name)
{
	struct look_link wanted = {0};

	snprintf(wanted.name, sizeof wanted.name, "%s", name);
	return l->n_links ? bsearch(&wanted, l->links, l->n_links, sizeof wanted, by_name) : NULL;
}

const struct look_route *look_route(const struct look *l, const struct prefix *p, unsigned index)
{
	const struct look_route wanted = {.prefix = *p, .index = index};

	return l->n_routes ? bsearch(&wanted, l->routes, l->n_routes, sizeof wanted,
				     by_index_and_prefix)
			   : NULL;
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

struct filters {
	unsigned index;
	int n;
};

static int ask_filters(void *arg, int fd)
{
	struct filters *f = arg;
	struct {
		struct nlmsghdr h;
		struct tcmsg m;
	} ask;

	f->n = 0;
	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_len = sizeof ask;
	ask.h.nlmsg_type = RTM_GETTFILTER;
	ask.h.nlmsg_flags = NLM_F_DUMP;
	ask.m.tcm_family = AF_UNSPEC;
	ask.m.tcm_ifindex = (int)f->index;
	ask.m.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	return netlink_ask_on(fd, &ask.h, count_filter, &f->n);
}

/* False after a message. */
static bool ask_now(struct look *l, int (*ask)(void *arg, int fd), void *arg)
{
	int error = netlink_try(&l->fd, ask, arg);

	if (error)
		netlink_complain(error);
	return !error;
}

int look_filters(struct look *l, unsigned index)
{
	struct filters f = {.index = index};

	return ask_now(l, ask_filters, &f) ? f.n : -1;
}

struct number {
	const char *name;
	struct netlink_link link;
};

static void take_number(void *arg, const struct nlmsghdr *h)
{
	netlink_link(h, arg);
}

static int ask_number(void *arg, int fd)
{
	struct number *n = arg;

	return ask_link(fd, n->name, take_number, &n->link);
}

unsigned look_index(struct look *l, const char *name)
{
	struct number n = {.name = name};

	return ask_now(l, ask_number, &n) ? n.link.index : 0;
}

/* What is looked for among the routes of others. */
struct search {
	const struct prefix *list;
	size_t n;
	struct look_other *others;
};

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	struct prefix x = *a, y = *b;

	x.len = y.len = a->len < b->len ? a->len : b->len;
	prefix_mask(&x);
	prefix_mask(&y);
	return prefix_equal(&x, &y);
}

/* For bsearch(3): any prefix that has to do with the route's. */
static int overlap_or_order(const void *route, const void *prefix)
{
	return overlap(route, prefix) ? 0 : prefix_order(route, prefix);
}

/* A route of several hops names no link itself, but one for each of them. */
static unsigned first_link(const struct nlmsghdr *h)
{
	const struct rtattr *hops =
		netlink_attr(h, sizeof(struct rtmsg), RTA_MULTIPATH, sizeof(struct rtnexthop));
	struct rtnexthop hop;

	if (!hops)
		return 0;
	memcpy(&hop, RTA_DATA(hops), sizeof hop);
	return (unsigned)hop.rtnh_ifindex;
}

static void note_other(struct look_other *o, const struct look_route *r, const struct nlmsghdr *h)
{
	unsigned index = r->index ? r->index : first_link(h);

	if (o->prefix.len > 0)
		return;
	o->prefix = r->prefix;
	o->on_link = r->index && !netlink_attr(h, sizeof(struct rtmsg), RTA_GATEWAY, 1) &&
		     interface_has_neighbours(index);
	if (!if_indextoname(index, o->link))
		snprintf(o->link, sizeof o->link, "?");
}

/* The route is within one prefix, or has several within it, which stand side by side. */
static void take_other(void *arg, const struct nlmsghdr *h)
{
	const struct search *s = arg;
	struct look_route r;
	unsigned char proto;
	const struct prefix *p, *end = s->list + s->n;

	if (!read_route(h, &r, &proto) || proto == FAR_ROUTE_PROTO || r.unreachable ||
	    r.prefix.len < 8)
		return;
	p = bsearch(&r.prefix, s->list, s->n, sizeof *p, overlap_or_order);
	while (p && p > s->list && overlap(p - 1, &r.prefix))
		p--;
	for (; p && p < end && overlap(p, &r.prefix); p++)
		note_other(&s->others[p - s->list], &r, h);
}

void look_elsewhere(const struct prefix *list, size_t n, struct look_other *others)
{
	static const struct lists_filter any = {0};
	struct search s = {list, n, others};

	memset(others, 0, n * sizeof *others);
	lists_routes6(-1, &any, take_other, &s);
}
