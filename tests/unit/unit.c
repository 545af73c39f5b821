/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"

static struct {
	unsigned checks, failures;
	size_t len;
	char log[65536];
} unit;

bool unit_check(bool ok, const char *text, const char *what, const char *file, int line)
{
	unit.checks++;
	if (ok)
		return true;
	unit.failures++;
	printf("%s:%d: does not hold: %s%s%s\n", file, line, text, *what ? ", for " : "", what);
	return false;
}

bool unit_int(long long got, long long want, const char *text, const char *file, int line)
{
	unit.checks++;
	if (got == want)
		return true;
	unit.failures++;
	printf("%s:%d: %s is %lld, not %lld\n", file, line, text, got, want);
	return false;
}

bool unit_str(const char *got, const char *want, const char *text, const char *file, int line)
{
	unit.checks++;
	if (strcmp(got, want) == 0)
		return true;
	unit.failures++;
	printf("%s:%d: %s is\n%s\nnot\n%s\n", file, line, text, got, want);
	return false;
}

bool unit_has(const char *got, const char *part, const char *text, const char *file, int line)
{
	unit.checks++;
	if (strstr(got, part))
		return true;
	unit.failures++;
	printf("%s:%d: %s is\n%s\nwithout\n%s\n", file, line, text, got, part);
	return false;
}

static void keep(void *arg, int priority, const char *text)
{
	size_t room = sizeof unit.log - unit.len;
	int n = snprintf(unit.log + unit.len, room, "%d %s\n", priority, text);

	(void)arg;
	if (n > 0 && (size_t)n < room)
		unit.len += (size_t)n;
}

struct in_addr unit_ipv4(const char *text)
{
	struct in_addr a = {0};

	CHECK_FOR(text, inet_pton(AF_INET, text, &a) == 1);
	return a;
}

int unit_folder(char path[UNIT_FOLDER_SIZE])
{
	int fd;

	snprintf(path, UNIT_FOLDER_SIZE, "/tmp/unit-test.XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

const char *unit_log(void)
{
	return unit.log;
}

void unit_log_clear(void)
{
	unit.len = 0;
	unit.log[0] = '\0';
}

unsigned unit_random(unsigned *seed)
{
	/* xorshift32 */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static bool run_case(const struct unit_case *c)
{
	unit.checks = unit.failures = 0;
	unit_log_clear();
	c->run();
	if (unit.checks == 0)
		printf("%s: nothing was checked\n", c->name);
	else if (unit.failures > 0)
		printf("%s: %u of %u checks failed\n", c->name, unit.failures, unit.checks);
	return unit.checks > 0 && unit.failures == 0;
}

/* In a process of its own, which ends as a program does. */
static bool run_apart(const struct unit_case *c)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(UNIT_LIMIT_S);
		exit(run_case(c) ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror(c->name);
		return false;
	}
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", c->name, WTERMSIG(status));
	return status == 0;
}

static bool is_one_of(const char *name, char *const names[])
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

static int run_each(const struct unit_case *cases, size_t n, char *const but[])
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++) {
		bool ok;

		if (is_one_of(cases[i].name, but))
			continue;
		ok = run_apart(&cases[i]);
		failed += !ok;
		printf("%s - %s\n", ok ? "ok" : "not ok", cases[i].name);
	}
	return failed ? 1 : 0;
}

struct unit_row unit_row(const struct unit_row *rows, size_t n, int state, int event)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].state == state && rows[i].event == event)
			return rows[i];
	return (struct unit_row){state, event, state, 0};
}

int unit_main(const struct unit_case *cases, size_t n, int argc, char *argv[])
{
	unsigned ran = 0, failed = 0;
	bool all = argc > 1 && strcmp(argv[1], "--all") == 0;

	log_setup(LOG_TO_FUNCTION, LOG_DEBUG);
	log_set_function(keep, NULL);
	if (argc > 1 && strcmp(argv[1], "--each") == 0)
		return run_each(cases, n, argv + 2);
	for (size_t i = 0; i < n; i++) {
		if (argc < 2) {
			printf("%s\n", cases[i].name);
		} else if (all || strcmp(argv[1], cases[i].name) == 0) {
			ran++;
			failed += !run_case(&cases[i]);
		}
	}
	if (argc >= 2 && ran == 0) {
		printf("no case is named '%s'\n", argv[1]);
		return 2;
	}
	return failed ? 1 : 0;
}
