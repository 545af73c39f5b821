/* SPDX-License-Identifier: ISC */
#include "keeper/uplink.h"

#include <string.h>

#include "common/log.h"
#include "kernel/interface.h"
#include "unit.h"

/* The kernel, as far as the line asks it: these take the place of kernel/way.c and of
 * interface_index(). */
static struct way kernel[WAY_MOST];
static int n_kernel;

enum { WAN = 2, WAN2 = 3, WAN3 = 4 };

static struct way way(unsigned index, const char *link, const char *local)
{
	struct way w = {.index = index, .local = unit_ipv4(local), .carrier = true};

	memcpy(w.link, link, strlen(link) + 1);
	return w;
}

static struct in_addr asked_for; /* the server of the last question */
static unsigned questions;

int way_find(const struct way_question *q, struct way ways[WAY_MOST])
{
	int n = 0;

	asked_for = q->server;
	questions++;
	/* Of the addresses of a link the first one that may be used. */
	for (int i = 0; i < n_kernel; i++)
		if ((!q->only || q->only == kernel[i].index) &&
		    !(q->avoid_on == kernel[i].index &&
		      q->avoid.s_addr == kernel[i].local.s_addr) &&
		    (n == 0 || ways[n - 1].index != kernel[i].index))
			ways[n++] = kernel[i];
	return n_kernel < 0 ? -1 : n;
}

void way_warn_deaf(const struct way *w, const char *who, struct in_addr server, bool used)
{
	(void)server;
	log_msg(LOG_WARNING, "%s: link %s: rp_filter is 1%s", who, w->link,
		used ? "" : "; the link is not used");
}

unsigned way_holder(struct in_addr address)
{
	for (int i = 0; i < n_kernel; i++)
		if (kernel[i].local.s_addr == address.s_addr)
			return kernel[i].index;
	return 0;
}

bool way_usable(unsigned index)
{
	for (int i = 0; i < n_kernel; i++)
		if (kernel[i].index == index)
			return true;
	return false;
}

bool way_default(unsigned index)
{
	return way_usable(index);
}

/* "cable" is another name of wan. */
unsigned interface_index(const char *name)
{
	if (strcmp(name, "cable") == 0)
		return WAN;
	for (int i = 0; i < n_kernel; i++)
		if (strcmp(kernel[i].link, name) == 0)
			return kernel[i].index;
	return 0;
}

static struct uplink u;
static unsigned round_now;

static void set_kernel(int n, struct way first, struct way second)
{
	n_kernel = n;
	kernel[0] = first;
	kernel[1] = second;
}

static void two_lines(void)
{
	set_kernel(2, way(WAN, "wan", "203.0.113.50"), way(WAN2, "wan2", "203.0.114.50"));
}

static void start(const char *pin)
{
	two_lines();
	uplink_init(&u, "dtcp0", "", (struct in_addr){0}, "");
	uplink_account(&u, 0, pin, "198.51.100.1");
	round_now = 1;
}

/* Each in an event of its own. */
static enum uplink_news look(enum uplink_phase phase)
{
	uplink_forget(&u);
	return uplink_look(&u, phase, 0);
}

static struct uplink_lines lines(void)
{
	uplink_forget(&u);
	return uplink_lines(&u, 0);
}

static bool down(const char *link, struct in_addr address)
{
	uplink_forget(&u);
	return uplink_event_down(&u, link, address);
}

static bool log_in(void)
{
	uplink_forget(&u);
	uplink_login(&u, 0, round_now);
	return uplink_give(&u, 0, unit_ipv4("198.51.100.1"));
}

/* A login, and all that makes the line work. */
static void come_up(void)
{
	CHECK(log_in());
	uplink_offered(&u);
	uplink_works(&u);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
}

/* A server whose address is not known yet is anywhere, and then where its session found
 * it. */
static void which_server(void)
{
	start("");
	uplink_account(&u, 0, "", "server.example");
	lines();
	CHECK_INT(asked_for.s_addr, unit_ipv4("192.0.2.1").s_addr);
	CHECK(log_in());
	lines();
	CHECK_INT(asked_for.s_addr, unit_ipv4("198.51.100.1").s_addr);
	/* Another account takes its place. */
	uplink_failed(&u, 0);
	uplink_account(&u, 0, "", "other.example");
	CHECK_INT(u.accounts[0].failed.index, 0);
	lines();
	CHECK_INT(asked_for.s_addr, unit_ipv4("192.0.2.1").s_addr);
}

static void first_choice(void)
{
	start("");
	come_up();
	CHECK_STR(u.use.link, "wan");
	CHECK_INT(u.use.local.s_addr, unit_ipv4("203.0.113.50").s_addr);
	kernel[0].carrier = false;
	start("");
	kernel[0].carrier = false;
	come_up();
	CHECK_STR(u.use.link, "wan2");
	start("");
	kernel[0].deaf = true;
	come_up();
	CHECK_STR(u.use.link, "wan2");
	CHECK_HAS(unit_log(), "link wan: rp_filter is 1");
}

/* A better line, a VPN, the old one's return: nothing moves what works. */
static void kept(void)
{
	start("");
	set_kernel(1, way(WAN2, "wan2", "203.0.114.50"), (struct way){0});
	come_up();
	two_lines();
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK(log_in()); /* also when its session is made anew */
	CHECK_STR(u.use.link, "wan2");
}

static void next_line(void)
{
	start("");
	come_up();
	set_kernel(1, way(WAN2, "wan2", "203.0.114.50"), (struct way){0});
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	CHECK(!u.near_ok);
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
	n_kernel = 0;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_GONE);
	CHECK_INT(lines().absent, 1);
	CHECK_INT(look(UPLINK_WAITS), UPLINK_SAME);
	two_lines();
	CHECK_INT(look(UPLINK_WAITS), UPLINK_LINE);
}

/* Each line once in a round, the one that failed last at the end of the next. */
static void rounds(void)
{
	start("");
	CHECK_INT(lines().untried, 0); /* nothing was tried yet */
	CHECK_INT(lines().several, 1);
	CHECK(log_in());
	CHECK_INT(lines().several, 0);
	CHECK_STR(u.use.link, "wan");
	CHECK_INT(lines().untried, 1);
	uplink_failed(&u, 0);
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
	CHECK_INT(lines().untried, 0);
	uplink_failed(&u, 0);
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	/* A third one comes, or one gets another address: that is tried at once. */
	kernel[1].local = unit_ipv4("203.0.114.51");
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_LINE);
	kernel[1].local = unit_ipv4("203.0.114.50");
	round_now++;
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan");
	round_now++;
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan");
}

/* A login that fails before it is given a line would fail with each. */
static void no_line_asked(void)
{
	start("");
	uplink_login(&u, 0, round_now);
	CHECK_INT(lines().untried, 0);
	n_kernel = 0;
	uplink_forget(&u);
	CHECK(!uplink_give(&u, 0, unit_ipv4("198.51.100.1")));
	CHECK(uplink_lacks(&u, 0));
}

/* In a pause what has gone and comes back is tried at once, the line that was in use too. */
static void comes_back(void)
{
	start("");
	uplink_account(&u, 1, "wan2", "198.51.100.1");
	come_up();
	CHECK(log_in());
	uplink_failed(&u, 0);
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
	uplink_rest(&u);
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	n_kernel = 1;
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	two_lines();
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_LINE);
	uplink_rest(&u);
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	/* A hook's word is none of another line where it is about the one in use. */
	uplink_event(&u, "wan2", (struct in_addr){0});
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_LINE);
	uplink_rest(&u);
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	uplink_event(&u, "wan", (struct in_addr){0});
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_LINE);
	/* After a session that worked, too: nothing was tried since. */
	start("");
	n_kernel = 1;
	come_up();
	uplink_rest(&u);
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_SAME);
	two_lines();
	CHECK_INT(look(UPLINK_PAUSES), UPLINK_LINE);
}

static void bad_path(void)
{
	start("");
	come_up();
	uplink_failed(&u, 0);
	CHECK_INT(lines().untried, 1);
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
}

/* ppp0 after a redial: the same name and address, another link. */
static void made_anew(void)
{
	start("");
	set_kernel(1, way(7, "ppp0", "192.0.2.101"), (struct way){0});
	come_up();
	set_kernel(1, way(8, "ppp0", "192.0.2.101"), (struct way){0});
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	CHECK(!u.near_ok);
	come_up();
	CHECK_INT(u.use.index, 8);
	CHECK(u.near_ok);
}

static void another_address(void)
{
	start("");
	come_up();
	kernel[0].local = unit_ipv4("203.0.113.60");
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	come_up();
	CHECK_INT(u.near.local.s_addr, unit_ipv4("203.0.113.60").s_addr);
	kernel[0].carrier = false;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_ASK);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	/* Where nobody knows, all stays. */
	n_kernel = -1;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
}

/* The link that an account is pinned to is the same under another name, until that is
 * another link's. */
static void renamed(void)
{
	start("wan");
	come_up();
	kernel[0] = way(WAN, "cat5", "203.0.113.50");
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_STR(u.use.link, "cat5");
	kernel[0] = way(WAN, "cat6", "203.0.113.50");
	CHECK(uplink_is_on(&u, "cat6"));
	CHECK(uplink_is_about(&u, "cat6"));
	CHECK(!uplink_is_about(&u, "wan2"));
	uplink_account(&u, 0, "wan", "198.51.100.1"); /* read again */
	CHECK_INT(lines().absent, 0);
	come_up();
	CHECK_STR(u.use.link, "cat6");
	kernel[1] = way(WAN2, "wan", "203.0.114.50");
	come_up();
	CHECK_INT(u.use.index, WAN2);
	/* It is gone. */
	start("wan");
	come_up();
	set_kernel(1, kernel[1], kernel[0]);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_GONE);
	CHECK_INT(lines().absent, 1);
	/* Nobody is pinned to what another name stood for. */
	start("wan");
	come_up();
	kernel[0] = way(WAN, "cat5", "203.0.113.50");
	uplink_account(&u, 0, "dsl", "198.51.100.1");
	CHECK_INT(lines().absent, 1);
}

static void pinned(void)
{
	start("wan2");
	come_up();
	CHECK_STR(u.use.link, "wan2");
	n_kernel = 1;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_GONE);
	CHECK_INT(lines().absent, 1);
	start("cable"); /* another name of wan */
	come_up();
	CHECK_STR(u.use.link, "wan");
	CHECK_INT(lines().untried, 0);
	start("wan");
	kernel[0].deaf = true;
	come_up();
	CHECK_STR(u.use.link, "wan");
	renamed();
	/* Two accounts, each over its own line. */
	start("wan");
	uplink_account(&u, 1, "wan2", "198.51.100.1");
	set_kernel(1, kernel[1], kernel[0]);
	CHECK_INT(lines().absent, 1);
}

static void named(void)
{
	start("");
	u.asked = unit_ipv4("203.0.114.50");
	u.named = true;
	come_up();
	CHECK_STR(u.use.link, "wan2");
	CHECK_INT(lines().untried, 0);
	/* While a link has it. */
	n_kernel = 1;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	come_up();
	CHECK_STR(u.use.link, "wan");
	/* One that nobody has is waited for. */
	start("");
	u.asked = unit_ipv4("203.0.115.50");
	u.named = true;
	CHECK_INT(lines().absent, 1);
	uplink_explain(&u);
	CHECK_HAS(unit_log(), "no interface has the address 203.0.115.50");
	CHECK_INT(uplink_ask(&u, "", unit_ipv4("203.0.115.51")), UPLINK_ABSENT);
	/* Or has one that cannot be used. */
	start("");
	u.asked = unit_ipv4("203.0.113.50");
	u.named = true;
	kernel[0].deaf = true;
	CHECK_INT(lines().absent, 1);
	uplink_explain(&u);
	CHECK_HAS(unit_log(), "link wan: rp_filter is 1");
	/* It moves on before any session was given a line. */
	start("");
	u.asked = unit_ipv4("203.0.113.50");
	u.named = true;
	CHECK_INT(lines().absent, 0);
	kernel[0].local = unit_ipv4("203.0.113.60");
	CHECK_INT(lines().absent, 0);
	/* A caller names another one. */
	start("");
	come_up();
	CHECK_INT(uplink_ask(&u, "", unit_ipv4("203.0.114.50")), UPLINK_TAKEN);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	come_up();
	CHECK_STR(u.use.link, "wan2");
	CHECK_INT(uplink_ask(&u, "wan", (struct in_addr){0}), UPLINK_KEPT);
	CHECK_INT(uplink_ask(&u, "wan2", (struct in_addr){0}), UPLINK_TAKEN);
	/* With a link, named by the caller or pinned, such an address is a hint. */
	CHECK_INT(uplink_ask(&u, "wan2", unit_ipv4("203.0.115.51")), UPLINK_TAKEN);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	start("wan");
	come_up();
	CHECK_INT(uplink_ask(&u, "", unit_ipv4("203.0.115.51")), UPLINK_TAKEN);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
}

/* Of accounts that are pinned to several links the one is meant whose link has the address,
 * while it has it. */
static void named_of_several(void)
{
	start("wan");
	uplink_account(&u, 1, "wan2", "198.51.100.1");
	u.asked = unit_ipv4("203.0.114.50");
	u.named = true;
	CHECK_INT(lines().absent, 1);
	n_kernel = 1;
	CHECK_INT(lines().absent, 2);
	come_up();
	/* It comes back, and a caller names it once more. */
	two_lines();
	uplink_forget(&u);
	u.named = false;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_INT(uplink_ask(&u, "", unit_ipv4("203.0.114.50")), UPLINK_TAKEN);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	CHECK_HAS(unit_log(), "moves from link wan to link wan2, which has 203.0.114.50");
	/* Nobody else may use it: it is a hint. */
	start("wan");
	come_up();
	CHECK_INT(uplink_ask(&u, "", unit_ipv4("203.0.114.50")), UPLINK_TAKEN);
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_INT(lines().absent, 0);
}

/* Another account, to whom the named line is of no use, is not meant. */
static void named_in_vain(void)
{
	struct in_addr named = unit_ipv4("203.0.114.50");

	start("wan");
	uplink_account(&u, 1, "", "198.51.100.1");
	come_up();
	CHECK_INT(uplink_ask(&u, "", named), UPLINK_TAKEN);
	kernel[1].carrier = false;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_INT(lines().absent, 2);
	kernel[1].carrier = kernel[1].deaf = true;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	kernel[1].deaf = false;
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	/* The address is about to go: the other one takes over. */
	start("wan");
	uplink_account(&u, 1, "wan2", "198.51.100.1");
	CHECK_INT(uplink_ask(&u, "", named), UPLINK_TAKEN);
	u.asked = named;
	u.named = true;
	CHECK_INT(lines().absent, 1);
	CHECK(down("wan2", named));
	CHECK_INT(lines().absent, 2);
	/* And so does another address of the same link. */
	start("wan");
	set_kernel(2, way(WAN, "wan", "203.0.113.50"), way(WAN, "wan", "203.0.113.60"));
	u.asked = unit_ipv4("203.0.113.50");
	u.named = true;
	come_up();
	CHECK(down("wan", u.asked));
	CHECK_INT(lines().absent, 0);
}

/* The link has another address beside the one that is about to go. */
static void next_address(void)
{
	struct in_addr own = unit_ipv4("203.0.113.50");

	start("");
	set_kernel(2, way(WAN, "wan", "203.0.113.50"), way(WAN, "wan", "203.0.113.60"));
	come_up();
	CHECK(down("wan", own));
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	CHECK(u.near_ok); /* quit gets out */
	come_up();
	CHECK_INT(u.use.local.s_addr, unit_ipv4("203.0.113.60").s_addr);
	/* It has gone, and has come back: it may be used again. */
	set_kernel(1, way(WAN, "wan", "203.0.113.60"), (struct way){0});
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_INT(u.gone.index, 0);
}

/* A server whose name was never looked up is nobody's neighbour when the line goes. */
static void down_without_server(void)
{
	start("");
	uplink_account(&u, 0, "", "dtcp.example");
	n_kernel = 0;
	CHECK_INT(lines().absent, 0); /* it has to be said that it cannot be looked up */
	CHECK(!down("wan", (struct in_addr){0}));
	n_kernel = -1;
	CHECK(down("wan2", (struct in_addr){0}));
}

static void events(void)
{
	struct in_addr none = {0}, own = unit_ipv4("203.0.113.50");

	start("");
	come_up();
	CHECK(uplink_is_on(&u, "wan"));
	CHECK(uplink_is_on(&u, "cable"));
	CHECK(!uplink_is_on(&u, "wan2"));
	/* The address is about to go: it is left, though it is still there. */
	CHECK(down("wan", own));
	CHECK_INT(look(UPLINK_BUSY), UPLINK_LINE);
	CHECK(u.near_ok); /* quit gets out */
	come_up();
	CHECK_STR(u.use.link, "wan2");
	CHECK(!down("wan2", unit_ipv4("203.0.114.50")) || n_kernel == 2);
	/* A hook says that it is there again. */
	start("");
	n_kernel = 1;
	come_up();
	CHECK(!down("wan", own));
	uplink_event(&u, "wan", own);
	CHECK(down("wan", none));
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	/* The hook's hint does not take the place of what a caller named. */
	u.asked = own;
	u.named = u.seen = true;
	uplink_event(&u, "wan2", unit_ipv4("203.0.114.50"));
	CHECK_INT(u.asked.s_addr, own.s_addr);
}

/* One whose path is bad is kept for want of another: a line that comes up, or comes back,
 * or of which a hook speaks is tried; one that was tried in vain is not. */
static void stays(void)
{
	start("");
	come_up();
	uplink_failed(&u, 0);
	CHECK(lines().others);
	round_now++;
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
	uplink_failed(&u, 0);
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan");
	uplink_offered(&u);
	uplink_failed(&u, 0);
	CHECK_INT(look(UPLINK_STAYS), UPLINK_SAME);
	CHECK_INT(lines().untried, 0);
	n_kernel = 1;
	CHECK(!lines().others);
	CHECK_INT(look(UPLINK_STAYS), UPLINK_SAME);
	two_lines();
	CHECK_INT(look(UPLINK_BUSY), UPLINK_SAME);
	CHECK_INT(look(UPLINK_STAYS), UPLINK_LINE);
	round_now++;
	CHECK(log_in());
	CHECK_STR(u.use.link, "wan2");
	uplink_failed(&u, 0);
	CHECK(log_in());
	uplink_offered(&u);
	CHECK_INT(look(UPLINK_STAYS), UPLINK_SAME);
	uplink_event(&u, "wan2", (struct in_addr){0});
	CHECK_INT(look(UPLINK_STAYS), UPLINK_LINE);
}

/* A late hook of an address that has been replaced ends nothing, though nothing leads
 * there at this moment. */
static void late_down(void)
{
	struct in_addr none = {0};

	start("");
	n_kernel = 1;
	come_up();
	kernel[0].carrier = false;
	CHECK(down("wan", none));
	n_kernel = 0;
	CHECK(!down("wan", none));
}

/* A hook's word is about a keeper that has had no line yet where that hook began it, or
 * an account is pinned to the link. */
static void about(void)
{
	start("");
	CHECK(!uplink_is_about(&u, "wan2"));
	uplink_event(&u, "wan2", (struct in_addr){0});
	CHECK(uplink_is_about(&u, "wan2"));
	CHECK(!uplink_is_about(&u, "lan0"));
	come_up();
	CHECK(!uplink_is_about(&u, "wan2"));
	CHECK(uplink_is_about(&u, "cable"));
	uplink_init(&u, "dtcp0", "", (struct in_addr){0}, "ppp7");
	uplink_account(&u, 0, "", "dtcp.example");
	CHECK(uplink_is_about(&u, "ppp7"));
	CHECK(!uplink_is_about(&u, "wan"));
	start("wan2");
	CHECK(uplink_is_about(&u, "wan2"));
	CHECK(!uplink_is_about(&u, "wan"));
}

/* Within an event the kernel is asked once for each server and link; the next one asks
 * anew, whatever came of the one before. */
static void asked_once(void)
{
	start("");
	come_up();
	uplink_forget(&u);
	questions = 0;
	CHECK_INT(uplink_look(&u, UPLINK_STAYS, 0), UPLINK_LINE);
	CHECK_INT(uplink_lines(&u, 0).absent, 0);
	uplink_login(&u, 0, ++round_now);
	CHECK(uplink_give(&u, 0, unit_ipv4("198.51.100.1")));
	CHECK_INT(questions, 1);
	/* Another server is another question, and so is a hint. */
	CHECK(uplink_give(&u, 0, unit_ipv4("198.51.100.2")));
	CHECK_INT(questions, 2);
	uplink_event(&u, "wan2", unit_ipv4("203.0.114.50"));
	uplink_lines(&u, 0);
	CHECK_INT(questions, 3);
	uplink_account(&u, 1, "wan2", "198.51.100.2");
	n_kernel = 1;
	CHECK_INT(uplink_lines(&u, 0).absent, 2);
	CHECK_INT(questions, 3); /* no such link: no question */
	n_kernel = 0;
	CHECK_INT(uplink_lines(&u, 0).absent, 2);
	uplink_forget(&u);
	CHECK_INT(uplink_lines(&u, 0).absent, 3);
	/* Of more than are kept, each has its own answer all the same. */
	two_lines();
	for (unsigned i = 0; i < 3 * UPLINK_ANSWERS; i++)
		uplink_account(&u, i, i % 2 ? "wan2" : "wan3", "198.51.100.1");
	uplink_forget(&u);
	for (unsigned i = 0; i < 3 * UPLINK_ANSWERS; i++) {
		struct in_addr server = {htonl(0xc6336401 + i)};

		uplink_login(&u, i, ++round_now);
		CHECK(uplink_give(&u, i, server) == (i % 2 == 1));
	}
}

static const struct unit_case cases[] = {
	{"one question in an event", asked_once},
	{"the server that ways are asked for", which_server},
	{"a line whose path is bad, for want of another", stays},
	{"a late word of an end", late_down},
	{"which keeper a hook speaks of", about},
	{"the kernel's choice, unless it has no carrier or is deaf", first_choice},
	{"a line that works is kept", kept},
	{"a line that is gone gives way to the next one", next_line},
	{"in a round each line is tried once", rounds},
	{"in a pause what comes back is tried at once", comes_back},
	{"a login that was given no line", no_line_asked},
	{"a bad path leads to another line", bad_path},
	{"a link made anew under its name is another", made_anew},
	{"another address, a lost carrier, a kernel that cannot be asked", another_address},
	{"pinned to a link", pinned},
	{"an address that a caller names", named},
	{"an address that a caller names, of one of several pinned accounts", named_of_several},
	{"an address that a caller names, of no use to other accounts", named_in_vain},
	{"the address that is about to go, and another of the same link", next_address},
	{"the end of the line before the server's name was looked up", down_without_server},
	{"what hooks say", events},
};

UNIT_MAIN(cases)
