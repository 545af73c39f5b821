/* SPDX-License-Identifier: ISC */
#ifndef FD_H
#define FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes the descriptor, unless it is -1, which it is afterwards. errno stays as it is: it
 * may say why the descriptor is not needed any more. */
void fd_close(int *fd);

/* send(2) of a packet and recv(2) of one, with these flags, begun again where a signal came
 * between. Nobody is killed by SIGPIPE. fd_send: false where not all of it was taken; errno
 * says why. */
bool fd_send(int fd, const void *packet, size_t len, int flags);
ssize_t fd_recv(int fd, void *packet, size_t size, int flags);

#endif
