/* SPDX-License-Identifier: ISC */
#include "kernel/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"

enum { TRIES = 3, PAUSE_NS = 5000000 };

/* In the last try lists are taken as they come: where links come and go all the time, each may
 * be interrupted. try() sets it for all lists that are asked for within. */
static bool is_last;

struct answer {
	netlink_fn *fn;
	void *arg;
	unsigned ends; /* of answers: of a list its last message, else each */
	bool list;
	int error;
};

static int error_of(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof *e) ? -e->error : 0;
}

static void take(void *arg, const struct nlmsghdr *h)
{
	struct answer *a = arg;
	bool is_end = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;

	if (!is_end)
		a->fn(a->arg, h);
	if (is_end || !a->list)
		a->ends++;
	/* Something came or went while it was made, and may have taken others out of it. */
	if (a->list && !is_last && h->nlmsg_flags & NLM_F_DUMP_INTR && !a->error)
		a->error = EINTR;
	if (h->nlmsg_type == NLMSG_ERROR && (!a->error || a->error == ENODEV))
		a->error = error_of(h);
}

/* Whether the kernel's error is its answer, which asking again does not change:
 * no such link, no such route. */
static bool definite(int error)
{
	return error != ENOMEM && error != ENOBUFS && error != EBUSY && error != EAGAIN &&
	       error != EINTR;
}

/* A list comes in pieces, and its end in a piece of its own: recvmmsg(2) reads a short list in
 * one call. With more pieces, more of the stack would stay in memory. The kernel makes no
 * longer ones (NLMSG_GOODSIZE, or what fits here). */
enum { PIECES = 2, PIECE_MAX = 8192 };

struct pieces {
	struct mmsghdr m[PIECES];
	struct iovec iov[PIECES];
	union {
		struct nlmsghdr align;
		char bytes[PIECE_MAX];
	} buf[PIECES];
};

/* The number of pieces that came; waits: for at least one. -1 with errno. */
static int receive(int fd, struct pieces *p, bool waits)
{
	int n;

	memset(p->m, 0, sizeof p->m);
	for (int i = 0; i < PIECES; i++) {
		p->iov[i] = (struct iovec){&p->buf[i], sizeof p->buf[i]};
		p->m[i].msg_hdr.msg_iov = &p->iov[i];
		p->m[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(fd, p->m, PIECES, waits ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Requests, and as many answers; 0, or an error number. *answered: it is the kernel's
 * answer. */
static int converse(int fd, const struct nlmsghdr *request, size_t len, unsigned count,
		    struct answer a, bool *answered)
{
	struct pieces p;

	if (send(fd, request, len, 0) < 0)
		return errno;
	while (a.ends < count) {
		int n = receive(fd, &p, true);

		if (n < 0)
			return errno;
		for (int i = 0; i < n; i++) {
			if (p.m[i].msg_len == 0)
				return ENODATA;
			netlink_each(&p.buf[i], p.m[i].msg_len, take, &a);
		}
	}
	*answered = !a.error || definite(a.error);
	return a.error;
}

static int one(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg, bool *answered)
{
	struct answer a = {.fn = fn, .arg = arg, .list = request->nlmsg_flags & NLM_F_DUMP};

	request->nlmsg_flags |= NLM_F_REQUEST;
	return converse(fd, request, request->nlmsg_len, 1, a, answered);
}

static int open_plain(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

int netlink_open(void)
{
	int fd = open_plain(), on = 1;

	/* Without it (before 4.20) the kernel answers more than was asked for. */
	if (fd >= 0)
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	return fd;
}

int netlink_ask_on(int fd, struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	return one(fd, request, fn, arg, &(bool){false});
}

int netlink_ask_several(int fd, void *requests, size_t len, netlink_fn *fn, void *arg)
{
	struct answer a = {.fn = fn, .arg = arg};
	unsigned count = 0;
	size_t left = len;
	int error;

	for (struct nlmsghdr *h = requests; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		h->nlmsg_flags |= NLM_F_REQUEST;
		count++;
	}
	error = count ? converse(fd, requests, len, count, a, &(bool){false}) : 0;
	return error == ENODEV ? 0 : error;
}

/* See netlink_try(); open_socket() is where *fd comes from. */
static int try(int *fd, int (*open_socket)(void), int (*ask)(void *arg, int fd), void *arg)
{
	bool outer = is_last;
	int error = 0;

	for (int i = 0; i < TRIES; i++) {
		if (i > 0)
			nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		if (*fd < 0)
			*fd = open_socket();
		is_last = i == TRIES - 1;
		error = *fd < 0 ? errno : ask(arg, *fd);
		if (!error)
			break;
		fd_close(fd);
	}
	is_last = outer; /* what is asked for in another's answer is a try of its own */
	return error;
}

int netlink_try(int *fd, int (*ask)(void *arg, int fd), void *arg)
{
	return try(fd, netlink_open, ask, arg);
}

static int once(int (*open_socket)(void), int (*ask)(void *arg, int fd), void *arg)
{
	int fd = -1, error = try(&fd, open_socket, ask, arg);

	fd_close(&fd);
	return error;
}

int netlink_once(int (*ask)(void *arg, int fd), void *arg)
{
	return once(netlink_open, ask, arg);
}

/* A question, and what the kernel answered. */
struct question {
	struct nlmsghdr *request;
	netlink_fn *fn;
	void *arg;
	int answer;
};

/* Any answer of the kernel's will do, also that something is not there. */
static int ask_one(void *arg, int fd)
{
	struct question *q = arg;
	bool answered = false;

	q->answer = one(fd, q->request, q->fn, q->arg, &answered);
	return answered ? 0 : q->answer;
}

void netlink_complain(int error)
{
	log_msg(LOG_ERR, "the kernel cannot be asked for interfaces, addresses and routes: %s",
		strerror(error));
}

int netlink_ask(struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	struct question q = {request, fn, arg, 0};
	int error = once(open_plain, ask_one, &q);

	if (!error)
		return q.answer;
	netlink_complain(error);
	return error;
}

bool netlink_drain(int fd, netlink_fn *fn, void *arg)
{
	struct pieces p;
	bool all = true;

	for (;;) {
		int n = receive(fd, &p, false);

		if (n < 0 && errno != ENOBUFS)
			return all;
		if (n < 0)
			all = false;
		for (int i = 0; i < n; i++)
			netlink_each(&p.buf[i], p.m[i].msg_len, fn, arg);
	}
}
