/* SPDX-License-Identifier: ISC */
#include "server/record_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/builder.h"
#include "unit.h"

static struct config config;
static struct standing standing;
static struct sessions table;
static struct record_file r;
static char path[UNIT_FOLDER_SIZE], taken[64]; /* what the builder was told to take over */

bool builder_take_over(struct builder *b, const char *name)
{
	(void)b;
	strcat(strcat(taken, name), " ");
	return true;
}

bool builder_take_over_prefix(struct builder *b, const struct prefix *p)
{
	(void)b;
	strcat(strcat(taken, "/"), p->len == 48 ? "48 " : "? ");
	return true;
}

static void begin(void)
{
	static const char users[] = "user a x prefix=2001:db8:1::/48\n";

	CHECK(config_parse(&config, "f", users, strlen(users)));
	CHECK(sessions_init(&table, 1));
	CHECK(standing_users(&standing, &config));
	record_file_init(&r, unit_folder(path), "DIR", &table, &standing);
	CHECK(record_file_take_over(&r, NULL)); /* there is none */
	taken[0] = '\0';
	unit_log_clear();
}

static void end(void)
{
	record_file_remove(&r);
	close(r.dir);
	CHECK_INT(rmdir(path), 0); /* nothing is left there */
	config_free(&config);
	standing_free(&standing);
	free(table.list);
}

static void taken_over(void)
{
	begin();
	CHECK(record_file_write(&r) && r.written);
	CHECK(record_file_take_over(&r, NULL));
	CHECK_STR(taken, "/48 ");
	taken[0] = '\0';
	table.list[0] = (struct session){.used = true, .exists = true, .name = "a"};
	far_plan(&table.list[0].now, config.users, DTCP_NETWORK, "dtcp7", unit_ipv4("198.51.100.1"),
		 unit_ipv4("203.0.113.5"), 0);
	CHECK(record_file_write(&r));
	CHECK(record_file_take_over(&r, NULL));
	CHECK_STR(taken, "dtcp7 /48 ");
	CHECK_STR(unit_log(), "5 dtcp7 is left from before, and is removed\n");
	end();
}

/* One that is there and cannot be read is not taken for none. */
static void unreadable(void)
{
	begin();
	CHECK_INT(symlinkat("nowhere", r.dir, "dtcpd.state"), 0);
	CHECK(!record_file_take_over(&r, NULL));
	CHECK_HAS(unit_log(), "3 what is left from before cannot be read from DIR/dtcpd.state: ");
	/* Nor is it replaced by what leaves that out, or removed. */
	CHECK(record_file_write(&r) && !r.written);
	record_file_remove(&r);
	CHECK_INT(unlinkat(r.dir, "dtcpd.state", 0), 0);
	end();
}

static void later(void)
{
	begin();
	CHECK_INT(r.write_at, CLOCK_NEVER);
	record_file_work(&r);
	CHECK(!r.written);
	record_file_soon(&r, 3600000);
	record_file_work(&r);
	CHECK(!r.written);
	record_file_soon(&r, 0);
	record_file_soon(&r, 3600000); /* the sooner counts */
	record_file_work(&r);
	CHECK(r.written);
	CHECK_INT(r.write_at, CLOCK_NEVER);
	end();
}

/* As on a disk that is full: said once, and tried again until it goes. */
static void again(void)
{
	int dir;

	begin();
	dir = r.dir;
	r.dir = -1;
	CHECK(!record_file_write(&r));
	CHECK_HAS(unit_log(), "3 the state cannot be written to DIR: ");
	CHECK(r.write_at > clock_ms() - 60000 && r.write_at < CLOCK_NEVER);
	unit_log_clear();
	r.write_at = 0;
	record_file_work(&r);
	CHECK_STR(unit_log(), "");
	/* Something new that is not written is another reason to say so. */
	CHECK(!record_file_write(&r));
	CHECK_HAS(unit_log(), "3 the state cannot be written to DIR: ");
	r.dir = dir;
	r.write_at = 0;
	record_file_work(&r);
	CHECK(r.written);
	CHECK_INT(r.write_at, CLOCK_NEVER);
	end();
}

static const struct unit_case cases[] = {
	{"what one that was killed has left is taken over", taken_over},
	{"one that cannot be read is not taken for none", unreadable},
	{"it is written when it is time", later},
	{"one that cannot be written is said once, and tried again", again},
};

UNIT_MAIN(cases)
