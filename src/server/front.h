/* SPDX-License-Identifier: ISC */
#ifndef FRONT_H
#define FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/privs.h"
#include "server/config.h"
#include "server/crowd.h"

/* The front: the process that accepts connections and reads what clients say. It has
 * no privileges, no files and no password: whether a login is right it asks auth. */

struct front_how {
	struct privs_user user;
	int listeners[CONFIG_LISTEN_MAX];
	unsigned n_listeners;
	uint32_t slots;	   /* connections at most */
	unsigned idle;	   /* seconds, until auth says another number */
	const char *empty; /* an empty directory to be its root; NULL: none */
};

/* Connections beyond those that are logged in: those that are not, and those whose
 * slot auth has not let go of yet. */
enum { FRONT_SLOTS_MORE = CROWD_MOST + 64 };

/* The process itself, to which auth talks by channel. Returns when auth is gone. */
void front_main(int channel, const struct front_how *how);

#endif
