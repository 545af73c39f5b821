/* SPDX-License-Identifier: ISC */
#include "account/account_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "account/account.h"
#include "account/account_line.h"
#include "account/conf.h"
#include "common/log.h"

/* A file while it is read. */
struct reading {
	struct account *list, **tail;
	unsigned line; /* the last one */
};

static bool take_line(void *arg, unsigned number, const char *line, size_t len, char *why)
{
	struct reading *r = arg;
	struct account *a;
	int says = account_line_parse(line, len, &a, why);

	r->line = number;
	if (says == 1) {
		a->line = number;
		*r->tail = a;
		r->tail = &a->next;
	}
	return says >= 0;
}

static struct account *finish(struct reading *r, const char *path, bool ok)
{
	if (!ok) {
		account_free(r->list);
		return NULL;
	}
	if (!r->list)
		log_msg(LOG_ERR, "%s:%u: no account in this file: a line needs server, port, "
				 "user and password", path, r->line);
	return r->list;
}

struct account *account_file_parse(const char *path, const char *text, size_t len)
{
	struct reading r = {.tail = &r.list, .line = 1};

	return finish(&r, path, conf_text_each(path, text, len, take_line, &r));
}

static bool load(const char *path, struct reading *r)
{
	return conf_file_read(path, "dtcp.conf", take_line, r);
}

struct account *account_file_read(const char *path)
{
	struct reading r = {.tail = &r.list, .line = 1};

	return finish(&r, path, load(path, &r));
}

bool account_file_load(const char *path, struct account **list, unsigned *last)
{
	struct reading r = {.tail = &r.list, .line = 1};
	bool ok = load(path, &r);

	if (!ok)
		account_free(r.list);
	*list = ok ? r.list : NULL;
	*last = r.line;
	return ok;
}

struct account *account_file_select(struct account *list, const char *server, const char *link,
				    char interface[IF_NAMESIZE])
{
	struct account *kept = NULL, **tail = &kept;

	while (list) {
		struct account *a = list;

		list = a->next;
		a->next = NULL;
		if ((server && strcmp(a->server, server) != 0) ||
		    (link[0] && !account_allows_link(a, link)) ||
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

bool account_file_few(const struct account *list, const char *interface)
{
	unsigned n = 0;

	for (; list; list = list->next)
		n++;
	if (n > ACCOUNT_MOST)
		log_msg(LOG_ERR, "%s: %u accounts are for this interface, more than %d", interface,
			n, ACCOUNT_MOST);
	return n <= ACCOUNT_MOST;
}

void account_file_mark(const char *path, char mark[ACCOUNT_FILE_MARK_MAX])
{
	struct stat st;

	mark[0] = '\0';
	if (stat(path, &st) == 0)
		snprintf(mark, ACCOUNT_FILE_MARK_MAX, "%llx:%llu %lld.%09ld",
			 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			 (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
}

bool account_file_changed(const char *path, const char *mark)
{
	char now[ACCOUNT_FILE_MARK_MAX];

	account_file_mark(path, now);
	return mark[0] && now[0] && strcmp(now, mark) != 0;
}
