/* SPDX-License-Identifier: ISC */
#include "keeper/probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "keeper/echo.h"
#include "kernel/interface.h"

void probe_init(struct probe *p)
{
	memset(p, 0, sizeof *p);
	p->fd = p->traffic = -1;
	p->id = (uint16_t)(getpid() & 0xffff);
	probe_forget(p);
}

void probe_close(struct probe *p)
{
	fd_close(&p->fd);
	fd_close(&p->traffic);
	path_init(&p->path);
}

void probe_forget(struct probe *p)
{
	path_init(&p->path);
	p->answered = p->local_answered = false;
	p->ok = -1;
	p->rtt_us = -1;
	p->error = 0;
}

void probe_gone(struct probe *p, unsigned index)
{
	if (index && index != p->index)
		return;
	fd_close(&p->fd);
	fd_close(&p->traffic);
}

void probe_tunnel(struct probe *p, const struct tunnel *t)
{
	p->tunnel = *t;
}

/* Programs for the filters below. The offsets are those of an IPv6 packet; what is
 * loaded is in the machine's byte order. */
#define AT(field) offsetof(struct ip6_hdr, field)
#define ICMP(field) (sizeof(struct ip6_hdr) + offsetof(struct icmp6_hdr, field))
#define OUTGOING BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE))

static int attach(int fd, struct sock_filter *code, size_t n)
{
	struct sock_fprog prog = {(unsigned short)n, code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

/* Echo replies with our identifier that came in, so that other people's pings
 * through the tunnel do not wake the keeper. */
static int filter_answers(int fd, uint16_t id)
{
	struct sock_filter code[] = {
		OUTGOING,
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 7, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT(ip6_nxt)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ICMP(icmp6_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ICMP(icmp6_id)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(id), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, code, sizeof code / sizeof code[0]);
}

/* Headers of packets that came in, multicast and link-local ones left out. */
static int filter_traffic(int fd)
{
	struct sock_filter code[] = {
		OUTGOING,
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 6, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT(ip6_dst)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffc0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xfe80, 3, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xff00, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, sizeof(struct ip6_hdr)),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, code, sizeof code / sizeof code[0]);
}

static struct sockaddr_ll on(unsigned index)
{
	return (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6),
				    .sll_ifindex = (int)index};
}

/* Hears nothing before it is bound, and then only what passes its filter. */
static int open_socket(unsigned index, bool answers, uint16_t id)
{
	struct sockaddr_ll to = on(index);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && ((answers ? filter_answers(fd, id) : filter_traffic(fd)) < 0 ||
			bind(fd, (struct sockaddr *)&to, sizeof to) < 0))
		fd_close(&fd);
	return fd;
}

static bool ready(struct probe *p)
{
	if (p->fd >= 0)
		return true;
	p->index = interface_index(p->tunnel.name);
	if (p->index)
		p->fd = open_socket(p->index, true, p->id);
	else
		errno = ENODEV;
	return p->fd >= 0;
}

static uint16_t next(uint16_t number)
{
	return (uint16_t)((number + 1u) % ECHO_NUMBERS);
}

/* A far end that is a router answers to ff02::2; a plain host, or a router that
 * did not join it on a tunnel, answers to ff02::1. False with errno where neither can
 * be sent. */
static bool send_both(struct probe *p, enum echo_kind kind)
{
	struct sockaddr_ll to = on(p->index);
	struct mmsghdr m[2];
	struct echo e[2];

	memset(m, 0, sizeof m);
	for (unsigned i = 0; i < 2; i++) {
		echo_make(&e[i], &p->tunnel, kind, p->id, p->number,
			  i == 0 ? ECHO_TO_ROUTERS : ECHO_TO_NODES);
		m[i].msg_hdr = (struct msghdr){.msg_name = &to,
					       .msg_namelen = sizeof to,
					       .msg_iov = e[i].iov,
					       .msg_iovlen = sizeof e[i].iov / sizeof e[i].iov[0]};
	}
	/* It stops at the first one that cannot be sent. */
	return sendmmsg(p->fd, m, 2, MSG_NOSIGNAL) > 0 ||
	       sendmmsg(p->fd, m + 1, 1, MSG_NOSIGNAL) > 0;
}

/* A failure to send is like an echo that is lost, but for the message. Once an echo
 * was not answered, one from the link-local address tells whether it is the prefix
 * alone that nobody answers. */
static void send_echo(struct probe *p, bool big, int64_t now_us)
{
	enum echo_kind kind = big ? ECHO_BIG : ECHO_SMALL;

	p->error = 0;
	p->heard = 0;
	if (!ready(p)) {
		p->error = errno;
		return;
	}
	if (!big) {
		p->number = next(p->number);
		p->sent_us[p->number % PROBE_SENT] = now_us;
	}
	if (!send_both(p, kind))
		p->error = errno;
	if (!big && p->number != p->first && p->tunnel.type != DTCP_TUNNELONLY)
		send_both(p, ECHO_LOCAL);
}

static void good(struct probe *p)
{
	p->answered = true;
	p->local_answered = false;
	p->ok = 1;
	fd_close(&p->traffic);
}

static enum probe_news step(struct probe *p, enum path_event e, int64_t limit, int64_t now_us)
{
	unsigned result = path_step(&p->path, e, now_us / 1000, limit);

	if (result & PATH_GOOD)
		good(p);
	if (result & PATH_FAILED)
		p->ok = 0;
	if (result & PATH_SEND)
		send_echo(p, false, now_us);
	if (result & PATH_SEND_BIG)
		send_echo(p, true, now_us);
	if (result & PATH_MTU_BAD)
		log_msg(LOG_WARNING, "%s: packets of the MTU %u are lost on the way, small ones are "
				     "not: set a smaller one with mtu= in the account file (1280 "
				     "always passes)", p->tunnel.name, p->tunnel.mtu);
	if (result & PATH_GOOD)
		return PROBE_OK;
	return result & PATH_FAILED ? PROBE_BAD : PROBE_NOTHING;
}

/* Answers to what was sent before this check do not count. */
static void begin(struct probe *p)
{
	p->first = next(p->number);
	p->local_answered = false;
}

enum probe_news probe_first(struct probe *p, const struct tunnel *t, int64_t limit, int64_t most,
			    int64_t now_us)
{
	probe_tunnel(p, t);
	begin(p);
	p->path.most = most;
	return step(p, PATH_EV_FIRST, limit, now_us);
}

enum probe_news probe_check(struct probe *p, int64_t now_us)
{
	if (p->path.state == PATH_REST)
		begin(p);
	return step(p, PATH_EV_START, 0, now_us);
}

int probe_listens(const struct probe *p)
{
	bool waits = p->path.state != PATH_REST || p->path.big_left > 0;

	return waits && p->heard < PROBE_HEARD_MAX ? p->fd : -1;
}

/* True where number is that of an echo of this check; early is how many came after. */
static bool counts(const struct probe *p, uint16_t number, unsigned *early)
{
	*early = (unsigned)(p->number - number) % ECHO_NUMBERS;
	return *early <= (unsigned)(p->number - p->first) % ECHO_NUMBERS;
}

/* One packet, len bytes long, of which the first ones are here. */
static enum probe_news take(struct probe *p, const unsigned char *packet, size_t len,
			    int64_t now_us)
{
	enum probe_news news;
	enum echo_kind kind;
	uint16_t number;
	unsigned early;

	p->heard++;
	if (!echo_is_answer(packet, len, &p->tunnel, p->id, &kind, &number) ||
	    !counts(p, number, &early))
		return PROBE_NOTHING;
	if (kind == ECHO_LOCAL) {
		p->local_answered = true;
		return PROBE_NOTHING;
	}
	news = step(p, kind == ECHO_BIG ? PATH_EV_ANSWER_BIG : PATH_EV_ANSWER, 0, now_us);
	if (news == PROBE_OK && kind == ECHO_SMALL && early < PROBE_SENT)
		p->rtt_us = now_us - p->sent_us[(p->number - early) % ECHO_NUMBERS % PROBE_SENT];
	return news;
}

/* Two echoes have two answers, and the second one to the check before may still be
 * there: they are read in one call. */
enum { ANSWERS = 4 };

enum probe_news probe_read(struct probe *p, int64_t now_us)
{
	unsigned char packets[ANSWERS][ECHO_BYTES];
	enum probe_news news = PROBE_NOTHING;
	struct iovec iov[ANSWERS];
	struct mmsghdr m[ANSWERS];
	int n;

	memset(m, 0, sizeof m);
	for (int i = 0; i < ANSWERS; i++) {
		/* A place to receive into, so that nothing is in it yet. */
		/* cppcheck-suppress legacyUninitvar */
		iov[i] = (struct iovec){packets[i], sizeof packets[i]};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(p->fd, m, ANSWERS, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n < 0)
		p->heard++;
	for (int i = 0; i < n; i++) {
		enum probe_news one = take(p, packets[i], m[i].msg_len, now_us);

		news = one != PROBE_NOTHING ? one : news;
	}
	return news;
}

/* True where address is one of those that the far end routes to us. */
static bool is_ours(const struct tunnel *t, const struct in6_addr *address)
{
	if (t->type == DTCP_HOST)
		return memcmp(address, &t->near6, sizeof *address) == 0;
	for (unsigned i = 0; i < t->n_prefixes; i++) {
		struct prefix p = {*address, t->prefixes[i].len};

		prefix_mask(&p);
		if (prefix_equal(&p, &t->prefixes[i]))
			return true;
	}
	return t->type == DTCP_TUNNELONLY;
}

/* Whether something else has come out of the tunnel since the last look. The first
 * look only opens the socket, which few checks need. */
static bool has_traffic(struct probe *p)
{
	struct ip6_hdr ip;
	bool any = false;
	int small = 16384; /* bytes: what does not fit is not needed */

	if (p->traffic < 0 && p->index) {
		p->traffic = open_socket(p->index, false, 0);
		if (p->traffic >= 0)
			setsockopt(p->traffic, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		return false;
	}
	while (p->traffic >= 0 && recv(p->traffic, &ip, sizeof ip, MSG_DONTWAIT) == sizeof ip)
		any = any || is_ours(&p->tunnel, &ip.ip6_dst);
	return any;
}

enum probe_news probe_timer(struct probe *p, int64_t now_us)
{
	if (p->path.state == PATH_CHECK && has_traffic(p))
		path_step(&p->path, PATH_EV_TRAFFIC, now_us / 1000, 0);
	return step(p, PATH_EV_TIMER, 0, now_us);
}

const char *probe_why(const struct probe *p, bool trusted, char text[PROBE_WHY_MAX])
{
	if (p->error)
		snprintf(text, PROBE_WHY_MAX, "the far end cannot be asked through the tunnel: %s",
			 strerror(p->error));
	else if (p->local_answered && p->tunnel.type == DTCP_HOST)
		snprintf(text, PROBE_WHY_MAX,
			 "the far end has no route for %s: it answers our link-local address alone",
			 text_ipv6(&p->tunnel.near6));
	else if (p->local_answered)
		snprintf(text, PROBE_WHY_MAX,
			 "the far end has no route for %s: it answers our link-local address alone",
			 text_prefix(&p->tunnel.prefixes[0]));
	else if (p->answered)
		snprintf(text, PROBE_WHY_MAX, "the far end no longer answers through the tunnel: is "
					      "protocol 41 filtered on the way?");
	else if (trusted)
		snprintf(text, PROBE_WHY_MAX,
			 "the far end does not answer through the tunnel, and is trusted all the "
			 "same (path=trust)");
	else
		snprintf(text, PROBE_WHY_MAX,
			 "the far end does not answer through the tunnel: is protocol 41 let through "
			 "by firewalls and NAT on the way? (path=trust is for one that never answers)");
	return text;
}
