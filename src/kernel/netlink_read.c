/* SPDX-License-Identifier: ISC */
#include "kernel/netlink_read.h"

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <stdio.h>
#include <string.h>

/* As RTA_NEXT() and NLMSG_NEXT(), but the last piece may come without its padding: those would
 * take off more than is left. */
static const void *next(const void *piece, size_t len, size_t *left)
{
	size_t n = NLMSG_ALIGN(len) < *left ? NLMSG_ALIGN(len) : *left;

	*left -= n;
	return (const char *)piece + n;
}

void netlink_each(const void *buf, size_t len, netlink_fn *fn, void *arg)
{
	for (const struct nlmsghdr *h = buf; NLMSG_OK(h, len); h = next(h, h->nlmsg_len, &len))
		fn(arg, h);
}

static const struct rtattr *find(const void *first, size_t left, unsigned short type, size_t size)
{
	for (const struct rtattr *a = first; RTA_OK(a, left); a = next(a, a->rta_len, &left))
		if ((a->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(a) >= size)
			return a;
	return NULL;
}

const struct rtattr *netlink_attr(const struct nlmsghdr *h, size_t fixed, unsigned short type,
				  size_t size)
{
	size_t left = h->nlmsg_len - NLMSG_LENGTH(fixed);
	const void *first = (const char *)NLMSG_DATA(h) + NLMSG_ALIGN(fixed);

	return find(first, left, type, size);
}

const struct rtattr *netlink_within(const struct rtattr *outer, unsigned short type, size_t size)
{
	return find(RTA_DATA(outer), RTA_PAYLOAD(outer), type, size);
}

const void *netlink_body(const struct nlmsghdr *h, unsigned short type, size_t size)
{
	return h->nlmsg_type == type && h->nlmsg_len >= NLMSG_LENGTH(size) ? NLMSG_DATA(h) : NULL;
}

void netlink_get(void *to, size_t size, const struct rtattr *a)
{
	if (a && RTA_PAYLOAD(a) >= size)
		memcpy(to, RTA_DATA(a), size);
}

uint32_t netlink_word(const struct nlmsghdr *h, size_t fixed, unsigned short type)
{
	uint32_t word = 0;

	netlink_get(&word, sizeof word, netlink_attr(h, fixed, type, sizeof word));
	return word;
}

void netlink_name(const struct nlmsghdr *h, char name[IF_NAMESIZE])
{
	const struct rtattr *a = netlink_attr(h, sizeof(struct ifinfomsg), IFLA_IFNAME, 0);

	name[0] = '\0';
	if (a)
		snprintf(name, IF_NAMESIZE, "%.*s", (int)RTA_PAYLOAD(a),
			 (const char *)RTA_DATA(a));
}

bool netlink_link(const struct nlmsghdr *h, struct netlink_link *l)
{
	const struct ifinfomsg *m = netlink_body(h, RTM_NEWLINK, sizeof *m);

	if (!m)
		return false;
	l->index = (unsigned)m->ifi_index;
	l->type = m->ifi_type;
	l->flags = m->ifi_flags;
	l->mtu = netlink_word(h, sizeof *m, IFLA_MTU);
	netlink_name(h, l->name);
	return true;
}

void netlink_ends(const struct nlmsghdr *h, struct netlink_ends *e)
{
	const struct rtattr *info = netlink_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO, 0);
	const struct rtattr *data = info ? netlink_within(info, IFLA_INFO_DATA, 0) : NULL;

	memset(e, 0, sizeof *e);
	if (!data)
		return;
	netlink_get(&e->local, sizeof e->local, netlink_within(data, IFLA_IPTUN_LOCAL, 0));
	netlink_get(&e->remote, sizeof e->remote, netlink_within(data, IFLA_IPTUN_REMOTE, 0));
	netlink_get(&e->ttl, sizeof e->ttl, netlink_within(data, IFLA_IPTUN_TTL, 0));
	netlink_get(&e->link, sizeof e->link, netlink_within(data, IFLA_IPTUN_LINK, 0));
}

bool netlink_route6(const struct nlmsghdr *h, struct netlink_route6 *r)
{
	const struct rtmsg *m = netlink_body(h, RTM_NEWROUTE, sizeof *m);
	uint32_t table;

	if (!m || m->rtm_family != AF_INET6 || (m->rtm_flags & RTM_F_CLONED))
		return false;
	table = m->rtm_table;
	netlink_get(&table, sizeof table, netlink_attr(h, sizeof *m, RTA_TABLE, 0));
	if (table != RT_TABLE_MAIN)
		return false;
	memset(r, 0, sizeof *r);
	r->type = m->rtm_type;
	r->proto = m->rtm_protocol;
	r->to.len = m->rtm_dst_len;
	r->from.len = m->rtm_src_len;
	netlink_get(&r->to.addr, sizeof r->to.addr, netlink_attr(h, sizeof *m, RTA_DST, 0));
	netlink_get(&r->from.addr, sizeof r->from.addr, netlink_attr(h, sizeof *m, RTA_SRC, 0));
	r->metric = netlink_word(h, sizeof *m, RTA_PRIORITY);
	r->index = netlink_word(h, sizeof *m, RTA_OIF);
	return true;
}
