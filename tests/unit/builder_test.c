/* SPDX-License-Identifier: ISC */
#include "server/builder.h"

#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/privs.h"
#include "common/program.h"
#include "kernel/interface.h"
#include "kernel/way.h"
#include "rundir/rundir.h"
#include "server/ability.h"
#include "server/far_kernel.h"
#include "server/look.h"
#include "server/standing.h"
#include "unit.h"

/* A clock, programs and a kernel of the test's own: each tunnel is there, with its
 * filters, as soon as it is about to be made. */

static struct sessions table;
static int64_t now = 1000;
static pid_t running; /* 0: none */
static unsigned programs, looks_at_all, kills;
static bool stopped, blind; /* the program; the next look fails */
static unsigned filters; /* of each tunnel */
static bool removed; /* no tunnel is seen ... */
static const char *stuck = ""; /* ... but this one */
static bool whole = true; /* each that is looked at is as it is wanted */
static FILE *lines; /* that the last program has got */

int64_t clock_ms(void)
{
	return now;
}

int clock_poll_timeout(int64_t deadline, int64_t at)
{
	return deadline == CLOCK_NEVER ? -1 : (int)(deadline - at);
}

bool program_start(struct program *r, char *const argv[], char *const env[], bool feed)
{
	(void)argv;
	(void)env;
	CHECK(feed && !running);
	CHECK(lines = tmpfile());
	*r = (struct program){.pid = 7, .in = fileno(lines), .out = -1};
	running = r->pid;
	programs++;
	return true;
}

void program_feed_end(struct program *r)
{
	r->in = -1;
}

void program_read(struct program *r)
{
	(void)r;
}

void program_kill(struct program *r)
{
	(void)r;
	kills++;
}

void program_reaped(struct program *r, int status)
{
	CHECK_INT(status, 0);
	r->pid = running = 0;
	fclose(lines);
	lines = NULL;
}

bool rundir_is_stopped(pid_t pid)
{
	CHECK_INT(pid, running);
	return stopped;
}

bool privs_enough(bool raw, const char **missing)
{
	(void)raw;
	(void)missing;
	return true;
}

bool orphan_end(const char *mark)
{
	(void)mark;
	return true;
}

void orphan_mark(char out[ORPHAN_MARK_MAX], int run_dir)
{
	(void)run_dir;
	out[0] = '\0';
}

bool ability_find(struct ability_programs *p)
{
	*p = (struct ability_programs){.ip = "/ip", .tc = "/tc"};
	return true;
}

bool ability_prove(struct batch *b, struct ability_programs *p)
{
	(void)b;
	(void)p;
	return true;
}

unsigned look_index(struct look *l, const char *name)
{
	(void)l;
	for (uint32_t i = 0; i < table.size; i++)
		if (table.list[i].exists && strcmp(table.list[i].now.name, name) == 0)
			return i + 1;
	return 0;
}

unsigned interface_index(const char *name)
{
	return look_index(NULL, name);
}

bool interface_is_ours(struct in_addr a)
{
	(void)a;
	return false;
}

unsigned way_mtu(struct in_addr from, struct in_addr to)
{
	(void)from;
	(void)to;
	return 0;
}

bool look_take(struct look *l, bool counters)
{
	CHECK(!counters);
	*l = LOOK_NONE;
	looks_at_all++;
	return true;
}

bool look_one(struct look *l, const char *name)
{
	bool seen = !blind;

	CHECK(look_index(l, name) > 0);
	*l = LOOK_NONE;
	blind = false;
	return seen;
}

void look_free(struct look *l)
{
	(void)l;
}

void look_bytes(const char *name, uint64_t *in, uint64_t *out)
{
	(void)name;
	*in = *out = 0;
}

const struct look_link *look_link(const struct look *l, const char *name)
{
	static struct look_link link;

	link.index = look_index(NULL, name);
	(void)l;
	return (removed && strcmp(name, stuck) != 0) || !link.index ? NULL : &link;
}

const struct look_route *look_route(const struct look *l, const struct prefix *p, unsigned index)
{
	(void)l;
	(void)p;
	(void)index;
	return NULL;
}

int look_filters(struct look *l, unsigned index)
{
	(void)l;
	CHECK(index > 0);
	return (int)filters;
}

bool far_kernel_distrust(const char *name)
{
	(void)name;
	return true;
}

void far_kernel_join(struct session *s, unsigned index)
{
	(void)s;
	(void)index;
}

void far_kernel_leave(struct session *s)
{
	(void)s;
}

bool far_kernel_whole(struct look *l, const struct far *f, const char **lacks)
{
	(void)l;
	(void)f;
	*lacks = "something";
	return whole;
}

/* ------------------------------------------------------------------ */

static struct builder *b;
static size_t left; /* leftovers in the record */

static bool recorded(void *arg)
{
	(void)arg;
	left = b ? builder_standing(b)->n_leftovers : 0;
	return true;
}

static void gone(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
}

static void work(void)
{
	while (builder_work(b, gone, NULL))
		continue;
}

static void finish(void)
{
	while (running) {
		CHECK(builder_reaped(b, running, 0));
		work();
	}
}

static void begin(void)
{
	static const int run_dir = -1;
	const struct builder_how how = {
		.sessions = &table, .run_dir = &run_dir, .record = recorded};

	CHECK(sessions_init(&table, 4));
	CHECK(builder_permitted());
	b = builder_open(&how);
	CHECK(b);
	/* What was made to try it goes first. */
	filters = far_filters(&(struct far){.type = DTCP_TUNNELONLY});
	work();
	finish();
	programs = looks_at_all = 0;
}

static void end(void)
{
	builder_close(b);
	b = NULL;
	free(table.list);
}

static void want(unsigned i)
{
	struct session *s = &table.list[i];

	*s = (struct session){.used = true, .held = true, .want.type = DTCP_TUNNELONLY};
	snprintf(s->want.name, sizeof s->want.name, "dtcp%u", i);
	work();
}

/* The time until which it waits; *watches: or a change in the kernel. */
static int64_t waits(bool *watches)
{
	struct pollfd p[BUILDER_POLLS];
	int64_t at = CLOCK_NEVER;

	builder_polls(b, p, &at);
	*watches = p[0].fd >= 0;
	return at;
}

/* Whether the program that runs has got a line with this. */
static bool is_told(const char *what)
{
	char line[256];
	bool found = false;

	if (lines)
		rewind(lines);
	while (lines && fgets(line, sizeof line, lines))
		found |= strstr(line, what) != NULL;
	return found;
}

/* One program ends, and the next one begins. */
static void next(void)
{
	CHECK(builder_reaped(b, running, 0));
	work();
	CHECK(running);
}

static void alone(void)
{
	bool watches;

	begin();
	for (unsigned i = 0; i < 3; i++) {
		want(i);
		CHECK(running);
		/* What its own programs change does not wake it. */
		waits(&watches);
		CHECK(!watches);
		finish();
		waits(&watches);
		CHECK(watches);
		CHECK(table.list[i].ready);
	}
	CHECK_INT(programs, 6);
	/* However many others there are, the kernel is not asked for all of them. */
	CHECK_INT(looks_at_all, 0);
	end();
}

static void together(void)
{
	bool watches;

	begin();
	want(0);
	/* While one round is under way: one more for both. */
	want(1);
	want(2);
	CHECK_INT(programs, 1);
	finish();
	CHECK(table.list[1].ready && table.list[2].ready);
	CHECK_INT(programs, 4);
	CHECK_INT(looks_at_all, 1);
	/* After it they come on: again one for both, a little later. */
	want(3);
	CHECK(!running);
	CHECK_INT(waits(&watches), now + 250);
	CHECK(watches);
	now += 249;
	want(4);
	CHECK(!running);
	now++;
	work();
	CHECK(running);
	finish();
	CHECK(table.list[3].ready && table.list[4].ready);
	CHECK_INT(programs, 6);
	/* And who comes alone after that does not wait. */
	now += 250;
	want(5);
	finish();
	want(6);
	CHECK(running);
	finish();
	CHECK(table.list[6].ready);
	end();
}

/* Both types have as many filters, and so their number does not tell them apart. */
static void another_type(void)
{
	struct far *f;

	begin();
	table.list[0] = (struct session){.used = true, .held = true, .want.type = DTCP_NETWORK};
	f = &table.list[0].want;
	snprintf(f->name, sizeof f->name, "dtcp0");
	f->n_prefixes = 1;
	CHECK(prefix_parse("2001:db8:c0de::/48", &f->prefixes[0]));
	filters = 0;
	work();
	CHECK(is_told("link add name dtcp0"));
	next();
	CHECK(is_told("match ip6 src 2001:db8:c0de::/48"));
	/* Its user logs in for another type. */
	filters = far_filters(f);
	*f = (struct far){.name = "dtcp0", .type = DTCP_HOST};
	CHECK_INT(far_filters(f), filters);
	next();
	CHECK(is_told("route add 2001:db8:c0de::/48 dev dtcp0"));
	CHECK(!is_told("address add"));
	/* That wants other filters, and so it is made anew. */
	whole = false;
	next();
	CHECK(is_told("link del dev dtcp0"));
	removed = true;
	while (running && !is_told("link add"))
		next();
	removed = false;
	whole = true;
	finish();
	CHECK(table.list[0].ready && far_equal(&table.list[0].now, f));
	end();
}

/* Its user comes from yet another address while the tunnel is moved: what the kernel has then
 * is no failure, and so it is moved again, and not made anew. */
static void another_address(void)
{
	struct session *s;

	begin();
	want(0);
	finish();
	s = &table.list[0];
	s->want.remote.s_addr = 1;
	work();
	CHECK(is_told("tunnel change") && !is_told("link del"));
	s->want.remote.s_addr = 2;
	s->anew = true;
	whole = false;
	CHECK(builder_reaped(b, running, 0));
	work();
	CHECK_INT(s->tries, 0);
	whole = true;
	CHECK(running && is_told("tunnel change") && !is_told("link del"));
	finish();
	CHECK(s->ready && far_equal(&s->now, &s->want));
	end();
}

/* A login while nothing but what an earlier dtcpd left is removed. */
static void meanwhile(void)
{
	begin();
	table.list[3].exists = true;
	snprintf(table.list[3].now.name, sizeof table.list[3].now.name, "dtcp9");
	CHECK(builder_take_over(b, "dtcp9"));
	work();
	CHECK(is_told("link del dev dtcp9"));
	want(0);
	CHECK(!is_told("dtcp0"));
	removed = true;
	CHECK(builder_reaped(b, running, 0));
	work();
	CHECK(running && is_told("link add name dtcp0"));
	removed = false;
	finish();
	CHECK(table.list[0].ready);
	end();
}

/* Its user is back while the tunnel goes: it is up when it is there again. */
static void back_meanwhile(void)
{
	struct session *s;

	begin();
	want(0);
	finish();
	s = &table.list[0];
	CHECK(sessions_is_up(s));
	sessions_leave(s, true);
	work();
	CHECK(is_told("link del dev dtcp0"));
	s->held = s->anew = true;
	CHECK(!sessions_is_up(s));
	removed = true;
	CHECK(builder_reaped(b, running, 0));
	work();
	CHECK(is_told("link add name dtcp0"));
	CHECK(!sessions_is_up(s));
	removed = false;
	finish();
	CHECK(sessions_is_up(s));
	/* Likewise while it is moved away, and its user is back where it was. */
	s->want.remote.s_addr = 1;
	work();
	CHECK(is_told("tunnel change"));
	s->want.remote.s_addr = 0;
	s->anew = true;
	CHECK(!sessions_is_up(s));
	finish();
	CHECK(sessions_is_up(s));
	end();
}

/* Another user's, or another kind of, tunnel is wanted in the place of one that stays. */
static void in_its_place(void)
{
	struct session *s;
	bool watches;

	begin();
	want(0);
	finish();
	removed = true;
	stuck = "dtcp0";
	s = &table.list[0];
	s->want.type = DTCP_HOST;
	work();
	CHECK(is_told("link del dev dtcp0"));
	finish();
	CHECK(!s->failed);
	now = waits(&watches);
	work();
	finish();
	CHECK(s->failed);
	sessions_leave(s, false);
	table.list[1] = (struct session){.used = true, .held = true, .want = s->want};
	work();
	CHECK(table.list[1].failed);
	stuck = "";
	now = waits(&watches);
	work();
	finish();
	removed = false;
	end();
}

static unsigned times_said(const char *what)
{
	unsigned n = 0;

	for (const char *at = unit_log(); (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* One that cannot be removed is said once, tried less and less often, and waited for by nobody. */
static void stays(void)
{
	bool watches;

	begin();
	want(0);
	finish();
	want(1);
	finish();
	unit_log_clear();
	removed = true;
	stuck = "dtcp0";
	sessions_leave(&table.list[0], true);
	work();
	CHECK(is_told("link del dev dtcp0"));
	finish();
	CHECK_INT(times_said("could not be removed"), 1);
	CHECK_INT(waits(&watches), now + 1000);
	work();
	CHECK(!running);
	sessions_leave(&table.list[1], true);
	work();
	CHECK(is_told("link del dev dtcp1") && !is_told("dtcp0"));
	finish();
	CHECK(!table.list[1].used);
	for (int i = 1; i < 20; i++) {
		now = waits(&watches);
		work();
		CHECK(is_told("link del dev dtcp0"));
		finish();
	}
	CHECK_INT(waits(&watches), now + 60000);
	CHECK_INT(times_said("could not be removed"), 1);
	builder_hurry(b);
	work();
	CHECK(is_told("link del dev dtcp0"));
	stuck = "";
	finish();
	CHECK(builder_idle(b));
	removed = false;
	end();
}

static void no_filters(void)
{
	begin();
	filters = 0;
	whole = false;
	want(0);
	CHECK(is_told("link add name dtcp0"));
	while (running) {
		CHECK(!is_told("link set"));
		CHECK(builder_reaped(b, running, 0));
		work();
	}
	CHECK(table.list[0].failed);
	whole = true;
	end();
}

static void name_of_another(void)
{
	begin();
	want(0);
	finish();
	table.list[1] = (struct session){.used = true, .held = true, .want = table.list[0].want};
	sessions_leave(&table.list[0], false);
	removed = true;
	work();
	CHECK(is_told("link del dev dtcp0") && !is_told("link add"));
	CHECK(!table.list[1].failed);
	while (running && !is_told("link add"))
		next();
	removed = false;
	finish();
	CHECK(table.list[1].ready);
	/* But one that stays keeps its name. */
	table.list[2] = (struct session){.used = true, .held = true, .want = table.list[1].want};
	work();
	CHECK(table.list[2].failed);
	end();
}

/* Of the interface that is there now, whatever the one before has counted. */
static void counters(void)
{
	struct session *s;

	begin();
	s = &table.list[0];
	want(0);
	finish();
	s->bytes_in = s->bytes_out = 1000;
	s->ready = false;
	work();
	finish(); /* mended as it was */
	CHECK(s->ready);
	CHECK_INT(s->bytes_in, 1000);
	s->index = 9;
	s->exists = s->ready = false;
	work();
	finish();
	CHECK(s->ready);
	CHECK_INT(s->index, 1);
	CHECK(s->bytes_in == 0 && s->bytes_out == 0);
	end();
}

static void heard(void)
{
	struct pollfd p[BUILDER_POLLS];
	int64_t at = CLOCK_NEVER;
	nfds_t n = builder_polls(b, p, &at);

	for (nfds_t i = 0; i < n; i++)
		p[i].revents = 0;
	builder_heard(b, p, n);
}

/* The kernel tells of what the program does: what is sent to the end that this returns. */
static int tell(void)
{
	struct pollfd p[BUILDER_POLLS];
	int64_t at = CLOCK_NEVER;
	int ends[2];

	builder_polls(b, p, &at);
	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	CHECK_INT(dup2(ends[0], p[0].fd), p[0].fd);
	close(ends[0]);
	return ends[1];
}

static void hangs(void)
{
	const struct {
		struct nlmsghdr h;
		struct ifinfomsg link;
	} work = {{.nlmsg_len = sizeof work, .nlmsg_type = RTM_NEWLINK}, {.ifi_type = ARPHRD_SIT, .ifi_index = 99}};
	bool watches;
	int kernel;

	begin();
	kernel = tell();
	kills = 0;
	want(0);
	CHECK_INT(waits(&watches), now + 10000);
	now += 10000;
	CHECK(send(kernel, &work, sizeof work, 0) == (ssize_t)sizeof work);
	heard();
	CHECK_INT(kills, 0);
	CHECK_INT(waits(&watches), now + 10000);
	now += 9999;
	heard();
	CHECK_INT(kills, 0);
	now++;
	heard();
	CHECK_INT(kills, 1);
	next();
	/* At the end there has to be time to try it once more. */
	now += 2000;
	builder_hurry(b);
	CHECK_INT(waits(&watches), now + 5000);
	finish();
	want(1);
	CHECK_INT(waits(&watches), now + 5000);
	/* One that is stopped does nothing, whatever else the kernel tells. */
	now += 5000;
	stopped = true;
	CHECK(send(kernel, &work, sizeof work, 0) == (ssize_t)sizeof work);
	heard();
	CHECK_INT(kills, 2);
	stopped = false;
	finish();
	close(kernel);
	end();
}

/* What a session is about to be given the name of has gone, though nobody has looked: it is not
 * to be removed as something that was left. */
static void name_of_leftover(void)
{
	begin();
	CHECK(builder_take_over(b, "dtcp0"));
	left = 7;
	want(0);
	CHECK(running);
	CHECK_INT(left, 0);
	finish();
	CHECK(table.list[0].ready);
	end();
}

/* A look that fails is repeated, without another change that would make it. */
static void looks_again(void)
{
	const struct {
		struct nlmsghdr h;
		struct ifinfomsg link;
	} change = {{.nlmsg_len = sizeof change, .nlmsg_type = RTM_NEWLINK}, {.ifi_index = 1}};
	struct pollfd p[BUILDER_POLLS];
	bool watches;
	int kernel;

	begin();
	want(0);
	finish();
	kernel = tell();
	CHECK(send(kernel, &change, sizeof change, 0) == (ssize_t)sizeof change);
	waits(&watches);
	for (nfds_t i = 0; i < BUILDER_POLLS; i++)
		p[i] = (struct pollfd){.revents = i == 0 ? POLLIN : 0};
	builder_heard(b, p, BUILDER_POLLS);
	now = waits(&watches);
	blind = true;
	whole = false;
	work();
	CHECK(table.list[0].ready && !running);
	CHECK_INT(waits(&watches), now + 1000);
	now += 1000;
	work();
	CHECK(running);
	whole = true;
	finish();
	close(kernel);
	end();
}

static const struct unit_case cases[] = {
	{"who comes alone is built for at once", alone},
	{"who comes in a crowd is built for together", together},
	{"a round builds what it began with, if its user logs in for another type meanwhile", another_type},
	{"an address that changes again meanwhile: moved once more", another_address},
	{"who logs in while others' leftovers go is built for after that", meanwhile},
	{"a tunnel that goes or moves is not up, though its user is back", back_meanwhile},
	{"in the place of what cannot be removed nothing is promised", in_its_place},
	{"what cannot be removed is said once, and nobody waits for it", stays},
	{"an interface without its filters does not come up", no_filters},
	{"a program that does nothing is killed, at the end sooner, and one that works is not", hangs},
	{"a leftover that has gone is not removed when a session has its name", name_of_leftover},
	{"a look that fails is repeated", looks_again},
	{"an interface that is made anew is counted from its beginning", counters},
	{"an interface whose name is another user's from now on goes first", name_of_another},
};

UNIT_MAIN(cases)
