/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct account;

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define CONFIG_DEFAULT SYSCONFDIR "/ppp/dtcp.conf"

/* The largest account file that is read, in bytes. */
enum { CONFIG_FILE_MAX = 1 << 20 };

/* Reads the account file: its owner and mode are checked first, on the open
 * file. Returns the accounts in the order of the file (free with
 * account_free()), or NULL after a message with file, line and reason. */
struct account *config_read(const char *path);

/* Reads accounts from text of len bytes, named path in messages; as above. */
struct account *config_parse(const char *path, const char *text, size_t len);

/* The accounts of list that a call is about: those of server (NULL: any),
 * for link ("": unknown, then any) and interface ("": that of the first that
 * matches, which is written there; dtcp0 where none does). The others are
 * freed. May return NULL. */
struct account *config_select(struct account *list, const char *server, const char *link,
			      char interface[]);

/* The most accounts that an interface may have, and whether those of list, which
 * are for it, are no more; false after a message. */
enum { CONFIG_ACCOUNTS = 32 };
bool config_few(const struct account *list, const char *interface);

#endif
