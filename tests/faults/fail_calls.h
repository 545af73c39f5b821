/* SPDX-License-Identifier: ISC */
#ifndef FAIL_CALLS_H
#define FAIL_CALLS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/user.h>

/* The processes that `fail` follows, and their system calls: which are the
 * program's, which one is to fail. */

enum role { COMMAND, KEEPER, SESSION, HELPER, SPAWN, ROOT, FRONT, AUTH, ROLES };

struct process {
	pid_t pid; /* 0: none */
	enum role role;
	bool inside;  /* a system call */
	bool failing; /* this one */
	unsigned long long rdi; /* as it was before that */
	bool ours;    /* main() has begun: what was before is the loader's */
	bool over;    /* it writes down what it has run */
};

/* Where calls are written down; NULL: nowhere. */
extern FILE *calls_trace;
/* Where the program writes down which lines it has run; NULL: it does not. */
extern const char *calls_counts_folder;

/* Ends the program where text is no role. */
enum role calls_role(const char *text);

/* ROLE:CALL:N=ERROR: the call that is to fail. Text is changed. */
void calls_want(char *text);

/* The process of that number; NULL where it is not followed. */
struct process *calls_find(pid_t pid);
struct process *calls_add(pid_t pid, enum role role);

/* Some process's call is on its way to its error, which needs us. */
bool calls_any_failing(void);

/* The process is stopped as it makes a call, or as that ends. */
void calls_enter(struct process *p, struct user_regs_struct *r);
void calls_leave(struct process *p, struct user_regs_struct *r);

#endif
