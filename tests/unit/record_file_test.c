/* SPDX-License-Identifier: ISC */
#include "server/record_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "rundir/netns.h"
#include "rundir/rundir.h"
#include "rundir/state_file.h"
#include "server/builder.h"
#include "unit.h"

static struct config config;
static struct standing standing;
static struct sessions table;
static struct record_file r;
static int dir, pidfile;
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
	dir = unit_folder(path);
	CHECK_INT(pidfile_take(dir, "dtcpd", &pidfile), PIDFILE_LOCKED);
	record_file_init(&r, &dir, &pidfile, path, &table, &standing);
	CHECK(record_file_take_over(&r, NULL)); /* there is none */
	taken[0] = '\0';
	unit_log_clear();
}

static void end(void)
{
	record_file_remove(&r);
	pidfile_drop(dir, "dtcpd", pidfile);
	close(dir);
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
	CHECK_INT(symlinkat("nowhere", dir, "dtcpd.state"), 0);
	CHECK(!record_file_take_over(&r, NULL));
	CHECK_HAS(unit_log(), "3 what is left from before cannot be read from ");
	/* Nor is it replaced by what leaves that out, or removed. */
	CHECK(record_file_write(&r) && !r.written);
	record_file_remove(&r);
	CHECK_INT(unlinkat(dir, "dtcpd.state", 0), 0);
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
	int nowhere = -1;

	begin();
	r.dir = &nowhere;
	CHECK(!record_file_write(&r));
	CHECK_HAS(unit_log(), "3 the state cannot be written to ");
	CHECK(r.write_at > clock_ms() - 60000 && r.write_at < CLOCK_NEVER);
	unit_log_clear();
	r.write_at = 0;
	record_file_work(&r);
	CHECK_STR(unit_log(), "");
	/* Something new that is not written is another reason to say so. */
	CHECK(!record_file_write(&r));
	CHECK_HAS(unit_log(), "3 the state cannot be written to ");
	r.dir = &dir;
	r.write_at = 0;
	record_file_work(&r);
	CHECK(r.written);
	CHECK_INT(r.write_at, CLOCK_NEVER);
	end();
}

/* The state that is there now. */
static const char *state(void)
{
	static char text[512];
	int fd = openat(dir, "dtcpd.state", O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void write_state(const char *text)
{
	CHECK(state_write(dir, "dtcpd", text, strlen(text)));
}

/* Ours is 5, and 7 is another one: others are gone. */
unsigned long long netns_own(void)
{
	return 5;
}

enum netns_place netns_find(unsigned long long number)
{
	return number == 5 ? NETNS_OWN : number == 7 ? NETNS_OTHER : NETNS_GONE;
}

static void elsewhere(void)
{
	begin();
	CHECK(record_file_write(&r));
	CHECK_HAS(state(), "\nnetns ");
	CHECK(record_file_take_over(&r, NULL)); /* ours */
	CHECK_STR(taken, "/48 ");
	write_state("process 1 1\nnetns 7\ntunnel dtcp7 - - - 0 0 - -\nprefix 2001:db8:1::/48\n");
	record_file_init(&r, &dir, &pidfile, path, &table, &standing);
	taken[0] = '\0';
	CHECK(!record_file_take_over(&r, NULL));
	CHECK_STR(taken, "");
	CHECK_HAS(unit_log(), "belongs to another network namespace");
	CHECK(record_file_write(&r) && !r.written);
	CHECK_HAS(state(), "netns 7\n");
	/* As in a container that was started anew after a crash: there is nothing to remove. */
	write_state("process 1 1\nnetns 8\ntunnel dtcp7 - - - 0 0 - -\nprefix 2001:db8:1::/48\n");
	record_file_init(&r, &dir, &pidfile, path, &table, &standing);
	unit_log_clear();
	CHECK(record_file_take_over(&r, NULL));
	CHECK_STR(taken, "");
	CHECK_STR(unit_log(), "");
	CHECK(record_file_write(&r) && r.written);
	CHECK_HAS(state(), "netns 5\n");
	CHECK_INT(unlinkat(dir, "dtcpd.state", 0), 0);
	end();
}

static void made_anew(void)
{
	begin();
	CHECK(record_file_write(&r));
	CHECK_STR(unit_log(), "");
	CHECK_INT(unlinkat(dir, "dtcpd.state", 0), 0);
	CHECK_INT(unlinkat(dir, "dtcpd.pid", 0), 0);
	CHECK(record_file_write(&r));
	CHECK_HAS(unit_log(), "somebody has removed files");
	CHECK(pidfile_holder(dir, "dtcpd") == 0); /* not of another process */
	CHECK_INT(faccessat(dir, "dtcpd.pid", F_OK, 0), 0);
	CHECK_HAS(state(), "process ");
	/* With the whole directory. */
	CHECK_INT(unlinkat(dir, "dtcpd.state", 0), 0);
	CHECK_INT(unlinkat(dir, "dtcpd.pid", 0), 0);
	CHECK_INT(rmdir(path), 0);
	CHECK(record_file_write(&r));
	CHECK_HAS(state(), "process ");
	unit_log_clear();
	CHECK(record_file_write(&r));
	CHECK_STR(unit_log(), "");
	end();
}

/* Another dtcpd has the directory by now: what stands there is its own. */
static void another(void)
{
	int ready[2], fd;
	pid_t other;
	char c;

	begin();
	CHECK(record_file_write(&r));
	CHECK_INT(unlinkat(dir, "dtcpd.pid", 0), 0);
	CHECK_INT(pipe(ready), 0);
	other = fork();
	if (other == 0) {
		_exit(pidfile_take(dir, "dtcpd", &fd) == PIDFILE_LOCKED &&
				      write(ready[1], "", 1) == 1 && pause()
			      ? 0
			      : 1);
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	write_state("its own\n");
	CHECK(record_file_write(&r) && r.lost);
	CHECK_HAS(unit_log(), "another process has ");
	unit_log_clear();
	CHECK(record_file_write(&r));
	record_file_remove(&r);
	record_file_soon(&r, 0);
	record_file_work(&r);
	CHECK(r.write_at > clock_ms()); /* it does not stay due */
	r.look_at = 0;
	CHECK(record_file_write(&r) && r.lost);
	CHECK_STR(unit_log(), "");
	CHECK_STR(state(), "its own\n");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	CHECK(record_file_write(&r) && r.lost); /* not at once */
	r.look_at = 0;
	CHECK(record_file_write(&r) && !r.lost);
	CHECK_HAS(state(), "process ");
	close(ready[0]);
	close(ready[1]);
	CHECK_INT(unlinkat(dir, "dtcpd.state", 0), 0);
	CHECK_INT(unlinkat(dir, "dtcpd.pid", 0), 0);
	end();
}

static const struct unit_case cases[] = {
	{"what one that was killed has left is taken over", taken_over},
	{"one that cannot be read is not taken for none", unreadable},
	{"one of another network namespace is left alone", elsewhere},
	{"what somebody has removed is made anew", made_anew},
	{"what another dtcpd has taken is its own", another},
	{"it is written when it is time", later},
	{"one that cannot be written is said once, and tried again", again},
};

UNIT_MAIN(cases)
