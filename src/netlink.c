/* SPDX-License-Identifier: ISC */
#include "netlink.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* RTA_NEXT() and NLMSG_NEXT(), but that the last piece may come without its
 * padding: there they take off more than is left. */
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

const struct rtattr *netlink_attr(const struct nlmsghdr *h, size_t fixed, unsigned short type,
				  size_t size)
{
	size_t left = h->nlmsg_len - NLMSG_LENGTH(fixed);
	const void *first = (const char *)NLMSG_DATA(h) + NLMSG_ALIGN(fixed);

	for (const struct rtattr *a = first; RTA_OK(a, left); a = next(a, a->rta_len, &left))
		if (a->rta_type == type && RTA_PAYLOAD(a) >= size)
			return a;
	return NULL;
}

struct answer {
	netlink_fn *fn;
	void *arg;
	bool ended, refused;
};

static void take(void *arg, const struct nlmsghdr *h)
{
	struct answer *a = arg;

	if (h->nlmsg_type == NLMSG_ERROR)
		a->ended = a->refused = true;
	else if (h->nlmsg_type == NLMSG_DONE)
		a->ended = true;
	else
		a->fn(a->arg, h);
}

bool netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	struct answer a = {.fn = fn, .arg = arg};
	union {
		struct nlmsghdr align;
		char bytes[8192]; /* the kernel makes no longer ones (NLMSG_GOODSIZE) */
	} buf;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	request->nlmsg_flags |= NLM_F_REQUEST;
	a.refused = fd < 0 || send(fd, request, request->nlmsg_len, 0) < 0;
	a.ended = a.refused;
	while (!a.ended) {
		ssize_t n = recv(fd, &buf, sizeof buf, 0);

		if (n > 0)
			netlink_each(&buf, (size_t)n, take, &a);
		else if (n == 0 || errno != EINTR)
			a.ended = a.refused = true;
		/* The only message of an answer that is no list. */
		if (!(request->nlmsg_flags & NLM_F_DUMP))
			a.ended = true;
	}
	if (fd >= 0)
		close(fd);
	return !a.refused;
}
