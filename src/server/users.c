/* SPDX-License-Identifier: ISC */
#include "server/users.h"

#include <stdlib.h>
#include <string.h>

#include "account/conf.h"

enum {
	LEAST = sizeof(uint32_t) + sizeof "" + sizeof "", /* bytes of a user */
	/* Never more than three quarters full, so that what is sought is found soon. */
	PLACES = CONF_FILE_MAX / LEAST * 4 / 3,
};

/* A user is its number and two strings. A line "user NAME PASSWORD" of the file has
 * no fewer bytes than that: "user ", a blank and a line end are seven, the number
 * and two terminators six. */
bool users_init(struct users *u)
{
	*u = (struct users){.size = CONF_FILE_MAX};
	u->bytes = calloc(1, u->size);
	u->places = calloc(PLACES, sizeof *u->places);
	return u->bytes && u->places;
}

void users_free(struct users *u)
{
	free(u->bytes);
	free(u->places);
}

/* Takes the user at *at, and moves on. */
static struct user next(const struct users *u, size_t *at)
{
	struct user one;

	memcpy(&one.id, u->bytes + *at, sizeof one.id);
	one.name = (const char *)u->bytes + *at + sizeof one.id;
	one.password = one.name + strlen(one.name) + 1;
	*at = (size_t)(one.password + strlen(one.password) + 1 - (const char *)u->bytes);
	return one;
}

/* The place of a number, or the free one where it belongs. Numbers follow one another:
 * few want the same place. */
static uint32_t *place(const struct users *u, uint32_t id)
{
	size_t i = id % PLACES;

	for (; u->places[i]; i = (i + 1) % PLACES) {
		size_t at = u->places[i] - 1;

		if (next(u, &at).id == id)
			break;
	}
	return &u->places[i];
}

bool users_add(struct users *u, uint32_t id, const char *name, const char *password)
{
	size_t name_size = strlen(name) + 1, password_size = strlen(password) + 1;

	if (u->size - u->len < sizeof id + name_size + password_size)
		return false;
	*place(u, id) = (uint32_t)u->len + 1;
	memcpy(u->bytes + u->len, &id, sizeof id);
	u->len += sizeof id;
	memcpy(u->bytes + u->len, name, name_size);
	u->len += name_size;
	memcpy(u->bytes + u->len, password, password_size);
	u->len += password_size;
	return true;
}

/* Not all places at once: most have never been touched, and are no memory yet. */
void users_clear(struct users *u)
{
	for (size_t at = 0; at < u->len;)
		for (size_t i = next(u, &at).id % PLACES; u->places[i]; i = (i + 1) % PLACES)
			u->places[i] = 0;
	explicit_bzero(u->bytes, u->len);
	u->len = 0;
}

struct user users_named(const struct users *u, const char *name)
{
	struct user found = {0, "", ""};

	for (size_t at = 0; at < u->len;) {
		struct user one = next(u, &at);

		if (strcmp(one.name, name) == 0)
			found = one;
	}
	return found;
}

struct user users_numbered(const struct users *u, uint32_t id)
{
	uint32_t found = *place(u, id);
	size_t at = found - 1;

	return found ? next(u, &at) : (struct user){0, "", ""};
}
