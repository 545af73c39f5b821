/* SPDX-License-Identifier: ISC */
/* Look, compare, run ip(8), look again: against a model of the kernel and an ip(8) that
 * works, fails, hangs, or that somebody else undoes. */
#include "kernel/kernel.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/end_times.h"
#include "kernel/inventory.h"
#include "kernel/look.h"
#include "kernel/watch.h"
#include "model.h"
#include "unit.h"

static struct inventory model;
static bool unseen;              /* the kernel cannot be asked */
static bool no_source_routes;    /* it has none */
static const char *goes_before;  /* the device of a route that goes before ours */
static const char *same_ends;    /* another tunnel with the ends that are wanted */
static unsigned looks, starts, kills, ends;
static int feed_error;
static char fed[32768]; /* what the ip(8) that runs was told */
static bool recorded_ok;
static unsigned records;

/* These take the places of look.c and of program.c. */

bool look(int *fd, struct inventory *found, const struct inventory *wanted,
	  const struct inventory *ours)
{
	CHECK_INT(*fd, -1);
	CHECK_STR(wanted->name, ours->name);
	looks++;
	*found = model;
	return !unseen;
}

bool look_before(const struct inventory *found, const struct inventory_route *r,
		 char device[IF_NAMESIZE])
{
	CHECK(found->exists && !r->refuse);
	snprintf(device, IF_NAMESIZE, "%s", goes_before ? goes_before : "");
	return goes_before != NULL;
}

bool look_for_ends(const struct inventory *wanted, char name[IF_NAMESIZE])
{
	CHECK(wanted->exists);
	snprintf(name, IF_NAMESIZE, "%s", same_ends ? same_ends : "");
	return same_ends != NULL;
}

bool look_no_source_routes(void)
{
	return no_source_routes;
}

bool program_find(const char *name, char *path, size_t size)
{
	CHECK_STR(name, "ip");
	snprintf(path, size, "/sbin/ip");
	return true;
}

bool program_start(struct program *r, char *const argv[], char *const env[], bool feed)
{
	CHECK_STR(argv[0], "/sbin/ip");
	CHECK(env[0] && feed);
	memset(r, 0, sizeof *r);
	r->pid = 1000;
	r->in = r->out = -1;
	starts++;
	ends = 0;
	fed[0] = '\0';
	return true;
}

bool program_feed(struct program *r, const char *text, size_t len)
{
	(void)r;
	snprintf(fed + strlen(fed), sizeof fed - strlen(fed), "%.*s", (int)len, text);
	errno = feed_error;
	return feed_error == 0;
}

void program_feed_end(struct program *r)
{
	(void)r;
	ends++;
}

void program_kill(struct program *r)
{
	r->killed = true;
	kills++;
}

void program_reaped(struct program *r, int status)
{
	r->status = status;
	r->pid = 0;
}

static const char *prints; /* what ip(8) has printed since it was read last */

void program_read(struct program *r)
{
	r->len = (size_t)snprintf(r->text, sizeof r->text, "%s", prints ? prints : "");
}

bool program_ok(const struct program *r)
{
	return !r->killed && r->status == 0;
}

const char *program_result(const struct program *r, char *out, size_t size)
{
	snprintf(out, size, "%s", r->killed ? "ended at its time limit" : "exit status");
	return out;
}

/* Time goes by between what others do. */
static int64_t later;

int64_t clock_ms(void)
{
	return 1000000 + later;
}

static bool record(void *arg)
{
	(void)arg;
	records++;
	return recorded_ok;
}

/* The log without the lines for ip(8); it is empty then. */
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
	unit_log_clear();
	return text;
}

static struct kernel k;
static struct tunnel t;

static void begin(void)
{
	memset(&t, 0, sizeof t);
	snprintf(t.name, sizeof t.name, "dtcp0");
	t.type = DTCP_NETWORK;
	t.local.s_addr = htonl(0xcb007132);
	t.remote.s_addr = htonl(0xc6336401);
	t.ttl = 64;
	t.mtu = 1480;
	t.metric = 4096;
	t.link = model_links[1];
	t.n_prefixes = 1;
	t.prefixes[0] = model_prefix("2001:db8:1::/48");
	inventory_start(&model, "dtcp0", TUNNEL_ROUTE_PROTO);
	model.sit0 = recorded_ok = true;
	unseen = no_source_routes = false;
	goes_before = same_ends = NULL;
	looks = starts = kills = records = 0;
	feed_error = 0;
	kernel_init(&k, record, NULL);
	unit_log_clear();
}

static void add_lan(unsigned index)
{
	struct inventory_device *d = &model.devices[model.n_devices++];

	memset(d, 0, sizeof *d);
	snprintf(d->name, sizeof d->name, "lan0");
	d->index = index;
	snprintf(t.lans[0].name, sizeof t.lans[0].name, "lan0");
	CHECK(prefix_subnet(&t.prefixes[0], 0, &t.lans[0].address));
	t.n_lans = 1;
}

static void happens(enum watch_kind kind, const char *name)
{
	struct watch_event e = {.kind = kind, .index = model.index};

	snprintf(e.name, sizeof e.name, "%s", name);
	if (kind == WATCH_ADDRESS6_GONE)
		CHECK(tunnel_address(&t, &e.address));
	kernel_watch(&k, &e);
}

static unsigned good_lines; /* so many more succeed */

static void run_line(void *arg, const char *line, int len)
{
	if (good_lines > 0 && model_run(arg, line, len))
		good_lines--;
	else
		good_lines = 0;
}

/* ip(8) does lines of what it was told, and those that it is told then, and ends. */
static enum kernel_result ip_does(unsigned lines, int status)
{
	bool waits = strstr(fed, "tunnel add") || strstr(fed, "link add");
	size_t had = strlen(fed);

	good_lines = lines;
	lines_each(fed, run_line, &model);
	model.index = model.exists ? 9 : 0;
	if (waits && model.exists) {
		happens(WATCH_LINK_NEW, "dtcp0");
		lines_each(fed + had, run_line, &model);
	}
	return kernel_reaped(&k, status);
}

static enum kernel_result ip_works(void)
{
	return ip_does(1000, 0);
}

static void up(bool routes)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, routes), KERNEL_BUSY);
	CHECK_STR(fed, "tunnel add name dtcp0 mode sit remote 198.51.100.1 local 203.0.113.50 "
		       "ttl 64 dev wan\n");
	CHECK_INT(ends, 0);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(starts, 1);
	CHECK_INT(ends, routes); /* one that ended unasked gets no more lines */
	CHECK(k.exists && kernel_whole(&k) && k.routes == routes);
	CHECK_STR(said(), "");
}

static void down(void)
{
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(!model.exists && model.n_routes == 0 && model.n_addresses == 0);
	CHECK(!k.exists && !k.routes && !k.left && !kernel_whole(&k));
}

static void up_and_down(void)
{
	up(true);
	CHECK_INT(model.n_routes, 4);
	down();
	CHECK_STR(said(), "");
	CHECK_INT(starts, 2);
}

/* A new session with the same tunnel, a keepalive, and what is withdrawn already. */
static void nothing_to_do(void)
{
	up(true);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_DONE);
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK(!kernel_due(&k));
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_DONE);
	CHECK_INT(starts, 2);
	CHECK_INT(records, 1);
	/* Where nothing is routed, that asks for nothing. */
	down();
	t.route = ROUTE_NONE;
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(!k.routes);
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_DONE);
	CHECK(k.routes && kernel_whole(&k));
	CHECK_INT(starts, 4);
	CHECK_STR(said(), "");
}

static void unseen_up(void)
{
	begin();
	unseen = true;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_FAILED);
	CHECK_INT(starts, 0);
	CHECK(!k.exists && !k.left);
}

/* What is whole stays, though a look at it fails. */
static void unseen_later(void)
{
	up(true);
	unseen = true;
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	CHECK(kernel_whole(&k));
}

static void unseen_down(void)
{
	begin();
	kernel_adopt(&k, &t);
	unseen = true;
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_FAILED);
	CHECK_INT(starts, 0);
	CHECK(k.exists && k.left);
	CHECK_HAS(said(), "3 dtcp0: could not be removed and is left");
	unseen = false;
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_DONE);
	CHECK(!k.exists && !k.left);
}

/* What a keeper that was killed left goes before anything is built. */
static void adopted(void)
{
	up(true);
	kernel_init(&k, record, NULL);
	kernel_adopt(&k, &t);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add name dtcp0 ");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k));
}

static void taken_over(void)
{
	begin();
	model.exists = model.sit = true;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_STR(said(), "5 dtcp0: a sit tunnel of this name is left from before; it is taken "
			  "over\n");
	CHECK_HAS(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

static void another_kind(void)
{
	begin();
	model.exists = true;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_FAILED);
	CHECK_HAS(said(), "3 dtcp0: an interface of this name exists that is no sit tunnel");
	CHECK_INT(starts, 0);
	CHECK(!k.exists);
}

static void not_recorded(void)
{
	begin();
	recorded_ok = false;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_FAILED);
	CHECK_INT(starts, 0);
	CHECK(!k.exists && records == 1);
}

/* A line that fails, each in turn: what it said is quoted, and all is removed. */
static void fails(void)
{
	for (unsigned n = 0; n < 7; n++) {
		begin();
		CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
		snprintf(k.run.text, sizeof k.run.text, "out of\ncheese\n");
		if (n == 0)
			CHECK_INT(ip_does(n, 1 << 8), KERNEL_FAILED);
		else
			CHECK_INT(ip_does(n, 1 << 8), KERNEL_BUSY);
		CHECK_STR(said(), "3 dtcp0: ip: exit status: out of;cheese\n");
		if (n > 0)
			CHECK_INT(ip_works(), KERNEL_FAILED);
		CHECK(!model.exists && model.n_routes == 0 && !k.exists && !k.left);
	}
}

/* That it failed decides nothing, where all is there. */
static void content(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(1000, 3 << 8), KERNEL_DONE);
	CHECK_STR(said(), "4 dtcp0: everything is there, but ip: exit status: it said nothing\n");
	CHECK(kernel_whole(&k));
}

static void hangs(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	kernel_timer(&k, k.deadline - 1);
	CHECK_INT(kills, 0);
	kernel_timer(&k, k.deadline);
	CHECK_INT(kills, 1);
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	CHECK_STR(said(), "4 dtcp0: tried once more: ip: ended at its time limit: it said "
			  "nothing\n");
	CHECK_INT(starts, 2);
	kernel_timer(&k, k.deadline);
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_FAILED);
	CHECK_STR(said(), "3 dtcp0: ip: ended at its time limit: it said nothing\n");
	CHECK_INT(starts, 2);
	CHECK(!k.exists);
}

/* Its five seconds begin when it has its last line. */
static void patience(void)
{
	int64_t before = clock_ms();

	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	k.deadline = before;
	model.exists = model.sit = true;
	happens(WATCH_LINK_NEW, "dtcp0");
	CHECK_INT(ends, 1);
	CHECK(k.deadline >= before + END_IP_MS);
	/* At the end of all there may be less. */
	kernel_hurry(&k, before + 3000);
	CHECK(k.deadline < before + 3000);
}

static void removal_fails(void)
{
	up(true);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ip_does(2, 1 << 8), KERNEL_BUSY);
	CHECK_STR(said(), "3 dtcp0: ip: exit status: it said nothing\n");
	CHECK_INT(ip_works(), KERNEL_DONE); /* the second try */
	up(true);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ip_does(2, 1 << 8), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_FAILED);
	CHECK(k.exists && k.left);
	CHECK_HAS(said(), "3 dtcp0: could not be removed and is left: 1 interface, 2 routes; the next "
			  "dtcp-up or --down removes what is left\n");
	/* Which it does. */
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

/* What went before, whoever took it, is gone. */
static void gone_already(void)
{
	up(true);
	model_lose_interface(&model);
	model.n_routes = 0;
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_DONE);
	CHECK_INT(starts, 1);
	CHECK(!k.exists);
}

static void no_lines(void)
{
	begin();
	feed_error = ENOMEM;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(kills, 1);
	CHECK_HAS(said(), "3 dtcp0: ip: its lines cannot be written: ");
	feed_error = 0;
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

/* Of an interface alone ip(8) is content; the rest is made all the same. */
static void half(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	model.exists = model.sit = true;
	model.remote = t.remote;
	model.local = t.local;
	model.ttl = t.ttl;
	model.link = t.link;
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_INT(starts, 2);
	CHECK_HAS(fed, "link set dev dtcp0 mtu 1480 up\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
}

/* There is no /proc/sys/net/ipv6/conf/dtcp0 here. */
static void settings(void)
{
	begin();
	model.settings = INVENTORY_ALL_SETTINGS;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(1000, 0), KERNEL_BUSY);
	CHECK_HAS(said(), "accept_ra cannot be set to 0: ");
	CHECK_HAS(fed, "tunnel del");
	CHECK_INT(ip_works(), KERNEL_FAILED);
	CHECK(!model.up);
	/* What is right already need not be written. */
	begin();
	t.type = DTCP_TUNNELONLY;
	t.n_prefixes = 0;
	model.settings = INVENTORY_ALL_SETTINGS;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

static void ipv6_off(void)
{
	for (int type = DTCP_NETWORK; type <= DTCP_TUNNELONLY; type++) {
		begin();
		t.type = (enum dtcp_type)type;
		t.n_prefixes = type == DTCP_NETWORK;
		model.ipv6_off = true;
		CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
		CHECK_INT(ip_works(), KERNEL_BUSY);
		CHECK_HAS(said(), "3 dtcp0: IPv6 is off on the interface (disable_ipv6)\n");
		CHECK_INT(ip_works(), KERNEL_FAILED);
	}
}

static void no_sit0(void)
{
	begin();
	model.sit0 = false;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add"); /* which makes the kernel load the module */
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_BUSY);
	CHECK_HAS(fed, "link add name dtcp0 type sit mode ip6ip ");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "");
	/* No sit at all. */
	begin();
	model.sit0 = false;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_BUSY);
	snprintf(k.run.text, sizeof k.run.text, "unknown device type\n");
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_FAILED);
	CHECK_STR(said(), "3 dtcp0: this kernel has no sit (modprobe sit): ip: exit status: unknown "
			  "device type\n");
}

static void ends_are_taken(void)
{
	begin();
	same_ends = "theirs";
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_FAILED);
	CHECK_HAS(said(), "3 dtcp0: interface theirs has the same ends: ip: exit status");
}

/* Built without what this kernel lacks, which is said once. */
static void lacks(void)
{
	begin();
	no_source_routes = true;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(4, 1 << 8), KERNEL_BUSY);
	CHECK_STR(said(), "4 dtcp0: this kernel has no source routes (IPV6_SUBTREES): another "
			  "default route may carry packets with the tunnel's addresses\n");
	CHECK_STR(fed, "route append ::/0 dev dtcp0 metric 4096 proto 202\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(k.now.no_source_routes && kernel_whole(&k));
	down();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "");
}

static void lan(void)
{
	struct tunnel_lan *l = &k.now.lans[0];

	begin();
	add_lan(7);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(l->state, LAN_OURS);
	CHECK(inventory_has_address(&model, "lan0", &l->address));
	/* Somebody removes it. */
	CHECK(gone(&model, "lan0", &l->address));
	happens(WATCH_ADDRESS6_GONE, "");
	CHECK(kernel_due(&k));
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK(kernel_whole(&k)); /* of that the tunnel is no less up */
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "5 dtcp0: LAN interface lan0 gets its address\n");
	/* The interface goes and comes. */
	CHECK(gone(&model, "lan0", &l->address));
	model.devices[0].index = 0;
	happens(WATCH_LINK_GONE, "lan0");
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_INT(l->state, LAN_ABSENT);
	model.devices[0].index = 8;
	happens(WATCH_LINK_NEW, "lan0");
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_STR(fed, "addr add 2001:db8:1::1/64 dev lan0\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "5 dtcp0: LAN interface lan0 gets its address\n");
	down();
}

static void lan_of_others(void)
{
	begin();
	add_lan(7);
	model_put_address(&model, "lan0", t.lans[0].address, 64);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(k.now.lans[0].state, LAN_FOREIGN);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(inventory_has_address(&model, "lan0", &t.lans[0].address));
	CHECK_STR(said(), "");
}

static void lan_missing(void)
{
	begin();
	add_lan(0);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "4 dtcp0: LAN interface lan0 is missing; it gets its address when it "
			  "appears\n");
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	CHECK_STR(said(), "");
}

static void lan_without_ipv6(void)
{
	begin();
	add_lan(7);
	model.devices[0].ipv6_off = true;
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_HAS(said(), "4 dtcp0: LAN interface lan0 takes no address, since IPv6 is off there");
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	CHECK_STR(said(), "");
	model.devices[0].ipv6_off = false; /* nothing tells so */
	CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
	CHECK_STR(fed, "addr add 2001:db8:1::1/64 dev lan0\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(k.now.lans[0].state, LAN_OURS);
}

/* One that cannot be given its address ends nothing, and is tried again when it
 * changes. */
static void lan_refuses(void)
{
	begin();
	add_lan(7);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	snprintf(k.run.text, sizeof k.run.text, "Permission denied\n");
	CHECK_INT(ip_does(3, 1 << 8), KERNEL_BUSY);
	CHECK_STR(said(), "4 dtcp0: LAN interface lan0 takes no address: ip: exit status: Permission "
			  "denied\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(k.now.lans[0].state, LAN_REFUSED);
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	happens(WATCH_LINK_NEW, "lan0");
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(k.now.lans[0].state, LAN_OURS);
}

static void move(void)
{
	up(true);
	t.local.s_addr = htonl(0xcb007133);
	t.link = model_links[2];
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_STR(fed, "tunnel change name dtcp0 mode sit remote 198.51.100.1 local 203.0.113.51 "
		       "ttl 64 dev ppp0\n"
		       "link set dev dtcp0 mtu 1480\n"
		       "addr replace fe80::cb00:7133/64 dev dtcp0\n"
		       "addr del fe80::cb00:7132/64 dev dtcp0\n");
	CHECK_INT(records, 2);
	CHECK(!kernel_whole(&k));
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k) && k.routes);
	CHECK_STR(said(), "");
	/* A move that fails ends in a tunnel that is built anew, by whoever wants it. */
	t.local.s_addr = htonl(0xcb007134);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 1 << 8), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_FAILED);
	CHECK(!k.exists && !model.exists);
}

static void another_tunnel(void)
{
	up(true);
	t.prefixes[0] = model_prefix("2001:db8:2::/48");
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_HAS(fed, "route del unreachable 2001:db8:1::/48 metric 1024 proto 202\n");
	CHECK_HAS(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k));
}

/* Whatever somebody takes away comes back. */
static void meddled(void)
{
	static const char *const what[] = {"removed a route into the tunnel",
					   "removed an unreachable route",
					   "removed the tunnel's address", "removed the interface",
					   "set the interface down, or another MTU"};
	char text[128];

	for (int i = 0; i < 5; i++) {
		up(true);
		if (i == 0)
			model.n_routes--;
		else if (i == 1)
			model.routes[0] = model.routes[--model.n_routes];
		else if (i == 2)
			CHECK(gone(&model, "dtcp0", &(struct in6_addr){{{0x20, 1, 0xd, 0xb8, 0, 1, 0, 0,
									 0, 0, 0, 0, 0, 0, 0, 1}}}));
		else
			model_lose_interface(&model);
		model.exists = i != 3;
		CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
		snprintf(text, sizeof text, "4 dtcp0: somebody %s; it is built anew\n", what[i]);
		CHECK_STR(said(), text);
		CHECK(!kernel_whole(&k));
		CHECK_INT(ip_works(), KERNEL_DONE);
		CHECK(kernel_whole(&k) && k.routes && model.n_routes == 4 && model.up);
	}
}

/* Those that go because we withdraw them are nobody else's doing. */
static void withdrawn(void)
{
	up(true);
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_BUSY);
	happens(WATCH_ROUTE_GONE, "");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(!k.routes && kernel_whole(&k));
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(k.routes);
	CHECK_STR(said(), "");
}

/* While ip(8) runs, and by the time that it ends. */
static void meanwhile(void)
{
	up(false);
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 0), KERNEL_BUSY); /* all that it made is gone */
	CHECK_INT(starts, 3);
	CHECK_INT(ip_does(0, 0), KERNEL_BUSY); /* and again: that is a failure */
	CHECK_HAS(fed, "tunnel del");
	CHECK_INT(ip_works(), KERNEL_FAILED);
}

static void takes_the_default(void)
{
	CHECK_INT(model.n_routes, 4);
	model.n_routes--;
	later += KERNEL_ONCE_MS;
	happens(WATCH_ROUTE_GONE, "");
	CHECK(kernel_due(&k));
}

/* The next pause is over. */
static enum kernel_result pause_ends(void)
{
	CHECK(!kernel_due(&k) && k.step.ip == IP_NONE);
	CHECK(kernel_wake(&k) != CLOCK_NEVER);
	kernel_timer(&k, kernel_wake(&k) - 1);
	CHECK(!kernel_due(&k));
	kernel_timer(&k, kernel_wake(&k));
	CHECK(kernel_due(&k));
	return kernel_go(&k);
}

static void switch_ipv6_off(void)
{
	later += KERNEL_ONCE_MS;
	model.n_addresses = 0;
	model.n_routes = 2;
	model.ipv6_off = true;
	happens(WATCH_ADDRESS6_GONE, "");
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
}

/* NetworkManager does that to a tunnel that it is told to leave. */
static void off_and_on(void)
{
	up(true);
	switch_ipv6_off();
	CHECK_INT(pause_ends(), KERNEL_BUSY);
	model.ipv6_off = false;
	CHECK_INT(pause_ends(), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k) && model.n_routes == 4);
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	CHECK_STR(said(), "4 dtcp0: somebody removed the tunnel's address; it is built anew\n");
	/* And where ip(8) comes just between. */
	later += KERNEL_ONCE_MS;
	takes_the_default();
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_INT(ip_does(0, 2), KERNEL_BUSY);
	CHECK_INT(pause_ends(), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "4 dtcp0: somebody removed a route into the tunnel; it is built anew\n");
}

static void stays_off(void)
{
	up(true);
	switch_ipv6_off();
	for (int i = 0; i < 4; i++)
		CHECK_INT(pause_ends(), KERNEL_BUSY);
	CHECK_INT(starts, 1);
	CHECK_INT(pause_ends(), KERNEL_BUSY); /* the end of all */
	CHECK_HAS(said(), "3 dtcp0: IPv6 is off on the interface (disable_ipv6)\n");
	CHECK_INT(ip_works(), KERNEL_FAILED);
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	/* The end that is wanted waits for no pause. */
	up(true);
	switch_ipv6_off();
	down();
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
}

/* A flush, which takes one after the other, is once. */
static void flush(void)
{
	up(true);
	later += KERNEL_ONCE_MS;
	for (int i = 0; i < 10; i++) {
		model.n_routes--;
		happens(WATCH_ROUTE_GONE, "");
		CHECK_INT(kernel_go(&k), KERNEL_BUSY);
		CHECK_INT(ip_works(), KERNEL_DONE);
	}
	CHECK_STR(said(), "4 dtcp0: somebody removed a route into the tunnel; it is built anew\n");
	CHECK(!k.others.stubborn);
}

/* The sixth time within a minute is said; from then on at keepalives only. */
static void goes_on(void)
{
	up(true);
	for (int i = 1; i < 6; i++) {
		/* A keepalive that finds all in place between two times changes nothing. */
		CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
		takes_the_default();
		CHECK_INT(kernel_go(&k), KERNEL_BUSY);
		CHECK_STR(said(), "4 dtcp0: somebody removed a route into the tunnel; it is built "
				  "anew\n");
		CHECK_INT(ip_works(), KERNEL_DONE);
	}
	takes_the_default();
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_HAS(said(), "again and again; from now on it is built anew at keepalives only");
	CHECK_INT(starts, 6);
	CHECK(k.step.ip == IP_NONE && !kernel_whole(&k));
	for (int i = 0; i < 3; i++) {
		CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
		CHECK_INT(ip_works(), KERNEL_DONE);
		CHECK(kernel_whole(&k));
		takes_the_default();
		CHECK_INT(kernel_go(&k), KERNEL_BUSY);
		CHECK(k.step.ip == IP_NONE);
	}
	CHECK_STR(said(), "");
	/* It is over when a keepalive finds all as it was left, and nobody did anything
	 * for a minute. */
	CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	takes_the_default();
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK(k.step.ip == IP_NONE);
	CHECK_STR(said(), "");
	CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	later += KERNEL_MEDDLED_MS;
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	takes_the_default();
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK(k.step.ip != IP_NONE);
	CHECK_HAS(said(), "; it is built anew\n");
}

/* What is wanted from now on is made all the same: a move, and that packets are led into
 * the tunnel no more. */
static void goes_on_and_moves(void)
{
	up(true);
	for (int i = 1; i <= 6; i++) {
		takes_the_default();
		CHECK_INT(kernel_go(&k), KERNEL_BUSY);
		if (k.step.ip != IP_NONE)
			CHECK_INT(ip_works(), KERNEL_DONE);
	}
	CHECK(k.others.stubborn && k.step.ip == IP_NONE);
	t.local.s_addr = htonl(0xcb007133);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel change name dtcp0");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k) && k.routes);
	CHECK_INT(kernel_want_routes(&k, false), KERNEL_BUSY);
	CHECK_HAS(fed, "route del");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k) && !k.routes);
	/* But not what is wanted as before. */
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	takes_the_default();
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK(k.step.ip == IP_NONE);
}

/* Events that concern nobody here. */
static void others(void)
{
	struct watch_event e = {.kind = WATCH_ROUTE_GONE, .index = 4};

	begin();
	happens(WATCH_OVERFLOW, "");
	CHECK(!kernel_due(&k)); /* there is no tunnel */
	up(true);
	kernel_watch(&k, &e);
	e.kind = WATCH_ADDRESS6_GONE;
	kernel_watch(&k, &e);
	happens(WATCH_LINK_NEW, "eth7");
	CHECK(!kernel_due(&k));
	e.kind = WATCH_ROUTE_GONE;
	e.address = t.prefixes[0].addr;
	kernel_watch(&k, &e);
	CHECK(kernel_due(&k));
	CHECK_INT(kernel_go(&k), KERNEL_DONE); /* it was there once more */
	happens(WATCH_ROUTE_REPLACED, "");
	CHECK(kernel_due(&k));
	CHECK_INT(kernel_go(&k), KERNEL_DONE); /* that was another */
	happens(WATCH_OVERFLOW, "");
	happens(WATCH_OVERFLOW, "");
	CHECK_STR(said(), "5 dtcp0: too many changes of addresses and routes at a time; what is "
			  "there is looked at again\n");
}

/* The word that the interface is there may be lost, too. */
static void lost_word(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	happens(WATCH_OVERFLOW, "");
	CHECK_INT(ends, 0);
	model.exists = model.sit = true;
	happens(WATCH_OVERFLOW, "");
	CHECK_INT(ends, 1);
	CHECK_HAS(fed, "link set dev dtcp0");
}

/* It is to end before it is there. */
static void ends_early(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(starts, 1);
	CHECK_INT(ip_works(), KERNEL_BUSY);
	CHECK_STR(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(!model.up && !k.exists);
}

static void before_ours(void)
{
	begin();
	goes_before = "wan";
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "4 dtcp0: another route to ::/0 with metric 4096 (dev wan) goes before the "
			  "tunnel's; metric= in the account file gives that another one\n");
	for (int i = 0; i < 2; i++) {
		CHECK_INT(kernel_want_routes(&k, i), KERNEL_BUSY);
		CHECK_INT(ip_works(), KERNEL_DONE);
	}
	CHECK(kernel_whole(&k));
}

/* ip(8) has made the interface, and nothing else. */
static void interface_appears(void)
{
	model.exists = model.sit = true;
	model.index = 9;
	happens(WATCH_LINK_NEW, "dtcp0");
}

/* Nothing is wanted, and it has no more lines: when it has ended another one removes all. */
static void down_after_it(void)
{
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(!model.exists && !k.exists);
}

/* ip(8) has done its lines, all but the last few, and waits: "" where it tells nothing. */
static void does_and_waits(const char *tells)
{
	size_t had = strlen(fed);

	good_lines = 1000;
	lines_each(fed, run_line, &model);
	model.index = model.exists ? 9 : 0;
	happens(WATCH_LINK_NEW, "dtcp0");
	CHECK_INT(ends, 0);
	good_lines = 1000;
	lines_each(fed + had, run_line, &model);
	CHECK(!kernel_due(&k));
	prints = tells;
	kernel_printed(&k);
	prints = NULL;
}

/* Up but for the routes; ip(8) waits for these. */
static void up_and_waits(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	does_and_waits("9: dtcp0: ...\n");
	CHECK(kernel_due(&k));
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK(kernel_whole(&k) && !k.routes && k.run.pid);
	CHECK_INT(ends, 0);
}

static void waits_for_routes(void)
{
	up_and_waits();
	fed[0] = '\0';
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK(strncmp(fed, "route ", 6) == 0);
	CHECK_INT(ends, 1);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(model.n_routes, 4);
	CHECK_INT(starts, 1);
	down();
	CHECK_INT(starts, 2);
	CHECK_STR(said(), "");
}

/* It does not wait for ever, and never with what nobody wants any more. */
static void waits_in_vain(void)
{
	up_and_waits();
	kernel_timer(&k, k.deadline - 1);
	CHECK_INT(ends, 0);
	kernel_timer(&k, k.deadline);
	CHECK_INT(ends, 1);
	/* Before it has ended there is no other one. */
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_INT(starts, 1);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_INT(starts, 2);
	CHECK(strncmp(fed, "route ", 6) == 0);
	CHECK_INT(ip_works(), KERNEL_DONE);

	up_and_waits();
	kernel_timer(&k, k.deadline);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK(kernel_whole(&k) && !kernel_due(&k));
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_STR(said(), "");
}

/* One that waits, or is about to end, and hangs. */
static void waits_and_hangs(void)
{
	up_and_waits();
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(starts, 1);
	CHECK_INT(ends, 1);
	kernel_timer(&k, k.deadline);
	CHECK_INT(kills, 1);
	CHECK_INT(kernel_reaped(&k, SIGKILL), KERNEL_BUSY);
	CHECK_INT(starts, 2);
	CHECK_HAS(fed, "tunnel del name dtcp0\n");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "");
}

/* It may have cached the index of the interface. */
static void waits_for_another(void)
{
	up_and_waits();
	model.index = 10;
	happens(WATCH_LINK_NEW, "dtcp0");
	fed[0] = '\0';
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_STR(fed, "");
	CHECK_INT(ends, 1);
	CHECK_INT(starts, 1);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_INT(starts, 2);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

/* A build for which no ip(8) was needed has none that waits, and nor has a repair. */
static void mended_meanwhile(void)
{
	up(false);
	ends = 0;
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_DONE);
	model.n_routes--;
	CHECK_INT(kernel_look_due(&k), KERNEL_BUSY);
	CHECK_INT(ends, 1);
	CHECK_INT(ip_works(), KERNEL_DONE);
}

/* The look between its first line and the rest fails: it is not kept. */
static void waits_unseen(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	unseen = true;
	interface_appears();
	CHECK_INT(ends, 1);
	unseen = false;
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	down_after_it();
}

/* Another purpose comes before it has told that it has done its lines. */
static void wanted_meanwhile(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	does_and_waits("");
	CHECK_INT(ends, 0);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ends, 1);
	down_after_it();
}

/* It says that it is done, and something is missing: it ends, and that is looked at. */
static void tells_too_much(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	interface_appears();
	prints = "9: dtcp0: ...\n";
	kernel_printed(&k);
	prints = NULL;
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK_INT(ends, 1);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	CHECK_INT(starts, 2);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK(kernel_whole(&k));
}

/* It tells nothing. What it does is found when it has ended. */
static void tells_nothing(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	does_and_waits("");
	CHECK(!kernel_due(&k));
	kernel_timer(&k, k.deadline);
	CHECK_INT(ends, 1);
	CHECK_INT(kills, 0);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_DONE);
	CHECK(kernel_whole(&k));
	CHECK_STR(said(), "");
}

/* The look after it has told fails: all is to go, and it is not in the way. */
static void tells_unseen(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	does_and_waits("9: dtcp0: ...\n");
	unseen = true;
	CHECK_INT(kernel_go(&k), KERNEL_FAILED);
	unseen = false;
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_BUSY);
	CHECK_INT(ends, 1);
	down_after_it();
}

static void prepared(void)
{
	begin();
	kernel_prepare(&k);
	kernel_prepare(&k);
	CHECK_INT(starts, 1);
	CHECK_STR(fed, "");
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_HAS(fed, "tunnel add name dtcp0 ");
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(starts, 1);
	/* Where something is there, what is needed is not known. */
	kernel_prepare(&k);
	CHECK_INT(starts, 1);
}

static void prepared_in_vain(void)
{
	begin();
	kernel_prepare(&k);
	CHECK_INT(kernel_want(&k, NULL, false), KERNEL_DONE);
	kernel_timer(&k, k.deadline);
	CHECK_INT(ends, 1);
	CHECK_INT(kernel_reaped(&k, 0), KERNEL_BUSY);
	/* One that ended by itself, be it that it cannot run here. */
	kernel_prepare(&k);
	CHECK_INT(kernel_reaped(&k, 127 << 8), KERNEL_BUSY);
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	CHECK_INT(starts, 3);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_STR(said(), "");
}

/* What is made is there, and its address cannot be used yet. */
static void tentative(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	model.tentative = true;
	CHECK_INT(ip_works(), KERNEL_BUSY);
	CHECK(!kernel_whole(&k));
	CHECK_INT(kernel_wake(&k), clock_ms() + 10);
	CHECK_INT(pause_ends(), KERNEL_BUSY);
	CHECK_INT(kernel_wake(&k), clock_ms() + 20);
	model.tentative = false;
	CHECK_INT(pause_ends(), KERNEL_DONE);
	CHECK(kernel_whole(&k) && k.routes);
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	CHECK_INT(starts, 1);
	/* Something else has it looked at before the pause is over. */
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	model.tentative = true;
	CHECK_INT(ip_works(), KERNEL_BUSY);
	model.tentative = false;
	happens(WATCH_LINK_NEW, "dtcp0");
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	CHECK_STR(said(), "");
}

/* It is waited for while there is hope, and never where all was up already. */
static void stays_tentative(void)
{
	int64_t waited = 0;

	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	model.tentative = true;
	CHECK_INT(ip_works(), KERNEL_BUSY);
	for (int i = 0; i < 6; i++) {
		waited += kernel_wake(&k) - clock_ms();
		CHECK_INT(pause_ends(), KERNEL_BUSY);
	}
	waited += kernel_wake(&k) - clock_ms();
	CHECK_INT(waited, 1270);
	CHECK_INT(pause_ends(), KERNEL_DONE);
	CHECK(kernel_whole(&k));
	CHECK_INT(kernel_look_due(&k), KERNEL_DONE);
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	/* What is not wanted any more is not waited for. */
	begin();
	CHECK_INT(kernel_want(&k, &t, true), KERNEL_BUSY);
	model.tentative = true;
	CHECK_INT(ip_works(), KERNEL_BUSY);
	down();
	CHECK_INT(kernel_wake(&k), CLOCK_NEVER);
	CHECK_STR(said(), "");
}

/* An ip(8) that waits for the routes goes on waiting meanwhile. */
static void tentative_before_routes(void)
{
	begin();
	CHECK_INT(kernel_want(&k, &t, false), KERNEL_BUSY);
	model.tentative = true;
	does_and_waits("9: dtcp0: ...\n");
	CHECK_INT(kernel_go(&k), KERNEL_BUSY);
	CHECK(!kernel_whole(&k) && k.run.pid);
	model.tentative = false;
	kernel_timer(&k, kernel_wake(&k));
	CHECK_INT(kernel_go(&k), KERNEL_DONE);
	CHECK(kernel_whole(&k) && k.run.pid);
	CHECK_INT(ends, 0);
	fed[0] = '\0';
	CHECK_INT(kernel_want_routes(&k, true), KERNEL_BUSY);
	CHECK_INT(ip_works(), KERNEL_DONE);
	CHECK_INT(starts, 1);
	CHECK_STR(said(), "");
}

static const struct unit_case cases[] = {
	{"up by one ip(8) and down by another", up_and_down},
	{"no ip(8) where nothing differs", nothing_to_do},
	{"the kernel cannot be asked: nothing is made", unseen_up},
	{"the kernel cannot be asked later: all stays", unseen_later},
	{"the kernel cannot be asked: what is not seen is not gone", unseen_down},
	{"what was left goes first", adopted},
	{"a sit tunnel of the name is taken over", taken_over},
	{"another interface of the name is a failure", another_kind},
	{"what cannot be recorded is not made", not_recorded},
	{"a line that fails, each in turn", fails},
	{"an ip(8) that fails and did all is no failure", content},
	{"an ip(8) that hangs is killed and tried once more", hangs},
	{"its time begins when it has all lines", patience},
	{"a removal is tried twice, then what is left is named", removal_fails},
	{"what is gone already needs no removal", gone_already},
	{"lines that cannot be written", no_lines},
	{"an ip(8) that makes half of it", half},
	{"settings", settings},
	{"no IPv6 on the tunnel", ipv6_off},
	{"no sit0, and no sit at all", no_sit0},
	{"another tunnel has the same ends", ends_are_taken},
	{"a kernel without source routes", lacks},
	{"LAN: the address comes back", lan},
	{"LAN: somebody else's address stays", lan_of_others},
	{"LAN: a missing interface", lan_missing},
	{"LAN: IPv6 is off there", lan_without_ipv6},
	{"LAN: one that refuses", lan_refuses},
	{"a move", move},
	{"another tunnel: the old one goes first", another_tunnel},
	{"somebody removes a part: it comes back", meddled},
	{"what we withdraw is not missed", withdrawn},
	{"somebody undoes what ip(8) does", meanwhile},
	{"somebody sets IPv6 off and on: it comes back", off_and_on},
	{"somebody sets IPv6 off, and it stays off", stays_off},
	{"somebody flushes all, one by one: that is once", flush},
	{"somebody goes on: at keepalives only", goes_on},
	{"somebody goes on: what is wanted from now on is made at once", goes_on_and_moves},
	{"events that concern the tunnel, and others", others},
	{"messages were lost while the interface was made", lost_word},
	{"ends while it is made", ends_early},
	{"a route that goes before ours is named", before_ours},
	{"ip(8) waits for the routes", waits_for_routes},
	{"ip(8) waits for the routes in vain", waits_in_vain},
	{"an ip(8) that waits, and does not end", waits_and_hangs},
	{"an ip(8) that waits, and another interface", waits_for_another},
	{"the kernel cannot be asked while ip(8) waits for its other lines", waits_unseen},
	{"a repair by an ip(8) that does not wait", mended_meanwhile},
	{"ip(8) has yet to tell, and something else is wanted", wanted_meanwhile},
	{"an ip(8) that tells of more than it did", tells_too_much},
	{"an ip(8) that tells nothing", tells_nothing},
	{"the kernel cannot be asked when ip(8) has told", tells_unseen},
	{"ip(8) started early", prepared},
	{"ip(8) started early in vain", prepared_in_vain},
	{"an address that cannot be used yet: it is not up yet", tentative},
	{"an address that can never be used: up all the same, after a while", stays_tentative},
	{"an address that cannot be used yet, and ip(8) waits for the routes", tentative_before_routes},
};
UNIT_MAIN(cases)
