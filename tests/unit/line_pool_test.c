/* SPDX-License-Identifier: ISC */
#include "server/line_pool.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { MANY = 1000 };

/* So many bytes for the line are there from now on. */
static void fill(struct line *l, char c, size_t n)
{
	size_t room;
	char *to = line_room(l, &room);

	CHECK(n <= room);
	memset(to, c, n);
	line_added(l, n);
}

static void own(void)
{
	struct line *list[MANY];
	struct line_pool p;
	const char *text;

	CHECK(line_pool_init(&p, MANY));
	for (int i = 0; i < MANY; i++) {
		list[i] = line_pool_take(&p);
		fill(list[i], (char)('a' + i % 26), 10 + (size_t)i % 500);
	}
	for (int i = 0; i < MANY; i++) {
		fill(list[i], '\n', 1);
		CHECK(line_next(list[i], &text) == LINE_READY);
		CHECK_INT(strlen(text), 10 + i % 500);
		CHECK_INT(text[0], 'a' + i % 26);
		CHECK_INT(strspn(text, (char[]){text[0], '\0'}), strlen(text));
		CHECK(line_is_empty(list[i]));
	}
	free(p.all);
}

static void again(void)
{
	struct line *one, *two, *three;
	struct line_pool p;
	const char *text;

	CHECK(line_pool_init(&p, MANY));
	one = line_pool_take(&p);
	two = line_pool_take(&p);
	CHECK(line_is_empty(one) && line_is_empty(two) && one != two);
	/* What somebody has said is not what the next one said. */
	fill(one, 'x', 300);
	CHECK(!line_is_empty(one));
	line_pool_give(&p, one);
	fill(two, 'y', 300);
	line_pool_give(&p, two);
	three = line_pool_take(&p);
	CHECK(three == two && line_is_empty(three));
	fill(three, '\n', 1);
	CHECK(line_next(three, &text) == LINE_READY);
	CHECK_STR(text, "");
	CHECK(line_pool_take(&p) == one);
	for (int i = 2; i < MANY; i++)
		CHECK(line_pool_take(&p) != one);
	/* However often: never more places than were in use at a time. */
	for (int i = 0; i < MANY; i++) {
		line_pool_give(&p, one);
		one = line_pool_take(&p);
	}
	CHECK_INT(p.begun, MANY);
	free(p.all);
}

static const struct unit_case cases[] = {
	{"each line has a place of its own", own},
	{"a place is used again, and nothing of before is left in it", again},
};

UNIT_MAIN(cases)
