/* SPDX-License-Identifier: ISC */
#include "server/standing.h"

#include <string.h>

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

/* As if ip(8) had been run. */
static bool judged(const struct look *l)
{
	unit_log_clear();
	s.asked = true;
	standing_judge(&s, l, "no");
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
	/* A route that is left, and wanted again, stays. */
	CHECK(prefix_parse(A, &p));
	CHECK(standing_leftover_prefix(&s, &p));
	a = there(A, NULL);
	CHECK(!judged(&a));
	users(USER_A);
	CHECK(judged(&a));
	standing_free(&s);
}

static const struct unit_case cases[] = {
	{"routes of the file, and of the one before it", routes},
	{"a kernel that cannot be looked at", unseen},
	{"a route that somebody removes", removed},
	{"what is left from before", leftovers},
};
UNIT_MAIN(cases)
