/* SPDX-License-Identifier: ISC */
#include "server/users.h"

#include <stdlib.h>
#include <string.h>

#include "account/conf.h"
#include "unit.h"

static void found(void)
{
	struct users u;

	CHECK(users_init(&u));
	CHECK_INT(users_named(&u, "a").id, 0);
	CHECK(users_add(&u, 7, "a", "x"));
	CHECK(users_add(&u, 8, "ab", "secret"));
	CHECK_INT(users_named(&u, "ab").id, 8);
	CHECK_STR(users_named(&u, "ab").password, "secret");
	CHECK_INT(users_named(&u, "b").id, 0);
	CHECK_STR(users_numbered(&u, 7).name, "a");
	CHECK_INT(users_numbered(&u, 9).id, 0);
	users_clear(&u);
	CHECK_INT(users_named(&u, "a").id, 0);
	for (size_t i = 0; i < 64; i++)
		CHECK(u.bytes[i] == 0 && u.places[i] == 0);
	users_free(&u);
}

/* As many as stand in the largest file, with the shortest lines. */
static void all(void)
{
	const unsigned most = CONF_FILE_MAX / sizeof "user a b";
	struct users u;
	unsigned n = 0;

	CHECK(users_init(&u));
	while (users_add(&u, n + 1, "a", "b"))
		n++;
	CHECK(n >= most);
	users_free(&u);
}

/* By numbers that are anything: many want the same place, or that of another, or the
 * last one. */
static void any_numbers(void)
{
	/* The last: as many as there are places. */
	const uint32_t factors[] = {1, 1 << 16, 0x55555555, CONF_FILE_MAX / 8 * 4 / 3};
	struct users u;

	CHECK(users_init(&u));
	for (size_t f = 0; f < sizeof factors / sizeof *factors; f++) {
		for (uint32_t n = 2; n <= 3000; n++)
			CHECK(users_add(&u, n * factors[f] - 1, n % 2 ? "odd" : "even", "x"));
		for (uint32_t n = 2; n <= 3000; n++) {
			struct user one = users_numbered(&u, n * factors[f] - 1);

			CHECK_INT(one.id, n * factors[f] - 1);
			CHECK_STR(one.name, n % 2 ? "odd" : "even");
		}
		CHECK_INT(users_numbered(&u, 3001 * factors[f] - 1).id, 0);
		users_clear(&u);
		for (uint32_t n = 2; n <= 3000; n++)
			CHECK_INT(users_numbered(&u, n * factors[f] - 1).id, 0);
	}
	users_free(&u);
}

static const struct unit_case cases[] = {
	{"users are found by name and by number, and wiped", found},
	{"users of any numbers are found, and forgotten", any_numbers},
	{"there is room for all that a file can hold", all},
};

UNIT_MAIN(cases)
