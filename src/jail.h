/* SPDX-License-Identifier: ISC */
#ifndef JAIL_H
#define JAIL_H

#include <stdbool.h>

/* From here on the process may only talk over what it has open, read the clock
 * and end; the kernel kills it for any other system call. Without it, whoever
 * took the process over could connect to hosts of the LAN, and be root in a
 * user namespace.
 *
 * To be called after privs_drop(). False with errno where it failed; true also
 * where the kernel knows no such filters, and on machines for which the list
 * of calls was never tried (other than x86-64). */
bool jail_enter(void);

#endif
