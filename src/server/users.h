/* SPDX-License-Identifier: ISC */
#ifndef USERS_H
#define USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The users as auth knows them: number, name and password, one behind the other in
 * memory of a fixed size, since auth can get none once it is in its jail. */
struct users {
	size_t size, len;
	unsigned char *bytes;
	uint32_t *places; /* by number, a hash table: 1 + where the user is in bytes, or 0 */
};

/* True with memory for all users that a file of CONF_FILE_MAX bytes can hold. Free with
 * users_free(), also after false. */
bool users_init(struct users *u);

void users_free(struct users *u);

/* Adds one; false where there is no room. */
bool users_add(struct users *u, uint32_t id, const char *name, const char *password);

/* Forgets them all, and wipes the passwords. */
void users_clear(struct users *u);

/* One user; strings point into the memory of u. */
struct user {
	uint32_t id; /* 0: there is none */
	const char *name, *password;
};

/* The user of this name. All of them are looked at whoever is sought, so that the time
 * that it takes does not tell whether there is one. */
struct user users_named(const struct users *u, const char *name);

/* The user of this number, in a time that does not grow with their number. */
struct user users_numbered(const struct users *u, uint32_t id);

#endif
