/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_FILE_H
#define ACCOUNT_FILE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct account;

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define ACCOUNT_FILE_DEFAULT SYSCONFDIR "/ppp/dtcp.conf"

/* Reads the account file, as conf_file_read() does. Returns the accounts in the order of
 * the file (free with account_free()), or NULL after a message with file, line and
 * reason. */
struct account *account_file_read(const char *path);

/* The same, where a file without an account is no error: *list is NULL then, and *last is
 * the number of its last line. False after a message. */
bool account_file_load(const char *path, struct account **list, unsigned *last);

/* Reads accounts from text of len bytes, named path in messages; as above. */
struct account *account_file_parse(const char *path, const char *text, size_t len);

/* The accounts of list that a call is about: those of server (NULL: any),
 * for link ("": unknown, then any) and interface ("": that of the first that
 * matches, which is written there; dtcp0 where none does). The others are
 * freed. May return NULL. */
struct account *account_file_select(struct account *list, const char *server, const char *link,
				    char interface[IF_NAMESIZE]);

/* True where list, whose accounts are all for this interface, has ACCOUNT_MOST of
 * them at most; false after a message. */
bool account_file_few(const struct account *list, const char *interface);

enum { ACCOUNT_FILE_MARK_MAX = 80 };

/* What tells the file as it is now from another one in its place, and from itself after it
 * was written to; "" where it cannot be looked at. */
void account_file_mark(const char *path, char mark[ACCOUNT_FILE_MARK_MAX]);

/* Whether the file has another mark now. Of one that is gone, or of which no mark is known,
 * that cannot be said. */
bool account_file_changed(const char *path, const char *mark);

/* What is said of it, of this file and the process that has read it. */
#define ACCOUNT_FILE_CHANGED "%s has changed since it was read: 'kill -HUP %d' has it read again"

#endif
