/* SPDX-License-Identifier: ISC */
/* puppet PID attack KEEPER RUN-DIR ACCOUNTS   tries what PID must not be able to do
 * puppet PID forge WHAT...                    sends the root part what it must not believe
 * puppet PID find                             prints PID
 *
 * PID may be a keeper's pidfile: then it is the session, as soon as there is
 * one that has dropped its privileges and waits. As root, on x86-64, on which
 * the user-mode kernel of the lab runs. */
#include "puppet.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "registers are known for x86-64 alone"
#endif

enum { ROOM = 65536, INSTRUCTION = 2, PATIENCE_MS = 10000 };

static struct {
	pid_t pid;
	int memory;
	struct user_regs_struct before;
	long room, used;
} victim;

/* Returns the signal that stopped it. */
static int await_stop(const char *what)
{
	int status;

	if (waitpid(victim.pid, &status, __WALL) != victim.pid || !WIFSTOPPED(status))
		errx(1, "process %d ended while it was to %s", (int)victim.pid, what);
	return WSTOPSIG(status);
}

static void resume(int request)
{
	if (ptrace(request, victim.pid, NULL, NULL) < 0)
		err(1, "ptrace %d", request);
}

/* The process waits in a system call, so the instruction before the one that
 * comes next is one that makes a call. */
void puppet_take(pid_t pid)
{
	unsigned char code[INSTRUCTION] = {0};
	char path[40];

	victim.pid = pid;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0)
		err(1, "process %d cannot be taken over", (int)pid);
	victim.memory = open(path, O_RDWR | O_CLOEXEC);
	if (victim.memory < 0)
		err(1, "%s", path);
	for (int ms = 0; code[0] != 0x0f || code[1] != 0x05; ms++) {
		if (ms == PATIENCE_MS)
			errx(1, "process %d is never in a system call", (int)pid);
		if (ms)
			resume(PTRACE_CONT);
		usleep(1000);
		resume(PTRACE_INTERRUPT);
		await_stop("stop");
		if (ptrace(PTRACE_GETREGS, pid, NULL, &victim.before) < 0)
			err(1, "registers");
		puppet_get((long)victim.before.rip - INSTRUCTION, code, sizeof code);
	}
	/* Below the part of the stack that is in use, and the red zone. */
	victim.room = ((long)victim.before.rsp - 4096 - ROOM) & ~0xfffl;
}

void puppet_release(void)
{
	if (ptrace(PTRACE_SETREGS, victim.pid, NULL, &victim.before) < 0)
		err(1, "registers");
	resume(PTRACE_DETACH);
}

long puppet_call(long number, ...)
{
	struct user_regs_struct regs = victim.before;
	long args[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(ap, long);
	va_end(ap);
	regs.rip -= INSTRUCTION;
	regs.orig_rax = (unsigned long long)-1; /* nothing to restart */
	regs.rax = (unsigned long long)number;
	regs.rdi = (unsigned long long)args[0];
	regs.rsi = (unsigned long long)args[1];
	regs.rdx = (unsigned long long)args[2];
	regs.r10 = (unsigned long long)args[3];
	regs.r8 = (unsigned long long)args[4];
	regs.r9 = (unsigned long long)args[5];
	if (ptrace(PTRACE_SETREGS, victim.pid, NULL, &regs) < 0)
		err(1, "registers");
	for (int stops = 0; stops < 2;) { /* as it enters the kernel and as it leaves */
		resume(PTRACE_SYSCALL);
		if (await_stop("make a system call") == (SIGTRAP | 0x80))
			stops++; /* others are signals, which it does not get */
	}
	if (ptrace(PTRACE_GETREGS, victim.pid, NULL, &regs) < 0)
		err(1, "registers");
	return (long)regs.rax;
}

long puppet_put(const void *data, size_t size)
{
	long at = victim.room + victim.used;

	if (victim.used + (long)size > ROOM)
		errx(1, "no room for %zu bytes", size);
	if (pwrite(victim.memory, data, size, at) != (ssize_t)size)
		err(1, "memory of process %d", (int)victim.pid);
	victim.used += ((long)size + 15) & ~15l;
	return at;
}

long puppet_text(const char *text)
{
	return puppet_put(text, strlen(text) + 1);
}

void puppet_get(long address, void *data, size_t size)
{
	if (pread(victim.memory, data, size, address) != (ssize_t)size)
		err(1, "memory of process %d", (int)victim.pid);
}

void puppet_forget(void)
{
	victim.used = 0;
}

/* Field NAME of a process's status, a number or a letter; -1: no such process. */
static long status_of(long pid, const char *name)
{
	char path[40], line[256], *value = NULL;
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/status", pid);
	f = fopen(path, "re");
	while (f && !value && fgets(line, sizeof line, f))
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = line + len + 2;
	if (f)
		fclose(f);
	if (!value)
		return -1;
	return *value >= '0' && *value <= '9' ? atol(value) : *value;
}

static pid_t child_that_waits(long parent)
{
	glob_t all;
	pid_t found = 0;

	if (glob("/proc/[0-9]*", 0, NULL, &all) != 0)
		return 0;
	for (size_t i = 0; i < all.gl_pathc && !found; i++) {
		long pid = atol(all.gl_pathv[i] + strlen("/proc/"));

		if (status_of(pid, "PPid") == parent && status_of(pid, "NoNewPrivs") == 1 &&
		    status_of(pid, "State") == 'S')
			found = (pid_t)pid;
	}
	globfree(&all);
	return found;
}

static pid_t session_of(const char *pidfile)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		FILE *f = fopen(pidfile, "re");
		long keeper = 0;
		pid_t session = 0;

		if (f && fscanf(f, "%ld", &keeper) == 1)
			session = child_that_waits(keeper);
		if (f)
			fclose(f);
		if (session)
			return session;
		usleep(5000);
	}
	errx(1, "%s: its keeper has no session", pidfile);
}

int main(int argc, char *argv[])
{
	int status = 64;
	pid_t pid;

	if (argc < 3)
		errx(64, "puppet PID|PIDFILE attack|forge|find ...");
	pid = strchr(argv[1], '/') ? session_of(argv[1]) : atoi(argv[1]);
	if (strcmp(argv[2], "find") == 0)
		return printf("%d\n", (int)pid) < 0;
	puppet_take(pid);
	if (strcmp(argv[2], "attack") == 0)
		status = attack_main(argc - 2, argv + 2);
	else if (strcmp(argv[2], "forge") == 0)
		status = forge_main(argc - 2, argv + 2);
	puppet_release();
	return status;
}
