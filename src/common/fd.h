/* SPDX-License-Identifier: ISC */
#ifndef FD_H
#define FD_H

/* Closes the descriptor, unless it is -1, which it is afterwards. errno stays as it is: it
 * may say why the descriptor is not needed any more. */
void fd_close(int *fd);

#endif
