/* SPDX-License-Identifier: ISC */
#ifndef RUNDIR_H
#define RUNDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef RUNDIR
#define RUNDIR "/run"
#endif
#define RUNDIR_DEFAULT RUNDIR "/dtcp-up"

/* IFACE and the longest ending. */
enum { RUNDIR_NAME_MAX = 32 };

/* True where /proc is there, by which a keeper is told from other processes and its socket
 * is reached. False after a message. */
bool rundir_proc(void);

/* Opens the run directory. With make it is made (0755) where it is missing,
 * and must be a directory of ours (no symbolic link) that nobody else can
 * write to. -1 after a message; without make, silently with errno. */
int rundir_open(const char *path, bool make);

/* True where the open run directory dir is ours alone to write to, so that what
 * stands in it may be acted upon. False after a message. */
bool rundir_ours(int dir, const char *path);

/* The pidfile IFACE.pid of the run directory dir. Its lock, not its content,
 * tells who the keeper is: flock(2), so that scripts can ask too, and a record
 * lock (F_SETLK), since the kernel names that one's owner. */

enum pidfile_result { PIDFILE_LOCKED, PIDFILE_HELD, PIDFILE_FAILED };

/* Takes the lock and writes our process number. The open descriptor in *fd
 * holds the lock. Where flock(2) alone is another's, that one has END_GONE_MS to let go.
 * PIDFILE_FAILED after a message. */
enum pidfile_result pidfile_take(int dir, const char *iface, int *fd);

/* The process that holds the lock, 0 for none. */
pid_t pidfile_holder(int dir, const char *iface);

/* Removes the file, and then lets go of the lock. */
void pidfile_drop(int dir, const char *iface, int fd);

/* Makes anew what somebody has removed of a keeper's things: the directory of this path,
 * the pidfile with its lock, the control socket, where listener is not NULL. The
 * descriptors are replaced by those of the new ones. */
enum rundir_state {
	RUNDIR_WHOLE,
	RUNDIR_RESTORED, /* something was missing; the state is to be written, too */
	RUNDIR_LOST      /* after a message: another process has the pidfile, or no directory or
			  * pidfile can be made */
};
enum rundir_state rundir_restore(const char *path, const char *iface, int *dir, int *pidfile,
				 int *listener);

/* True where the process runs the program that we run, by its name. */
bool rundir_is_keeper(pid_t pid);

/* Start time of a process in clock ticks after boot, which tells it from another one of
 * the same number (field 22 of /proc/PID/stat, proc(5)); 0 where there is none, or only a
 * zombie. */
unsigned long long rundir_process_start(pid_t pid);

/* True while a signal holds the process (SIGSTOP): it answers nobody. */
bool rundir_is_stopped(pid_t pid);

/* Calls fn for each interface that has a pidfile or a state here. False with
 * errno, and without a call, where the directory cannot be read. */
bool rundir_each(int dir, void (*fn)(void *arg, const char *iface), void *arg);

/* Removes a file of the run directory, if it is there; complains where it stays. */
void rundir_remove(int dir, const char *name);

/* Makes "IFACE.ENDING". */
const char *rundir_name(char out[RUNDIR_NAME_MAX], const char *iface, const char *ending);

#endif
