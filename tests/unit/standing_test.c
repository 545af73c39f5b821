/* SPDX-License-Identifier: ISC */
#include "server/standing.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "unit.h"

static struct standing s;
static struct config config;

static void users(const char *text)
{
	CHECK(config_parse(&config, "f", text, strlen(text)));
	CHECK(standing_users(&s, &config));
	config_free(&config);
}

/* The unreachable routes for these prefixes are there. */
static struct look there(const char *first, const char *second)
{
	static struct look_route routes[2];
	struct look l = {.routes = routes};
	const char *texts[] = {first, second};

	for (unsigned i = 0; i < 2; i++) {
		if (!texts[i])
			continue;
		routes[l.n_routes] = (struct look_route){.unreachable = true};
		CHECK(prefix_parse(texts[i], &routes[l.n_routes++].prefix));
	}
	return l;
}

/* As if ip(8) had been run: whether all is done. */
static bool judged(const struct look *l)
{
	size_t left = s.n_leftovers;
	bool to_record;

	unit_log_clear();
	s.asked = true;
	to_record = standing_judge(&s, l, "no");
	CHECK_INT(to_record, !s.due || s.n_leftovers < left);
	CHECK(!s.asked);
	return !s.due;
}

#define A "2001:db8:a::/48"
#define B "2001:db8:b::/48"
#define USER_A "user a x prefix=" A "\n"
#define USER_B "user b x prefix=" B "\n"

static void routes(void)
{
	struct look none = there(NULL, NULL), a = there(A, NULL), both;

	users(USER_A);
	CHECK(s.due);
	CHECK(!judged(&none));
	CHECK_STR(unit_log(), "");
	a = there(A, NULL);
	CHECK(judged(&a));
	/* Of the file before, what the new one has not goes, and nothing else. */
	users(USER_B);
	both = there(A, B);
	CHECK(!judged(&both));
	CHECK(!standing_stuck(&s));
	CHECK(!judged(&both));
	CHECK_HAS(unit_log(), "ip route del unreachable " A);
	CHECK_HAS(unit_log(), ": could not be done: no");
	CHECK(standing_stuck(&s));
	a = there(B, NULL);
	CHECK(judged(&a));
	CHECK(standing_users(&s, NULL));
	a = there(B, NULL);
	CHECK(!judged(&a));
	none = there(NULL, NULL);
	CHECK(judged(&none));
	standing_free(&s);
}

/* Where the kernel cannot be looked at, nothing was done and nothing is due less. */
static void unseen(void)
{
	users(USER_A);
	CHECK(!judged(NULL));
	CHECK(!standing_stuck(&s));
	standing_free(&s);
}

static void removed(void)
{
	struct look a = there(A, NULL), none;

	users(USER_A);
	CHECK(judged(&a));
	standing_look(&s, &a);
	CHECK(!s.due);
	none = there(NULL, NULL);
	standing_look(&s, &none);
	CHECK(s.due);
	standing_free(&s);
}

static void leftovers(void)
{
	struct look_link link = {.name = "dtcp3", .index = 9};
	struct look l = {.links = &link, .n_links = 1}, a;
	struct prefix p;

	CHECK(standing_leftover(&s, "dtcp3"));
	CHECK(!judged(&l));
	CHECK(!judged(&l));
	CHECK_HAS(unit_log(), "ip link del dev dtcp3");
	l.n_links = 0;
	CHECK(judged(&l));
	/* Each is ours until it has gone: its name may be a session's next. */
	CHECK(standing_leftover(&s, "dtcp3"));
	CHECK(standing_leftover(&s, "dtcp4"));
	CHECK(standing_leftover(&s, "dtcp5"));
	standing_made(&s, "dtcp5");
	CHECK_INT(s.n_leftovers, 2);
	l.n_links = 1;
	CHECK(!judged(&l));
	CHECK_INT(s.n_leftovers, 1);
	snprintf(link.name, sizeof link.name, "dtcp4");
	CHECK(judged(&l));
	CHECK_INT(s.n_leftovers, 0);
	/* A route that is left, and wanted again, stays. */
	CHECK(prefix_parse(A, &p));
	CHECK(standing_leftover_prefix(&s, &p));
	CHECK(standing_leftover_prefix(&s, &p));
	a = there(A, NULL);
	CHECK(!judged(&a));
	users(USER_A);
	CHECK_INT(s.old.n, 1); /* each once, however often one was killed at its start */
	CHECK(judged(&a));
	standing_free(&s);
}

/* Many prefixes, of which half are there, in the kernel's order. */
enum { MANY = 200 };
static struct prefix many[MANY];
static struct look_route kernel[MANY];
static struct look seen = {.routes = kernel};

static void has(const char *text, bool add)
{
	struct prefix p;
	size_t at = 0;

	CHECK_FOR(text, prefix_parse(text, &p));
	while (at < seen.n_routes && memcmp(&kernel[at].prefix.addr, &p.addr, sizeof p.addr) < 0)
		at++;
	CHECK_INT(at < seen.n_routes && prefix_equal(&kernel[at].prefix, &p), !add);
	if (add) {
		memmove(kernel + at + 1, kernel + at, (seen.n_routes - at) * sizeof *kernel);
		kernel[at] = (struct look_route){.prefix = p, .unreachable = true};
	} else {
		memmove(kernel + at, kernel + at + 1, (seen.n_routes - at - 1) * sizeof *kernel);
	}
	seen.n_routes = add ? seen.n_routes + 1 : seen.n_routes - 1;
}

/* The next line that ip(8) would get is this one, and is carried out. */
static void next_line(const char *verb, const struct prefix *p)
{
	char wanted[128];

	s.tries = 1;
	CHECK(!judged(&seen));
	snprintf(wanted, sizeof wanted, "ip route %s unreachable %s proto", verb, text_prefix(p));
	CHECK_HAS(unit_log(), wanted);
	has(text_prefix(p), strcmp(verb, "add") == 0);
}

/* A file of every so manyth of them. */
static void users_each(unsigned step)
{
	char text[MANY * 64];
	size_t len = 0;

	for (unsigned i = 0; i < MANY; i += step)
		len += (size_t)snprintf(text + len, sizeof text - len, "user u%u x prefix=%s\n", i,
					text_prefix(&many[i]));
	users(text);
}

/* What goes does so first, by address; what comes in the order of the file. */
static void order(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		char text[PREFIX_TEXT_MAX];

		snprintf(text, sizeof text, "2001:db8:%x::/48", 1 + i * 77 % MANY);
		CHECK(prefix_parse(text, &many[i]));
	}
	users_each(2);
	for (unsigned i = 0; i < MANY; i += 2)
		next_line("add", &many[i]);
	CHECK(judged(&seen));
	users_each(3);
	for (unsigned n = 1; n <= MANY; n++)
		for (unsigned i = 0; i < MANY; i += 2)
			if (i % 3 && 1 + i * 77 % MANY == n)
				next_line("del", &many[i]);
	for (unsigned i = 0; i < MANY; i += 3)
		if (i % 2)
			next_line("add", &many[i]);
	CHECK(judged(&seen));
	standing_free(&s);
}

static const struct unit_case cases[] = {
	{"routes of the file, and of the one before it", routes},
	{"a kernel that cannot be looked at", unseen},
	{"a route that somebody removes", removed},
	{"what is left from before", leftovers},
	{"many routes: those that go before those that come, in the file's order", order},
};
UNIT_MAIN(cases)
