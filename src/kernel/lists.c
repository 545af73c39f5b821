/* SPDX-License-Identifier: ISC */
#include "kernel/lists.h"

#include <linux/if_link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int ask_for(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	return fd < 0 ? netlink_ask(request, fn, arg) : netlink_ask_on(fd, request, fn, arg);
}

static int list(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	request->nlmsg_flags = NLM_F_DUMP;
	return ask_for(fd, request, fn, arg);
}

struct link_question {
	struct nlmsghdr h;
	struct ifinfomsg m;
	struct rtattr mask_attr;
	uint32_t mask;
	struct rtattr name_attr;
	char name[IF_NAMESIZE];
};
_Static_assert(sizeof(struct link_question) % NLMSG_ALIGNTO == 0, "one may follow another");

static void about_link(struct link_question *ask, const char *name)
{
	memset(ask, 0, sizeof *ask);
	ask->h.nlmsg_type = RTM_GETLINK;
	ask->h.nlmsg_len = sizeof *ask;
	ask->mask_attr = (struct rtattr){RTA_LENGTH(sizeof ask->mask), IFLA_EXT_MASK};
	ask->mask = RTEXT_FILTER_SKIP_STATS;
	ask->name_attr = (struct rtattr){RTA_LENGTH(sizeof ask->name), IFLA_IFNAME};
	snprintf(ask->name, sizeof ask->name, "%s", name);
}

static void without_name(struct link_question *ask)
{
	ask->h.nlmsg_len = offsetof(struct link_question, name_attr);
}

int lists_link(int fd, const char *name, unsigned index, netlink_fn *fn, void *arg)
{
	struct link_question ask;

	about_link(&ask, name);
	ask.m.ifi_index = (int)index;
	if (index)
		without_name(&ask);
	return ask_for(fd, &ask.h, fn, arg);
}

int lists_counters(const char *name, netlink_fn *fn, void *arg)
{
	struct link_question ask;

	about_link(&ask, name);
	ask.mask = 0;
	return netlink_ask(&ask.h, fn, arg);
}

int lists_named(int fd, const char *const names[], unsigned n, netlink_fn *fn, void *arg)
{
	struct link_question ask[LISTS_NAMES];

	n = n < LISTS_NAMES ? n : LISTS_NAMES;
	for (unsigned i = 0; i < n; i++) {
		about_link(&ask[i], names[i]);
		ask[i].h.nlmsg_seq = i;
	}
	return netlink_ask_several(fd, ask, n * sizeof ask[0], fn, arg);
}

int lists_links(int fd, bool counters, netlink_fn *fn, void *arg)
{
	struct link_question ask;

	about_link(&ask, "");
	without_name(&ask);
	if (counters)
		ask.mask = 0;
	return list(fd, &ask.h, fn, arg);
}

int lists_addresses(int fd, unsigned char family, unsigned index, netlink_fn *fn, void *arg)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
	} ask;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETADDR;
	ask.h.nlmsg_len = sizeof ask;
	ask.m.ifa_family = family;
	ask.m.ifa_index = index;
	return list(fd, &ask.h, fn, arg);
}

int lists_routes6(int fd, const struct lists_filter *f, netlink_fn *fn, void *arg)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
		struct rtattr table_attr;
		uint32_t table;
		struct rtattr out_attr;
		uint32_t out;
	} ask;

	memset(&ask, 0, sizeof ask);
	ask.h.nlmsg_type = RTM_GETROUTE;
	ask.h.nlmsg_len = f->index ? sizeof ask : offsetof(__typeof__(ask), out_attr);
	ask.m.rtm_family = AF_INET6;
	ask.m.rtm_type = f->type;
	ask.m.rtm_protocol = f->proto;
	ask.table_attr = (struct rtattr){RTA_LENGTH(sizeof ask.table), RTA_TABLE};
	ask.table = RT_TABLE_MAIN;
	ask.out_attr = (struct rtattr){RTA_LENGTH(sizeof ask.out), RTA_OIF};
	ask.out = f->index;
	return list(fd, &ask.h, fn, arg);
}
