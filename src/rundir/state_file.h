/* SPDX-License-Identifier: ISC */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "rundir/state.h"

/* Replaces IFACE.state in the directory dir by text of len bytes. False with
 * errno. */
bool state_write(int dir, const char *iface, const char *text, size_t len);

/* Reads IFACE.state. False with s as state_init() makes it, and with errno: ENOENT
 * where there is none; anything else, after a message, where it is not known. */
bool state_read(int dir, const char *iface, struct state *s);

/* True after a message, where the state is of another network namespace than ours:
 * nothing of it is ours to change. path is the directory's. */
bool state_elsewhere(const struct state *s, const char *path);

void state_remove(int dir, const char *iface);

/* True while the keeper that wrote s lives. */
bool state_alive(const struct state *s);

#endif
