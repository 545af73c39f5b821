/* SPDX-License-Identifier: ISC */
#ifndef CLASH_H
#define CLASH_H

#include <stdbool.h>

#include "server/config.h"

/* True where no two users of c have the same name, the same interface or a part of the same
 * prefix. False after a message that names the lines of both; path is that of the file. */
bool clash_none(const struct config *c, const char *path);

#endif
