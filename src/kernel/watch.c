/* SPDX-License-Identifier: ISC */
#include "kernel/watch.h"

#include <asm/byteorder.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/tunnel.h"
#include "kernel/netlink.h"

/* A default route, or one of the two halves that VPNs set in place of one, has a
 * prefix of so many bits at most. */
enum { WIDE = 1 };

/* On a busy router routes change all the time, and each of many tunnels has a keeper. So
 * the kernel drops what is not ours before it wakes us. What passes: of IPv6 routes,
 * removals with our protocol number, and those that take another's place by hand (daemons
 * have protocol numbers of their own, above RTPROT_STATIC, and replace all day); of IPv4
 * routes, default ones; of sit interfaces, our own; of IPv6 addresses, removals. A filter
 * loads in network byte order, hence the swapped constants. */
int watch_filter(int fd, const char *name)
{
	enum { ADDRESS = 6, ROUTE = 8, REPLACED = 14, ROUTE4 = 18, DROP = 20, PASS = 21, LINK = 22 };
	static const struct sock_filter fixed[] = {
#define LOAD(size, type, field) \
	BPF_STMT(BPF_LD | BPF_ABS | (size), NLMSG_HDRLEN + offsetof(struct type, field))
#define LOAD_TYPE BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type))
#define TEST(at, how, value, yes, no) \
	BPF_JUMP(BPF_JMP | (how) | BPF_K, value, (yes) - (at) - 1, (no) - (at) - 1)
#define WHERE(at, value, yes, no) TEST(at, BPF_JEQ, value, yes, no)
		LOAD_TYPE,
		WHERE(1, __constant_htons(RTM_NEWLINK), LINK, 2),
		WHERE(2, __constant_htons(RTM_DELLINK), LINK, 3),
		WHERE(3, __constant_htons(RTM_NEWADDR), ADDRESS, 4),
		WHERE(4, __constant_htons(RTM_NEWROUTE), ROUTE, 5),
		WHERE(5, __constant_htons(RTM_DELROUTE), ROUTE, PASS),
		[ADDRESS] = LOAD(BPF_B, ifaddrmsg, ifa_family),
		WHERE(7, AF_INET, PASS, DROP),
		[ROUTE] = LOAD(BPF_B, rtmsg, rtm_family),
		WHERE(9, AF_INET, ROUTE4, 10),
		LOAD_TYPE,
		WHERE(11, __constant_htons(RTM_DELROUTE), 12, REPLACED),
		LOAD(BPF_B, rtmsg, rtm_protocol),
		WHERE(13, TUNNEL_ROUTE_PROTO, PASS, DROP),
		[REPLACED] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_flags)),
		TEST(15, BPF_JSET, __constant_htons(NLM_F_REPLACE), 16, DROP),
		LOAD(BPF_B, rtmsg, rtm_protocol),
		TEST(17, BPF_JGT, RTPROT_STATIC, DROP, PASS),
		[ROUTE4] = LOAD(BPF_B, rtmsg, rtm_dst_len),
		TEST(19, BPF_JGT, WIDE, DROP, PASS),
		[DROP] = BPF_STMT(BPF_RET | BPF_K, 0),
		[PASS] = BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		[LINK] = LOAD(BPF_H, ifinfomsg, ifi_type),
		WHERE(23, __constant_htons(ARPHRD_SIT), 25, 24),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		/* The name begins 4 bytes after the attribute. */
		BPF_STMT(BPF_LD | BPF_IMM, NLMSG_LENGTH(sizeof(struct ifinfomsg))),
		BPF_STMT(BPF_LDX | BPF_IMM, IFLA_IFNAME),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_NLATTR)),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
	};
	struct sock_filter code[sizeof fixed / sizeof fixed[0] + 3 * IF_NAMESIZE / 4 + 1];
	struct sock_fprog prog = {sizeof fixed / sizeof fixed[0], code};
	char padded[IF_NAMESIZE] = "";

	memcpy(code, fixed, sizeof fixed);
	snprintf(padded, sizeof padded, "%s", name);
	for (size_t at = 0; at <= strlen(padded); at += sizeof(uint32_t)) {
		uint32_t word;

		memcpy(&word, padded + at, sizeof word);
		code[prog.len++] = (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_IND, (uint32_t)(sizeof(struct rtattr) + at));
		code[prog.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(word), 1, 0);
		code[prog.len++] = code[DROP];
	}
	code[prog.len++] = code[PASS];
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

int watch_open(const char *name)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	nl.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE |
		       RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
	if (fd >= 0 && (watch_filter(fd, name) < 0 ||
			bind(fd, (struct sockaddr *)&nl, sizeof nl) < 0))
		fd_close(&fd);
	return fd;
}

static void link_message(const struct nlmsghdr *h, struct watch_event *e)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);

	e->kind = h->nlmsg_type == RTM_NEWLINK ? WATCH_LINK_NEW : WATCH_LINK_GONE;
	e->index = (unsigned)info->ifi_index;
	netlink_name(h, e->name);
}

static void address_message(const struct nlmsghdr *h, struct watch_event *e)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	const struct rtattr *a = netlink_attr(h, sizeof *info, IFA_LOCAL, sizeof e->address);

	if (!a) /* where there is a peer, this is the peer's */
		a = netlink_attr(h, sizeof *info, IFA_ADDRESS, sizeof e->address);
	e->kind = info->ifa_family == AF_INET ? WATCH_ADDRESS4 : WATCH_ADDRESS6_GONE;
	e->index = info->ifa_index;
	if (a)
		memcpy(&e->address, RTA_DATA(a), sizeof e->address);
}

/* False for a message that nobody needs. */
static bool route_message(const struct nlmsghdr *h, struct watch_event *e)
{
	const struct rtmsg *info = NLMSG_DATA(h);
	const struct rtattr *a = netlink_attr(h, sizeof *info, RTA_OIF, sizeof e->index);

	if (a)
		memcpy(&e->index, RTA_DATA(a), sizeof e->index);
	if (info->rtm_family == AF_INET) {
		e->kind = WATCH_ROUTE4;
		return info->rtm_dst_len <= WIDE;
	}
	if (h->nlmsg_type == RTM_NEWROUTE) {
		e->kind = WATCH_ROUTE_REPLACED;
		return h->nlmsg_flags & NLM_F_REPLACE && info->rtm_protocol <= RTPROT_STATIC;
	}
	e->kind = WATCH_ROUTE_GONE;
	a = netlink_attr(h, sizeof *info, RTA_DST, sizeof e->address);
	if (!a)
		a = netlink_attr(h, sizeof *info, RTA_SRC, sizeof e->address);
	if (a)
		memcpy(&e->address, RTA_DATA(a), sizeof e->address);
	return info->rtm_protocol == TUNNEL_ROUTE_PROTO;
}

static bool one_message(const struct nlmsghdr *h, struct watch_event *e)
{
	size_t len = h->nlmsg_len;

	memset(e, 0, sizeof *e);
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
			return false;
		link_message(h, e);
		return true;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
			return false;
		address_message(h, e);
		return e->kind == WATCH_ADDRESS4 || h->nlmsg_type == RTM_DELADDR;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return len >= NLMSG_LENGTH(sizeof(struct rtmsg)) && route_message(h, e);
	case RTM_NEWRULE: /* only those of IPv4 are asked for */
	case RTM_DELRULE:
		e->kind = WATCH_ROUTE4;
		return true;
	default:
		return false;
	}
}

struct parse {
	watch_fn *fn;
	void *arg;
};

static void take(void *arg, const struct nlmsghdr *h)
{
	const struct parse *p = arg;
	struct watch_event e;

	if (one_message(h, &e))
		p->fn(p->arg, &e);
}

void watch_parse(const void *buf, size_t len, watch_fn *fn, void *arg)
{
	struct parse p = {fn, arg};

	netlink_each(buf, len, take, &p);
}

void watch_read(int fd, watch_fn *fn, void *arg)
{
	const struct watch_event lost = {.kind = WATCH_OVERFLOW};
	struct parse p = {fn, arg};

	if (!netlink_drain(fd, take, &p))
		fn(arg, &lost);
}
