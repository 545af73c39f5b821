/* SPDX-License-Identifier: ISC */
#ifndef JAIL_H
#define JAIL_H

#include <stdbool.h>

/* Filters of system calls. A process that has entered its jail may make the few
 * calls that it has need of; the kernel kills it (SIGSYS) for any other one. Without
 * that, whoever took a session over could connect to hosts of the LAN, and be root in
 * a user namespace of his own. */

/* Whose jail; each kind is a bit, for the table in jail.c. */
enum jail {
	JAIL_SESSION = 1 << 0, /* talks over what it has open, reads the clock, ends */
	JAIL_FRONT = 1 << 1,   /* of dtcpd: that, and takes connections */
	JAIL_AUTH = 1 << 2,    /* of dtcpd: that, and asks for random bytes */
};

/* Puts the calling process into that jail, for good. To be called after
 * privs_drop(), since a process without privileges must have promised that it gets
 * no new ones (PR_SET_NO_NEW_PRIVS). False with errno where that failed; true also
 * where there is no filter. */
bool jail_enter(enum jail jail);

/* Why there is no filter, as words that follow "there is no filter of system calls: ";
 * NULL where there is one. */
const char *jail_missing(void);

#endif
