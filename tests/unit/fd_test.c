/* SPDX-License-Identifier: ISC */
#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

static void closed(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), was = fd;

	CHECK(fd >= 0);
	fd_close(&fd);
	CHECK_INT(fd, -1);
	CHECK_INT(fcntl(was, F_GETFD), -1);
}

/* Also where close(2) itself fails. */
static void kept(void)
{
	int none = -1, nobody = 1000000;

	errno = ENOSPC;
	fd_close(&none);
	CHECK_INT(errno, ENOSPC);
	fd_close(&nobody);
	CHECK_INT(errno, ENOSPC);
	CHECK_INT(nobody, -1);
}

static const struct unit_case cases[] = {
	{"a descriptor is closed, and is -1", closed},
	{"errno stays", kept},
};

UNIT_MAIN(cases)
