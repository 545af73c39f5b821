/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

enum { ACCOUNT_LANS = 16, ACCOUNT_ROUTES = 16, ACCOUNT_LINE_MAX = 1024 };

/* What to ask the server for; the words on the wire. */
enum dtcp_type { DTCP_NETWORK, DTCP_HOST, DTCP_TUNNELONLY };
enum route_mode { ROUTE_DEFAULT, ROUTE_NONE, ROUTE_LIST };

struct account_lan {
	char name[IF_NAMESIZE];
	uint32_t subnet;
};

/* One line of the account file. Strings point into text[], which belongs to
 * the account. */
struct account {
	struct account *next;
	const char *server, *user, *password;
	const char *script; /* NULL: none */
	unsigned line;      /* in the file, from 1 */
	uint16_t port;
	enum dtcp_type type;
	enum route_mode route;
	bool build;               /* tunnel=sit */
	uint8_t ttl;
	char link[IF_NAMESIZE];   /* "": any */
	char interface[IF_NAMESIZE];
	uint32_t metric;
	unsigned mtu;             /* bytes, 0: auto */
	unsigned ping;            /* seconds between keepalives */
	unsigned n_lans, n_routes;
	struct account_lan lans[ACCOUNT_LANS];
	struct prefix routes[ACCOUNT_ROUTES];
	size_t text_len;
	char text[];
};

#define ACCOUNT_WHY_MAX 256

/* Reads one line of len bytes, without its line end. Returns 1 and a new
 * account (free with account_free()), 0 for an empty line or a comment, -1
 * for an error with its reason, which quotes the value at fault, in why. */
int account_parse(const char *line, size_t len, struct account **out,
		  char why[ACCOUNT_WHY_MAX]);

/* Frees a list, wiping the passwords. NULL is fine. */
void account_free(struct account *list);

/* Overwrites the password; what logs in after that fails. */
void account_forget_password(struct account *a);

/* True where both lines would act alike: everything but the line number. */
bool account_equal(const struct account *a, const struct account *b);

const char *account_type_name(enum dtcp_type type);

/* True for what the contract takes as a name of a tunnel interface. */
bool account_interface_ok(const char *name);

/* True for any name that the kernel takes for a link. */
bool account_link_ok(const char *name);

#endif
