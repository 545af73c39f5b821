/* SPDX-License-Identifier: ISC */
#include "kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/interface.h"
#include "protocol/offer.h"
#include "unit.h"

/* A kernel that answers, refuses or has no room: these take the place of the C
 * library's functions. Each step is what one of them does when it is called. */
enum step { NO_SOCKET, NO_SEND, NO_RECV, INTERRUPTED, EMPTY, LINK, PART, CHANGED, CHANGED_DONE, DONE,
	    NOT_THERE, NO_ROUTE, NO_ROOM, LOST };

static enum step script[16];
static unsigned n_steps, at, sockets;

static bool comes(enum step s)
{
	if (at >= n_steps || script[at] != s)
		return false;
	at++;
	return true;
}

static int fails(int error)
{
	errno = error;
	return -1;
}

int socket(int domain, int type, int protocol)
{
	CHECK_INT(domain, AF_NETLINK);
	CHECK(type & SOCK_CLOEXEC);
	CHECK_INT(protocol, NETLINK_ROUTE);
	sockets++;
	return comes(NO_SOCKET) ? fails(EMFILE) : open("/dev/null", O_RDWR | O_CLOEXEC);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *h = buf;

	(void)fd;
	(void)flags;
	CHECK(len > 0 && len % h->nlmsg_len == 0);
	CHECK(h->nlmsg_flags & NLM_F_REQUEST);
	return comes(NO_SEND) ? fails(ENOBUFS) : (ssize_t)len;
}

static ssize_t refusal(void *buf, int error)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = {.h = {.nlmsg_len = sizeof m, .nlmsg_type = NLMSG_ERROR}, .e = {.error = -error}};

	memcpy(buf, &m, sizeof m);
	return sizeof m;
}

static ssize_t message(void *buf, unsigned short type)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} m = {.h = {.nlmsg_len = sizeof m, .nlmsg_type = type},
	       .i = {.ifi_index = 7, .ifi_type = 776 /* ARPHRD_SIT */}};

	memcpy(buf, &m, sizeof m);
	return sizeof m;
}

/* As the kernel marks what comes after something has changed. */
static ssize_t changed(void *buf, unsigned short type)
{
	ssize_t len = message(buf, type);

	((struct nlmsghdr *)buf)->nlmsg_flags |= NLM_F_DUMP_INTR;
	return len;
}

static ssize_t piece(void *buf, size_t size)
{
	CHECK(size >= 8192);
	if (comes(NO_RECV))
		return fails(ENOMEM);
	if (comes(INTERRUPTED))
		return fails(EINTR);
	if (comes(LOST))
		return fails(ENOBUFS);
	if (comes(EMPTY))
		return 0;
	if (comes(NOT_THERE))
		return refusal(buf, ENODEV);
	if (comes(NO_ROUTE))
		return refusal(buf, ENETUNREACH);
	if (comes(NO_ROOM))
		return refusal(buf, ENOBUFS);
	if (comes(DONE))
		return message(buf, NLMSG_DONE);
	if (comes(CHANGED))
		return changed(buf, RTM_NEWLINK);
	if (comes(CHANGED_DONE))
		return changed(buf, NLMSG_DONE);
	CHECK(comes(LINK) || comes(PART));
	return message(buf, RTM_NEWLINK);
}

#ifdef __GLIBC__
typedef int flags_of_recvmmsg;
#else /* as in musl, which has them as the kernel does */
typedef unsigned flags_of_recvmmsg;
#endif

/* A piece at a time. */
int recvmmsg(int fd, struct mmsghdr *m, unsigned n, flags_of_recvmmsg flags, struct timespec *limit)
{
	ssize_t len;

	if (flags == MSG_DONTWAIT && at == n_steps)
		return fails(EAGAIN);
	len = piece(m[0].msg_hdr.msg_iov->iov_base, m[0].msg_hdr.msg_iov->iov_len);
	(void)fd;
	CHECK(n > 0 && (flags == MSG_WAITFORONE || flags == MSG_DONTWAIT) && !limit);
	if (len < 0)
		return -1;
	m[0].msg_len = (unsigned)len;
	return 1;
}

static void count(void *arg, const struct nlmsghdr *h)
{
	CHECK_INT(h->nlmsg_type, RTM_NEWLINK);
	++*(unsigned *)arg;
}

static void set_script(const enum step *steps, size_t n)
{
	memcpy(script, steps, n * sizeof *steps);
	n_steps = (unsigned)n;
	at = sockets = 0;
	unit_log_clear();
}

#define SCRIPT(...)                                                                                \
	set_script((const enum step[]){__VA_ARGS__},                                               \
		   sizeof((const enum step[]){__VA_ARGS__}) / sizeof(enum step))

/* Asks for a link, or for a list; the whole script has to be used up, and no
 * descriptor to be left. */
static unsigned messages;
static int ask(unsigned short flags)
{
	struct nlmsghdr request = {.nlmsg_len = sizeof request, .nlmsg_flags = flags};
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after, error;

	close(before);
	messages = 0;
	error = netlink_ask(&request, count, &messages);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	CHECK_INT(after, before);
	CHECK_INT(at, n_steps);
	return error;
}

static void answers(void)
{
	SCRIPT(LINK);
	CHECK_INT(ask(0), 0);
	CHECK_INT(messages, 1);
	SCRIPT(INTERRUPTED, LINK);
	CHECK_INT(ask(0), 0);
	CHECK_INT(sockets, 1);
	SCRIPT(PART, PART, INTERRUPTED, PART, DONE);
	CHECK_INT(ask(NLM_F_DUMP), 0);
	CHECK_INT(messages, 3);
	SCRIPT(NOT_THERE);
	CHECK_INT(ask(0), ENODEV);
	CHECK_INT(messages, 0);
	CHECK_INT(sockets, 1);
	SCRIPT(NO_ROUTE);
	CHECK_INT(ask(0), ENETUNREACH);
	CHECK_INT(sockets, 1);
	CHECK_STR(unit_log(), "");
}

/* Two questions by one socket; both once more, by another one, where one gave no answer. */
static int ask_two(void *arg, int fd)
{
	struct nlmsghdr request = {.nlmsg_len = sizeof request};
	int error;

	(void)arg;
	messages = 0;
	error = netlink_ask_on(fd, &request, count, &messages);
	return error ? error : netlink_ask_on(fd, &request, count, &messages);
}

static void together(void)
{
	int fd = -1, first;

	SCRIPT(LINK, LINK, LINK, EMPTY, LINK, LINK);
	CHECK_INT(netlink_try(&fd, ask_two, NULL), 0);
	CHECK_INT(messages, 2);
	first = fd;
	CHECK(first >= 0);
	CHECK_INT(sockets, 1);
	CHECK_INT(netlink_try(&fd, ask_two, NULL), 0);
	CHECK_INT(messages, 2);
	CHECK_INT(sockets, 2);
	CHECK_INT(at, n_steps);
	close(fd);
	SCRIPT(NO_SEND, NO_SEND, NO_SEND);
	fd = -1;
	CHECK(netlink_try(&fd, ask_two, NULL) != 0);
	CHECK_INT(fd, -1);
	CHECK_INT(sockets, 3);
}

/* Several requests in one message, and an answer to each, also that there is none. */
static int ask_several(unsigned n)
{
	struct nlmsghdr requests[4];
	int fd = netlink_open(), error;

	for (unsigned i = 0; i < 4; i++)
		requests[i] = (struct nlmsghdr){.nlmsg_len = sizeof requests[0]};
	messages = 0;
	error = netlink_ask_several(fd, requests, n * sizeof requests[0], count, &messages);
	close(fd);
	CHECK(requests[n - 1].nlmsg_flags & NLM_F_REQUEST);
	CHECK_INT(at, n_steps);
	return error;
}

static void several(void)
{
	SCRIPT(LINK, NOT_THERE, LINK);
	CHECK_INT(ask_several(3), 0);
	CHECK_INT(messages, 2);
	SCRIPT(NOT_THERE);
	CHECK_INT(ask_several(1), 0);
	CHECK_INT(messages, 0);
	SCRIPT(NOT_THERE, NO_ROUTE, NOT_THERE, LINK);
	CHECK_INT(ask_several(4), ENETUNREACH);
	SCRIPT(LINK, EMPTY);
	CHECK(ask_several(2) != 0);
}

static void once(void)
{
	static const enum step troubles[] = {NO_SOCKET, NO_SEND, NO_RECV, EMPTY, NO_ROOM};

	for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
		SCRIPT(troubles[i], LINK);
		CHECK_INT(ask(0), 0);
		CHECK_INT(messages, 1);
		CHECK_INT(sockets, 2);
		SCRIPT(troubles[i], troubles[i], NOT_THERE);
		CHECK_INT(ask(0), ENODEV);
		SCRIPT(troubles[i], PART, DONE);
		CHECK_INT(ask(NLM_F_DUMP), 0);
	}
	SCRIPT(PART, PART, NO_RECV, PART, PART, PART, DONE);
	CHECK_INT(ask(NLM_F_DUMP), 0);
	CHECK_INT(messages, 5);
	CHECK_STR(unit_log(), "");
}

/* A list that something changed in while it was made may lack what did not change. */
static void changed_lists(void)
{
	SCRIPT(PART, CHANGED, PART, DONE, PART, PART, DONE);
	CHECK_INT(ask(NLM_F_DUMP), 0);
	CHECK_INT(messages, 5);
	CHECK_INT(sockets, 2);
	SCRIPT(PART, CHANGED_DONE, PART, DONE);
	CHECK_INT(ask(NLM_F_DUMP), 0);
	CHECK_INT(messages, 2);
	/* Where it is so each time the last one will do, and all of it is read. */
	SCRIPT(PART, CHANGED_DONE, CHANGED, DONE, PART, CHANGED, CHANGED_DONE);
	CHECK_INT(ask(NLM_F_DUMP), 0);
	CHECK_INT(messages, 4);
	CHECK_INT(sockets, 3);
	SCRIPT(NO_RECV, PART, CHANGED_DONE, NO_ROOM);
	CHECK_INT(ask(NLM_F_DUMP), ENOBUFS);
	/* It is said of lists alone. */
	SCRIPT(CHANGED);
	CHECK_INT(ask(0), 0);
	CHECK_INT(sockets, 1);
}

static void always(void)
{
	SCRIPT(NO_SOCKET, NO_SOCKET, NO_SOCKET);
	CHECK_INT(ask(0), EMFILE);
	CHECK_HAS(unit_log(), "3 the kernel cannot be asked");
	CHECK_HAS(unit_log(), strerror(EMFILE));
	SCRIPT(NO_SEND, NO_RECV, NO_ROOM);
	CHECK_INT(ask(0), ENOBUFS);
	CHECK_HAS(unit_log(), "3 the kernel cannot be asked");
	SCRIPT(PART, NO_ROOM, NO_ROOM, PART, EMPTY);
	CHECK_INT(ask(NLM_F_DUMP), ENODATA);
}

static void changes(void)
{
	messages = 0;
	SCRIPT(LINK, INTERRUPTED, LINK);
	CHECK(netlink_drain(0, count, &messages));
	CHECK_INT(messages, 2);
	SCRIPT(LINK, LOST, LINK);
	CHECK(!netlink_drain(0, count, &messages));
	CHECK_INT(messages, 4);
	CHECK_INT(at, n_steps);
}

static void unknown(void)
{
	struct offer offer = {.type = DTCP_TUNNELONLY};
	char why[OFFER_WHY_MAX];

	offer.remote.s_addr = htonl(0xc0000201);
	SCRIPT(LINK);
	CHECK_INT(interface_index("dtcp0"), 7);
	SCRIPT(NO_ROOM, NOT_THERE);
	CHECK_INT(interface_index("dtcp0"), 0);
	/* Where nothing is known, nothing is allowed. */
	SCRIPT(NO_ROOM, NO_SOCKET, NO_RECV);
	CHECK(!offer_ok(&offer, DTCP_TUNNELONLY, interface_is_ours(offer.remote), why));
	CHECK_HAS(why, "the far end 192.0.2.1 is an address of this host");
}

static const struct unit_case cases[] = {
	{"questions that are asked together", together},
	{"requests that are sent at once", several},
	{"answers, lists, and what is not there", answers},
	{"what fails once is asked again", once},
	{"a list that was interrupted is asked for again", changed_lists},
	{"what fails each time is an error, with a message", always},
	{"changes that the kernel tells of, also when some are lost", changes},
	{"an address that cannot be asked for may be ours", unknown},
};
UNIT_MAIN(cases)
