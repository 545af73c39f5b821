/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "log.h"

struct account *config_parse(const char *path, const char *text, size_t len)
{
	struct account *list = NULL, **tail = &list;
	char why[ACCOUNT_WHY_MAX];
	unsigned number = 0;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		struct account *a;

		number++;
		switch (account_parse(text + at, n, &a, why)) {
		case 1:
			a->line = number;
			*tail = a;
			tail = &a->next;
			break;
		case -1:
			log_msg(LOG_ERR, "%s:%u: %s", path, number, why);
			account_free(list);
			return NULL;
		default:
			break;
		}
		at += n + 1;
	}
	if (!list)
		log_msg(LOG_ERR, "%s:%u: no account in this file: a line needs server, port, "
				 "user and password", path, number ? number : 1);
	return list;
}

/* The file holds passwords, so nobody else may have written or may read it. */
static bool safe_file(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode)) {
		log_msg(LOG_ERR, "%s: is not a regular file", path);
		return false;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		log_msg(LOG_ERR, "%s: belongs to user %u, not to root or the caller: "
				 "chown root %s", path, st->st_uid, path);
		return false;
	}
	if (st->st_mode & 077) {
		log_msg(LOG_ERR, "%s: mode %03o lets others at the passwords: chmod 600 %s", path,
			st->st_mode & 0777, path);
		return false;
	}
	if (st->st_size > CONFIG_FILE_MAX) {
		log_msg(LOG_ERR, "%s: has %lld bytes, more than %d", path,
			(long long)st->st_size, CONFIG_FILE_MAX);
		return false;
	}
	return true;
}

/* Reads to the end or to size bytes, whatever the size was at open. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

struct account *config_read(const char *path)
{
	struct account *list = NULL;
	struct stat st;
	char *text;
	size_t size;
	ssize_t len;
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		log_msg(LOG_ERR, "%s: cannot be opened: %m%s", path,
			errno == ENOENT ? " (man dtcp.conf says what goes there)" : "");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (!safe_file(path, &st)) {
		close(fd);
		return NULL;
	}
	size = (size_t)st.st_size + 1;
	text = malloc(size);
	len = text ? read_all(fd, text, size) : -1;
	if (len < 0)
		log_msg(LOG_ERR, "%s: cannot be read: %m", path);
	else if ((size_t)len + 1 != size)
		log_msg(LOG_ERR, "%s: was written to while it was read", path);
	else
		list = config_parse(path, text, (size_t)len);
	if (text)
		explicit_bzero(text, size);
	free(text);
	close(fd);
	return list;
}

struct account *config_select(struct account *list, const char *server, const char *link,
			      char interface[])
{
	struct account *kept = NULL, **tail = &kept;

	while (list) {
		struct account *a = list;

		list = a->next;
		a->next = NULL;
		if ((server && strcmp(a->server, server) != 0) ||
		    (link[0] && a->link[0] && strcmp(a->link, link) != 0) ||
		    (interface[0] && strcmp(a->interface, interface) != 0)) {
			account_free(a);
			continue;
		}
		if (!interface[0])
			memcpy(interface, a->interface, sizeof a->interface);
		*tail = a;
		tail = &a->next;
	}
	if (!interface[0])
		memcpy(interface, "dtcp0", sizeof "dtcp0");
	return kept;
}

bool config_few(const struct account *list, const char *interface)
{
	unsigned n = 0;

	for (; list; list = list->next)
		n++;
	if (n > CONFIG_ACCOUNTS)
		log_msg(LOG_ERR, "%s: %u accounts are for this interface, more than %d", interface,
			n, CONFIG_ACCOUNTS);
	return n <= CONFIG_ACCOUNTS;
}
