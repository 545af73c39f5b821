/* SPDX-License-Identifier: ISC */
#ifndef KERNEL_OPS_H
#define KERNEL_OPS_H

#include "kernel.h"

/* The steps that kernel.c chooses from. Each either starts one ip(8) (k->op and
 * k->deadline are set) or has nothing to run; false after a message where it
 * cannot. For the files of the kernel alone. */

/* Makes the interface of k->want, and goes on with kernel_build_rest() once
 * the kernel has it. An interface of that name left from before is marked for
 * removal instead. */
bool kernel_build(struct kernel *k);
void kernel_build_rest(struct kernel *k);

/* Takes the tunnel that is there to the near end and MTU that are wanted. */
bool kernel_move(struct kernel *k);

/* Puts in, puts in again, or withdraws, the routes into the tunnel. */
bool kernel_change_routes(struct kernel *k);

/* Gives LAN interfaces the addresses that they lack. */
bool kernel_add_lans(struct kernel *k);

/* Removes all of k->now. */
bool kernel_undo(struct kernel *k);

/* Nothing runs, and k->doubt is set: what is missing is found by asking the
 * kernel, or, routes into the tunnel, to be made again (kernel_watch.c). */
void kernel_look_again(struct kernel *k);

#endif
