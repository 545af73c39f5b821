/* SPDX-License-Identifier: ISC */
/* To be loaded into dtcp-up, dtcpd and ip by LD_PRELOAD: what a kernel says that lacks
 * something. OLDER names it:
 *
 *   strict    before 4.20: lists are not filtered by what is asked (NETLINK_GET_STRICT_CHK)
 *   jail      a filter of system calls is refused (EPERM), though there are some
 *   sources   without IPV6_SUBTREES: a route for certain sources is refused (EINVAL)
 *
 * and what one says whose worker has not had its turn:
 *
 *   tentative an IPv6 address cannot be used yet, while the file /run/lab/tentative is there
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool lacks(const char *what)
{
	static const char *older; /* programs forget their environment */

	if (!older && !(older = getenv("OLDER")))
		older = "";
	return strcmp(older, what) == 0;
}

__attribute__((constructor)) static void look(void)
{
	lacks("");
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	int (*next)(int, int, int, const void *, socklen_t);

	*(void **)&next = dlsym(RTLD_NEXT, "setsockopt");
	if (level == SOL_NETLINK && option == NETLINK_GET_STRICT_CHK && lacks("strict")) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return next(fd, level, option, value, len);
}

int prctl(int option, ...)
{
	int (*next)(int, unsigned long, unsigned long, unsigned long, unsigned long);
	unsigned long args[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	*(void **)&next = dlsym(RTLD_NEXT, "prctl");
	if (option == PR_SET_SECCOMP && lacks("jail")) {
		errno = EPERM;
		return -1;
	}
	return next(option, args[0], args[1], args[2], args[3]);
}

/* No source is so long: any kernel refuses it with the same error. */
static void spoil(void *buf, size_t len)
{
	struct nlmsghdr *h = buf;
	struct rtmsg *m = NLMSG_DATA(h);

	if (len >= NLMSG_LENGTH(sizeof *m) && h->nlmsg_len == len &&
	    (h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) &&
	    m->rtm_family == AF_INET6 && m->rtm_src_len > 0 && lacks("sources"))
		m->rtm_src_len = 200;
}

static void set_tentative(void *buf, size_t len)
{
	struct ifaddrmsg *m;

	for (struct nlmsghdr *h = buf; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		m = NLMSG_DATA(h);
		if (h->nlmsg_type == RTM_NEWADDR && m->ifa_family == AF_INET6)
			m->ifa_flags |= IFA_F_TENTATIVE;
	}
}

int recvmmsg(int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *limit)
{
	int (*next)(int, struct mmsghdr *, unsigned, int, struct timespec *), n;

	*(void **)&next = dlsym(RTLD_NEXT, "recvmmsg");
	n = next(fd, m, count, flags, limit);
	for (int i = 0; i < n && lacks("tentative") && access("/run/lab/tentative", F_OK) == 0; i++)
		set_tentative(m[i].msg_hdr.msg_iov->iov_base, m[i].msg_len);
	return n;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t (*next)(int, const void *, size_t, int);

	*(void **)&next = dlsym(RTLD_NEXT, "send");
	spoil((void *)buf, len);
	return next(fd, buf, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int);

	*(void **)&next = dlsym(RTLD_NEXT, "sendmsg");
	if (m->msg_iovlen == 1)
		spoil(m->msg_iov[0].iov_base, m->msg_iov[0].iov_len);
	return next(fd, m, flags);
}
