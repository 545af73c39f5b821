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

/* The same, where a file without an account is no error: *list is NULL then. False after
 * a message. */
bool account_file_load(const char *path, struct account **list);

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

#endif
