/* SPDX-License-Identifier: ISC */
#include "kernel/look.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "kernel/lists.h"
#include "kernel/netlink.h"

/* One look: the socket, what it is for, and what it found. */
struct look {
	int fd;
	struct inventory *found;
	const struct inventory *wanted, *ours;
	unsigned index; /* of the interface that is asked about; 0: any */
};

/* What the kernel says of one interface. */

static int setting(const struct rtattr *conf, unsigned which)
{
	int value = 0;

	if (RTA_PAYLOAD(conf) >= (which + 1) * sizeof value)
		memcpy(&value, (const char *)RTA_DATA(conf) + which * sizeof value, sizeof value);
	return value;
}

static bool has_no_ipv6(const struct rtattr *inet6)
{
	const struct rtattr *conf = inet6 ? netlink_within(inet6, IFLA_INET6_CONF, 0) : NULL;

	return !conf || setting(conf, DEVCONF_DISABLE_IPV6) != 0;
}

/* The attributes of IPv6 on an interface; NULL where it has none. */
static const struct rtattr *inet6_of(const struct nlmsghdr *h)
{
	const struct rtattr *spec = netlink_attr(h, sizeof(struct ifinfomsg), IFLA_AF_SPEC, 0);

	return spec ? netlink_within(spec, AF_INET6, 0) : NULL;
}

static void take_ipv6(struct inventory *v, const struct rtattr *inet6)
{
	/* In the order of inventory_settings[]. */
	static const unsigned which[INVENTORY_SETTINGS] = {DEVCONF_ACCEPT_RA, DEVCONF_AUTOCONF,
							   DEVCONF_ACCEPT_REDIRECTS};
	const struct rtattr *conf, *mode;

	v->ipv6_off = has_no_ipv6(inet6);
	if (!inet6)
		return;
	conf = netlink_within(inet6, IFLA_INET6_CONF, 0);
	for (unsigned i = 0; conf && i < INVENTORY_SETTINGS; i++)
		if (setting(conf, which[i]) != 0)
			v->settings |= 1u << i;
	mode = netlink_within(inet6, IFLA_INET6_ADDR_GEN_MODE, 1);
	v->no_link_local = mode && *(const uint8_t *)RTA_DATA(mode) == IN6_ADDR_GEN_MODE_NONE;
}

static void take_ends(struct inventory *v, const struct nlmsghdr *h)
{
	struct netlink_ends e;

	netlink_ends(h, &e);
	v->local = e.local;
	v->remote = e.remote;
	v->ttl = e.ttl;
	v->link.index = e.link;
}

static void take_interface(void *arg, const struct nlmsghdr *h)
{
	struct inventory *v = arg;
	struct netlink_link l;

	if (!netlink_link(h, &l))
		return;
	v->exists = true;
	v->index = l.index;
	v->sit = l.type == ARPHRD_SIT;
	v->up = (l.flags & IFF_UP) != 0;
	v->mtu = l.mtu;
	take_ipv6(v, inet6_of(h));
	if (v->sit)
		take_ends(v, h);
}

static void take_device(void *arg, const struct nlmsghdr *h)
{
	struct inventory_device *d = arg;
	struct netlink_link l;

	if (!netlink_link(h, &l))
		return;
	d->index = l.index;
	d->ipv6_off = has_no_ipv6(inet6_of(h));
}

/* The other interfaces on which an address is wanted or may be ours. */
static void add_devices(struct inventory *found, const struct inventory *v)
{
	for (unsigned i = 0; i < v->n_addresses; i++) {
		const char *name = v->addresses[i].device;
		struct inventory_device *d = &found->devices[found->n_devices];

		if (strcmp(name, v->name) == 0 || inventory_device(found, name) ||
		    found->n_devices == INVENTORY_DEVICES)
			continue;
		memset(d, 0, sizeof *d);
		snprintf(d->name, sizeof d->name, "%s", name);
		found->n_devices++;
	}
}

/* In the order of the questions: the tunnel's interface, the others. */
static void take_named(void *arg, const struct nlmsghdr *h)
{
	struct inventory *v = arg;

	if (h->nlmsg_seq == 0)
		take_interface(v, h);
	else if (h->nlmsg_seq <= v->n_devices)
		take_device(&v->devices[h->nlmsg_seq - 1], h);
}

static int ask_interfaces(struct look *l)
{
	const char *names[1 + INVENTORY_DEVICES] = {l->found->name};

	add_devices(l->found, l->wanted);
	add_devices(l->found, l->ours);
	for (unsigned i = 0; i < l->found->n_devices; i++)
		names[1 + i] = l->found->devices[i].name;
	return lists_named(l->fd, names, 1 + l->found->n_devices, take_named, l->found);
}

static void take_sit0(void *arg, const struct nlmsghdr *h)
{
	struct inventory *v = arg;

	v->sit0 = netlink_body(h, RTM_NEWLINK, sizeof(struct ifinfomsg)) != NULL;
}

static int ask_sit0(struct look *l)
{
	int error = l->found->exists ? 0 : lists_link(l->fd, "sit0", 0, take_sit0, l->found);

	return error == ENODEV ? 0 : error;
}

/* Addresses. */

static const char *device_of(const struct inventory *found, unsigned index)
{
	if (found->exists && index == found->index)
		return found->name;
	for (unsigned i = 0; i < found->n_devices; i++)
		if (found->devices[i].index == index)
			return found->devices[i].name;
	return NULL;
}

/* It is there, and a worker of the kernel has yet to let it be used. A duplicate it never
 * will. */
static bool is_tentative(const struct ifaddrmsg *m)
{
	return (m->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE;
}

static void take_address(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = netlink_body(h, RTM_NEWADDR, sizeof *m);
	struct inventory_address a = {0};
	const struct rtattr *address, *peer;
	struct look *l = arg;
	const char *device;
	bool wanted;

	if (!m || m->ifa_family != AF_INET6)
		return;
	device = device_of(l->found, m->ifa_index);
	address = netlink_attr(h, sizeof *m, IFA_LOCAL, sizeof a.address);
	peer = netlink_attr(h, sizeof *m, IFA_ADDRESS, sizeof a.address);
	if (!device || !peer)
		return;
	/* Where there is no peer, this is the address itself. */
	netlink_get(&a.address, sizeof a.address, address ? address : peer);
	if (address)
		netlink_get(&a.peer, sizeof a.peer, peer);
	a.len = m->ifa_prefixlen;
	snprintf(a.device, sizeof a.device, "%s", device);
	wanted = inventory_has_address(l->wanted, device, &a.address);
	if (wanted && m->ifa_index == l->found->index && is_tentative(m))
		l->found->tentative = true;
	if (wanted || m->ifa_index == l->found->index ||
	    inventory_has_address(l->ours, device, &a.address))
		inventory_add_address(l->found, &a);
}

static int ask_addresses(struct look *l)
{
	/* Of one interface alone, where that is enough. */
	unsigned index = l->found->n_devices == 0 ? l->found->index : 0;

	if (!l->found->exists && l->found->n_devices == 0)
		return 0;
	return lists_addresses(l->fd, AF_INET6, index, take_address, l);
}

/* Routes. */

static bool refuses(unsigned char type)
{
	return type == RTN_UNREACHABLE || type == RTN_BLACKHOLE || type == RTN_PROHIBIT;
}

/* False for what is no IPv6 route of the main table that could be ours. */
static bool read_route(const struct nlmsghdr *h, uint8_t proto, struct inventory_route *r,
		       unsigned *index)
{
	struct netlink_route6 n;

	if (!netlink_route6(h, &n) || (n.type != RTN_UNICAST && !refuses(n.type)))
		return false;
	memset(r, 0, sizeof *r);
	r->to = n.to;
	r->from = n.from;
	r->metric = n.metric;
	r->refuse = refuses(n.type);
	r->marked = n.proto == proto;
	*index = n.index;
	return true;
}

static bool same_way(const struct inventory *v, const struct inventory_route *r)
{
	for (unsigned i = 0; i < v->n_routes; i++)
		if (prefix_equal(&v->routes[i].to, &r->to) &&
		    prefix_equal(&v->routes[i].from, &r->from))
			return true;
	return false;
}

/* An answer may come twice, and one question's may hold another's. */
static bool is_known(const struct inventory *v, const struct inventory_route *r)
{
	for (unsigned i = 0; i < v->n_routes; i++)
		if (inventory_same_route(&v->routes[i], r) && v->routes[i].marked == r->marked)
			return true;
	return false;
}

static void take_route(void *arg, const struct nlmsghdr *h)
{
	struct look *l = arg;
	struct inventory_route r;
	unsigned index;

	if (!read_route(h, l->found->proto, &r, &index) || is_known(l->found, &r))
		return;
	if (r.refuse ? same_way(l->wanted, &r) || same_way(l->ours, &r)
		     : l->found->exists && index == l->found->index &&
			       (r.marked || same_way(l->wanted, &r)))
		inventory_add_route(l->found, &r);
}

/* Those of this type; index, proto: those alone, where not 0. */
static int ask_routes(struct look *l, unsigned char type, unsigned index, uint8_t proto)
{
	const struct lists_filter f = {type, proto, index};

	return lists_routes6(l->fd, &f, take_route, l);
}

/* A route into the tunnel that is wanted, or one that refuses, is not found yet. */
static bool lacks(const struct look *l, bool refuse)
{
	for (unsigned i = 0; i < l->wanted->n_routes; i++)
		if (l->wanted->routes[i].refuse == refuse &&
		    !inventory_has_route(l->found, &l->wanted->routes[i]))
			return true;
	return false;
}

/* First our own, which are most likely all that is wanted. Only where one is missing, those of
 * others, who may have made it in place of us. */
static int ask_all_routes(struct look *l)
{
	int error = 0;

	if (l->found->exists)
		error = ask_routes(l, RTN_UNICAST, l->found->index, l->found->proto);
	if (!error && l->found->exists && lacks(l, false))
		error = ask_routes(l, RTN_UNICAST, l->found->index, 0);
	if (!error && l->wanted->n_routes + l->ours->n_routes > 0)
		error = ask_routes(l, RTN_UNREACHABLE, 0, 0);
	if (!error && lacks(l, true))
		error = ask_routes(l, RTN_BLACKHOLE, 0, 0);
	if (!error && lacks(l, true))
		error = ask_routes(l, RTN_PROHIBIT, 0, 0);
	return error;
}

static int ask_all(void *arg, int fd)
{
	struct look *l = arg;
	int error;

	l->fd = fd;
	inventory_start(l->found, l->wanted->name, l->wanted->proto);
	error = ask_interfaces(l);
	if (!error)
		error = ask_sit0(l);
	if (!error)
		error = ask_addresses(l);
	if (!error)
		error = ask_all_routes(l);
	return error;
}

bool look(int *fd, struct inventory *found, const struct inventory *wanted,
	  const struct inventory *ours)
{
	struct look l = {.found = found, .wanted = wanted, .ours = ours};
	int error = netlink_try(fd, ask_all, &l);

	if (error)
		log_msg(LOG_ERR, "%s: the kernel cannot be asked what is there: %s", wanted->name,
			strerror(error));
	return !error;
}

/* Questions that are asked when something did not go as it should. */

/* Asks one question on a socket of its own. 0, or an error number. */
static int ask_once(struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	int fd = netlink_open(), error = errno;

	if (fd < 0)
		return error;
	error = netlink_ask_on(fd, request, fn, arg);
	close(fd);
	return error;
}

struct before {
	const struct inventory_route *ours;
	unsigned index; /* where the kernel's choice leads */
	bool found;
};

static void take_choice(void *arg, const struct nlmsghdr *h)
{
	struct before *b = arg;
	struct inventory_route r;
	unsigned index;

	if (!read_route(h, 0, &r, &index))
		return;
	b->index = index;
	b->found = r.metric == b->ours->metric && prefix_equal(&r.to, &b->ours->to);
}

bool look_before(const struct inventory *found, const struct inventory_route *r,
		 char device[IF_NAMESIZE])
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
		struct rtattr to_attr;
		struct in6_addr to;
	} ask;
	struct inventory_route refusing = *r;
	struct before b = {.ours = r};

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETROUTE;
	ask.h.nlmsg_len = sizeof ask;
	ask.m.rtm_family = AF_INET6;
	ask.m.rtm_dst_len = 128;
	ask.m.rtm_flags = RTM_F_FIB_MATCH;
	ask.to_attr = (struct rtattr){RTA_LENGTH(sizeof ask.to), RTA_DST};
	ask.to = r->to.addr;
	device[0] = '\0';
	refusing.refuse = true;
	/* A route that refuses is no answer but an error. */
	if (ask_once(&ask.h, take_choice, &b) != 0)
		return inventory_has_route(found, &refusing);
	return b.found && b.index != found->index && if_indextoname(b.index, device);
}

struct ends {
	const struct inventory *wanted;
	char *name;
};

static void take_same_ends(void *arg, const struct nlmsghdr *h)
{
	const struct ends *e = arg;
	struct netlink_link l;
	struct netlink_ends n;

	if (!netlink_link(h, &l) || l.type != ARPHRD_SIT)
		return;
	netlink_ends(h, &n);
	if (n.local.s_addr == e->wanted->local.s_addr &&
	    n.remote.s_addr == e->wanted->remote.s_addr && n.link == e->wanted->link.index)
		memcpy(e->name, l.name, sizeof l.name);
}

bool look_for_ends(const struct inventory *wanted, char name[IF_NAMESIZE])
{
	struct ends e = {wanted, name};

	name[0] = '\0';
	return lists_links(-1, false, take_same_ends, &e) == 0 && name[0];
}

static void ignore(void *arg, const struct nlmsghdr *h)
{
	(void)arg;
	(void)h;
}

/* Asks for a route to be replaced that nobody has (100::/64 leads nowhere, RFC 6666):
 * a kernel that knows such routes finds that it is not there, and one that does not
 * finds the question wrong. */
bool look_no_source_routes(void)
{
	static const struct in6_addr nowhere = {.s6_addr = {1}};
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
		struct rtattr to_attr;
		struct in6_addr to;
		struct rtattr from_attr;
		struct in6_addr from;
		struct rtattr metric_attr;
		uint32_t metric;
	} ask;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_NEWROUTE;
	ask.h.nlmsg_flags = NLM_F_ACK | NLM_F_REPLACE;
	ask.h.nlmsg_len = sizeof ask;
	ask.m.rtm_family = AF_INET6;
	ask.m.rtm_table = RT_TABLE_MAIN;
	ask.m.rtm_protocol = TUNNEL_ROUTE_PROTO;
	ask.m.rtm_type = RTN_UNREACHABLE;
	ask.m.rtm_scope = RT_SCOPE_UNIVERSE;
	ask.m.rtm_dst_len = ask.m.rtm_src_len = 128;
	ask.to_attr = (struct rtattr){RTA_LENGTH(sizeof ask.to), RTA_DST};
	ask.from_attr = (struct rtattr){RTA_LENGTH(sizeof ask.from), RTA_SRC};
	ask.to = ask.from = nowhere;
	ask.metric_attr = (struct rtattr){RTA_LENGTH(sizeof ask.metric), RTA_PRIORITY};
	ask.metric = TUNNEL_METRIC_WORST;
	return ask_once(&ask.h, ignore, NULL) == EINVAL;
}
