/* SPDX-License-Identifier: ISC */
#ifndef FAR_KERNEL_H
#define FAR_KERNEL_H

#include <stdbool.h>

#include "server/far.h"
#include "server/look.h"
#include "server/sessions.h"

/* One tunnel in the kernel: what neither ip(8) nor tc(8) does for it, and whether all of it
 * is there. */

/* Nobody at the other end is to configure this machine. False after a message. */
bool far_kernel_distrust(const char *name);

/* The kernel answers echoes to ff02::2, by which clients check the path, while a socket has
 * joined the group on the interface. Where it cannot there is a message. */
void far_kernel_join(struct session *s, unsigned index);
void far_kernel_leave(struct session *s);

/* True where the tunnel is as wanted; else what it lacks is in *lacks. */
bool far_kernel_whole(struct look *l, const struct far *f, const char **lacks);

#endif
