/* SPDX-License-Identifier: ISC */
#include "keeper/accounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account_file.h"
#include "common/clock.h"
#include "unit.h"

#define ONE "one.example 20200 user secret ping=10\n"
#define TWO "two.example 20200 user secret ping=20\n"
#define THREE "three.example 20200 user secret\n"

static struct accounts a;
static struct fsm f;

static struct account *parse(const char *text)
{
	return account_file_parse("test", text, strlen(text));
}

static void begin(const char *text)
{
	memset(&a, 0, sizeof a);
	fsm_init(&f, true, CLOCK_NEVER, 0);
	accounts_load(&a, &f, parse(text));
}

static void numbers(void)
{
	begin(ONE TWO);
	CHECK_INT(f.n_accounts, 2);
	CHECK_STR(a.by_number[0]->server, "one.example");
	CHECK_STR(a.by_number[1]->server, "two.example");
	CHECK_INT(f.accounts[0].ping_ms, 10000);
	CHECK_INT(f.accounts[1].ping_ms, 20000);
	CHECK_INT(a.letter_case[1], -1);
	CHECK(!a.in_use);
	accounts_free(&a);
}

static void paths(void)
{
	begin(ONE "two.example 20200 user secret tunnel=none\n"
		  "three.example 20200 user secret path=trust\n");
	CHECK(!f.accounts[0].pathless && !f.accounts[0].trust);
	CHECK(f.accounts[1].pathless && !f.accounts[1].trust);
	CHECK(!f.accounts[2].pathless && f.accounts[2].trust);
	accounts_free(&a);
}

/* A line that moves within the file keeps what was learnt of it. */
static void learnt(void)
{
	begin(ONE TWO);
	a.letter_case[1] = 1;
	f.accounts[1].not_before = 12345;
	f.preferred = 1;
	a.in_use = a.by_number[1];
	accounts_load(&a, &f, parse(THREE TWO ONE));
	CHECK_INT(f.n_accounts, 3);
	CHECK_INT(f.preferred, 1);
	CHECK_INT(a.letter_case[0], -1);
	CHECK_INT(a.letter_case[1], 1);
	CHECK_INT(f.accounts[0].not_before, 0);
	CHECK_INT(f.accounts[1].not_before, 12345);
	CHECK(a.in_use == a.by_number[1]);
	/* So does the first one. */
	a.letter_case[0] = 0;
	f.preferred = 0;
	accounts_load(&a, &f, parse(ONE TWO THREE));
	CHECK_INT(f.preferred, 2);
	CHECK_INT(a.letter_case[2], 0);
	a.in_use = a.by_number[1];
	f.preferred = 1;
	/* A line that has changed is another account. */
	accounts_load(&a, &f, parse(THREE "two.example 20200 user other ping=20\n"));
	CHECK_INT(f.preferred, 0);
	CHECK_INT(a.letter_case[1], -1);
	CHECK_INT(f.accounts[1].not_before, 0);
	CHECK(a.in_use == a.by_number[0]);
	accounts_free(&a);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void reload(void)
{
	char dir[] = "/tmp/accounts-test.XXXXXX", path[64];

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/dtcp.conf", dir);
	begin(ONE);
	put(path, ONE TWO "two.example 20200 other secret interface=dtcp1\n");
	unit_log_clear();
	CHECK(accounts_reload(&a, &f, path, "two.example", "", "dtcp0"));
	CHECK_INT(f.n_accounts, 1);
	CHECK_STR(a.by_number[0]->server, "two.example");
	CHECK_HAS(unit_log(), "was read again");
	put(path, "nonsense\n");
	unit_log_clear();
	CHECK(!accounts_reload(&a, &f, path, NULL, "", "dtcp0"));
	CHECK_HAS(unit_log(), "stay as they are");
	CHECK_INT(f.n_accounts, 1);
	CHECK_STR(a.by_number[0]->server, "two.example");
	put(path, THREE);
	CHECK(!accounts_reload(&a, &f, path, NULL, "", "dtcp1"));
	CHECK_STR(a.by_number[0]->server, "two.example");
	accounts_free(&a);
	unlink(path);
	rmdir(dir);
}

/* Has the file written to at that time; its nanoseconds, as stat(2) has them. */
static long written(const char *path, time_t s, long ns)
{
	struct stat st;

	CHECK_INT(utimensat(AT_FDCWD, path, (struct timespec[]){{1, 1}, {s, ns}}, 0), 0);
	CHECK_INT(stat(path, &st), 0);
	return st.st_mtim.tv_nsec;
}

static void outdated(void)
{
	char dir[] = "/tmp/accounts_test.XXXXXX", path[64], other[64];

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/dtcp.conf", dir);
	snprintf(other, sizeof other, "%s/new", dir);
	begin(ONE);
	CHECK(!account_file_changed(path, a.mark)); /* no mark is known, and there is no file */
	account_file_mark(path, a.mark);
	put(path, ONE);
	CHECK(!account_file_changed(path, a.mark));
	account_file_mark(path, a.mark);
	CHECK(!account_file_changed(path, a.mark));
	/* As editors and sed -i do: another file in its place. */
	put(other, TWO);
	CHECK_INT(rename(other, path), 0);
	CHECK(account_file_changed(path, a.mark));
	CHECK(accounts_reload(&a, &f, path, NULL, "", "dtcp0"));
	CHECK(!account_file_changed(path, a.mark));
	/* Written to in place, be it within the same second. */
	written(path, 1, 1);
	account_file_mark(path, a.mark);
	if (written(path, 1, 2) == 2) /* qemu-user leaves it out for s390x's musl */
		CHECK(account_file_changed(path, a.mark));
	written(path, 2, 1);
	CHECK(account_file_changed(path, a.mark));
	/* A file that is no use leaves it so; one that is gone is said elsewhere. */
	put(path, "nonsense\n");
	CHECK(!accounts_reload(&a, &f, path, NULL, "", "dtcp0"));
	CHECK(account_file_changed(path, a.mark));
	unlink(path);
	CHECK(!account_file_changed(path, a.mark));
	accounts_free(&a);
	rmdir(dir);
}

static const struct unit_case cases[] = {
	{"accounts are numbered in the order of the file", numbers},
	{"what an account says of the path", paths},
	{"what was learnt of an account stays with its line", learnt},
	{"a file that is no use changes nothing", reload},
	{"a file that was written to since it was read, or is another one", outdated},
};
UNIT_MAIN(cases)
