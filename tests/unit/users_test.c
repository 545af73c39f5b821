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
		CHECK(u.bytes[i] == 0);
	free(u.bytes);
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
	free(u.bytes);
}

static const struct unit_case cases[] = {
	{"users are found by name and by number, and wiped", found},
	{"there is room for all that a file can hold", all},
};

UNIT_MAIN(cases)
