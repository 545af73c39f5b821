/* SPDX-License-Identifier: ISC */
#include "common/fd.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

bool fd_send(int fd, const void *packet, size_t len, int flags)
{
	ssize_t n;

	do {
		n = send(fd, packet, len, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

ssize_t fd_recv(int fd, void *packet, size_t size, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, packet, size, flags);
	} while (n < 0 && errno == EINTR);
	return n;
}
