/* SPDX-License-Identifier: ISC */
/* Runs real scripts: a line of shell in a file of its own. */
#include "common/script.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

static struct script s;
static char dir[32], path[64];

static void begin(const char *body)
{
	FILE *f;

	snprintf(dir, sizeof dir, "/tmp/script-test.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/script", dir);
	f = fopen(path, "we");
	CHECK(f && fprintf(f, "#!/bin/sh\n%s\n", body) > 0 && fclose(f) == 0);
	CHECK_INT(chmod(path, 0700), 0);
	memset(&s, 0, sizeof s);
	script_init(&s, "dtcp0");
	unit_log_clear();
}

static void end(void)
{
	unlink(path);
	rmdir(dir);
}

/* Waits for the one that runs, and begins the next. */
static void reap(void)
{
	int status;

	CHECK(s.run.pid > 0 && waitpid(s.run.pid, &status, 0) == s.run.pid);
	script_reaped(&s, status);
}

static void environment(void)
{
	struct script_call *c;

	begin("echo \"$1 $#\"; env | grep -v -e PWD -e SHLVL -e ^_ | sort");
	CHECK(script_idle(&s));
	c = script_event(&s, path, "up");
	script_set(c, "ONE", "%d and", 1);
	script_add(c, " %s", "more");
	script_set(c, "TWO", "%s", "");
	script_start(&s);
	CHECK(!script_idle(&s));
	reap();
	CHECK(script_idle(&s));
	CHECK_HAS(unit_log(), "script: up 1\n");
	CHECK_HAS(unit_log(), "script: ONE=1 and more\n");
	CHECK_HAS(unit_log(), "script: TWO=\n");
	CHECK_HAS(unit_log(), "script: PATH=/usr/local/sbin:");
	CHECK(!strstr(unit_log(), "HOME"));
	end();
}

/* A variable that does not fit is left out, or cut at the value; nothing is written
 * beyond the end. */
static void room(void)
{
	struct script_call *c;
	char long_value[SCRIPT_ENV_MAX];

	begin(":");
	memset(long_value, 'x', sizeof long_value - 1);
	long_value[sizeof long_value - 1] = '\0';
	c = script_event(&s, path, "up");
	script_set(c, "LONG", "%s", long_value);
	script_set(c, "AFTER", "%s", "value");
	for (int i = 0; i < 2 * SCRIPT_VARIABLES; i++)
		script_set(c, "N", "%d", i);
	CHECK_INT(c->n, SCRIPT_VARIABLES);
	CHECK(c->len < sizeof c->text);
	script_start(&s);
	reap();
	CHECK(!strstr(unit_log(), "cannot be run"));
	end();
}

/* Of the events that come while a script runs the last one is told. */
static void waiting(void)
{
	begin("echo \"$1\"");
	script_event(&s, path, "up");
	script_start(&s);
	script_event(&s, path, "lost");
	script_start(&s);
	script_event(&s, path, "change");
	script_start(&s);
	reap();
	CHECK(!script_idle(&s));
	reap();
	CHECK(script_idle(&s));
	CHECK_HAS(unit_log(), "script: up\n");
	CHECK(!strstr(unit_log(), "script: lost\n"));
	CHECK_HAS(unit_log(), "script: change\n");
	end();
}

static void limit(void)
{
	int64_t before = clock_ms();

	begin("sleep 100 & sleep 100");
	script_event(&s, path, "up");
	script_start(&s);
	CHECK(s.deadline >= before + SCRIPT_LIMIT_MS);
	script_hurry(&s);
	CHECK(s.deadline <= clock_ms() + SCRIPT_URGENT_MS);
	script_timer(&s, s.deadline - 1);
	CHECK(!s.run.killed);
	script_timer(&s, s.deadline);
	CHECK(s.run.killed);
	reap();
	CHECK_HAS(unit_log(), "4 dtcp0: script ");
	CHECK_HAS(unit_log(), "ended at its time limit");
	CHECK(s.deadline == CLOCK_NEVER);
	end();
}

static void failures(void)
{
	begin("exit 3");
	script_event(&s, path, "up");
	script_start(&s);
	reap();
	CHECK_HAS(unit_log(), "script up: exit status 3");
	script_event(&s, "/nowhere/at/all", "up");
	script_start(&s);
	CHECK(script_idle(&s));
	CHECK_HAS(unit_log(), "/nowhere/at/all up cannot be run: No such file");
	end();
}

static const struct unit_case cases[] = {
	{"a script gets the event and an environment of its own", environment},
	{"an environment that is too large is cut", room},
	{"of the events that wait the last is told", waiting},
	{"a script that runs too long is ended, with what it started", limit},
	{"a failure is logged and no more", failures},
};
UNIT_MAIN(cases)
