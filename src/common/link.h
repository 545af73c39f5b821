/* SPDX-License-Identifier: ISC */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>

/* Whether two names are of the same link: the same text, which may be of one that is not
 * there, or names of one interface, which may have several (ip-link(8), altname). */
bool link_same(const char *a, const char *b);

#endif
