/* SPDX-License-Identifier: ISC */
/* puppet PID attack KEEPER RUN-DIR ACCOUNTS NAME   tries what PID must not be able to do
 * puppet PID forge WHAT...                    sends the root part what it must not believe
 * puppet PID find                             prints PID
 *
 * PID may be a keeper's pidfile: then it is the session, as soon as there is
 * one that has dropped its privileges and waits. As root. */
#include "puppet.h"

#ifdef __riscv
#include <asm/ptrace.h>
#endif
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* A processor's registers, its instruction for a system call, and where the number,
 * the six arguments and the result of one are (syscall(2)). */
#if defined __x86_64__
typedef struct user_regs_struct registers;
static const unsigned char instruction[] = {0x0f, 0x05};
#define PC(r)	  ((r)->rip)
#define SP(r)	  ((r)->rsp)
#define NUMBER(r) ((r)->rax)
#define RESULT(r) ((r)->rax)
#define ARGUMENTS(r)                                                                               \
	{                                                                                          \
		&(r)->rdi, &(r)->rsi, &(r)->rdx, &(r)->r10, &(r)->r8, &(r)->r9                     \
	}
typedef unsigned long long word;
#elif defined __aarch64__
typedef struct user_regs_struct registers;
static const unsigned char instruction[] = {0x01, 0x00, 0x00, 0xd4};
#define PC(r)	  ((r)->pc)
#define SP(r)	  ((r)->sp)
#define NUMBER(r) ((r)->regs[8])
#define RESULT(r) ((r)->regs[0])
#define ARGUMENTS(r)                                                                               \
	{                                                                                          \
		&(r)->regs[0], &(r)->regs[1], &(r)->regs[2], &(r)->regs[3], &(r)->regs[4],         \
			&(r)->regs[5]                                                              \
	}
typedef unsigned long long word;
#elif defined __arm__
typedef struct user_regs registers;
static const unsigned char instruction[] = {0x00, 0x00, 0x00, 0xef};
#define PC(r)	  ((r)->uregs[15])
#define SP(r)	  ((r)->uregs[13])
#define NUMBER(r) ((r)->uregs[7])
#define RESULT(r) ((r)->uregs[0])
#define ARGUMENTS(r)                                                                               \
	{                                                                                          \
		&(r)->uregs[0], &(r)->uregs[1], &(r)->uregs[2], &(r)->uregs[3], &(r)->uregs[4],    \
			&(r)->uregs[5]                                                             \
	}
typedef unsigned long word;
#elif defined __riscv
typedef struct user_regs_struct registers;
static const unsigned char instruction[] = {0x73, 0x00, 0x00, 0x00};
#define PC(r)	  ((r)->pc)
#define SP(r)	  ((r)->sp)
#define NUMBER(r) ((r)->a7)
#define RESULT(r) ((r)->a0)
#define ARGUMENTS(r)                                                                               \
	{                                                                                          \
		&(r)->a0, &(r)->a1, &(r)->a2, &(r)->a3, &(r)->a4, &(r)->a5                         \
	}
typedef unsigned long word;
#else
#error "the registers of this processor are not known"
#endif

enum { ROOM = 65536, PAGE = 4096, PATIENCE_MS = 10000 };

static struct {
	pid_t pid;
	int memory;
	registers before;
	long at; /* our instruction stands there in place of code */
	unsigned char code[sizeof instruction];
	long room, used;
} victim;

static void get_registers(registers *r)
{
	struct iovec v = {r, sizeof *r};

	if (ptrace(PTRACE_GETREGSET, victim.pid, (void *)NT_PRSTATUS, &v) < 0)
		err(1, "registers");
}

static void set_registers(registers *r)
{
	struct iovec v = {r, sizeof *r};

	if (ptrace(PTRACE_SETREGSET, victim.pid, (void *)NT_PRSTATUS, &v) < 0)
		err(1, "registers");
}

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

/* Where /proc/PID/mem has it: an address is no negative number. */
static off_t offset(long address)
{
	return (off_t)(unsigned long)address;
}

static void write_memory(long address, const void *data, size_t size)
{
	if (pwrite(victim.memory, data, size, offset(address)) != (ssize_t)size)
		err(1, "memory of process %d", (int)victim.pid);
}

/* The process is stopped somewhere, mostly in a system call that it waits in. An
 * instruction that makes a call is put into its code, at the start of the page: not
 * where it goes on, since the kernel would then go on with that call. */
static bool put_instruction(void)
{
	get_registers(&victim.before);
	victim.at = (long)PC(&victim.before) & ~(long)(PAGE - 1);
	return pread(victim.memory, victim.code, sizeof victim.code, offset(victim.at)) ==
		       (ssize_t)sizeof victim.code &&
	       pwrite(victim.memory, instruction, sizeof instruction, offset(victim.at)) ==
		       (ssize_t)sizeof instruction;
}

void puppet_take(pid_t pid)
{
	char path[40];

	victim.pid = pid;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0)
		err(1, "process %d cannot be taken over", (int)pid);
	victim.memory = open(path, O_RDWR | O_CLOEXEC);
	if (victim.memory < 0)
		err(1, "%s", path);
	/* The kernel's own code, by which it reads the clock, cannot be written to. */
	for (int ms = 0;; ms++) {
		resume(PTRACE_INTERRUPT);
		await_stop("stop");
		if (put_instruction())
			break;
		if (ms == PATIENCE_MS)
			err(1, "code of process %d", (int)pid);
		resume(PTRACE_CONT);
		usleep(1000);
	}
	/* Below the part of the stack that is in use, and the red zone. */
	victim.room = ((long)SP(&victim.before) - PAGE - ROOM) & ~(long)(PAGE - 1);
}

void puppet_release(void)
{
	write_memory(victim.at, victim.code, sizeof victim.code);
	set_registers(&victim.before);
	resume(PTRACE_DETACH);
}

long puppet_make(long number, const long args[6])
{
	registers regs = victim.before;
	word *where[6] = ARGUMENTS(&regs);

	PC(&regs) = (word)victim.at;
	NUMBER(&regs) = (word)number;
	for (int i = 0; i < 6; i++)
		*where[i] = (word)args[i];
#if defined __x86_64__
	regs.orig_rax = (word)-1; /* nothing to restart */
#elif defined __arm__
	regs.uregs[16] &= ~0x20ul; /* the instruction is none of Thumb's */
#endif
	set_registers(&regs);
	for (int stops = 0; stops < 2;) { /* as it enters the kernel and as it leaves */
		resume(PTRACE_SYSCALL);
		if (await_stop("make a system call") == (SIGTRAP | 0x80))
			stops++; /* others are signals, which it does not get */
	}
	get_registers(&regs);
	return (long)RESULT(&regs);
}

long puppet_put(const void *data, size_t size)
{
	long at = victim.room + victim.used;

	if (victim.used + (long)size > ROOM)
		errx(1, "no room for %zu bytes", size);
	write_memory(at, data, size);
	victim.used += ((long)size + 15) & ~15l;
	return at;
}

long puppet_text(const char *text)
{
	return puppet_put(text, strlen(text) + 1);
}

void puppet_get(long address, void *data, size_t size)
{
	if (pread(victim.memory, data, size, offset(address)) != (ssize_t)size)
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
