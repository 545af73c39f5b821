/* SPDX-License-Identifier: ISC */
#include "rundir/state.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static char text[STATE_FILE_MAX], again[STATE_FILE_MAX];

/* Reads bytes from memory of just that size. */
static struct state parse_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct state s;

	memcpy(copy, bytes, len);
	state_init(&s, "dtcp0");
	state_parse(&s, copy, len);
	free(copy);
	return s;
}

static struct state parse(const char *lines)
{
	return parse_bytes(lines, strlen(lines));
}

static void set_prefix(struct prefix *p, const char *t)
{
	CHECK(prefix_parse(t, p));
}

/* A state in which every value differs from what state_init() gives. */
static struct state full(void)
{
	struct state s;
	struct tunnel *t = &s.tunnel;

	state_init(&s, "dtcp0");
	s.pid = 4711;
	s.start = 18446744073709551615ull;
	s.word = STATE_UP;
	s.since = 1700000000;
	strcpy(s.server, "dtcp.example.net");
	strcpy(s.user, "foo");
	strcpy(s.accounts, "/etc/ppp/dtcp.conf");
	strcpy(s.mark, "fe01:12345 1700000000.000000001");
	strcpy(s.link, "ppp0");
	strcpy(s.pins, "ppp0 ppp1");
	strcpy(t->link.name, "ppp0");
	s.build = false;
	s.known = s.in_kernel = s.routes = true;
	s.seen_as.s_addr = htonl(0xc6336408);
	s.reconnects = 3;
	s.login_after = 86400;
	s.last_pong = 1700000001;
	s.dtcp_rtt_us = 1234;
	s.path_rtt_us = 5678;
	s.path_ok = 1;
	t->type = DTCP_NETWORK;
	t->local.s_addr = htonl(0xc6336407);
	t->remote.s_addr = htonl(0xc0000201);
	t->ttl = 255;
	t->mtu = 1472;
	t->route = ROUTE_LIST;
	t->metric = 4294967293u;
	t->no_source_routes = true;
	t->n_prefixes = t->n_routes = t->n_lans = 2;
	set_prefix(&t->prefixes[0], "2001:db8:1::/48");
	set_prefix(&t->prefixes[1], "fd00::/40");
	set_prefix(&t->routes[0], "::/0");
	set_prefix(&t->routes[1], "2001:db8::1/128");
	strcpy(t->lans[0].name, "eth1");
	strcpy(t->lans[1].name, "br-lan.1");
	t->lans[0].state = LAN_OURS;
	t->lans[1].state = LAN_ABSENT;
	CHECK(inet_pton(AF_INET6, "2001:db8:1::1", &t->lans[0].address) == 1);
	CHECK(inet_pton(AF_INET6, "2001:db8:1:1::1", &t->lans[1].address) == 1);
	return s;
}

static void check_round_trip(const struct state *s)
{
	size_t len = state_format(s, text);
	struct state back;

	CHECK(len > 0 && len == strlen(text));
	back = parse_bytes(text, len);
	CHECK(state_format(&back, again) > 0);
	CHECK_STR(again, text);
	CHECK(memcmp(&back, s, sizeof back) == 0);
}

static void round_trip(void)
{
	struct state s = full();

	check_round_trip(&s);
	s.tunnel.type = DTCP_HOST;
	CHECK(inet_pton(AF_INET6, "2001:db8::6", &s.tunnel.near6) == 1);
	CHECK(inet_pton(AF_INET6, "2001:db8::5", &s.tunnel.peer6) == 1);
	check_round_trip(&s);
	s.tunnel.route = ROUTE_GUARD;
	check_round_trip(&s);
	s.tunnel.route = ROUTE_NONE;
	s.word = STATE_CONNECTING;
	s.path_ok = 0;
	check_round_trip(&s);
}

static void round_trip_of_nothing(void)
{
	struct state s;

	state_init(&s, "dtcp0");
	check_round_trip(&s);
}

static void largest(void)
{
	struct state s = full();
	struct tunnel *t = &s.tunnel;

	memset(s.server, 's', sizeof s.server - 1);
	memset(s.user, 'u', sizeof s.user - 1);
	memset(s.accounts, 'a', sizeof s.accounts - 1);
	memset(s.mark, 'm', sizeof s.mark - 1);
	strcpy(s.link, "l23456789012345");
	memset(s.pins, 'p', sizeof s.pins - 1);
	strcpy(t->link.name, "l23456789012345");
	for (unsigned i = 0; i < TUNNEL_PREFIXES; i++)
		set_prefix(&t->prefixes[i], "2001:1111:2222:3333::/64");
	for (unsigned i = 0; i < TUNNEL_ROUTES; i++)
		set_prefix(&t->routes[i], "1111:2222:3333:4444:5555:6666:7777:8888/128");
	for (unsigned i = 0; i < TUNNEL_LANS; i++) {
		strcpy(t->lans[i].name, "l23456789012345");
		CHECK(inet_pton(AF_INET6, "1111:2222:3333:4444:5555:6666:7777:8888",
				&t->lans[i].address) == 1);
		t->lans[i].state = LAN_OURS;
	}
	t->n_prefixes = TUNNEL_PREFIXES;
	t->n_routes = TUNNEL_ROUTES;
	t->n_lans = TUNNEL_LANS;
	check_round_trip(&s);
}

/* LANs whose address is wanted, or somebody else's, are not ours to remove. */
static void lan_states(void)
{
	struct state s = full(), back;

	s.tunnel.lans[0].state = LAN_FOREIGN;
	s.tunnel.lans[1].state = LAN_WANTED;
	back = parse_bytes(text, state_format(&s, text));
	CHECK_INT(back.tunnel.lans[0].state, LAN_ABSENT);
	CHECK_INT(back.tunnel.lans[1].state, LAN_ABSENT);
}

static void no_secrets(void)
{
	struct state s = full();

	state_format(&s, text);
	CHECK(!strstr(text, "password"));
}

/* By the line, or before there is one by the pins. That of one interface two names are the
 * same is shown in loopback/status.bats. */
static void on_link(void)
{
	struct state s;

	state_init(&s, "dtcp0");
	CHECK(!state_on_link(&s, "ppp0"));
	CHECK(!state_on_link(&s, ""));
	for (int i = 0; i < 2; i++) {
		state_pin(&s, "ppp1");
		state_pin(&s, "ppp10");
	}
	CHECK_STR(s.pins, "ppp1 ppp10");
	CHECK(state_on_link(&s, "ppp1") && state_on_link(&s, "ppp10"));
	CHECK(!state_on_link(&s, "ppp0") && !state_on_link(&s, "ppp1 ppp10"));
	strcpy(s.link, "ppp0");
	CHECK(state_on_link(&s, "ppp0"));
	CHECK(!state_on_link(&s, "ppp1"));
	s.pins[0] = '\0';
	for (int i = 0; i < ACCOUNT_MOST; i++) {
		char name[IF_NAMESIZE];

		snprintf(name, sizeof name, "l234567890123%02d", i);
		state_pin(&s, name);
	}
	CHECK_INT(strlen(s.pins), STATE_PINS_MAX - 1);
}

/* A cut file gives what whole lines said. */
static void cut(void)
{
	struct state s = full();
	size_t len = state_format(&s, text);

	for (size_t n = 0; n <= len; n++) {
		struct state back = parse_bytes(text, n);

		CHECK(back.tunnel.n_prefixes <= 2 && back.tunnel.n_lans <= 2);
		CHECK_STR(back.tunnel.name, "dtcp0");
	}
}

static void bounds(void)
{
	char lines[STATE_FILE_MAX * 4] = "";
	struct state s;

	for (int i = 0; i < 100; i++)
		strcat(lines, "prefix=2001:db8::/32\nroute_prefix=::/0\nlan=eth1 1 2001:db8::1\n");
	s = parse(lines);
	CHECK_INT(s.tunnel.n_prefixes, TUNNEL_PREFIXES);
	CHECK_INT(s.tunnel.n_routes, TUNNEL_ROUTES);
	CHECK_INT(s.tunnel.n_lans, TUNNEL_LANS);
}

static void hostile(void)
{
	static const char *const ignored[] = {
		"", "\n\n", "=", "=x", "name", "interface=eth0", "prefix=", "prefix=x",
		"prefix=2001:db8::/129", "prefix=10.0.0.0/8", "lan=", "lan=eth1", "lan=eth1 1",
		"lan=eth1 1 x", "lan= 1 2001:db8::1", "lan=a/b 1 2001:db8::1",
		"lan=a23456789012345x 1 2001:db8::1", "lan=a\tb 1 2001:db8::1",
		"local=x", "remote=::1", "near6=1.2.3.4", "seen_as=", "type=other", "state=other",
		"route=7", "link=a b", "link=../x", "PREFIX=2001:db8::/32", " pid=7",
	};
	struct state s = parse("");

	state_format(&s, again);
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
		s = parse(ignored[i]);
		state_format(&s, text);
		CHECK_STR(text, again);
	}
}

static void hostile_values(void)
{
	char line[700] = "server=";
	struct state s;

	memset(line + 7, 'x', 600);
	s = parse(line); /* a line too long is left out */
	CHECK_STR(s.server, "");
	line[7 + 400] = '\0';
	s = parse(line);
	CHECK_INT(strlen(s.server), STATE_NAME_MAX - 1);
	s = parse("pid=99999999999999999999\nstart=-1\nmtu=99999999999\nttl=-1\npath_ok=7\n");
	CHECK_INT(s.path_ok, 1);
	s = parse_bytes("pid=7\nuser=a\0b\nlink=ppp0\n", 25);
	CHECK_INT(s.pid, 7);
	CHECK_STR(s.user, "");
	CHECK_STR(s.link, "ppp0");
	s = parse("pid=1\npid=2\r\nlink=ppp0\r\n");
	CHECK_INT(s.pid, 2);
}

static void words(void)
{
	CHECK_STR(state_word_name(STATE_DOWN), "down");
	CHECK_STR(state_word_name(STATE_CONNECTING), "connecting");
	CHECK_STR(state_word_name(STATE_UP), "up");
	CHECK_INT(parse("state=up\n").word, STATE_UP);
	CHECK_INT(parse("state=connecting").word, STATE_CONNECTING);
	CHECK_INT(parse("state=up\nstate=down").word, STATE_DOWN);
}

static const struct unit_case cases[] = {
	{"what is written is read again, every value", round_trip},
	{"nothing known is written and read again", round_trip_of_nothing},
	{"the largest state fits its file", largest},
	{"a link is meant by the line, or by the pins", on_link},
	{"only LAN addresses of our own are read as ours", lan_states},
	{"a state knows no password", no_secrets},
	{"a file cut anywhere is no harm", cut},
	{"lists stop at their bounds", bounds},
	{"lines that mean nothing change nothing", hostile},
	{"values out of range, long, with NUL bytes or CR", hostile_values},
	{"the words for how it stands", words},
};
UNIT_MAIN(cases)
