/* SPDX-License-Identifier: ISC */
#ifndef ABILITY_H
#define ABILITY_H

#include <stdbool.h>

#include "server/batch.h"

/* What dtcpd needs of the machine that it runs on. */

struct ability_programs {
	char ip[32], tc[32]; /* paths */
};

/* False after a message. */
bool ability_find(struct ability_programs *p);

/* The kernel has sit, or can load it, as far as that is known without asking it to make a
 * tunnel, which would change it. */
bool ability_sit(void);
extern const char ability_no_sit[]; /* what to say where that is false */

/* Makes a tunnel that is never up, with its filters, so that it is known at the start, and not
 * at the first login, what the machine cannot do. The tunnel is called ABILITY_TRY, and still
 * has to be removed. False after a message; then it is not there. */
#define ABILITY_TRY "dtcpd-try"
bool ability_prove(struct batch *b, struct ability_programs *p);

#endif
