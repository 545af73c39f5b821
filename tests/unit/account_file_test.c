/* SPDX-License-Identifier: ISC */
#include "account/account_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "account/account_line.h"
#include "unit.h"

/* Where they were narrower, an account file whose inode has a number over 2^32
 * (XFS, NFS, overlays) would not be read on machines with 32 bits. */
_Static_assert(sizeof(ino_t) == 8 && sizeof(off_t) == 8, "inodes and sizes have 64 bits");

/* Parses text from memory of just its size. */
static struct account *parse_bytes(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct account *list;

	unit_log_clear();
	memcpy(copy, text, len);
	list = account_file_parse("/etc/ppp/dtcp.conf", copy, len);
	free(copy);
	return list;
}

static struct account *parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

/* The users of a list, which is freed. */
static const char *users(struct account *list)
{
	static char out[256];

	out[0] = '\0';
	for (const struct account *a = list; a; a = a->next) {
		strcat(out, a->user);
		strcat(out, " ");
	}
	account_free(list);
	return out;
}

static void check_bad(const char *text, const char *says)
{
	struct account *list = parse(text);

	CHECK_FOR(text, list == NULL);
	CHECK_HAS(unit_log(), says);
	account_free(list);
}

static void lines(void)
{
	struct account *list = parse("# comment\n\ns 1 a p\r\n\t\ns 2 b p\nt 3 c p");

	CHECK(list != NULL);
	CHECK_INT(list->line, 3);
	CHECK_INT(list->next->line, 5);
	CHECK_INT(list->next->next->line, 6);
	CHECK_STR(users(list), "a b c ");
	CHECK_STR(users(parse("\xef\xbb\xbfs 1 a p\n")), "a ");
	CHECK_STR(users(parse("\xef\xbb\xbf# comment\ns 1 a p\n")), "a ");
	CHECK_STR(users(parse("s 1 a p")), "a ");
	CHECK_STR(users(parse("s 1 a p\n")), "a ");
	CHECK_STR(unit_log(), "");
}

static void errors(void)
{
	check_bad("s 1 a p\ns 1 b\n", "3 /etc/ppp/dtcp.conf:2: ");
	check_bad("s 1 a p\n\n\ns 1 b p ttl=0\n", "/etc/ppp/dtcp.conf:4: 'ttl=0'");
	check_bad("s 1 a p ttl=0\ns 1 b p ttl=256\n", "dtcp.conf:1: ");
	CHECK(!strstr(unit_log(), "dtcp.conf:2"));
}

static void no_account(void)
{
	check_bad("\xef\xbb", "dtcp.conf:1: ");
	check_bad("\xef\xbb\xbf", "dtcp.conf:1: no account");
	check_bad("", "dtcp.conf:1: no account");
	check_bad("\n\n", "dtcp.conf:2: no account");
	check_bad("# s 1 a p\n", "dtcp.conf:1: no account");
}

static void bad_bytes(void)
{
	char text[ACCOUNT_LINE_MAX + 40];
	struct account *list = parse_bytes("s 1 a p\ns 1 b\0c p\n", 18);

	CHECK(list == NULL);
	CHECK_HAS(unit_log(), "dtcp.conf:2: ");
	CHECK_HAS(unit_log(), "NUL");
	memset(text, 'x', sizeof text);
	memcpy(text, "s 1 a p\ns 1 b ", 14);
	list = parse_bytes(text, 8 + ACCOUNT_LINE_MAX);
	CHECK_STR(users(list), "a b ");
	list = parse_bytes(text, 8 + ACCOUNT_LINE_MAX + 1);
	CHECK(list == NULL);
	CHECK_HAS(unit_log(), "dtcp.conf:2: ");
}

static const char *selected(const char *server, const char *link, char interface[IF_NAMESIZE])
{
	return users(account_file_select(parse("s 1 a p\n"
					 "s 1 b p link=ppp0 interface=t0\n"
					 "t 1 c p link=ppp1\n"
					 "t 1 d p interface=t0\n"), server, link, interface));
}

static void selection(void)
{
	char i[IF_NAMESIZE] = "";

	CHECK_STR(selected(NULL, "", i), "a c ");
	CHECK_STR(i, "dtcp0");
	i[0] = '\0';
	CHECK_STR(selected(NULL, "ppp0", i), "a ");
	strcpy(i, "t0");
	CHECK_STR(selected(NULL, "ppp0", i), "b d ");
	CHECK_STR(selected(NULL, "ppp1", i), "d ");
	CHECK_STR(selected("s", "ppp0", i), "b ");
	i[0] = '\0';
	CHECK_STR(selected("t", "ppp0", i), "d ");
	CHECK_STR(i, "t0");
	i[0] = '\0';
	CHECK_STR(selected("u", "ppp0", i), "");
	CHECK_STR(i, "dtcp0");
}

static char path[64];

static void make_file(const char *text, mode_t mode)
{
	int fd;

	strcpy(path, "/tmp/dtcp-up-unit.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK_INT(fchmod(fd, mode), 0);
	close(fd);
	unit_log_clear();
}

static void reading(void)
{
	make_file("s 1 a p\n", 0600);
	CHECK_STR(users(account_file_read(path)), "a ");
	unlink(path);
	CHECK(account_file_read(path) == NULL);
	CHECK_HAS(unit_log(), path);
	CHECK_HAS(unit_log(), "No such file");
	CHECK(account_file_read("/tmp") == NULL);
	CHECK_HAS(unit_log(), "regular file");
}

static void modes(void)
{
	for (mode_t bit = 01; bit <= 040; bit <<= 1) {
		char hint[128];

		make_file("s 1 a p\n", 0600 | bit);
		CHECK(account_file_read(path) == NULL);
		snprintf(hint, sizeof hint, "chmod 600 %s", path);
		CHECK_HAS(unit_log(), hint);
		unlink(path);
	}
	make_file("s 1 a p\n", 0400);
	CHECK_STR(users(account_file_read(path)), "a ");
	unlink(path);
}

/* A FIFO must not stop the hook that waits for us. */
static void fifo(void)
{
	make_file("", 0600);
	unlink(path);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK(account_file_read(path) == NULL);
	CHECK_HAS(unit_log(), "regular file");
	unlink(path);
}

static void too_large(void)
{
	make_file("s 1 a p\n", 0600);
	CHECK_INT(truncate(path, CONF_FILE_MAX), 0);
	CHECK(account_file_read(path) == NULL);
	CHECK_HAS(unit_log(), "dtcp-up-unit");
	CHECK(!strstr(unit_log(), "more than 1048576"));
	unit_log_clear();
	CHECK_INT(truncate(path, CONF_FILE_MAX + 1), 0);
	CHECK(account_file_read(path) == NULL);
	CHECK_HAS(unit_log(), "more than 1048576");
	unlink(path);
}

static const struct unit_case cases[] = {
	{"accounts in the order of the file, with their lines", lines},
	{"an error names the file, the line and the reason", errors},
	{"a file without an account is an error", no_account},
	{"a NUL byte and a line of 1,025 bytes name their line", bad_bytes},
	{"which accounts a call is about", selection},
	{"a file is read, and a missing one named", reading},
	{"a file that others may read or write is refused, with the remedy", modes},
	{"a FIFO is refused at once", fifo},
	{"a file of more than a mebibyte is refused", too_large},
};
UNIT_MAIN(cases)
