/* SPDX-License-Identifier: ISC */
#include "common/link.h"

#include <net/if.h>
#include <string.h>

bool link_same(const char *a, const char *b)
{
	unsigned index;

	if (strcmp(a, b) == 0)
		return true;
	index = if_nametoindex(a);
	return index && index == if_nametoindex(b);
}
