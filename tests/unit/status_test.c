/* SPDX-License-Identifier: ISC */
/* What --status prints of a state. With --json NAME it prints the JSON of a
 * state, for status.bats to parse. */
#include "status_print.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state.h"
#include "unit.h"

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
	CHECK_HAS(out, "dtcp0: up since 10 min ago (process 4711)\n");
	CHECK_HAS(out, "dtcp.example.net, user foo, type network");
	CHECK_HAS(out, "ppp0");
	CHECK_HAS(out, "198.51.100.7 (the server sees another one: NAT)");
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
	CHECK_HAS(printed(status_text, &s, true), "protocol 41");
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
	} rows[] = {{0, "just now"}, {1, "just now"}, {2, "2 s ago"}, {119, "119 s ago"},
		    {120, "2 min ago"}, {7199, "119 min ago"}, {7200, "2 h ago"},
		    {172799, "47 h ago"}, {172800, "2 days ago"}, {-100, "just now"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct state s = up();

		/* A second may pass meanwhile; not where it would matter. */
		s.since = time(NULL) - rows[i].seconds;
		CHECK_HAS(printed(status_text, &s, true), rows[i].says);
	}
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

static int print_json(const char *which)
{
	struct state s = up();

	if (strcmp(which, "down") == 0) {
		state_init(&s, "dtcp0");
	} else if (strcmp(which, "hostile") == 0) {
		s = hostile();
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
	{"text: up, with everything known", text_up},
	{"text: down", text_down},
	{"text: how long ago", text_times},
	{"text: nothing but printable ASCII", text_hostile},
	{"JSON: nothing but printable ASCII", json_bytes},
};

int main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "--json") == 0)
		return print_json(argv[2]);
	return unit_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
