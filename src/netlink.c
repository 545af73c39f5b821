/* SPDX-License-Identifier: ISC */
#include "netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { TRIES = 3, PAUSE_NS = 5000000 };

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
	bool ended;
	int error;
};

static void take(void *arg, const struct nlmsghdr *h)
{
	struct answer *a = arg;

	if (h->nlmsg_type != NLMSG_DONE && h->nlmsg_type != NLMSG_ERROR) {
		a->fn(a->arg, h);
		return;
	}
	a->ended = true;
	if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		a->error = -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
}

/* One request, one answer; 0, or an error number. */
static int converse(int fd, const struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	struct answer a = {.fn = fn, .arg = arg};
	union {
		struct nlmsghdr align;
		char bytes[8192]; /* the kernel makes no longer ones (NLMSG_GOODSIZE) */
	} buf;

	if (fd < 0 || send(fd, request, request->nlmsg_len, 0) < 0)
		return errno;
	while (!a.ended) {
		ssize_t n = recv(fd, &buf, sizeof buf, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : ENODATA;
		netlink_each(&buf, (size_t)n, take, &a);
		/* The only message of an answer that is no list. */
		if (!(request->nlmsg_flags & NLM_F_DUMP))
			a.ended = true;
	}
	return a.error;
}

int netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	int error = 0;

	request->nlmsg_flags |= NLM_F_REQUEST;
	/* What is not seen for want of memory would be taken for gone, so this is
	 * not given up at once. */
	for (int i = 0; i < TRIES; i++) {
		int fd;

		if (i > 0)
			nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		error = converse(fd, request, fn, arg);
		if (fd >= 0)
			close(fd);
		if (!error || error == ENODEV)
			return error;
	}
	log_msg(LOG_ERR, "the kernel cannot be asked for interfaces and addresses: %s",
		strerror(error));
	return error;
}
