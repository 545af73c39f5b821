/* SPDX-License-Identifier: ISC */
#include "kernel/way.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/netconf.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "kernel/interface.h"
#include "kernel/lists.h"
#include "kernel/netlink.h"

/* The most links worth asking about, and addresses, that are looked at. */
enum { LINKS = 64, ADDRESSES = 256 };

struct link {
	unsigned index;
	char name[IF_NAMESIZE];
	bool carrier, loopback;
	bool unnumbered; /* it may have no address of its own: a link to one peer */
	unsigned rp_filter;
};

struct address {
	unsigned index;
	struct in_addr local, mask;
};

/* What the kernel says of a way. */
struct route {
	bool found;
	unsigned index;
	unsigned char type;
	uint32_t metric, mtu; /* mtu 0: that of the link */
	struct in_addr source, gateway; /* 0.0.0.0: it says none */
};

/* All that one look collects. */
struct look {
	const struct way_question *q;
	struct route best; /* by the kernel's own choice */
	struct link links[LINKS];
	unsigned n_links;
	struct address addresses[ADDRESSES];
	unsigned n_addresses;
	int rp_filter_all; /* -1: not asked for yet */
	int fd; /* asks */
	int error; /* the kernel could not be asked */
	struct way *ways;
	int n; /* of them */
	struct route route; /* of way_mtu() */
};

static void take_route(void *arg, const struct nlmsghdr *h)
{
	const struct rtmsg *m = netlink_body(h, RTM_NEWROUTE, sizeof *m);
	const struct rtattr *metrics;
	struct route *r = arg;

	if (!m)
		return;
	r->found = true;
	r->type = m->rtm_type;
	r->index = netlink_word(h, sizeof *m, RTA_OIF);
	r->metric = netlink_word(h, sizeof *m, RTA_PRIORITY);
	r->source.s_addr = netlink_word(h, sizeof *m, RTA_PREFSRC);
	r->gateway.s_addr = netlink_word(h, sizeof *m, RTA_GATEWAY);
	metrics = netlink_attr(h, sizeof *m, RTA_METRICS, 0);
	if (metrics)
		netlink_get(&r->mtu, sizeof r->mtu, netlink_within(metrics, RTAX_MTU, 0));
}

/* Whether an error is the kernel's word that there is no such route: none that
 * matches, prohibit, blackhole, no such source or link. */
static bool says_none(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES ||
	       error == EINVAL || error == ESRCH || error == ENODEV;
}

/* The route to the server by a link (0: any) and from a source (0.0.0.0: any). With
 * match, the entry of the table that decides, and nothing where none does: without
 * it the kernel sends by the link anyhow, as if the server were a neighbour. */
static struct route ask_route(struct look *l, unsigned link, struct in_addr from, bool match)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
		struct {
			struct rtattr a;
			uint32_t word;
		} attrs[3];
	} ask;
	struct route r = {0};
	unsigned n = 0;
	int error;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETROUTE;
	ask.m.rtm_family = AF_INET;
	ask.m.rtm_flags = match ? RTM_F_FIB_MATCH : 0;
	ask.m.rtm_dst_len = 32;
	ask.attrs[n].a.rta_type = RTA_DST;
	ask.attrs[n++].word = l->q->server.s_addr;
	if (link) {
		ask.attrs[n].a.rta_type = RTA_OIF;
		ask.attrs[n++].word = link;
	}
	if (from.s_addr) {
		ask.m.rtm_src_len = 32;
		ask.attrs[n].a.rta_type = RTA_SRC;
		ask.attrs[n++].word = from.s_addr;
	}
	for (unsigned i = 0; i < n; i++)
		ask.attrs[i].a.rta_len = RTA_LENGTH(sizeof ask.attrs[i].word);
	ask.h.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof ask.m) + n * sizeof ask.attrs[0]);
	error = netlink_ask_on(l->fd, &ask.h, take_route, &r);
	if (error && !says_none(error))
		l->error = error;
	return r;
}

/* The setting of the link itself. */
static unsigned own_rp_filter(const struct nlmsghdr *h)
{
	const struct rtattr *spec = netlink_attr(h, sizeof(struct ifinfomsg), IFLA_AF_SPEC, 0);
	const struct rtattr *inet = spec ? netlink_within(spec, AF_INET, 0) : NULL;
	const struct rtattr *conf =
		inet ? netlink_within(inet, IFLA_INET_CONF,
				      IPV4_DEVCONF_RP_FILTER * sizeof(uint32_t))
		     : NULL;
	uint32_t word = 0;

	if (conf)
		memcpy(&word, (const uint32_t *)RTA_DATA(conf) + IPV4_DEVCONF_RP_FILTER - 1,
		       sizeof word);
	return word;
}

static void take_address(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = netlink_body(h, RTM_NEWADDR, sizeof *m);
	struct look *l = arg;
	struct address a;

	if (!m)
		return;
	a.index = m->ifa_index;
	a.local.s_addr = netlink_word(h, sizeof *m, IFA_LOCAL);
	a.mask.s_addr = m->ifa_prefixlen && m->ifa_prefixlen <= 32
				? htonl(~0u << (32 - m->ifa_prefixlen))
				: 0;
	for (unsigned i = 0; i < l->n_addresses; i++)
		if (memcmp(&l->addresses[i], &a, sizeof a) == 0)
			return;
	if (interface_global(a.local) && m->ifa_scope < RT_SCOPE_LINK && l->n_addresses < ADDRESSES)
		l->addresses[l->n_addresses++] = a;
}

static bool is_private(struct in_addr a)
{
	uint32_t h = ntohl(a.s_addr);

	return h >> 24 == 10 || h >> 20 == 0xac1 || h >> 16 == 0xc0a8 ||
	       h >> 22 == 0x64400000 >> 22;
}

/* Number i of the usable addresses of the link, those that are private or those that
 * are not; 0.0.0.0 after the last. */
static struct in_addr nth_address(const struct look *l, unsigned link, bool private, unsigned i)
{
	for (unsigned n = 0; n < l->n_addresses; n++)
		if (l->addresses[n].index == link && is_private(l->addresses[n].local) == private &&
		    i-- == 0)
			return l->addresses[n].local;
	return (struct in_addr){0};
}

static bool has_address(const struct look *l, unsigned link, struct in_addr a)
{
	for (unsigned i = 0; i < l->n_addresses; i++)
		if (l->addresses[i].local.s_addr == a.s_addr && l->addresses[i].index == link)
			return true;
	return false;
}

static bool is_held(const struct look *l, struct in_addr a)
{
	for (unsigned i = 0; i < l->n_addresses; i++)
		if (l->addresses[i].local.s_addr == a.s_addr)
			return true;
	return false;
}

static bool has_some(const struct look *l, unsigned link)
{
	return nth_address(l, link, false, 0).s_addr || nth_address(l, link, true, 0).s_addr;
}

/* There may be hundreds of links (containers'), and the line may come after all of them. So
 * those without an address of their own are left out, unless they can do without one. */
static bool worth_asking(const struct look *l, const struct netlink_link *n)
{
	if (l->q->only)
		return n->index == l->q->only;
	return n->flags & (IFF_LOOPBACK | IFF_POINTOPOINT) || n->index == l->best.index ||
	       has_some(l, n->index);
}

/* A link that is down keeps its addresses, but nobody can use them. */
static void forget_addresses(struct look *l, unsigned link)
{
	unsigned left = 0;

	for (unsigned i = 0; i < l->n_addresses; i++)
		if (l->addresses[i].index != link)
			l->addresses[left++] = l->addresses[i];
	l->n_addresses = left;
}

/* Comes after the addresses. */
static void take_link(void *arg, const struct nlmsghdr *h)
{
	struct netlink_link n;
	struct look *l = arg;

	if (!netlink_link(h, &n))
		return;
	if (!(n.flags & IFF_UP))
		forget_addresses(l, n.index);
	/* A sit tunnel carries no IPv4, and there may be hundreds of them. */
	if (!(n.flags & IFF_UP) || n.type == ARPHRD_SIT || l->n_links == LINKS ||
	    !worth_asking(l, &n))
		return;
	for (unsigned i = 0; i < l->n_links; i++)
		if (l->links[i].index == n.index)
			return; /* see lists.h */
	l->links[l->n_links] = (struct link){
		.index = n.index,
		.carrier = n.flags & 1 << 16, /* IFF_LOWER_UP */
		.loopback = n.flags & IFF_LOOPBACK,
		.unnumbered = n.flags & IFF_POINTOPOINT,
		.rp_filter = own_rp_filter(h),
	};
	memcpy(l->links[l->n_links++].name, n.name, sizeof n.name);
}

static int ask_lists(void *arg, int fd)
{
	struct look *l = arg;
	int error;

	l->n_links = l->n_addresses = 0;
	error = lists_addresses(fd, AF_INET, 0, take_address, l);
	return error ? error : lists_links(fd, false, take_link, l);
}

/* Asks all that look() asks on one socket. False after a message. */
static bool ask_kernel(struct look *l, int (*look)(void *arg, int fd))
{
	int error = netlink_once(look, l);

	if (error)
		netlink_complain(error);
	return !error;
}

static void take_rp_filter(void *arg, const struct nlmsghdr *h)
{
	unsigned *value = arg;

	if (netlink_body(h, RTM_NEWNETCONF, sizeof(struct netconfmsg)))
		*value = netlink_word(h, sizeof(struct netconfmsg), NETCONFA_RP_FILTER);
}

/* The setting for all links. */
static unsigned rp_filter(struct look *l)
{
	struct {
		struct nlmsghdr h;
		struct netconfmsg m;
		struct rtattr a __attribute__((aligned(NLMSG_ALIGNTO)));
		int index;
	} ask;
	unsigned value = 0;
	int error;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETNETCONF;
	ask.h.nlmsg_len = sizeof ask;
	ask.m.ncm_family = AF_INET;
	ask.a = (struct rtattr){RTA_LENGTH(sizeof ask.index), NETCONFA_IFINDEX};
	ask.index = NETCONFA_IFINDEX_ALL;
	error = netlink_ask_on(l->fd, &ask.h, take_rp_filter, &value);
	/* Where a kernel cannot say it (before 3.8), nothing is amiss. */
	if (error && error != EOPNOTSUPP && !says_none(error))
		l->error = error;
	return value;
}

/* The kernel takes the higher one of the link's setting and that for all, and 1
 * drops what comes from where it would not send to (ip-sysctl of Linux). */
static bool is_deaf(struct look *l, const struct link *link, const struct way *w)
{
	struct route back;

	if (link->rp_filter > 1)
		return false;
	if (l->rp_filter_all < 0)
		l->rp_filter_all = (int)rp_filter(l);
	if (l->rp_filter_all > 1 || link->rp_filter + (unsigned)l->rp_filter_all == 0)
		return false;
	back = ask_route(l, 0, w->local, false);
	return back.found && back.index != w->index;
}

/* Whether the gateway is in the network of this address of the link. */
static bool near_gateway(const struct look *l, unsigned link, struct in_addr a,
			 struct in_addr gateway)
{
	for (unsigned i = 0; i < l->n_addresses; i++) {
		const struct address *own = &l->addresses[i];

		if (own->index == link && own->local.s_addr == a.s_addr && gateway.s_addr &&
		    ((gateway.s_addr ^ a.s_addr) & own->mask.s_addr) == 0)
			return true;
	}
	return false;
}

/* Whether packets to the server may leave by the link from this address: by a rule
 * (ip rule from) another table may hold that route, or refuse it. */
static bool leads(struct look *l, unsigned link, struct in_addr from, struct route *r)
{
	struct route by;

	if (!interface_global(from) ||
	    (link == l->q->avoid_on && from.s_addr == l->q->avoid.s_addr))
		return false;
	by = ask_route(l, link, from, true);
	if (!by.found || by.type != RTN_UNICAST)
		return false;
	if (!r->found)
		*r = by;
	return true;
}

/* Whether another link that has the address leads to the server itself: then packets from it
 * leave by that one, whatever the kernel would do with those that are bound to none. */
static bool is_anothers(struct look *l, unsigned link, struct in_addr a)
{
	for (unsigned i = 0; i < l->n_addresses; i++) {
		const struct address *held = &l->addresses[i];
		struct route by = {0};

		if (held->local.s_addr == a.s_addr && held->index != link &&
		    leads(l, held->index, a, &by))
			return true;
	}
	return false;
}

/* The address that was asked for may be used on the link. */
static bool may_prefer(struct look *l, unsigned link)
{
	const struct in_addr prefer = l->q->prefer;

	if (!prefer.s_addr)
		return false;
	if (has_address(l, link, prefer))
		return true;
	return l->q->anywhere && is_held(l, prefer) && !is_anothers(l, link, prefer) &&
	       ask_route(l, 0, prefer, false).index == link;
}

/* The address to use on a link, 0.0.0.0: none. match: the route there of packets
 * that have no source yet; where there is none, that of the address that was found. */
static struct in_addr choose_address(struct look *l, const struct link *on, struct route *match)
{
	const unsigned link = on->index;
	const struct in_addr none = {0}, prefer = l->q->prefer;
	struct route use = {0};
	struct in_addr own;

	if (may_prefer(l, link) && leads(l, link, prefer, match))
		return prefer;
	if (match->found)
		use = ask_route(l, link, none, false);
	if ((match->source.s_addr || near_gateway(l, link, use.source, use.gateway)) &&
	    leads(l, link, use.source, match))
		return use.source;
	for (unsigned i = 0; (own = nth_address(l, link, false, i)).s_addr; i++)
		if (leads(l, link, own, match))
			return own;
	for (unsigned i = 0; (own = nth_address(l, link, true, i)).s_addr; i++)
		if (leads(l, link, own, match))
			return own;
	/* A link to one peer may borrow the address of another interface. */
	if (on->unnumbered && match->found && leads(l, link, use.source, match))
		return use.source;
	return none;
}

/* The way by one link; false where none leads there. */
static bool find(struct look *l, const struct link *link, struct way *w)
{
	struct route match = ask_route(l, link->index, (struct in_addr){0}, true);

	if (match.found && match.type != RTN_UNICAST)
		return false;
	*w = (struct way){.index = link->index, .carrier = link->carrier};
	memcpy(w->link, link->name, sizeof w->link);
	w->local = choose_address(l, link, &match);
	w->metric = match.metric;
	w->deaf = w->local.s_addr && is_deaf(l, link, w);
	return w->local.s_addr;
}

/* A server on this very host is the kernel's business alone, but for the address that somebody
 * named. */
static bool find_local(const struct look *l, const struct link *link, struct way *w)
{
	*w = (struct way){.index = link->index, .carrier = true, .here = true};
	memcpy(w->link, link->name, sizeof w->link);
	if (has_address(l, link->index, l->q->prefer))
		w->local = l->q->prefer;
	else if (link->loopback && l->best.index == link->index)
		w->local = l->best.source;
	return w->local.s_addr;
}

/* Whether a is to be tried before b. */
static bool goes_before(const struct way *a, const struct way *b)
{
	if ((a->carrier && !a->deaf) != (b->carrier && !b->deaf))
		return a->carrier && !a->deaf;
	if (a->best != b->best)
		return a->best;
	return a->metric < b->metric;
}

/* Puts the last one of n where it belongs among the others. */
static void sort_in(struct way *ways, int n)
{
	for (int i = n - 1; i > 0 && goes_before(&ways[i], &ways[i - 1]); i--) {
		struct way w = ways[i];

		ways[i] = ways[i - 1];
		ways[i - 1] = w;
	}
}

static bool find_one(struct look *l, const struct link *link, struct way *w)
{
	if (l->best.type == RTN_LOCAL)
		return find_local(l, link, w);
	return !link->loopback && find(l, link, w);
}

static int find_all(void *arg, int fd)
{
	struct look *l = arg;
	int error;

	l->fd = fd;
	l->error = l->n = 0;
	l->rp_filter_all = -1;
	l->best = ask_route(l, 0, (struct in_addr){0}, false);
	error = ask_lists(l, fd);
	for (unsigned i = 0; !error && i < l->n_links && l->n < WAY_MOST; i++) {
		struct way *w = &l->ways[l->n];

		if (find_one(l, &l->links[i], w)) {
			w->best = l->best.index == w->index;
			l->n++;
			sort_in(l->ways, l->n);
		}
	}
	return error ? error : l->error;
}

int way_find(const struct way_question *q, struct way ways[WAY_MOST])
{
	struct look l = {.q = q, .ways = ways};

	return ask_kernel(&l, find_all) ? l.n : -1;
}

struct default_route {
	unsigned index;
	bool found;
};

/* One of several next hops may lead by the link. */
static bool hops_by(const struct nlmsghdr *h, unsigned index)
{
	const struct rtattr *a = netlink_attr(h, sizeof(struct rtmsg), RTA_MULTIPATH,
					      sizeof(struct rtnexthop));
	const char *at = a ? RTA_DATA(a) : NULL;
	size_t left = a ? RTA_PAYLOAD(a) : 0;

	while (left >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;
		size_t len;

		memcpy(&hop, at, sizeof hop);
		len = RTNH_ALIGN(hop.rtnh_len);
		if ((unsigned)hop.rtnh_ifindex == index)
			return true;
		if (len < sizeof hop || len > left)
			break;
		at += len;
		left -= len;
	}
	return false;
}

static void take_default(void *arg, const struct nlmsghdr *h)
{
	const struct rtmsg *m = netlink_body(h, RTM_NEWROUTE, sizeof *m);
	struct default_route *d = arg;

	if (m && m->rtm_dst_len == 0 && m->rtm_type == RTN_UNICAST &&
	    (netlink_word(h, sizeof *m, RTA_OIF) == d->index || hops_by(h, d->index)))
		d->found = true;
}

bool way_default(unsigned index)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
	} ask = {.h = {.nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETROUTE,
		       .nlmsg_flags = NLM_F_DUMP}, .m = {.rtm_family = AF_INET}};
	struct default_route d = {.index = index};

	return netlink_ask(&ask.h, take_default, &d) == 0 && d.found;
}

unsigned way_holder(struct in_addr address)
{
	struct way_question none = {0};
	struct look l = {.q = &none};

	if (!ask_kernel(&l, ask_lists))
		return 0;
	for (unsigned i = 0; i < l.n_addresses; i++)
		if (l.addresses[i].local.s_addr == address.s_addr)
			return l.addresses[i].index;
	return 0;
}

bool way_usable(unsigned index)
{
	struct way_question q = {.only = index};
	struct look l = {.q = &q};

	if (!ask_kernel(&l, ask_lists))
		return true; /* what is not known is tried */
	for (unsigned i = 0; i < l.n_links; i++)
		if (has_some(&l, l.links[i].index))
			return true;
	return false;
}

/* The route from the preferred address. */
static int ask_one(void *arg, int fd)
{
	struct look *l = arg;

	l->fd = fd;
	l->error = 0;
	l->route = ask_route(l, 0, l->q->prefer, false);
	return l->error;
}

unsigned way_mtu(struct in_addr from, struct in_addr to)
{
	struct way_question q = {.server = to, .prefer = from};
	struct look l = {.q = &q};

	if (!ask_kernel(&l, ask_one) || !l.route.index)
		return 0;
	return l.route.mtu ? l.route.mtu : interface_mtu(l.route.index);
}

void way_warn_deaf(const struct way *w, const char *who, struct in_addr server, bool used)
{
	log_msg(LOG_WARNING, "%s: link %s: rp_filter is 1 and the kernel would send to %s by another "
			     "link, so it drops the answers (rp_filter=2 helps)%s",
		who, w->link, text_ipv4(server), used ? "" : "; the link is not used");
}
