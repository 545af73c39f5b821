/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_H
#define CONFIG_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/conf.h"
#include "common/prefix.h"
#include "common/tunnel.h"

/* The file of dtcpd, dtcpd.conf(5). */

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define CONFIG_FILE_DEFAULT SYSCONFDIR "/dtcpd.conf"

enum {
	CONFIG_PORT = 20200,
	CONFIG_LISTEN_MAX = 16, /* addresses to listen at */
	CONFIG_IDLE_MAX = 86400, /* seconds */
	CONFIG_SESSIONS_DEFAULT = 1024,
	CONFIG_SESSIONS_MAX = 8192,
	CONFIG_PREFIXES_MAX = 16, /* of one user: an answer of 512 bytes holds them */
	CONFIG_NAME_MAX = 128,	  /* bytes of a user's name */
	CONFIG_PASSWORD_MAX = 512 /* bytes */
};

/* What one user gets. Strings point into text[]. */
struct config_user {
	struct config_user *next;
	uint32_t id;		     /* from 1; another one as soon as anything here changes */
	unsigned line;		     /* in the file, from 1 */
	const char *name, *password; /* password is "" once it was forgotten */
	unsigned n_prefixes;	     /* 0: network is refused */
	struct prefix prefixes[CONFIG_PREFIXES_MAX];
	bool host; /* whether that type is served, with these addresses */
	struct in6_addr client6, server6;
	bool tunnelonly;
	char interface[IF_NAMESIZE]; /* "": dtcpN */
	unsigned mtu;		     /* bytes, 0: auto */
	uint8_t ttl;
	size_t text_len;
	char text[];
};

struct config {
	unsigned n_listen;
	struct sockaddr_in listen[CONFIG_LISTEN_MAX];
	unsigned idle;			/* seconds of silence after which a session ends */
	uint32_t sessions;		/* the most that there may be */
	char script[CONF_LINE_MAX + 1]; /* "": none */
	unsigned n_users;
	uint32_t last_id; /* the highest that was given */
	struct config_user *users;
};

/* Reads the file into c. False after a message with file, line and reason; c is empty
 * then. Free with config_free(). */
bool config_read(struct config *c, const char *path);

/* The same from text of len bytes, named path in messages. */
bool config_parse(struct config *c, const char *path, const char *text, size_t len);

/* Wipes the passwords and frees the users. */
void config_free(struct config *c);

/* Wipes the passwords alone. */
void config_forget_passwords(struct config *c);

/* A user, for qsort(3) and bsearch(3). */
struct config_entry {
	const struct config_user *user;
};

/* The n_users of c in this order: one by one through a long file, for each of many, is long.
 * NULL where memory is short. */
struct config_entry *config_sorted(const struct config *c,
				   int (*order)(const void *, const void *));

/* Orders of entries. */
int config_by_name(const void *a, const void *b);
int config_by_id(const void *a, const void *b);

/* Gives users of c, which was read after old, the numbers that they have in old where
 * all their words are the same; the others get new ones. Passwords are not compared,
 * since whoever calls this has forgotten the old ones. False where memory is short: then
 * nothing has changed. */
bool config_renumber(struct config *c, const struct config *old);

/* The user of this number, or NULL. */
const struct config_user *config_user(const struct config *c, uint32_t id);

/* True where the user is served this type. */
bool config_serves(const struct config_user *u, enum dtcp_type type);

#endif
