/* SPDX-License-Identifier: ISC */
#ifndef CHANGES_H
#define CHANGES_H

#include <stdbool.h>
#include <stdint.h>

/* Of which sessions something has changed in the kernel, by what that tells. What is not
 * theirs, as all else on a busy router, makes nobody look. */

struct changes {
	int fd; /* for poll(2), -1: not open */
	uint32_t n;
	struct changes_of {
		unsigned index; /* of the session's interface, 0: it has none */
		bool any;
	} *of; /* by session */
	unsigned told; /* how often something changed that ip(8) or tc(8) does for us: of an
			* interface, its filters, or a route of ours; by whomever */
	bool routes; /* an unreachable route of ours was removed */
	bool lost;   /* some were not told, or not of what: anything may have changed */
};

/* For n sessions. False after a message. */
bool changes_open(struct changes *c, uint32_t n);
void changes_close(struct changes *c);

/* The session has that interface from now on, all of which has just been seen. */
void changes_expect(struct changes *c, uint32_t session, unsigned index);

/* Takes what the kernel has told since. */
void changes_read(struct changes *c);

/* True where something is to be looked at. */
bool changes_any(const struct changes *c);

/* The only session of which something has changed; -1 where it is not one. */
int64_t changes_one(const struct changes *c);

/* All is looked at now. */
void changes_forget(struct changes *c);

#endif
