/* SPDX-License-Identifier: ISC */
#ifndef MEDDLING_H
#define MEDDLING_H

#include "kernel/difference.h"
#include "kernel/kernel.h"

/* What others do with what is ours. For the files of this room alone. */

/* True where an event is a reason to look. */
bool meddling_concerns(struct kernel *k, const struct watch_event *e);

/* What was whole differs in this. False where it is not to be made again now, since
 * somebody goes on. */
bool meddling_noticed(struct kernel *k, const struct difference *d);

/* What was whole differs, and is left so until the next keepalive. */
void meddling_unmended(struct kernel *k);

/* At a keepalive all was still there. It is over after a minute without meddling. */
void meddling_over(struct kernel *k);

#endif
