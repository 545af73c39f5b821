/* SPDX-License-Identifier: ISC */
#ifndef ROLES_H
#define ROLES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/privs.h"
#include "server/config.h"

/* The two other processes, as root starts and ends them. */
struct roles {
	pid_t front, auth; /* 0: none, or reaped */
	int channel;	   /* to auth, -1: closed */
};

/* Sockets at the addresses of the file. */
struct listeners {
	unsigned n;
	int fd[CONFIG_LISTEN_MAX];
};

struct roles_how {
	struct privs_user user;
	struct config *config; /* both free their copy of its users */
	const struct listeners *listeners;
	uint32_t slots;
	unsigned idle;	   /* seconds */
	const char *empty; /* an empty directory, as in front.h */
};

/* Starts both. False after a message; what was started still has to be ended. */
bool roles_start(struct roles *r, const struct roles_how *how);

/* Closes the channel, by which both end, waits for them, and kills who is not gone in
 * time. */
void roles_end(struct roles *r);

/* A child was reaped; true after a message where it was one of these. */
bool roles_reaped(struct roles *r, pid_t pid, int status);

/* Has this process have so many descriptors, where the kernel lets it. */
void roles_limit_descriptors(uint32_t wanted);

/* Takes the addresses, before anything of the kernel's is changed: where one is another
 * program's, that may be a dtcpd that serves. False after a message, with none taken. */
bool roles_bind(const struct config *c, struct listeners *l);

/* Listens at them. False after a message. */
bool roles_listen(const struct config *c, const struct listeners *l);

void roles_unbind(struct listeners *l);

#endif
