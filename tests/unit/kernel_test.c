/* SPDX-License-Identifier: ISC */
#include "kernel.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "unit.h"
#include "watch.h"

/* What the kernel says of dtcp0, each time that it is asked; the last answer
 * stays. These take the places of run.c and of link.c. */
static enum link_kind kinds[4];
static unsigned n_kinds, asked;
static unsigned starts, kills; /* of ip(8) */
static int feed_error;
static unsigned index_of_all; /* of every interface */
static bool has_address;
static char fed[4096];

enum link_kind link_kind(const char *name)
{
	if (strcmp(name, "lan0") == 0)
		return index_of_all ? LINK_OTHER : LINK_ABSENT;
	CHECK_STR(name, "dtcp0");
	return kinds[asked + 1 < n_kinds ? asked++ : n_kinds - 1];
}

unsigned link_index(const char *name)
{
	(void)name;
	return index_of_all;
}

bool link_has_address6(const char *name, const struct in6_addr *a)
{
	(void)name;
	(void)a;
	return has_address;
}

const char *run_ip_path(void)
{
	return "/sbin/ip";
}

bool run_start(struct run *r, char *const argv[], char *const env[], bool feed)
{
	CHECK_STR(argv[0], "/sbin/ip");
	CHECK(env[0] && feed);
	memset(r, 0, sizeof *r);
	r->pid = 1000;
	r->in = r->out = -1;
	starts++;
	fed[0] = '\0';
	return true;
}

bool run_feed(struct run *r, const char *text, size_t len)
{
	(void)r;
	snprintf(fed, sizeof fed, "%.*s", (int)len, text);
	errno = feed_error;
	return feed_error == 0;
}

void run_feed_end(struct run *r)
{
	(void)r;
}

void run_kill(struct run *r)
{
	r->killed = true;
	kills++;
}

void run_reaped(struct run *r, int status)
{
	r->status = status;
	r->pid = 0;
}

bool run_ok(const struct run *r)
{
	return !r->killed && r->status == 0;
}

const char *run_result(const struct run *r, char *out, size_t size)
{
	snprintf(out, size, "%s", r->killed ? "ended at its time limit" : "exit status");
	return out;
}

static bool record(void *arg)
{
	(void)arg;
	return true;
}

static void says(const enum link_kind *list, size_t n)
{
	memcpy(kinds, list, n * sizeof *list);
	n_kinds = (unsigned)n;
	asked = 0;
}

#define KERNEL_SAYS(...)                                                                           \
	says((const enum link_kind[]){__VA_ARGS__},                                                \
	     sizeof((const enum link_kind[]){__VA_ARGS__}) / sizeof(enum link_kind))

/* The log without the lines for ip(8). */
static const char *said(void)
{
	static char text[4096];
	const char *end;
	size_t n = 0;

	for (const char *p = unit_log(); (end = strchr(p, '\n')) != NULL; p = end + 1)
		if (strncmp(p, "7 ip ", 5) != 0 && n < sizeof text)
			n += (size_t)snprintf(text + n, sizeof text - n, "%.*s\n", (int)(end - p),
					      p);
	text[n] = '\0';
	return text;
}

static struct kernel k;
static struct tunnel t;

static void begin(void)
{
	memset(&t, 0, sizeof t);
	snprintf(t.name, sizeof t.name, "dtcp0");
	t.type = DTCP_NETWORK;
	t.mtu = 1480;
	t.n_prefixes = 1;
	t.prefixes[0].len = 48;
	kernel_init(&k, record, NULL);
	starts = kills = 0;
	feed_error = 0;
	unit_log_clear();
}

/* The interface that ip(8) was told to make has appeared. */
static void appears(void)
{
	struct watch_event e = {.kind = WATCH_LINK_NEW, .name = "dtcp0"};

	kernel_watch(&k, &e);
}

static void unknown_up(void)
{
	begin();
	KERNEL_SAYS(LINK_UNKNOWN);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_FAILED);
	CHECK_INT(starts, 0);
	CHECK(!k.exists && !k.left);
}

static void unknown_down(void)
{
	begin();
	/* Not even before its removal, nor for the message. */
	kernel_adopt(&k, &t);
	KERNEL_SAYS(LINK_UNKNOWN);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_FAILED);
	CHECK_INT(starts, 0);
	CHECK(k.exists && k.left);
	CHECK_HAS(said(), "3 dtcp0: could not be removed and is left");
	/* Not after it: it is removed once more. */
	unit_log_clear();
	KERNEL_SAYS(LINK_SIT, LINK_UNKNOWN, LINK_ABSENT);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_INT(starts, 2);
	CHECK(!k.exists && !k.left);
}

/* Builds, and stops where the first line, or the rest, is not taken. */
static void build(int error, bool rest)
{
	begin();
	KERNEL_SAYS(LINK_ABSENT, LINK_SIT);
	feed_error = rest ? 0 : error;
	t.type = DTCP_TUNNELONLY; /* nothing to be written under /proc */
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(starts, 1);
	feed_error = error;
	if (rest)
		appears();
}

static void no_lines(void)
{
	for (int rest = 0; rest < 2; rest++) {
		build(ENOMEM, rest);
		CHECK_INT(kills, 1);
		CHECK_HAS(said(), "3 dtcp0: ip: its lines cannot be written: ");
		CHECK(strchr(said(), '\n')[1] == '\0');
		/* Which is all that is said, and what is there is removed. */
		unit_log_clear();
		feed_error = 0;
		CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
		CHECK_INT(starts, 2);
		CHECK_HAS(fed, "tunnel del");
		KERNEL_SAYS(LINK_ABSENT);
		CHECK_INT(kernel_reaped(&k, 0), KERNEL_FAILED);
		CHECK_STR(said(), "");
		CHECK(!k.exists && !k.left);
	}
}

static void not_read(void)
{
	build(EPIPE, false);
	CHECK_INT(kills, 0);
	CHECK_STR(said(), "");
	snprintf(k.run.text, sizeof k.run.text, "no such thing\n");
	CHECK_INT(kernel_reaped(&k, 1 << 8), KERNEL_BUSY);
	CHECK_STR(said(), "3 dtcp0: ip: exit status: no such thing\n");
}

/* Of an interface alone ip(8) is content; it is removed all the same. */
static void content(void)
{
	build(EPIPE, true);
	CHECK_INT(kills, 0);
	feed_error = 0;
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del");
	KERNEL_SAYS(LINK_ABSENT);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_FAILED);
	CHECK(!k.exists && !k.left);
}

/* There is no /proc/sys/net/ipv6/conf/dtcp0 here. */
static void proc(void)
{
	begin();
	KERNEL_SAYS(LINK_ABSENT, LINK_SIT);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	appears();
	CHECK_INT(kills, 1);
	CHECK_HAS(said(), "accept_ra cannot be set to 0: ");
	unit_log_clear();
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	CHECK_STR(said(), "");
	CHECK_HAS(fed, "tunnel del");
}

/* What hangs is said to have hung, though the one before was explained. */
static void hangs(void)
{
	build(ENOMEM, true);
	feed_error = 0;
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	unit_log_clear();
	kernel_timer(&k, k.deadline);
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	CHECK_HAS(said(), "3 dtcp0: ip: ended at its time limit: it said nothing");
}

static void gone(enum watch_kind kind)
{
	struct watch_event e = {.kind = kind, .name = "dtcp0"};

	kernel_watch(&k, &e);
}

/* ip(8) has added the route, and somebody has removed it, by the time it ends. */
static void meanwhile(void)
{
	build(0, true);
	gone(WATCH_ROUTE_GONE);
	CHECK_STR(said(), "4 dtcp0: somebody removed a route into the tunnel; it is built anew\n");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del");
	KERNEL_SAYS(LINK_ABSENT, LINK_ABSENT, LINK_SIT);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add");
	/* And again: that is enough for now. */
	appears();
	gone(WATCH_ROUTE_GONE);
	CHECK_HAS(said(), "somebody removed a route into the tunnel again; all is taken down");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	KERNEL_SAYS(LINK_ABSENT);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_FAILED);
	CHECK(!k.exists && !k.left);
}

/* Those that go because we withdraw them are nobody else's doing. */
static void withdrawn(void)
{
	build(0, true);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_BUSY);
	gone(WATCH_ROUTE_GONE);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_STR(said(), "");
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	gone(WATCH_ROUTE_GONE);
	CHECK_HAS(said(), "somebody removed a route");
}

/* While an op runs, the name alone says nothing: the one before had it, too. */
static void interface_gone(void)
{
	build(0, true);
	gone(WATCH_LINK_GONE);
	CHECK_STR(said(), "");
	KERNEL_SAYS(LINK_ABSENT);
	gone(WATCH_LINK_GONE);
	CHECK_HAS(said(), "somebody removed the interface");
}

/* Where nothing is routed into the tunnel, that asks for no run of ip(8); nor
 * does the end of what is not there. */
static void no_routes(void)
{
	begin();
	KERNEL_SAYS(LINK_ABSENT, LINK_SIT);
	t.type = DTCP_TUNNELONLY;
	t.route = ROUTE_NONE;
	t.n_prefixes = 0;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	appears();
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_DONE);
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_DONE);
	CHECK(k.routes);
	CHECK_INT(starts, 1);
	kernel_adopt(&k, &t);
	KERNEL_SAYS(LINK_ABSENT);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_DONE);
	CHECK_INT(starts, 1);
	CHECK(!k.exists && !k.left);
}

/* Whose routes and interfaces go is nobody's business before there is a tunnel,
 * while it is not there yet, and once it is to be built anew. */
static void others(void)
{
	begin();
	gone(WATCH_ROUTE_GONE);
	CHECK(!k.left);
	KERNEL_SAYS(LINK_ABSENT);
	t.type = DTCP_TUNNELONLY;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	gone(WATCH_ROUTE_GONE);
	gone(WATCH_LINK_GONE);
	CHECK(!k.left);
	CHECK_STR(said(), "");
	KERNEL_SAYS(LINK_SIT);
	appears();
	gone(WATCH_ROUTE_GONE);
	gone(WATCH_ROUTE_GONE);
	CHECK(k.left);
	CHECK_STR(said(), "4 dtcp0: somebody removed a route into the tunnel; it is built anew\n");
}

/* Built anew without what this kernel lacks, which is said once. */
static void lacks(void)
{
	static const char ip_says[] =
		"Error: Specifying source address requires IPV6_SUBTREES to be enabled.\n"
		"Command failed -:7\n";

	build(0, true);
	snprintf(k.run.text, sizeof k.run.text, "%s", ip_says);
	CHECK_INT(kernel_reaped(&k, 1 << 8), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del");
	CHECK_STR(said(), "4 dtcp0: this kernel has no source routes (IPV6_SUBTREES): another "
			  "default route may carry packets with the tunnel's addresses\n");
	KERNEL_SAYS(LINK_ABSENT, LINK_ABSENT, LINK_SIT);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add");
	CHECK(k.now.no_source_routes);
	appears();
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	/* Where that did not help it is a failure like any other. */
	unit_log_clear();
	gone(WATCH_ROUTE_GONE);
	KERNEL_SAYS(LINK_SIT, LINK_ABSENT);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	snprintf(k.run.text, sizeof k.run.text, "%s", ip_says);
	CHECK_INT(kernel_reaped(&k, 1 << 8), KERNEL_FAILED);
	CHECK_HAS(said(), "3 dtcp0: ip: exit status: Error: Specifying source address");
}

/* An address on a LAN that cannot be made ends nothing. */
static void lan_fails(void)
{
	struct watch_event e = {.kind = WATCH_LINK_NEW, .name = "lan0"};

	begin();
	KERNEL_SAYS(LINK_ABSENT, LINK_SIT);
	t.type = DTCP_TUNNELONLY;
	t.n_lans = 1;
	snprintf(t.lans[0].name, sizeof t.lans[0].name, "lan0");
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	appears();
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	index_of_all = 7;
	kernel_watch(&k, &e);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_HAS(fed, "addr add");
	CHECK_HAS(said(), "5 dtcp0: LAN interface lan0 gets its address");
	snprintf(k.run.text, sizeof k.run.text, "RTNETLINK answers: Permission denied\n");
	CHECK_INT(kernel_reaped(&k, 2 << 8), KERNEL_DONE);
	CHECK_HAS(said(), "3 dtcp0: ip: exit status: RTNETLINK answers: Permission denied");
	CHECK_INT(k.now.lans[0].state, LAN_ABSENT);
	CHECK(k.exists && !k.left);
	/* It is tried again when the interface comes anew. */
	kernel_watch(&k, &e);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	index_of_all = 0;
}

/* Up, and then messages of the kernel are lost. */
static void lose(enum link_kind then)
{
	build(0, true);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	fed[0] = '\0';
	KERNEL_SAYS(then);
	gone(WATCH_OVERFLOW);
	CHECK_STR(said(), "5 dtcp0: too many changes of addresses and routes at a time; "
			  "what is there is looked at again\n");
	gone(WATCH_OVERFLOW); /* is said once */
	CHECK(strchr(said(), '\n')[1] == '\0');
	unit_log_clear();
}

/* Nobody can say whether a route is still there: it is made again. */
static void lost_route(void)
{
	lose(LINK_SIT);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_STR(fed, "route replace ::/0 from ::/48 dev dtcp0 proto 202\n"
		       "route replace ::/0 dev dtcp0 metric 0 proto 202\n");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_STR(said(), "");
	CHECK_INT(kernel_go(&k), KERNEL_DONE); /* once is enough */
	/* Not where they are withdrawn. */
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_BUSY);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	gone(WATCH_OVERFLOW);
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_HAS(fed, "route add");
}

static void lost_interface(void)
{
	lose(LINK_ABSENT);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_STR(said(), "4 dtcp0: somebody removed the interface; it is built anew\n");
	CHECK_HAS(fed, "route del");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add");
	/* The word that it is there may be lost, too. */
	KERNEL_SAYS(LINK_SIT);
	gone(WATCH_OVERFLOW);
	CHECK_HAS(fed, "link set dev dtcp0");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "route replace");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
}

/* Whether the interface is there cannot be found out either: asked again later. */
static void lost_unknown(void)
{
	lose(LINK_UNKNOWN);
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	KERNEL_SAYS(LINK_SIT);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_HAS(fed, "route replace");
}

static void lost_address(void)
{
	lose(LINK_SIT);
	k.now.type = k.want.type = DTCP_HOST;
	has_address = true;
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_HAS(fed, "route replace");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	has_address = false;
	gone(WATCH_OVERFLOW);
	unit_log_clear();
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_STR(said(), "4 dtcp0: somebody removed the tunnel's address; it is built anew\n");
	CHECK_HAS(fed, "tunnel del");
}

/* An address on a LAN that went, and an interface that came and went. */
static void lost_lan(void)
{
	struct tunnel_lan *lan = &k.now.lans[0];

	begin();
	t.n_lans = 1;
	snprintf(t.lans[0].name, sizeof t.lans[0].name, "lan0");
	KERNEL_SAYS(LINK_ABSENT, LINK_SIT);
	t.type = DTCP_TUNNELONLY;
	index_of_all = 7;
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	appears();
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK_INT(lan->state, LAN_OURS);
	has_address = true;
	gone(WATCH_OVERFLOW);
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_INT(lan->state, LAN_OURS);
	has_address = false;
	gone(WATCH_OVERFLOW);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_HAS(fed, "addr add");
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	index_of_all = 0;
	gone(WATCH_OVERFLOW);
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_INT(lan->state, LAN_ABSENT);
	index_of_all = 7;
	gone(WATCH_OVERFLOW);
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_INT(lan->state, LAN_OURS);
	index_of_all = 0;
}

static const struct unit_case cases[] = {
	{"over what cannot be looked at nothing is built", unknown_up},
	{"what cannot be looked at is not gone", unknown_down},
	{"lines that ip is not given: it is killed, and that is said once", no_lines},
	{"lines that ip does not read: it has its say", not_read},
	{"a tunnel of half of the lines is none, though ip is content", content},
	{"what cannot be set under /proc is said once", proc},
	{"one that hangs afterwards is said to have hung", hangs},
	{"a route that goes while more is made is not forgotten", meanwhile},
	{"a route that is withdrawn is nobody else's doing", withdrawn},
	{"an interface that goes while more is made is not forgotten", interface_gone},
	{"without routes there is nothing to withdraw, without a tunnel nothing to remove", no_routes},
	{"what goes of others, or goes twice, makes no difference", others},
	{"without source routes it is built anew, and that is said once", lacks},
	{"an address on a LAN that cannot be made ends nothing", lan_fails},
	{"messages were lost: routes are made again", lost_route},
	{"messages were lost: an interface that went, or came, is seen", lost_interface},
	{"messages were lost, and the kernel does not answer: later", lost_unknown},
	{"messages were lost: an address that went is seen", lost_address},
	{"messages were lost: a LAN's address and interface are looked at", lost_lan},
};
UNIT_MAIN(cases)
