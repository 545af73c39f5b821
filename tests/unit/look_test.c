/* SPDX-License-Identifier: ISC */
#include "server/look.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/netlink_read.h"
#include "unit.h"

/* A kernel that is asked, and answers with one interface of these counters. */
static unsigned asked;
static struct nlmsghdr question;
static bool counters; /* are asked for */
static char name[IF_NAMESIZE];
static unsigned into; /* where the routes that are asked for lead */

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *h = buf;
	const struct rtattr *a = (const void *)((const char *)buf + NLMSG_LENGTH(sizeof(struct ifinfomsg)));
	size_t left = len - NLMSG_LENGTH(sizeof(struct ifinfomsg));

	(void)fd;
	(void)flags;
	CHECK_INT(h->nlmsg_len, len);
	asked++;
	question = *h;
	if (h->nlmsg_type == RTM_GETROUTE)
		into = netlink_word(h, sizeof(struct rtmsg), RTA_OIF);
	if (h->nlmsg_type != RTM_GETLINK)
		return (ssize_t)len;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			memcpy(name, RTA_DATA(a), RTA_PAYLOAD(a));
		if (a->rta_type == IFLA_EXT_MASK)
			counters = !(*(const uint32_t *)RTA_DATA(a) & RTEXT_FILTER_SKIP_STATS);
	}
	return (ssize_t)len;
}

#ifdef __GLIBC__
typedef int flags_of_recvmmsg;
#else
typedef unsigned flags_of_recvmmsg;
#endif

int recvmmsg(int fd, struct mmsghdr *m, unsigned n, flags_of_recvmmsg flags, struct timespec *limit)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		struct rtattr a;
		unsigned char s[sizeof(struct rtnl_link_stats64)];
	} answer;
	const struct rtnl_link_stats64 s = {.rx_bytes = 5000000000, .tx_bytes = 7};

	(void)fd;
	(void)flags;
	(void)limit;
	CHECK(n > 0 && m[0].msg_hdr.msg_iov->iov_len >= sizeof answer);
	memset(&answer, 0, sizeof answer);
	answer.h = (struct nlmsghdr){.nlmsg_len = sizeof answer, .nlmsg_type = RTM_NEWLINK};
	/* That would be the end of a list. */
	if (question.nlmsg_flags & NLM_F_DUMP)
		answer.h.nlmsg_type = NLMSG_DONE;
	answer.i = (struct ifinfomsg){.ifi_index = 7, .ifi_type = ARPHRD_SIT};
	answer.a = (struct rtattr){RTA_LENGTH(sizeof answer.s), IFLA_STATS64};
	memcpy(answer.s, &s, sizeof s);
	memcpy(m[0].msg_hdr.msg_iov->iov_base, &answer, sizeof answer);
	m[0].msg_len = sizeof answer;
	return 1;
}

static void bytes(void)
{
	uint64_t in, out;

	asked = 0;
	look_bytes("dtcp3", &in, &out);
	CHECK_INT(in, 5000000000);
	CHECK_INT(out, 7);
	/* With a thousand others it takes no longer. */
	CHECK_INT(asked, 1);
	CHECK_INT(question.nlmsg_type, RTM_GETLINK);
	CHECK(!(question.nlmsg_flags & NLM_F_DUMP));
	CHECK_STR(name, "dtcp3");
	CHECK(counters);
}

static void all(void)
{
	struct look l;

	CHECK(look_take(&l, true) && counters);
	look_free(&l);
	CHECK(look_take(&l, false) && !counters);
	CHECK_INT(l.n_links, 0);
	look_free(&l);
}

/* One interface, and the routes into it: with a thousand others it takes no longer. */
static void one(void)
{
	struct look l;

	asked = into = 0;
	CHECK(look_one(&l, "dtcp3") && !counters);
	CHECK_STR(name, "dtcp3");
	CHECK_INT(asked, 2);
	CHECK_INT(question.nlmsg_type, RTM_GETROUTE);
	CHECK_INT(into, 7);
	CHECK_INT(l.n_links, 1);
	look_free(&l);
	CHECK_INT(l.fd, -1);
}

/* All questions of a look go through one socket. */
static void one_socket(void)
{
	struct look l = LOOK_NONE;
	int fd;

	CHECK_INT(look_index(&l, "dtcp3"), 7);
	fd = l.fd;
	CHECK(fd >= 0);
	CHECK_INT(look_filters(&l, 7), 0);
	CHECK_INT(question.nlmsg_type, RTM_GETTFILTER);
	CHECK_INT(l.fd, fd);
	look_free(&l);
}

static void found(void)
{
	struct look_link links[] = {{.name = "a"}, {.name = "dtcp10"}, {.name = "dtcp9"}};
	struct look_route routes[] = {{.unreachable = true}, {.index = 3}, {.index = 3}, {.index = 4}};
	struct look l = {.links = links, .n_links = 3, .routes = routes, .n_routes = 4, .fd = -1};
	const char *texts[] = {"2001:db8::/32", "2001:db8::/32", "2001:db8::/48", "2001:db8::/32"};
	struct prefix none;

	for (unsigned i = 0; i < 4; i++)
		CHECK(prefix_parse(texts[i], &routes[i].prefix));
	for (unsigned i = 0; i < 3; i++)
		CHECK(look_link(&l, links[i].name) == &links[i]);
	for (unsigned i = 0; i < 4; i++)
		CHECK(look_route(&l, &routes[i].prefix, routes[i].index) == &routes[i]);
	CHECK(!look_link(&l, "dtcp1"));
	CHECK(!look_route(&l, &routes[2].prefix, 4));
	CHECK(prefix_parse("2001:db8:1::/48", &none) && !look_route(&l, &none, 3));
	l.n_links = l.n_routes = 0;
	CHECK(!look_link(&l, "a") && !look_route(&l, &routes[0].prefix, 0));
}

static const struct unit_case cases[] = {
	{"one interface is asked for, with the routes into it", one},
	{"all questions of a look go through one socket", one_socket},
	{"interfaces and routes are found among others", found},
	{"counters of all are asked for where they are of use alone", all},
	{"the bytes of one interface are asked for, and not the list of all", bytes},
};

UNIT_MAIN(cases)
