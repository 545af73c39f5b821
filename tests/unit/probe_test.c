/* SPDX-License-Identifier: ISC */
/* Which answers to an echo count. The socket is one of a pair here, so that
 * the test can say what arrives; nothing is ever sent to a network. */
#include "probe.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "unit.h"

enum { MTU = 1300, HEADERS = 40 + 8, PAYLOAD = 8 };

static struct probe p;
static int far = -1;
static unsigned char answer[MTU];

/* A check under way: echo number seq is out, a big one too where big. */
static void asked(uint16_t seq, bool big)
{
	int fd[2];

	if (far >= 0)
		close(far);
	probe_init(&p);
	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	p.fd = fd[0];
	far = fd[1];
	p.mtu = MTU;
	p.id = 0x1234;
	p.seq = seq;
	path_step(&p.path, big ? PATH_START_BIG : PATH_START, clock_ms());
}

/* The answer to echo number seq, which is a big one where seq is odd. */
static size_t make_answer(uint16_t seq)
{
	struct icmp6_hdr h = {.icmp6_type = ICMP6_ECHO_REPLY};

	memset(answer, 0, sizeof answer);
	h.icmp6_cksum = 0xbeef; /* the kernel's to check */
	h.icmp6_id = 0x1234;
	h.icmp6_seq = htons(seq);
	memcpy(answer, &h, sizeof h);
	memcpy(answer + sizeof h, "dtcp-up\n", PAYLOAD);
	return seq & 1 ? MTU - HEADERS + sizeof h : sizeof h + PAYLOAD;
}

static enum probe_news arrives(size_t len)
{
	enum probe_news news;

	CHECK_INT(send(far, answer, len, 0), len);
	news = probe_read(&p, "dtcp0", clock_us());
	probe_close(&p);
	return news;
}

static void good(void)
{
	asked(2, false);
	CHECK_INT(arrives(make_answer(2)), PROBE_OK);
	CHECK_INT(p.ok, 1);
	CHECK(p.rtt_us >= 0);
	asked(3, true);
	CHECK_INT(arrives(make_answer(2)), PROBE_OK);
	asked(3, true);
	CHECK_INT(arrives(make_answer(3)), PROBE_OK);
}

/* An answer that is late, to one of the three echoes of this check. */
static void late(void)
{
	for (uint16_t seq = 2; seq <= 6; seq += 2) {
		asked(6, false);
		CHECK_INT(arrives(make_answer(seq)), PROBE_OK);
	}
	asked(8, false);
	CHECK_INT(arrives(make_answer(2)), PROBE_NOTHING);
	asked(6, false);
	CHECK_INT(arrives(make_answer(8)), PROBE_NOTHING);
	asked(0, false);
	CHECK_INT(arrives(make_answer(0xfffe)), PROBE_OK); /* around the end of the numbers */
}

/* Every bit but the checksum's, which the kernel checks, and of the number. */
static void every_bit(void)
{
	size_t len = make_answer(2);

	for (size_t bit = 0; bit < len * 8; bit++) {
		size_t byte = bit / 8;

		if (byte == 2 || byte == 3 || byte == 6 || byte == 7)
			continue;
		asked(2, false);
		make_answer(2);
		answer[byte] ^= (unsigned char)(1u << bit % 8);
		CHECK_INT(arrives(len), PROBE_NOTHING);
	}
}

static void every_length(void)
{
	size_t right = make_answer(2);

	for (size_t len = 1; len < 64; len++) {
		asked(2, false);
		make_answer(2);
		CHECK_INT(arrives(len), len == right ? PROBE_OK : PROBE_NOTHING);
	}
	right = make_answer(3);
	for (size_t len = right - 8; len < right + 8; len++) {
		asked(3, true);
		make_answer(3);
		CHECK_INT(arrives(len), len == right ? PROBE_OK : PROBE_NOTHING);
	}
}

static void every_number(void)
{
	for (unsigned seq = 0; seq < 65536; seq += 7) {
		size_t len;

		asked(0x8000, false);
		len = make_answer((uint16_t)seq);
		CHECK_INT(arrives(len), seq >= 0x7ffc && seq <= 0x8001 ? PROBE_OK : PROBE_NOTHING);
	}
}

/* A far end that answered and does so no more is bad; one that never did is a
 * warning, once. */
static void news(void)
{
	asked(2, false);
	p.path.tries = 3;
	CHECK_INT(probe_timer(&p, "dtcp0", p.path.wake * 1000), PROBE_NOTHING);
	CHECK_INT(p.ok, 0);
	CHECK_HAS(unit_log(), "4 dtcp0: ");
	CHECK_HAS(unit_log(), "protocol 41");
	unit_log_clear();
	path_step(&p.path, PATH_START, clock_ms());
	p.path.tries = 3;
	CHECK_INT(probe_timer(&p, "dtcp0", p.path.wake * 1000), PROBE_NOTHING);
	CHECK_STR(unit_log(), "");

	asked(2, false);
	p.answered = true;
	p.ok = 1;
	p.path.tries = 3;
	CHECK_INT(probe_timer(&p, "dtcp0", p.path.wake * 1000), PROBE_BAD);
	CHECK_HAS(unit_log(), "4 dtcp0: ");
	CHECK_HAS(unit_log(), "protocol 41");
	unit_log_clear();
	path_step(&p.path, PATH_START, clock_ms());
	CHECK_INT(arrives(make_answer(2)), PROBE_OK);
	CHECK_HAS(unit_log(), "5 dtcp0: ");
	CHECK_HAS(unit_log(), "again");
}

static void mtu(void)
{
	asked(3, true);
	path_step(&p.path, PATH_ANSWER, clock_ms());
	p.path.tries = 3;
	CHECK_INT(probe_timer(&p, "dtcp0", p.path.wake * 1000), PROBE_NOTHING);
	CHECK_HAS(unit_log(), "4 dtcp0: ");
	CHECK_HAS(unit_log(), "1300");
	CHECK_HAS(unit_log(), "mtu=");
	probe_close(&p);
}

/* Nobody is listened to but in answer to an echo, and not for ever then. */
static void listens(void)
{
	asked(2, false);
	for (unsigned i = 0; i < PROBE_HEARD_MAX; i++) {
		CHECK_INT(probe_listens(&p), p.fd);
		CHECK_INT(send(far, "x", 1, 0), 1);
		CHECK_INT(probe_read(&p, "dtcp0", clock_us()), PROBE_NOTHING);
	}
	CHECK_INT(probe_listens(&p), -1);
	probe_timer(&p, "dtcp0", p.path.wake * 1000); /* another echo */
	CHECK_INT(probe_listens(&p), p.fd);
	CHECK_INT(send(far, answer, make_answer(p.seq), 0), 16);
	CHECK_INT(probe_read(&p, "dtcp0", clock_us()), PROBE_OK);
	CHECK_INT(probe_listens(&p), -1);
	probe_close(&p);
	CHECK_INT(probe_listens(&p), -1);
}

/* What came after the answer that ended a check is read in the next one. */
static void stale(void)
{
	uint16_t before = 2;

	asked(before, false);
	p.index = 0; /* of an interface that is not there: the socket stays */
	CHECK_INT(send(far, answer, make_answer(before), 0), 16);
	CHECK_INT(probe_read(&p, "none0", clock_us()), PROBE_OK);
	for (uint16_t seq = before; seq <= (before | 1); seq++)
		CHECK_INT(send(far, answer, make_answer(seq), 0), make_answer(seq));
	CHECK_INT(probe_start(&p, "none0", MTU, true, clock_us()), PROBE_NOTHING);
	CHECK_INT(probe_read(&p, "none0", clock_us()), PROBE_NOTHING);
	CHECK_INT(probe_read(&p, "none0", clock_us()), PROBE_NOTHING);
	CHECK_INT(send(far, answer, make_answer((uint16_t)(p.seq & ~1u)), 0), 16);
	CHECK_INT(probe_read(&p, "none0", clock_us()), PROBE_OK);
	probe_close(&p);
}

static void forget(void)
{
	asked(2, false);
	p.ok = 1;
	p.answered = p.warned = true;
	p.rtt_us = 7;
	probe_forget(&p);
	CHECK_INT(p.ok, -1);
	CHECK(!p.answered && !p.warned);
	CHECK_INT(p.rtt_us, -1);
	CHECK(p.path.wake == CLOCK_NEVER);
	probe_close(&p);
	CHECK_INT(p.fd, -1);
}

/* The socket of an interface that is gone is not used for one that follows. */
static void gone(void)
{
	asked(2, false);
	p.index = 7;
	probe_gone(&p, 8);
	CHECK(p.fd >= 0);
	probe_gone(&p, 7);
	CHECK_INT(p.fd, -1);
	CHECK(p.path.wake != CLOCK_NEVER); /* which the check will notice in time */
	asked(2, false);
	p.index = 7;
	probe_gone(&p, 0);
	CHECK_INT(p.fd, -1);
}

static const struct unit_case cases[] = {
	{"answers to small and big echoes count", good},
	{"late answers of the same check count, others do not", late},
	{"an answer is compared bit by bit", every_bit},
	{"an answer has the length of its echo", every_length},
	{"an answer has a number that was sent", every_number},
	{"a far end that stops answering, and one that never did", news},
	{"an MTU that does not pass is named", mtu},
	{"nobody is listened to without an echo that waits, nor for ever", listens},
	{"an answer to the check before is none to this one", stale},
	{"a new session knows nothing of the path", forget},
	{"a socket goes with its interface", gone},
};
UNIT_MAIN(cases)
