/* SPDX-License-Identifier: ISC */
#include "probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "log.h"

/* Of an IPv6 header and an ICMPv6 echo header: what a big echo leaves free. */
enum { HEADERS = 40 + 8, SMALL = 8, BIG_MAX = 65535 - 20 - 40 };

/* The payload is constant; the number tells small from big ones. */
static const char payload[SMALL] = {'d', 't', 'c', 'p', '-', 'u', 'p', '\n'};

void probe_init(struct probe *p)
{
	memset(p, 0, sizeof *p);
	path_init(&p->path);
	p->fd = -1;
	p->id = (uint16_t)(getpid() & 0xffff);
	probe_forget(p);
}

void probe_close(struct probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	path_init(&p->path);
}

void probe_forget(struct probe *p)
{
	path_init(&p->path);
	p->answered = p->warned = false;
	p->ok = -1;
	p->rtt_us = -1;
}

/* Lets through echo replies with our identifier alone, so that other people's
 * pings through the tunnel do not wake the keeper. The offsets are those of
 * struct icmp6_hdr; a filter loads in network byte order. */
static int filter(int fd, uint16_t id)
{
	static const struct sock_filter fixed[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct icmp6_hdr, icmp6_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct icmp6_hdr, icmp6_id)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), /* the identifier */
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter code[sizeof fixed / sizeof fixed[0]];
	struct sock_fprog prog = {sizeof code / sizeof code[0], code};

	memcpy(code, fixed, sizeof code);
	code[3].k = ntohs(id);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

/* A socket bound to the interface hears nothing that did not come in by it. */
static bool open_socket(struct probe *p, const char *name)
{
	int off = 0, fd;

	if (p->fd >= 0)
		return true;
	fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	if (fd < 0 || filter(fd, p->id) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off) < 0) {
		log_msg(LOG_WARNING, "%s: the path cannot be checked: %m", name);
		if (fd >= 0)
			close(fd);
		return false;
	}
	p->fd = fd;
	p->index = link_index(name);
	return true;
}

void probe_gone(struct probe *p, unsigned index)
{
	if (p->fd < 0 || (index && index != p->index))
		return;
	close(p->fd);
	p->fd = -1;
}

static size_t echo_len(const struct probe *p, bool big)
{
	return big && p->mtu > HEADERS + SMALL ? p->mtu - HEADERS : SMALL;
}

/* A far end that is a router answers to ff02::2; a plain host, or a router
 * that did not join it on a tunnel, answers to ff02::1. Even numbers are of
 * small echoes, odd ones of big ones. A failure to send is like an echo that
 * is lost. */
static void send_both(struct probe *p, bool big)
{
	static unsigned char zero[BIG_MAX];
	struct sockaddr_in6 to[2];
	struct icmp6_hdr h;
	struct iovec iov[3] = {
		{&h, sizeof h},
		{(void *)(uintptr_t)payload, SMALL},
		{zero, echo_len(p, big) - SMALL},
	};
	struct mmsghdr m[2];

	p->seq = (uint16_t)((p->seq & ~1u) + (big ? 1 : 2));
	p->heard = 0;
	memset(&h, 0, sizeof h);
	h.icmp6_type = ICMP6_ECHO_REQUEST;
	h.icmp6_id = p->id;
	h.icmp6_seq = htons(p->seq);
	memset(m, 0, sizeof m);
	for (unsigned i = 0; i < 2; i++) {
		to[i] = (struct sockaddr_in6){
			.sin6_family = AF_INET6,
			.sin6_addr.s6_addr = {0xff, 2, [15] = (unsigned char)(2 - i)},
			.sin6_scope_id = p->index,
		};
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = iov, .msg_iovlen = 3};
	}
	/* It stops at the first one that fails. */
	if (sendmmsg(p->fd, m, 2, MSG_NOSIGNAL) < 0)
		sendmmsg(p->fd, m + 1, 1, MSG_NOSIGNAL);
}

static enum probe_news path_bad(struct probe *p, const char *name)
{
	bool did = p->answered && p->ok == 1;

	p->ok = 0;
	if (did) {
		log_msg(LOG_WARNING, "%s: the far end no longer answers through the tunnel: is "
				     "protocol 41 filtered on the way? Routes are withdrawn", name);
		return PROBE_BAD;
	}
	if (!p->warned && !p->answered)
		log_msg(LOG_WARNING, "%s: the far end does not answer through the tunnel: is "
				     "protocol 41 let through by firewalls and NAT on the way?",
			name);
	p->warned = true;
	return PROBE_NOTHING;
}

static enum probe_news path_good(struct probe *p, const char *name, int64_t now_us)
{
	bool was_bad = p->ok == 0;

	p->answered = true;
	p->ok = 1;
	p->rtt_us = now_us - p->sent_us;
	if (was_bad)
		log_msg(LOG_NOTICE, "%s: the far end answers through the tunnel again", name);
	return PROBE_OK;
}

static enum probe_news step(struct probe *p, const char *name, enum path_event e, int64_t now_us)
{
	unsigned result = path_step(&p->path, e, now_us / 1000);

	if (result & PATH_SEND) {
		p->sent_us = now_us;
		send_both(p, false);
	}
	if (result & PATH_SEND_BIG)
		send_both(p, true);
	if (result & PATH_MTU_BAD)
		log_msg(LOG_WARNING, "%s: packets of the MTU %u are lost on the way, small ones are "
				     "not: set a smaller one with mtu= in the account file (1280 "
				     "always passes)", name, p->mtu);
	if (result & PATH_GOOD)
		return path_good(p, name, now_us);
	if (result & PATH_BAD)
		return path_bad(p, name);
	return PROBE_NOTHING;
}

enum probe_news probe_start(struct probe *p, const char *name, unsigned mtu, bool big,
			    int64_t now_us)
{
	p->mtu = mtu;
	if (!open_socket(p, name))
		return PROBE_NOTHING;
	/* What the check before left unread is no answer to this one. */
	if (p->path.state == PATH_REST)
		p->seq = (uint16_t)(p->seq + 2 * PATH_TRIES);
	return step(p, name, big ? PATH_START_BIG : PATH_START, now_us);
}

/* Compares an answer of len bytes, of which buf holds the beginning, with what
 * was sent. One that comes late answers an earlier echo of this check. */
static bool is_answer(const struct probe *p, const unsigned char *buf, size_t len, bool *big)
{
	struct icmp6_hdr h;
	uint16_t seq;

	if (len < sizeof h + SMALL)
		return false;
	memcpy(&h, buf, sizeof h);
	seq = ntohs(h.icmp6_seq);
	*big = seq & 1;
	return h.icmp6_type == ICMP6_ECHO_REPLY && h.icmp6_code == 0 && h.icmp6_id == p->id &&
	       (uint16_t)((p->seq | 1) - seq) < 2 * PATH_TRIES &&
	       len == sizeof h + echo_len(p, *big) &&
	       memcmp(buf + sizeof h, payload, SMALL) == 0;
}

int probe_listens(const struct probe *p)
{
	return p->path.state == PATH_REST || p->heard >= PROBE_HEARD_MAX ? -1 : p->fd;
}

enum probe_news probe_read(struct probe *p, const char *name, int64_t now_us)
{
	unsigned char buf[sizeof(struct icmp6_hdr) + SMALL];
	ssize_t n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT | MSG_TRUNC);
	bool big;

	p->heard++;
	if (n < 0 || !is_answer(p, buf, (size_t)n, &big))
		return PROBE_NOTHING;
	return step(p, name, big ? PATH_ANSWER_BIG : PATH_ANSWER, now_us);
}

enum probe_news probe_timer(struct probe *p, const char *name, int64_t now_us)
{
	return step(p, name, PATH_TIMER, now_us);
}
