/* SPDX-License-Identifier: ISC */
/* What is sent into the tunnel, and which packets that come out of it are answers.
 * The sockets are pairs, so that the test says what arrives; what is sent is noted
 * by the test's own sendmmsg(). */
#include "keeper/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

enum { MTU = 1300, IP = 40, ICMP = 8, PAYLOAD = 8, SMALL = IP + ICMP + PAYLOAD };
enum { KIND_SMALL, KIND_BIG, KIND_LOCAL };

static struct probe p;
static struct tunnel t;
static int far = -1, far_traffic = -1;
static int64_t now;

/* The packets that were sent since the last sent_clear(). */
static struct {
	unsigned n;
	size_t len[8];
	unsigned char bytes[8][2048];
	unsigned failing; /* so many calls from now on fail ... */
	int error;        /* ... with this */
} sent;

static void note(const struct msghdr *m)
{
	size_t len = 0;

	for (size_t i = 0; i < (size_t)m->msg_iovlen; i++) {
		if (sent.n < 8 && len + m->msg_iov[i].iov_len <= sizeof sent.bytes[0])
			memcpy(sent.bytes[sent.n] + len, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		len += m->msg_iov[i].iov_len;
	}
	if (sent.n < 8)
		sent.len[sent.n++] = len;
}

#ifdef __GLIBC__
typedef int flags_of_sendmmsg;
#else
typedef unsigned flags_of_sendmmsg;
#endif

int sendmmsg(int fd, struct mmsghdr *m, unsigned n, flags_of_sendmmsg flags)
{
	(void)fd;
	(void)flags;
	if (sent.failing > 0) {
		sent.failing--;
		errno = sent.error;
		return -1;
	}
	for (unsigned i = 0; i < n; i++)
		note(&m[i].msg_hdr);
	return (int)n;
}

static struct in6_addr ipv6(const char *text)
{
	struct in6_addr a = {{{0}}};

	CHECK_FOR(text, inet_pton(AF_INET6, text, &a) == 1);
	return a;
}

static int pair(int *other)
{
	int fd[2];

	if (*other >= 0)
		close(*other);
	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd), 0);
	*other = fd[1];
	return fd[0];
}

/* A tunnel of this type, and nothing asked yet. */
static void begin(enum dtcp_type type)
{
	memset(&t, 0, sizeof t);
	memcpy(t.name, "none0", 6);
	t.type = type;
	t.mtu = MTU;
	t.local = unit_ipv4("192.0.2.1");
	if (type == DTCP_NETWORK) {
		t.n_prefixes = 2;
		CHECK(prefix_parse("2001:db8:1::/48", &t.prefixes[0]));
		CHECK(prefix_parse("2001:db8:2::/64", &t.prefixes[1]));
	} else if (type == DTCP_HOST) {
		t.near6 = ipv6("2001:db8::6");
		t.peer6 = ipv6("2001:db8::5");
	}
	memset(&sent, 0, sizeof sent);
	probe_close(&p);
	probe_init(&p);
	p.fd = pair(&far);
	p.id = 0x1234;
	p.number = 100;
	now = 1000000000;
}

static void sent_clear(void)
{
	memset(&sent, 0, sizeof sent);
}

static enum probe_news ask(void)
{
	return probe_first(&p, &t, now / 1000 + PATH_LIMIT_MS, 60000, now);
}

static enum probe_news timer(void)
{
	now = p.path.wake * 1000;
	return probe_timer(&p, now);
}

static enum probe_news arrives(const void *packet, size_t len)
{
	CHECK_INT(send(far, packet, len, 0), len);
	return probe_read(&p, now);
}

/* The answer to an echo of this number and kind. */
static unsigned char answer[2048];
static size_t make_answer(uint16_t number, int kind)
{
	size_t len = kind == KIND_BIG ? MTU : SMALL;
	struct ip6_hdr ip = {.ip6_flow = htonl(6u << 28), .ip6_nxt = IPPROTO_ICMPV6,
			     .ip6_plen = htons((uint16_t)(len - IP)), .ip6_hlim = 64};
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REPLY};

	ip.ip6_src = ipv6("2001:db8:6::1");
	ip.ip6_dst = ipv6(kind == KIND_LOCAL ? "fe80::c000:201" : "2001:db8:1::1");
	h.icmp6_id = p.id;
	h.icmp6_seq = htons((uint16_t)(number * 4 + kind));
	memset(answer, 0, sizeof answer);
	memcpy(answer, &ip, sizeof ip);
	memcpy(answer + IP, &h, sizeof h);
	memcpy(answer + IP + ICMP, "dtcp-up\n", PAYLOAD);
	return len;
}

static enum probe_news answered(uint16_t number, int kind)
{
	return arrives(answer, make_answer(number, kind));
}

/* True where the ICMPv6 checksum of a packet is right, by RFC 1071. */
static bool checksum_ok(const unsigned char *packet, size_t len)
{
	uint32_t sum = (uint32_t)(len - IP) + IPPROTO_ICMPV6;

	for (size_t i = 8; i < len; i += 2)
		sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* Checks a packet that was sent. */
static void check_sent(unsigned i, const char *from, const char *to, size_t len, unsigned seq)
{
	struct in6_addr source = ipv6(from), target = ipv6(to);
	struct ip6_hdr ip;
	struct icmp6_hdr h;

	if (!CHECK(i < sent.n))
		return;
	memcpy(&ip, sent.bytes[i], sizeof ip);
	memcpy(&h, sent.bytes[i] + IP, sizeof h);
	CHECK_INT(sent.len[i], len);
	CHECK_INT(ip.ip6_vfc >> 4, 6);
	CHECK_INT(ntohs(ip.ip6_plen), len - IP);
	CHECK_INT(ip.ip6_hlim, 255);
	CHECK_FOR(from, memcmp(&ip.ip6_src, &source, sizeof source) == 0);
	CHECK_FOR(to, memcmp(&ip.ip6_dst, &target, sizeof target) == 0);
	CHECK_INT(h.icmp6_type, ICMP6_ECHO_REQUEST);
	CHECK_INT(ntohs(h.icmp6_seq), seq);
	CHECK(checksum_ok(sent.bytes[i], len));
}

static void requests(void)
{
	begin(DTCP_NETWORK);
	CHECK_INT(ask(), PROBE_NOTHING);
	CHECK_INT(sent.n, 2);
	check_sent(0, "2001:db8:1::1", "ff02::2", SMALL, 101 * 4);
	check_sent(1, "2001:db8:1::1", "ff02::1", SMALL, 101 * 4);
	/* The second time from the link-local address too. */
	sent_clear();
	timer();
	CHECK_INT(sent.n, 4);
	check_sent(1, "2001:db8:1::1", "ff02::1", SMALL, 102 * 4);
	check_sent(3, "fe80::192.0.2.1", "ff02::1", SMALL, 102 * 4 + KIND_LOCAL);
	/* Then one that fills the MTU. */
	sent_clear();
	CHECK_INT(answered(102, KIND_SMALL), PROBE_OK);
	CHECK_INT(sent.n, 2);
	check_sent(0, "2001:db8:1::1", "ff02::2", MTU, 102 * 4 + KIND_BIG);

	begin(DTCP_HOST);
	ask();
	check_sent(0, "2001:db8::6", "ff02::2", SMALL, 101 * 4);
	begin(DTCP_TUNNELONLY);
	ask();
	check_sent(1, "fe80::192.0.2.1", "ff02::1", SMALL, 101 * 4);
	sent_clear();
	timer();
	CHECK_INT(sent.n, 2); /* there is no other */
}

static void good(void)
{
	begin(DTCP_NETWORK);
	ask();
	now += 20000;
	CHECK_INT(answered(101, KIND_SMALL), PROBE_OK);
	CHECK_INT(p.ok, 1);
	CHECK_INT(p.rtt_us, 20000);
	CHECK_INT(answered(101, KIND_BIG), PROBE_NOTHING);
	CHECK_INT(probe_listens(&p), -1);
	begin(DTCP_NETWORK);
	ask();
	CHECK_INT(answered(101, KIND_BIG), PROBE_OK);
}

/* To any echo of a check, however late; not to one of the check before. */
static void late(void)
{
	begin(DTCP_NETWORK);
	ask();
	for (int i = 0; i < 40; i++)
		timer();
	CHECK_INT(p.path.state, PATH_BAD);
	CHECK_INT(p.number, 140);
	CHECK_INT(answered(100, KIND_SMALL), PROBE_NOTHING);
	CHECK_INT(answered(141, KIND_SMALL), PROBE_NOTHING);
	CHECK_INT(p.rtt_us, -1);
	CHECK_INT(answered(101, KIND_SMALL), PROBE_OK);
	CHECK_INT(p.rtt_us, -1); /* nobody knows any more when it was sent */
	answered(p.number, KIND_BIG);
	probe_check(&p, now);
	CHECK_INT(answered(140, KIND_SMALL), PROBE_NOTHING);
	CHECK_INT(answered(141, KIND_SMALL), PROBE_OK);
	/* Around the end of the numbers. */
	begin(DTCP_NETWORK);
	p.number = 16382;
	ask();
	timer();
	CHECK_INT(p.number, 0);
	CHECK_INT(answered(16383, KIND_SMALL), PROBE_OK);
}

/* Every bit that is compared: all but traffic class and flow label, hop limit,
 * source, checksum and number. */
static void every_bit(void)
{
	size_t len;

	begin(DTCP_NETWORK);
	ask();
	len = make_answer(101, KIND_SMALL);
	for (size_t bit = 0; bit < len * 8; bit++) {
		size_t byte = bit / 8;

		if ((byte == 0 && bit % 8 < 4) || (byte >= 1 && byte <= 3) || byte == 7 ||
		    (byte >= 8 && byte < 24) || byte == 42 || byte == 43 || byte == 46 || byte == 47)
			continue;
		make_answer(101, KIND_SMALL);
		answer[byte] ^= (unsigned char)(1u << bit % 8);
		CHECK_INT(arrives(answer, len), PROBE_NOTHING);
		CHECK(!p.answered);
	}
	CHECK_INT(answered(101, KIND_SMALL), PROBE_OK);
}

static void every_length(void)
{
	begin(DTCP_NETWORK);
	ask();
	for (size_t len = 1; len < 200; len++) {
		if (len == make_answer(101, KIND_SMALL))
			continue;
		CHECK_INT(arrives(answer, len), PROBE_NOTHING);
		/* The header may say so too. */
		answer[5] = (unsigned char)(len > IP ? len - IP : 0);
		CHECK_INT(arrives(answer, len), PROBE_NOTHING);
	}
	for (size_t len = MTU - 8; len < MTU + 8; len++) {
		make_answer(101, KIND_BIG);
		if (len != MTU)
			CHECK_INT(arrives(answer, len), PROBE_NOTHING);
	}
	CHECK_INT(answered(101, KIND_BIG), PROBE_OK);
}

static void every_number(void)
{
	for (unsigned seq = 0; seq < 65536; seq += 7) {
		unsigned number = seq >> 2, kind = seq & 3;

		begin(DTCP_NETWORK);
		ask();
		timer();
		CHECK_INT(answered((uint16_t)number, (int)kind),
			  (number == 101 || number == 102) && kind <= KIND_BIG ? PROBE_OK
									       : PROBE_NOTHING);
	}
}

static const char *why_of(bool trusted)
{
	static char text[PROBE_WHY_MAX];

	return probe_why(&p, trusted, text);
}

static const char *why(void)
{
	return why_of(false);
}

static void fails(void)
{
	while (timer() != PROBE_BAD)
		CHECK(p.path.state != PATH_BAD);
	CHECK_INT(p.ok, 0);
}

static void reasons(void)
{
	begin(DTCP_NETWORK);
	ask();
	CHECK_INT(p.ok, -1);
	fails();
	CHECK_HAS(why(), "protocol 41");
	CHECK_HAS(why(), "path=trust is for one that never answers");
	/* Nobody is told of a word that is there already. */
	CHECK_STR(why_of(true), "the far end does not answer through the tunnel, and is trusted all "
				"the same (path=trust)");

	begin(DTCP_NETWORK);
	ask();
	answered(101, KIND_SMALL);
	probe_check(&p, now);
	fails();
	CHECK_HAS(why(), "no longer answers");
	CHECK_HAS(why_of(true), "no longer answers");
	CHECK_HAS(why(), "protocol 41");

	begin(DTCP_NETWORK);
	ask();
	timer();
	CHECK_INT(answered(102, KIND_LOCAL), PROBE_NOTHING);
	fails();
	CHECK_HAS(why(), "the far end has no route for 2001:db8:1::/48");

	begin(DTCP_HOST);
	ask();
	timer();
	CHECK_INT(answered(102, KIND_LOCAL), PROBE_NOTHING);
	fails();
	CHECK_HAS(why(), "no route for 2001:db8::6");

	begin(DTCP_NETWORK);
	sent.failing = 100;
	sent.error = ENETDOWN;
	ask();
	fails();
	CHECK_HAS(why(), "Network is down");
}

/* Where only the first cannot be sent (a filter for ff02::2), the second is. */
static void one_of_two(void)
{
	begin(DTCP_NETWORK);
	sent.failing = 1;
	sent.error = EPERM;
	ask();
	CHECK_INT(sent.n, 1);
	CHECK_INT(sent.bytes[0][39], 1);
	CHECK_INT(p.error, 0);
}

/* Other packets to our addresses stretch a check; nothing else does. */
static void traffic(void)
{
	static const struct {
		const char *to;
		bool counts;
	} rows[] = {
		{"2001:db8:1::1", true}, {"2001:db8:1:ffff::2", true}, {"2001:db8:2::3", true},
		{"2001:db8:2:1::3", false}, {"2001:db8:3::1", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ip6_hdr ip = {.ip6_dst = ipv6(rows[i].to)};
		int64_t since;

		begin(DTCP_NETWORK);
		ask();
		answered(101, KIND_SMALL);
		answered(101, KIND_BIG);
		since = now;
		probe_check(&p, now);
		p.traffic = pair(&far_traffic);
		timer();
		CHECK_INT(send(far_traffic, &ip, sizeof ip, 0), sizeof ip);
		fails();
		CHECK_INT((now - since) / 1000, rows[i].counts ? 14000 : 10000);
		CHECK(p.traffic >= 0);
		answered(p.number, KIND_SMALL);
		CHECK_INT(p.traffic, -1);
	}
}

static void mtu(void)
{
	begin(DTCP_NETWORK);
	ask();
	answered(101, KIND_SMALL);
	unit_log_clear();
	for (int i = 0; i < 3; i++)
		CHECK_INT(timer(), PROBE_NOTHING);
	CHECK_HAS(unit_log(), "4 none0: ");
	CHECK_HAS(unit_log(), "1300");
	CHECK_HAS(unit_log(), "mtu=");
}

/* Nobody is listened to but in answer to an echo, and not for ever then. */
static void listens(void)
{
	begin(DTCP_NETWORK);
	CHECK_INT(probe_listens(&p), -1);
	ask();
	for (unsigned i = 0; i < PROBE_HEARD_MAX; i++) {
		CHECK_INT(probe_listens(&p), p.fd);
		CHECK_INT(arrives("x", 1), PROBE_NOTHING);
	}
	CHECK_INT(probe_listens(&p), -1);
	timer(); /* another echo */
	CHECK_INT(probe_listens(&p), p.fd);
	CHECK_INT(answered(102, KIND_SMALL), PROBE_OK);
	CHECK_INT(probe_listens(&p), p.fd); /* for the one that fills the MTU */
	answered(102, KIND_BIG);
	CHECK_INT(probe_listens(&p), -1);
}

static void forget(void)
{
	begin(DTCP_NETWORK);
	ask();
	answered(101, KIND_SMALL);
	probe_forget(&p);
	CHECK_INT(p.ok, -1);
	CHECK(!p.answered);
	CHECK_INT(p.rtt_us, -1);
	CHECK(p.path.wake == CLOCK_NEVER);
	probe_close(&p);
	CHECK_INT(p.fd, -1);
}

/* The sockets of an interface that is gone are not used for one that follows. */
static void gone(void)
{
	begin(DTCP_NETWORK);
	ask();
	p.index = 7;
	probe_gone(&p, 8);
	CHECK(p.fd >= 0);
	probe_gone(&p, 7);
	CHECK_INT(p.fd, -1);
	timer();
	CHECK_HAS(why(), "No such device");
	begin(DTCP_NETWORK);
	p.index = 7;
	p.traffic = pair(&far_traffic);
	probe_gone(&p, 0);
	CHECK_INT(p.fd, -1);
	CHECK_INT(p.traffic, -1);
}

static const struct unit_case cases[] = {
	{"what is sent, from where, to whom", requests},
	{"answers to small and big echoes count", good},
	{"late answers of the same check count, others do not", late},
	{"an answer is compared bit by bit", every_bit},
	{"an answer has the length of its echo", every_length},
	{"an answer has a number that was sent", every_number},
	{"why a path is bad", reasons},
	{"an echo that cannot be sent keeps no other from being sent", one_of_two},
	{"packets to our addresses stretch a check", traffic},
	{"an MTU that does not pass is named", mtu},
	{"nobody is listened to without an echo that waits, nor for ever", listens},
	{"a new session knows nothing of the path", forget},
	{"a socket goes with its interface", gone},
};
UNIT_MAIN(cases)
