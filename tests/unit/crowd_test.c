/* SPDX-License-Identifier: ISC */
#include "server/crowd.h"

#include <arpa/inet.h>

#include "unit.h"

static struct crowd_member list[CROWD_MOST];
static size_t n;

static void clear(void)
{
	n = 0;
}

/* So many members of an address; the first one added is the oldest. */
static void add(unsigned count, uint32_t client, bool leaving)
{
	for (; count > 0; count--, n++)
		list[n] = (struct crowd_member){(uint32_t)n, n, {client}, leaving, 1000 + (int64_t)n};
}

static int victim(uint32_t client)
{
	return crowd_victim(list, n, (struct in_addr){client});
}

static void one_address(void)
{
	clear();
	CHECK_INT(victim(7), -1);
	add(3, 8, false);
	add(CROWD_MOST_OF_ONE - 1, 7, false);
	CHECK_INT(victim(7), -1);
	add(1, 7, false);
	CHECK_INT(victim(7), 3);
	CHECK_INT(victim(8), -1);
	list[5].order = 0;
	CHECK_INT(victim(7), 5);
}

static void all(void)
{
	clear();
	for (uint32_t i = 0; n < CROWD_MOST - 2; i++)
		add(1, 100 + i, false);
	add(1, 9, false);
	CHECK_INT(victim(7), -1);
	add(1, 9, false);
	/* Of the address that has two, the older one. */
	CHECK_INT(victim(7), CROWD_MOST - 2);
	/* One that is leaving goes first. */
	list[40].leaving = true;
	list[50].leaving = true;
	CHECK_INT(victim(7), 40);
}

static void equal(void)
{
	clear();
	for (uint32_t i = 0; n < CROWD_MOST; i++)
		add(1, 100 + i, false);
	list[30].order = 0;
	list[0].order = 1;
	CHECK_INT(victim(7), 30);
}

static void patience(void)
{
	clear();
	for (uint32_t i = 0; n < CROWD_MOST - 1; i++)
		add(1, 100 + i, false);
	CHECK_INT(crowd_open_at(list, n), 0);
	add(1, 9, false);
	/* Each has one: the oldest has its time. */
	CHECK_INT(crowd_open_at(list, n), 1000);
	list[30].order = 0;
	list[0].order = 1;
	CHECK_INT(crowd_open_at(list, n), 1030);
	/* Who has several, and who leaves, is not waited for. */
	list[40].client = list[50].client;
	CHECK_INT(crowd_open_at(list, n), 0);
	list[40].client.s_addr = 10;
	CHECK_INT(crowd_open_at(list, n), 1030);
	list[40].leaving = true;
	CHECK_INT(crowd_open_at(list, n), 0);
}

static const struct unit_case cases[] = {
	{"the oldest of an address goes when it has too many", one_address},
	{"of all too many, the oldest of who has most goes, and first who leaves", all},
	{"where all have one, the oldest goes", equal},
	{"where all have one, nobody comes in before the oldest has had its time", patience},
};

UNIT_MAIN(cases)
