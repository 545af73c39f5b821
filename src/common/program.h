/* SPDX-License-Identifier: ISC */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One program, run without a shell: by absolute path, with an environment of
 * its own, signals as a program expects them, in a process group of its own,
 * and what it prints collected. The caller polls out, reaps the child and
 * keeps the time. */
struct program {
	pid_t pid; /* 0: none */
	int in;	   /* write end of its standard input, -1: closed */
	int out;   /* read end of what it prints, -1: closed */
	bool killed;
	int status; /* of waitpid(2), once pid is 0 again */
	size_t len, cut; /* bytes kept, bytes thrown away */
	char text[1024]; /* the first bytes that it printed, terminated */
};

/* What each program of the system has in its environment, as the first members of env: it
 * finds those that it starts itself, and speaks English. */
#define PROGRAM_ENVIRONMENT (char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, (char[]){"LC_ALL=C"}

/* Starts argv[0] with environment env. With feed its standard input is a pipe,
 * otherwise /dev/null. False with errno. */
bool program_start(struct program *r, char *const argv[], char *const env[], bool feed);

/* Writes to its standard input. False with errno where a pipe (64 KiB) does not
 * take all of it. */
bool program_feed(struct program *r, const char *text, size_t len);
void program_feed_end(struct program *r);

/* Reads what is there. */
void program_read(struct program *r);

/* Ends it and what it started. It still has to be reaped. */
void program_kill(struct program *r);

/* Says that the child was reaped with this status; reads the rest. */
void program_reaped(struct program *r, int status);

/* True where it ended by itself with exit status 0. */
bool program_ok(const struct program *r);

/* "exit status 2", "signal 9", "its time limit", for a message. */
const char *program_result(const struct program *r, char *out, size_t size);

/* Finds a program of the system by its name, and writes its path; false where it is not
 * installed. */
bool program_find(const char *name, char *path, size_t size);

#endif
