/* SPDX-License-Identifier: ISC */
#ifndef PUPPET_H
#define PUPPET_H

#include <stddef.h>
#include <sys/types.h>

/* Takes the place of a running process, as one does who has found a hole in
 * it: whatever system call is wanted is made by that process. Its memory and
 * registers are as they were afterwards, so that it goes on if it still can. */

void puppet_take(pid_t pid);
void puppet_release(void);

/* Makes the process call: what the kernel returns to it, -errno for errors. Six
 * arguments, numbers or addresses in the process. */
#define puppet_call(number, ...) puppet_make((number), (const long[6]){__VA_ARGS__})
long puppet_make(long number, const long args[6]);

/* Puts bytes where the process can name them, for one attack: cleared by
 * puppet_forget(). The result is an address in the process. */
long puppet_put(const void *data, size_t size);
long puppet_text(const char *text);
void puppet_get(long address, void *data, size_t size);
void puppet_forget(void);

/* attack.c, forge.c: true where what was asked for is known. */
int attack_main(int argc, char *argv[]);
int forge_main(int argc, char *argv[]);

#endif
