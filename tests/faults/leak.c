/* SPDX-License-Identifier: ISC */
/* A leak on purpose: a keeper whose first login has failed leaves its state file. See
 * faults.mk. */
#include "rundir/state_file.h"

void __real_state_remove(int dir, const char *iface);
void __wrap_state_remove(int dir, const char *iface);

void __wrap_state_remove(int dir, const char *iface)
{
	struct state s;

	if (!state_read(dir, iface, &s) || s.known)
		__real_state_remove(dir, iface);
}
