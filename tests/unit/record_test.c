/* SPDX-License-Identifier: ISC */
#include "server/record.h"

#include <stdlib.h>
#include <string.h>

#include "rundir/netns.h"
#include "unit.h"

/* The next line names the network namespace of this process. */
static void netns_is_here(void)
{
	struct record_line r;

	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_NETNS);
	CHECK(r.netns == netns_own());
}

static void back(void)
{
	static const char text[] = "user a'b x prefix=2001:db8:1::/48,2001:db8:2::/48\n"
				   "user c y host=2001:db8::6,2001:db8::5\n";
	struct config config;
	struct standing standing = {0};
	struct sessions t;
	struct far_lines l = {0};
	struct record_line r;
	char *line;

	CHECK(config_parse(&config, "f", text, strlen(text)));
	CHECK(sessions_init(&t, 4));
	for (uint32_t i = 0; i < 2; i++) {
		struct session *s = &t.list[i];

		*s = (struct session){.used = true,
				      .held = true,
				      .answered = i == 0,
				      .exists = true,
				      .since = 100,
				      .pinged = 200};
		strcpy(s->name, i ? "c"
				  : "a\xff"
				    "b");
		far_plan(&s->want, i ? config.users->next : config.users,
			 i ? DTCP_HOST : DTCP_NETWORK, i ? "dtcp1" : "dtcp0",
			 unit_ipv4("198.51.100.1"), unit_ipv4("203.0.113.5"), 0);
		s->now = s->want;
	}
	CHECK(prefix_parse("2001:db8:3::/49", &r.prefix));
	CHECK(standing_users(&standing, &config));
	CHECK(standing_leftover(&standing, "dtcpd-try")); /* is known to all */
	CHECK(standing_leftover(&standing, "dtcp7"));
	CHECK(standing_leftover_prefix(&standing, &r.prefix));
	record_format(&l, &t, &standing, true);
	CHECK(!l.failed);
	line = strtok(l.text, "\n");
	CHECK_INT(record_parse(line, &r), RECORD_PROCESS);
	CHECK(r.pid > 0 && r.start > 0 && !r.starting);
	netns_is_here();
	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_TUNNEL);
	CHECK_STR(r.tunnel.interface, "dtcp0");
	CHECK_STR(r.tunnel.type, "network");
	CHECK_STR(r.tunnel.local, "198.51.100.1");
	CHECK_STR(r.tunnel.remote, "203.0.113.5");
	CHECK_STR(r.tunnel.prefixes, "2001:db8:1::/48,2001:db8:2::/48");
	CHECK_STR(r.tunnel.user, "a\\xffb");
	CHECK_INT(r.tunnel.since, 100);
	CHECK_INT(r.tunnel.pinged, 200);
	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_TUNNEL);
	CHECK_STR(r.tunnel.type, "-"); /* it is not all there yet */
	/* What was left, and has yet to go. */
	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_TUNNEL);
	CHECK_STR(r.tunnel.interface, "dtcp7");
	CHECK_STR(r.tunnel.type, "-");
	for (int i = 0; i < 3; i++) {
		CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_PREFIX);
		CHECK_INT(r.prefix.len, i < 2 ? 48 : 49);
	}
	CHECK(!strtok(NULL, "\n"));
	standing_free(&standing);
	config_free(&config);
	free(t.list);
	free(l.text);
}

/* Whoever is told that the tunnel is there may ask --status at once. */
static void ready(void)
{
	static const char text[] = "user u x tunnelonly=yes\n";
	const struct standing standing = {0};
	struct config config;
	struct sessions t;
	struct far_lines l = {0};
	struct record_line r;
	struct session *s;

	CHECK(config_parse(&config, "f", text, strlen(text)));
	CHECK(sessions_init(&t, 1));
	s = &t.list[0];
	*s = (struct session){.used = true, .held = true, .exists = true, .ready = true};
	strcpy(s->name, "u");
	far_plan(&s->want, config.users, DTCP_TUNNELONLY, "dtcp0", unit_ipv4("198.51.100.1"),
		 unit_ipv4("203.0.113.5"), 0);
	s->now = s->want;
	record_format(&l, &t, &standing, true);
	strtok(l.text, "\n");
	netns_is_here();
	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_TUNNEL);
	CHECK_STR(r.tunnel.type, "tunnelonly");
	/* One that is to be moved first is not what was asked for. */
	l.len = 0;
	s->want.remote = unit_ipv4("203.0.113.6");
	record_format(&l, &t, &standing, true);
	strtok(l.text, "\n");
	netns_is_here();
	CHECK_INT(record_parse(strtok(NULL, "\n"), &r), RECORD_TUNNEL);
	CHECK_STR(r.tunnel.type, "-");
	config_free(&config);
	free(t.list);
	free(l.text);
}

/* Whoever waits for it is not to be told too early. */
static void starting(void)
{
	const struct standing standing = {0};
	const struct sessions t = {0};
	struct far_lines l = {0};
	struct record_line r;

	record_format(&l, &t, &standing, false);
	CHECK_INT(record_parse(strtok(l.text, "\n"), &r), RECORD_PROCESS);
	CHECK(r.pid > 0 && r.start > 0 && r.starting);
	netns_is_here();
	CHECK(!strtok(NULL, "\n"));
	free(l.text);
}

static void nonsense(void)
{
	static const char *const lines[] = {
		"",
		"process",
		"process x y",
		"tunnel",
		"tunnel sit0 - 1.2.3.4 1.2.3.5 1 2 - u",
		"tunnel a/b - 1.2.3.4 1.2.3.5 1 2 - u",
		"prefix",
		"prefix 1.2.3.4/5",
		"prefix 2001:db8::/48 x",
		"process 1 2 3",
		"process 1 2 starting 3",
	};
	struct record_line r;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		CHECK_FOR(lines[i], record_parse(lines[i], &r) == RECORD_OTHER);
}

static const struct unit_case cases[] = {
	{"what is written is read back", back},
	{"a tunnel that is there is in it before the answer", ready},
	{"one that does not listen yet is starting", starting},
	{"other lines say nothing", nonsense},
};

UNIT_MAIN(cases)
