/* SPDX-License-Identifier: ISC */
#ifndef AUTH_H
#define AUTH_H

#include <stdint.h>

#include "common/privs.h"

/* Auth: the process that has the users' passwords. It has no privileges and no
 * network; makes the challenges, checks the responses, and alone tells root whose
 * tunnel to build. */

struct auth_how {
	struct privs_user user;
	uint32_t slots; /* connections at most */
};

/* The process itself, between the front and root. Returns when one of them is gone. */
void auth_main(int front, int root, const struct auth_how *how);

#endif
