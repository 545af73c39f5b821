/* SPDX-License-Identifier: ISC */
#include "server/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/end_times.h"
#include "common/log.h"
#include "kernel/ip_lines.h"

enum { LIMIT_MS = 10000 }; /* for which a program may do nothing; a line takes milliseconds */

void batch_init(struct batch *b)
{
	*b = (struct batch){
		.run = {.in = -1, .out = -1}, .deadline = CLOCK_NEVER, .limit_ms = LIMIT_MS};
}

void batch_free(struct batch *b)
{
	program_kill(&b->run);
	batch_clear(b);
}

static void show(void *what, const char *line, int len)
{
	log_msg(LOG_DEBUG, "%s %.*s", (const char *)what, len, line);
}

void batch_works(struct batch *b)
{
	b->deadline = clock_ms() + b->limit_ms;
}

void batch_hurry(struct batch *b)
{
	b->limit_ms = END_IP_MS;
	if (batch_runs(b))
		b->deadline = clock_min(b->deadline, clock_ms() + END_IP_MS);
}

bool batch_hangs(const struct batch *b)
{
	return clock_ms() >= b->deadline;
}

static void feed(struct batch *b)
{
	while (b->run.in >= 0 && b->fed < b->lines.len) {
		ssize_t n = write(b->run.in, b->lines.text + b->fed, b->lines.len - b->fed);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break; /* it has ended, and the look will tell */
		b->fed += (size_t)n;
		batch_works(b);
	}
	program_feed_end(&b->run);
}

/* -force: a line that fails, for one tunnel, does not keep the others from theirs. */
bool batch_start(struct batch *b, char *path)
{
	char force[] = "-force", batch[] = "-batch", from[] = "-";
	char *argv[] = {path, force, batch, from, NULL};
	char *env[] = {PROGRAM_ENVIRONMENT, b->mark, NULL};

	lines_each(b->lines.text ? b->lines.text : "", show, strrchr(path, '/') + 1);
	b->fed = 0;
	b->deadline = CLOCK_NEVER;
	if (b->lines.failed || !program_start(&b->run, argv, env, true)) {
		log_msg(LOG_ERR, "%s cannot be run: %s", path,
			b->lines.failed ? "out of memory" : strerror(errno));
		return false;
	}
	batch_works(b);
	feed(b);
	return true;
}

void batch_clear(struct batch *b)
{
	/* Those of a crowd are many. */
	free(b->lines.text);
	b->lines = (struct far_lines){0};
}

void batch_forget(struct batch *b)
{
	b->said[0] = '\0';
}

const char *batch_said(const struct batch *b)
{
	return b->said[0] ? b->said : "it said nothing";
}

static void ended(struct batch *b, int status)
{
	char said[] = "said:";

	program_reaped(&b->run, status);
	batch_clear(b);
	b->deadline = CLOCK_NEVER;
	lines_each(b->run.text, show, said);
	if (!b->said[0])
		snprintf(b->said, sizeof b->said, "%.*s", (int)strcspn(b->run.text, "\n"),
			 b->run.text);
}

bool batch_reaped(struct batch *b, pid_t pid, int status)
{
	if (pid != b->run.pid)
		return false;
	ended(b, status);
	return true;
}

void batch_polls(const struct batch *b, struct pollfd p[BATCH_POLLS])
{
	p[0] = (struct pollfd){.fd = batch_runs(b) ? b->run.out : -1, .events = POLLIN};
	p[1] = (struct pollfd){.fd = batch_runs(b) ? b->run.in : -1, .events = POLLOUT};
}

void batch_heard(struct batch *b, const struct pollfd p[BATCH_POLLS])
{
	if (p[0].revents)
		program_read(&b->run);
	if (p[1].revents)
		feed(b);
	if (batch_hangs(b)) {
		log_msg(LOG_ERR, "ip or tc has done nothing for %d s and is killed",
			(int)(b->limit_ms / 1000));
		b->deadline = CLOCK_NEVER;
		program_kill(&b->run);
	}
}

bool batch_run(struct batch *b, char *path)
{
	int status;

	if (!batch_start(b, path))
		return false;
	for (;;) {
		struct pollfd p[BATCH_POLLS];
		int64_t now = clock_ms();

		if (b->run.out < 0)
			break;
		batch_polls(b, p);
		if (poll(p, BATCH_POLLS, clock_poll_timeout(b->deadline, now)) < 0 &&
		    errno != EINTR)
			break;
		batch_heard(b, p);
	}
	while (waitpid(b->run.pid, &status, 0) < 0 && errno == EINTR)
		;
	ended(b, status);
	return true;
}
