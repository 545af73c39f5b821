/* SPDX-License-Identifier: ISC */
#include "rundir/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char path[UNIT_FOLDER_SIZE];
static int dir;

static void begin(void)
{
	dir = unit_folder(path);
}

/* Nothing but the state may be left. */
static void end(void)
{
	state_remove(dir, "dtcp0");
	close(dir);
	CHECK_INT(rmdir(path), 0);
}

static bool is_left(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int pid_there(void)
{
	struct state s;

	CHECK(state_read(dir, "dtcp0", &s));
	return s.pid;
}

static void replaced(void)
{
	begin();
	CHECK(state_write(dir, "dtcp0", "pid=1\n", 6));
	CHECK_INT(pid_there(), 1);
	CHECK(state_write(dir, "dtcp0", "pid=2\n", 6));
	CHECK_INT(pid_there(), 2);
	CHECK(!is_left("dtcp0.state.new"));
	end();
}

/* A disk that gets full within the file takes its beginning, and sets no errno; here a limit
 * does as much. */
static void part(void)
{
	struct rlimit all, few;
	static char text[6000];
	bool ok;
	int said;

	begin();
	CHECK(state_write(dir, "dtcp0", "pid=1\n", 6));
	memset(text, '\n', sizeof text);
	memcpy(text, "pid=2\n", 6);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = (struct rlimit){4096, all.rlim_max};
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &few), 0);
	errno = 0;
	ok = state_write(dir, "dtcp0", text, sizeof text);
	said = errno;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &all), 0);
	CHECK(!ok);
	CHECK_INT(said, ENOSPC);
	CHECK(!is_left("dtcp0.state.new"));
	/* It was written over the old one, since there is no room for both. */
	CHECK_INT(pid_there(), 2);
	end();
}

static const struct unit_case cases[] = {
	{"a state takes the place of the one before", replaced},
	{"a state of which a part alone can be written: no room, which is said", part},
};

UNIT_MAIN(cases)
