/* SPDX-License-Identifier: ISC */
#ifndef MEDDLING_H
#define MEDDLING_H

#include "kernel/difference.h"
#include "kernel/kernel.h"

/* What others do with what is ours. For the files of this room alone. */

/* True where an event is a reason to look. */
bool meddling_concerns(struct kernel *k, const struct watch_event *e);

/* Somebody has changed what was all there; d is the difference. False where it is not to be
 * made again now, since they go on and on. */
bool meddling_noticed(struct kernel *k, const struct difference *d);

/* Somebody has changed it, and it is left so until the next keepalive. */
void meddling_unmended(struct kernel *k);

/* At a keepalive everything was still there. After a minute without a change it is over. */
void meddling_over(struct kernel *k);

#endif
