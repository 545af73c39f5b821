/* SPDX-License-Identifier: ISC */
#include "kernel/step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/end_times.h"
#include "common/log.h"

enum { PATH_SIZE = 16 }; /* of ip(8), which is in one of few places */

static void show_line(void *arg, const char *line, int len)
{
	(void)arg;
	log_msg(LOG_DEBUG, "ip %.*s", len, line);
}

/* If ip(8) gets only a part of its lines, it carries these out and exits with 0. The next
 * look finds what is missing. */
static void feed(struct kernel *k, const struct lines *l)
{
	lines_each(l->text, show_line, NULL);
	if (program_feed(&k->run, l->text, l->len) || errno == EPIPE)
		return; /* one that has closed its end says why itself */
	log_msg(LOG_ERR, "%s: ip: its lines cannot be written: %m", k->now.name);
	program_kill(&k->run);
}

/* It has so many milliseconds, or what is left until the end of all. */
static void set_deadline(struct kernel *k, int ms)
{
	k->deadline = clock_min(clock_ms() + ms, k->end_by);
}

void step_let_go(struct kernel *k)
{
	program_feed_end(&k->run);
	if (k->step.ip != IP_NONE)
		k->step.ip = IP_ENDS;
	k->spare.on = false;
	set_deadline(k, END_IP_MS);
}

/* All its lines are given. One that is kept shows the interface when it has done them,
 * which is as good a sign as any: what it prints is not looked at. */
static void fed(struct kernel *k)
{
	char show[sizeof "link show dev \n" + IF_NAMESIZE];
	int len = snprintf(show, sizeof show, "link show dev %s\n", k->now.name);

	if (!k->spare.keep || !program_feed(&k->run, show, (size_t)len)) {
		step_let_go(k);
		return;
	}
	k->step.ip = IP_TELLS;
	set_deadline(k, KERNEL_SPARE_MS);
}

void step_keep(struct kernel *k)
{
	k->run.len = k->run.cut = 0;
	k->run.text[0] = '\0';
	k->step.ip = IP_NONE;
	k->spare.on = true;
	k->spare.index = k->index;
	set_deadline(k, KERNEL_SPARE_MS);
}

static bool start(struct kernel *k, bool removes, int priority)
{
	char *env[] = {PROGRAM_ENVIRONMENT, NULL};
	char path[PATH_SIZE], force[] = "-force", batch[] = "-batch", from[] = "-";
	char *plain[] = {path, batch, from, NULL}, *forced[] = {path, force, batch, from, NULL};

	if (!program_find("ip", path, sizeof path)) {
		log_msg(priority, "%s: ip(8) of iproute2 is not installed", k->now.name);
		return false;
	}
	/* -force: the rest is removed also where one thing cannot be. */
	if (!program_start(&k->run, removes ? forced : plain, env, true)) {
		log_msg(priority, "%s: %s cannot be run: %m", k->now.name, path);
		return false;
	}
	return true;
}

void step_prepare(struct kernel *k)
{
	if (!start(k, false, LOG_DEBUG))
		return;
	k->spare.on = true;
	k->spare.index = 0;
	set_deadline(k, KERNEL_SPARE_MS);
}

/* An interface that was made anew has another index than ip(8) has cached. */
static bool takes_spare(const struct kernel *k, bool removes)
{
	return k->spare.on && !removes && (!k->spare.index || k->spare.index == k->index);
}

bool step_start(struct kernel *k, const struct lines *l, bool removes, bool more)
{
	unsigned count = k->step.count;

	if (k->run.pid > 0 && !takes_spare(k, removes)) {
		step_let_go(k);
		k->step.ip = IP_YIELDS;
		return true;
	}
	if (k->run.pid <= 0 && !start(k, removes, LOG_ERR))
		return false;
	k->spare.on = false;
	k->spare.keep = k->spare.keep && !removes;
	k->step = (struct kernel_step){
		.ip = more ? IP_WAITS : IP_ENDS, .removes = removes, .count = count + 1};
	lines_copy(&k->given, l);
	set_deadline(k, END_IP_MS);
	feed(k, l);
	if (!more)
		fed(k);
	return true;
}

void step_feed_rest(struct kernel *k, const struct lines *l)
{
	if (l->len > 0) {
		feed(k, l);
		lines_copy(&k->given, l);
	}
	fed(k);
}

bool step_ok(const struct kernel *k)
{
	return program_ok(&k->run);
}

/* Whether ip(8), whose path this writes, is busybox's, where one file is all of its little
 * programs: that one has no batches. */
static bool is_busybox(char path[PATH_SIZE])
{
	char target[64];
	bool there = program_find("ip", path, PATH_SIZE);
	ssize_t n = there ? readlink(path, target, sizeof target) : -1;
	return n >= 7 && memcmp(target + n - 7, "busybox", 7) == 0;
}

void step_complain(const struct kernel *k, int priority, const char *what)
{
	char result[64], text[sizeof k->run.text], path[PATH_SIZE];
	size_t len;

	if (is_busybox(path)) {
		log_msg(priority, "%s: %s%s is busybox's; the full iproute2 is needed", k->now.name,
			what, path);
		return;
	}
	memcpy(text, k->run.text, sizeof text);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ';';
	log_msg(priority, "%s: %sip: %s: %s", k->now.name, what,
		program_result(&k->run, result, sizeof result), len ? text : "it said nothing");
}
