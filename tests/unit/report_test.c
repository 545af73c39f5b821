/* SPDX-License-Identifier: ISC */
/* When the state file is written and what the script is told. No script is run:
 * one seems to run all the time, so that each event is left waiting. */
#include "keeper/report.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "keeper/fsm.h"
#include "rundir/state_file.h"
#include "unit.h"

/* The clock, as somebody sets it; 0: the machine's. */
static time_t set_to;

time_t time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (set_to)
		ts.tv_sec = set_to;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

static struct report r;
static struct report_now now;
static struct tunnel t;
static char dir[UNIT_FOLDER_SIZE];

static void begin(void)
{
	memset(&r, 0, sizeof r);
	report_init(&r, "dtcp0", unit_folder(dir), dir, true);
	r.script.run.pid = getpid();
	memset(&t, 0, sizeof t);
	snprintf(t.name, sizeof t.name, "dtcp0");
	t.local = unit_ipv4("192.0.2.1");
	t.n_prefixes = 1;
	CHECK(prefix_parse("2001:db8::/48", &t.prefixes[0]));
	now = (struct report_now){.now = 1000, .tunnel = &t, .link = "ppp0", .path_ok = -1,
				  .path_rtt_us = -1, .lost_at = CLOCK_NEVER,
				  .script = "/bin/script"};
	unsetenv("NOTIFY_SOCKET");
	unit_log_clear();
}

static void end(void)
{
	state_remove(r.dir, "dtcp0");
	close(r.dir);
	rmdir(dir);
}

/* The event that the script is told by this update, or "". */
static const char *told(void)
{
	r.script.next.event[0] = '\0';
	report_update(&r, &now);
	return r.script.next.event;
}

static void come_up(void);

/* Each answer's time is in the state file as soon as it is known. */
static void measured(void)
{
	struct state s;

	begin();
	come_up();
	report_update(&r, &now);
	r.state.last_pong = 1000000000;
	r.state.dtcp_rtt_us = 4000;
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.last_pong, 1000000000);
	CHECK_INT(s.dtcp_rtt_us, 4000);
	now.path_rtt_us = 5000;
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.path_rtt_us, 5000);
	end();
}

static void come_up(void)
{
	now.up = now.in_kernel = now.routes = true;
	now.lost_at = CLOCK_NEVER;
}

/* What kept it down before it came up is not why it is down later. */
static void error_of_before(void)
{
	begin();
	snprintf(r.error, sizeof r.error, "dtcp0: server x: closed");
	report_update(&r, &now);
	CHECK_STR(r.state.last_error, "server x: closed");
	come_up();
	report_update(&r, &now);
	now.up = now.routes = false;
	report_update(&r, &now);
	CHECK_STR(r.state.last_error, "");
	come_up();
	report_update(&r, &now);
	snprintf(r.error, sizeof r.error, "dtcp0: link ppp0 has gone");
	report_update(&r, &now);
	now.up = now.routes = false;
	report_update(&r, &now);
	CHECK_STR(r.state.last_error, "link ppp0 has gone");
	end();
}

/* Whether that was written to the state file by the last update. */
static bool writes(void)
{
	unlinkat(r.dir, "dtcp0.state", 0);
	report_update(&r, &now);
	return faccessat(r.dir, "dtcp0.state", F_OK, 0) == 0;
}

/* A router that begins in 1970 and learns the time when the tunnel is up. */
static void clock_is_set(void)
{
	begin();
	set_to = 40;
	come_up();
	report_update(&r, &now);
	CHECK_INT(r.state.since, 40);
	for (set_to = 39; set_to <= 41; set_to++)
		CHECK(!writes());
	set_to = 1700000000;
	CHECK(writes());
	CHECK(r.state.since <= set_to && r.state.since >= set_to - UNIT_LIMIT_S);
	CHECK(!writes());
	set_to += 3600; /* it goes on by itself, and is no change of the state */
	r.began -= 3600;
	CHECK(!writes());
	set_to -= 86400; /* it was wrong */
	CHECK(writes());
	CHECK(r.state.since <= set_to - 3600 && r.state.since >= set_to - 3600 - UNIT_LIMIT_S);
	now.up = now.routes = false;
	CHECK(writes());
	CHECK_INT(r.state.since, set_to);
	set_to = 0;
	end();
}

static void file(void)
{
	struct state s;

	begin();
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.word, STATE_CONNECTING);
	CHECK(!s.in_kernel);
	come_up();
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.word, STATE_UP);
	CHECK(s.in_kernel && s.routes);
	CHECK_STR(s.link, "ppp0");
	CHECK_HAS(unit_log(), "5 dtcp0: up: 192.0.2.1 to ");
	/* Nothing has changed, so nothing is written. */
	unlinkat(r.dir, "dtcp0.state", 0);
	report_update(&r, &now);
	CHECK(!state_read(r.dir, "dtcp0", &s));
	now.path_rtt_us = 5000;
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.path_rtt_us, 5000);
	CHECK_INT(s.login_after, 0);
	now.not_before = 86400001; /* not earlier, in seconds */
	report_update(&r, &now);
	CHECK(state_read(r.dir, "dtcp0", &s));
	CHECK_INT(s.login_after, 86401);
	end();
}

static void up_and_change(void)
{
	begin();
	CHECK_STR(told(), "");
	come_up();
	CHECK_STR(told(), "up");
	CHECK_STR(told(), "");
	now.link = "eth0";
	CHECK_STR(told(), "change");
	t.mtu = 1400;
	CHECK_STR(told(), "change");
	now.index = 9; /* the interface was made anew */
	CHECK_STR(told(), "change");
	CHECK_STR(told(), "");
	now.emptied = 1; /* somebody set it down, and it is up again */
	CHECK_STR(told(), "change");
	CHECK_STR(told(), "");
	now.path_rtt_us = 1;
	CHECK_STR(told(), "");
	/* Gone and back within the time that routes outlive a session. */
	now.up = false;
	now.lost_at = now.now;
	CHECK_STR(told(), "");
	now.now += FSM_GRACE_MS - 1;
	CHECK_STR(told(), "");
	come_up();
	CHECK_STR(told(), "");
	end();
}

static void lost(void)
{
	begin();
	come_up();
	CHECK_STR(told(), "up");
	CHECK(report_wake(&r) == CLOCK_NEVER);
	now.up = false;
	now.lost_at = now.now;
	now.now += FSM_GRACE_MS - 1;
	now.routes = false;
	CHECK_STR(told(), "");
	CHECK_INT(report_wake(&r), now.now + 1);
	now.now++;
	CHECK_STR(told(), "lost");
	CHECK_HAS(unit_log(), "routes into the tunnel are withdrawn");
	CHECK_STR(told(), "");
	CHECK(report_wake(&r) == CLOCK_NEVER);
	come_up();
	CHECK_STR(told(), "change");
	/* At once where nothing is under way to put routes back. */
	now.up = now.routes = false;
	now.settled = true;
	CHECK_STR(told(), "lost");
	end();
}

/* The value of a variable of the event that waits. */
static const char *value(const char *name)
{
	const char *at = r.script.next.text;
	size_t len = strlen(name);

	for (unsigned i = 0; i < r.script.next.n; i++, at += strlen(at) + 1)
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			return at + len + 1;
	return "(none)";
}

static void environment(void)
{
	begin();
	come_up();
	snprintf(r.state.server, sizeof r.state.server, "dtcp.example");
	r.state.known = true;
	now.index = 7;
	t.mtu = 1480;
	t.remote = unit_ipv4("198.51.100.1");
	t.n_lans = 2;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(t.lans[i].name, sizeof t.lans[i].name, "eth%u", i);
		CHECK(prefix_subnet(&t.prefixes[0], i, &t.lans[i].address));
	}
	CHECK_STR(told(), "up");
	CHECK_STR(value("DTCP_EVENT"), "up");
	CHECK_STR(value("DTCP_INTERFACE"), "dtcp0");
	CHECK_STR(value("DTCP_LINK"), "ppp0");
	CHECK_STR(value("DTCP_SERVER"), "dtcp.example");
	CHECK_STR(value("DTCP_TYPE"), "network");
	CHECK_STR(value("DTCP_LOCAL"), "192.0.2.1");
	CHECK_STR(value("DTCP_REMOTE"), "198.51.100.1");
	CHECK_STR(value("DTCP_IFINDEX"), "7");
	CHECK_STR(value("DTCP_ADDRESS"), "2001:db8::1");
	CHECK_STR(value("DTCP_MTU"), "1480");
	CHECK_STR(value("DTCP_PREFIX"), "2001:db8::/48");
	CHECK_STR(value("DTCP_LAN"), "eth0=2001:db8::1/64 eth1=2001:db8:0:1::1/64");
	CHECK_STR(value("DTCP_OLD_LOCAL"), "");
	t.local = unit_ipv4("192.0.2.2");
	t.n_prefixes = 2;
	CHECK(prefix_parse("2001:db8:1::/48", &t.prefixes[1]));
	CHECK_STR(told(), "change");
	CHECK_STR(value("DTCP_LOCAL"), "192.0.2.2");
	CHECK_STR(value("DTCP_OLD_LOCAL"), "192.0.2.1");
	CHECK_STR(value("DTCP_PREFIXES"), "2001:db8::/48 2001:db8:1::/48");
	CHECK_STR(value("DTCP_OLD_PREFIXES"), "2001:db8::/48");
	end();
}

static void down(void)
{
	begin();
	report_down(&r, &now); /* never up: nobody to tell */
	CHECK_STR(r.script.next.event, "");
	come_up();
	told();
	report_down(&r, &now);
	CHECK_STR(r.script.next.event, "down");
	CHECK_STR(value("DTCP_EVENT"), "down");
	end();
}

static void fail(void)
{
	static const char *const unknown[] = {"DTCP_IFINDEX", "DTCP_LOCAL", "DTCP_REMOTE",
					      "DTCP_ADDRESS", "DTCP_PEER", "DTCP_PREFIX",
					      "DTCP_PREFIXES", "DTCP_LAN", "DTCP_MTU"};

	begin();
	snprintf(r.error, sizeof r.error, "dtcp0: why");
	report_fail(&r, &now, 69);
	CHECK_STR(r.script.next.event, "fail");
	CHECK_STR(value("DTCP_STATUS"), "69");
	CHECK_STR(value("DTCP_ERROR"), "dtcp0: why");
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		CHECK_STR(value(unknown[i]), "");
	r.script.next.event[0] = '\0';
	now.now += REPORT_FAIL_MS - 1;
	report_fail(&r, &now, 69);
	CHECK_STR(r.script.next.event, "");
	now.now++;
	report_fail(&r, &now, 71);
	CHECK_STR(value("DTCP_STATUS"), "71");
	/* It is no event that down follows, and none follows up. */
	r.script.next.event[0] = '\0';
	report_down(&r, &now);
	CHECK_STR(r.script.next.event, "");
	come_up();
	CHECK_STR(told(), "up");
	now.now += REPORT_FAIL_MS;
	r.script.next.event[0] = '\0';
	report_fail(&r, &now, 69);
	CHECK_STR(r.script.next.event, "");
	end();
}

/* Prints the event that waits, and what its environment holds. */
static void print_event(void)
{
	const char *at = r.script.next.text;

	if (!r.script.next.event[0])
		return;
	printf("event %s\n", r.script.next.event);
	for (unsigned i = 0; i < r.script.next.n; i++, at += strlen(at) + 1)
		printf("variable %.*s\n", (int)strcspn(at, "="), at);
	r.script.next.event[0] = '\0';
}

/* A life with every event. tests/docs/code.bats compares what this prints with the
 * manual page. */
static void every_event(void)
{
	begin();
	r.script.next.event[0] = '\0';
	report_fail(&r, &now, 69);
	CHECK_STR(r.script.next.event, "fail");
	print_event();
	come_up();
	CHECK_STR(told(), "up");
	print_event();
	now.up = now.routes = false;
	now.settled = true;
	CHECK_STR(told(), "lost");
	print_event();
	come_up();
	CHECK_STR(told(), "change");
	print_event();
	report_down(&r, &now);
	CHECK_STR(r.script.next.event, "down");
	print_event();
	end();
}

static void no_file(void)
{
	begin();
	close(r.dir);
	r.dir = -1;
	CHECK(!report_record(&r, &now));
	CHECK_HAS(unit_log(), "3 dtcp0: the state cannot be written");
	unit_log_clear();
	CHECK(!report_record(&r, &now));
	CHECK_STR(unit_log(), ""); /* said once */
	r.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(report_record(&r, &now));
	end();
}

/* A service manager hears that the tunnel is up, and of the end when it begins. */
static void notifies(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char got[64];
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	begin();
	snprintf(un.sun_path, sizeof un.sun_path, "%s/notify", dir);
	CHECK_INT(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	come_up();
	report_update(&r, &now);
	n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	CHECK_STR(got, "READY=1\nSTATUS=up");
	report_down(&r, &now);
	n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	CHECK_STR(got, "STOPPING=1");
	unlink(un.sun_path);
	close(fd);
	end();
}

static const struct unit_case cases[] = {
	{"the state file is written when something has changed", file},
	{"the time of each answer is written at once", measured},
	{"a state's beginning is right, also where the clock is set later", clock_is_set},
	{"an error of before it came up is forgotten", error_of_before},
	{"up is told once, and each change after it", up_and_change},
	{"lost is told when routes are out and the session is gone for 5 s", lost},
	{"the script's environment, now and at the event before", environment},
	{"fail is told before the first up, once a minute at most", fail},
	{"down is told to a script that has heard of up", down},
	{"every event, with its variables", every_event},
	{"a state that cannot be written is said once", no_file},
	{"the service manager hears of up, and of the end at its beginning", notifies},
};
UNIT_MAIN(cases)
