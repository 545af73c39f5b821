/* SPDX-License-Identifier: ISC */
/* What --status prints of a state. With --json NAME it prints the JSON of a
 * state, for status.bats to parse. */
#include "command/status_print.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rundir/state.h"
#include "unit.h"

/* The clock stands still here: what is a second ago on one machine is two on a slower one. */
time_t time(time_t *t)
{
	if (t)
		*t = 1700000600;
	return 1700000600;
}

static struct state up(void)
{
	struct state s;
	struct tunnel *t = &s.tunnel;

	state_init(&s, "dtcp0");
	s.pid = 4711;
	s.word = STATE_UP;
	s.since = 1700000000;
	strcpy(s.server, "dtcp.example.net");
	strcpy(s.user, "foo");
	strcpy(s.link, "ppp0");
	s.known = s.in_kernel = s.routes = true;
	s.seen_as.s_addr = htonl(0xc6336408);
	s.reconnects = 3;
	s.last_pong = 1700000060;
	s.dtcp_rtt_us = 12345;
	s.path_rtt_us = 23456;
	s.path_ok = 1;
	t->local.s_addr = htonl(0xc6336407);
	t->remote.s_addr = htonl(0xc0000201);
	t->mtu = 1472;
	t->n_prefixes = 2;
	CHECK(prefix_parse("2001:db8:1::/48", &t->prefixes[0]));
	CHECK(prefix_parse("fd00::/40", &t->prefixes[1]));
	return s;
}

/* A state as a hostile file might give it. */
static struct state hostile(void)
{
	struct state s = up();

	strcpy(s.server, "a\"b\\c\x1b[2J\n");
	strcpy(s.user, "\xe3\x81\x82 </script>");
	s.since = 253402300800;
	s.last_pong = -1;
	s.pid = -1;
	s.reconnects = 4294967295u;
	s.dtcp_rtt_us = INT64_MAX;
	s.path_rtt_us = INT64_MIN;
	return s;
}

/* What fn prints of s. */
static const char *printed(void (*fn)(const struct state *s, bool first), const struct state *s,
			   bool first)
{
	static char out[8192];
	int saved = dup(STDOUT_FILENO), fd[2];
	ssize_t n;

	fflush(stdout);
	CHECK_INT(pipe(fd), 0);
	dup2(fd[1], STDOUT_FILENO);
	fn(s, first);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(fd[1]);
	close(saved);
	n = read(fd[0], out, sizeof out - 1);
	close(fd[0]);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void text_up(void)
{
	struct state s = up();
	const char *out;

	s.since = time(NULL) - 600;
	s.last_pong = time(NULL) - 30;
	out = printed(status_text, &s, true);
	CHECK_HAS(out, "dtcp0: up for 10 min (process 4711)\n");
	CHECK_HAS(out, "dtcp.example.net, user foo, type network");
	CHECK_HAS(out, "ppp0");
	CHECK_HAS(out, "198.51.100.7 (the server sees 198.51.100.8: NAT)");
	CHECK_HAS(out, "192.0.2.1");
	CHECK_HAS(out, "2001:db8:1::/48");
	CHECK_HAS(out, "fd00::/40");
	CHECK_HAS(out, "1472");
	CHECK_HAS(out, "30 s ago, in 12.3 ms");
	CHECK_HAS(out, "good, 23.5 ms");
	CHECK_HAS(out, "reconnects   3");
	CHECK(!strchr(out, '\033')); /* no colour but on a terminal */
	s.seen_as = s.tunnel.local;
	CHECK(!strstr(printed(status_text, &s, true), "NAT"));
	s.path_ok = 0;
	/* Why, the last error says: it may be the far end's route, or our own filter. */
	CHECK_HAS(printed(status_text, &s, true), "path         no answer comes through the tunnel\n");
	CHECK(!strstr(printed(status_text, &s, true), "good"));
	CHECK_HAS(printed(status_text, &s, false), "\ndtcp0: ");
}

static void text_down(void)
{
	struct state s = up();

	s.word = STATE_DOWN;
	CHECK_STR(printed(status_text, &s, true), "dtcp0: down\n");
}

static void text_times(void)
{
	static const struct {
		int seconds;
		const char *says;
	} rows[] = {{0, "for 0 s"}, {2, "for 2 s"}, {119, "for 119 s"}, {120, "for 2 min"},
		    {7199, "for 119 min"}, {7200, "for 2 h"}, {172799, "for 47 h"},
		    {172800, "for 2 days"}, {-100, "for 0 s"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct state s = up();

		s.since = time(NULL) - rows[i].seconds;
		CHECK_HAS(printed(status_text, &s, true), rows[i].says);
	}
}

/* Why it is not up, and only then. */
static void last_error(void)
{
	struct state s = up();

	snprintf(s.last_error, sizeof s.last_error, "server x: closed");
	CHECK(!strstr(printed(status_text, &s, true), "server x: closed"));
	CHECK_HAS(printed(status_json, &s, true), "\"last_error\":null");
	s.word = STATE_CONNECTING;
	CHECK_HAS(printed(status_text, &s, true), "last error   server x: closed");
	CHECK_HAS(printed(status_json, &s, true), "\"last_error\":\"server x: closed\"");
}

static void lans(void)
{
	struct state s = up();

	s.tunnel.n_lans = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct tunnel_lan *l = &s.tunnel.lans[i];

		snprintf(l->name, sizeof l->name, i ? "there-is-none" : "lo");
		l->address = s.tunnel.prefixes[0].addr;
		l->address.s6_addr[7] = (uint8_t)i;
		l->address.s6_addr[15] = 1;
	}
	CHECK_HAS(printed(status_text, &s, true),
		  "LAN          2001:db8:1::1/64 on lo\n"
		  "               2001:db8:1:1::1/64 on there-is-none, which is missing\n");
	CHECK_HAS(printed(status_json, &s, true),
		  "\"lan\":[\"lo=2001:db8:1::1/64\",\"there-is-none=2001:db8:1:1::1/64\"]");
}

static void host(void)
{
	struct state s = up();

	s.tunnel.type = DTCP_HOST;
	s.tunnel.n_prefixes = 0;
	CHECK(inet_pton(AF_INET6, "2001:db8::6", &s.tunnel.near6) == 1);
	CHECK(inet_pton(AF_INET6, "2001:db8::5", &s.tunnel.peer6) == 1);
	CHECK_HAS(printed(status_text, &s, true),
		  "\n  address      2001:db8::6, peer 2001:db8::5\n");
	s.tunnel.type = DTCP_TUNNELONLY;
	CHECK(!strstr(printed(status_text, &s, true), "peer"));
}

/* A keeper that lives has read it; of another one it does not matter. */
static void account_file(void)
{
	struct state s = up();
	const char *const says = "account file /proc/self/exe has changed since it was read: "
				 "'kill -HUP 4711' has it read again\n";

	strcpy(s.accounts, "/proc/self/exe");
	CHECK(!strstr(printed(status_text, &s, true), "account file"));
	account_file_mark(s.accounts, s.mark);
	CHECK(s.mark[0]);
	CHECK(!strstr(printed(status_text, &s, true), "account file"));
	s.mark[0] ^= 1;
	CHECK_HAS(printed(status_text, &s, true), says);
	s.word = STATE_CONNECTING;
	CHECK_HAS(printed(status_text, &s, true), says);
	s.word = STATE_DOWN;
	CHECK(!strstr(printed(status_text, &s, true), "account file"));
	s.word = STATE_UP;
	strcpy(s.accounts, "/proc/self/exe/none");
	CHECK(!strstr(printed(status_text, &s, true), "account file"));
}

static void text_hostile(void)
{
	struct state s = hostile();
	const char *out = printed(status_text, &s, true);

	for (; *out; out++)
		if (*out != '\n')
			CHECK(*out >= 0x20 && *out < 0x7f);
}

static void json_bytes(void)
{
	struct state s = hostile();
	const char *out = printed(status_json, &s, true);

	for (; *out; out++)
		CHECK(*out >= 0x20 && *out < 0x7f);
}

/* On machines with 32 bits too. */
static void json_late(void)
{
	struct state s = up();

	s.since = 4102444800;
	CHECK_HAS(printed(status_json, &s, true), "\"since\":\"2100-01-01T00:00:00Z\"");
}

static int print_json(const char *which)
{
	struct state s = up();

	if (strcmp(which, "down") == 0) {
		state_init(&s, "dtcp0");
	} else if (strcmp(which, "hostile") == 0) {
		s = hostile();
	} else if (strcmp(which, "names") == 0) {
		strcpy(s.link, "w\xc3\xa4n\xf0\x9f\x98\x80\"\\");
		s.tunnel.n_lans = 2;
		strcpy(s.tunnel.lans[0].name, "\xe6\x9d\xb1");
		strcpy(s.tunnel.lans[1].name, "w\xff\xc3n");
		/* A control character; one in three bytes for want of two; half a pair. */
		strcpy(s.user, "\xc2\x9b\xe0\x80\xa2\xed\xa0\x80\xc2\xa0\xc3");
	} else if (strcmp(which, "connecting") == 0) {
		state_init(&s, "dtcp0");
		s.word = STATE_CONNECTING;
		s.pid = 4711;
		s.since = 1700000000;
	} else if (strcmp(which, "none") == 0) {
		s.build = false;
	} else if (strcmp(which, "bad-path") == 0) {
		s.path_ok = 0;
	} else if (strcmp(which, "up") != 0) {
		return 2;
	}
	status_json(&s, true);
	printf("\n");
	return 0;
}

static const struct unit_case cases[] = {
	{"the last error is shown while it is not up", last_error},
	{"the addresses of LANs", lans},
	{"text: up, with everything known", text_up},
	{"text: the two addresses of a host", host},
	{"text: an account file that was changed since", account_file},
	{"text: down", text_down},
	{"text: how long ago", text_times},
	{"text: nothing but printable ASCII", text_hostile},
	{"JSON: nothing but printable ASCII", json_bytes},
	{"JSON: a time after 2038", json_late},
};

int main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "--json") == 0)
		return print_json(argv[2]);
	return unit_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
