/* SPDX-License-Identifier: ISC */
/* A mistake made on purpose, where it is hardest to hear of: in the session,
 * which is another user, has no standard error and may write nowhere. A byte
 * beyond a block is read. `make check-asan` and `make check-valgrind` have to
 * find it. */
#include <stdlib.h>

#include "protocol/offer.h"

bool __real_offer_check(struct offer *o, char why[OFFER_WHY_MAX]);
bool __wrap_offer_check(struct offer *o, char why[OFFER_WHY_MAX]);

bool __wrap_offer_check(struct offer *o, char why[OFFER_WHY_MAX])
{
	volatile char *block = calloc(1, 24);
	char beyond = block ? block[24] : 0;

	free((void *)block);
	return __real_offer_check(o, why) && beyond != 1;
}
