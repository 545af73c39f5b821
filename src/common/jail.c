/* SPDX-License-Identifier: ISC */
#include "common/jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* JAIL=0 is for builds under sanitizers, gcov or valgrind, which have calls of
 * their own. */
#ifndef JAIL
#define JAIL 1
#endif

/* The processors on which the table below was tried. The kernel has a name for each way
 * to make system calls (AUDIT_ARCH_...): by another way, such as that of 32-bit programs
 * on a 64-bit kernel, the same numbers mean other calls. */
#if defined __x86_64__ && defined __LP64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __LP64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __arm__ && defined __ARM_EABI__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_ARM
#elif defined __i386__
#define ARCH AUDIT_ARCH_I386
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __s390x__
#define ARCH AUDIT_ARCH_S390X
#endif

#if JAIL && defined ARCH

/* The kernel shows each argument in 64 bits; BPF loads 32, here the lower ones. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_WORD(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))
#else
#define LOW_WORD(argument) (offsetof(struct seccomp_data, args) + 8 * (argument) + 4)
#endif

enum { ALL = JAIL_SESSION | JAIL_FRONT | JAIL_AUTH };

/* Which jail may make which call. strace saw each of them, with glibc or with musl, or
 * saw a call in place of which another processor or C library has this one. */
static const struct row {
	unsigned number;
	unsigned jails;
} rows[] = {
#ifdef SYS_poll
	{SYS_poll, ALL},
#else
	{SYS_ppoll, ALL},
#endif
#ifdef SYS_ppoll_time64
	{SYS_ppoll_time64, ALL}, /* 32 bit */
#endif
	{SYS_read, JAIL_SESSION},
	{SYS_recvfrom, ALL},
	{SYS_sendto, ALL},
#ifdef SYS_recv
	{SYS_recv, ALL}, /* armhf */
	{SYS_send, ALL},
#endif
	{SYS_prlimit64, JAIL_SESSION},
	{SYS_close, JAIL_SESSION | JAIL_FRONT},
	{SYS_exit_group, ALL},
	/* The front and auth log to standard error themselves. */
	{SYS_write, JAIL_FRONT | JAIL_AUTH},
	{SYS_accept4, JAIL_FRONT},
	{SYS_epoll_ctl, JAIL_FRONT},
	{SYS_epoll_pwait, JAIL_FRONT},
	{SYS_getsockname, JAIL_FRONT},
	{SYS_shutdown, JAIL_FRONT},
	{SYS_getrandom, JAIL_AUTH},
	/* How poll() goes on after the process was stopped. */
	{SYS_restart_syscall, ALL},
	/* Where the C library cannot read the clock without the kernel; and for a heap that
	 * grows. */
#ifdef SYS_clock_gettime
	{SYS_clock_gettime, ALL},
#else
	{SYS_clock_gettime32, ALL}, /* musl's name for it on 32 bit */
#endif
#ifdef SYS_clock_gettime64
	{SYS_clock_gettime64, ALL}, /* 32 bit */
#endif
	{SYS_brk, ALL},
	{SYS_munmap, ALL},
	/* -1 is no call: a tracer such as strace puts it in place of a call that is to be
	 * skipped. */
	{0xffffffff, ALL},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

#ifdef SYS_socketcall
/* i386 and s390x: glibc has one call for everything about sockets, and its first
 * argument says what (linux/net.h). These are rows of the table above, called so. */
static const struct row socket_rows[] = {
	{SYS_SEND, ALL},
	{SYS_RECV, ALL},
	{SYS_SENDTO, ALL},
	{SYS_RECVFROM, ALL},
	{SYS_ACCEPT4, JAIL_FRONT},
	{SYS_GETSOCKNAME, JAIL_FRONT},
	{SYS_SHUTDOWN, JAIL_FRONT},
};
enum { SOCKET_ROWS = sizeof socket_rows / sizeof socket_rows[0] };
#else
enum { SOCKET_ROWS = 0 };
#endif

/* The most instructions that there are besides two for each row. */
enum { AROUND = 10 };

/* Writes the instructions that allow the rows of that jail; returns how many. */
static size_t add_rows(struct sock_filter *code, const struct row *r, size_t n, enum jail jail)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	size_t len = 0;

	for (; n; n--, r++) {
		if (!(r->jails & jail))
			continue;
		code[len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->number, 0, 1);
		code[len++] = allow;
	}
	return len;
}

static size_t add_socketcall(struct sock_filter *code, enum jail jail)
{
#ifdef SYS_socketcall
	size_t len = add_rows(code + 2, socket_rows, SOCKET_ROWS, jail);

	/* Any other call skips what follows. */
	code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketcall, 0,
					       (unsigned char)(len + 1));
	code[1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_WORD(0));
	return len + 2;
#else
	(void)code;
	(void)jail;
	return 0;
#endif
}

bool jail_enter(enum jail jail)
{
	struct sock_filter code[AROUND + 2 * (ROWS + SOCKET_ROWS)] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog prog = {.filter = code};
	size_t n = 4;

	n += add_rows(code + n, rows, ROWS, jail);
	n += add_socketcall(code + n, jail);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL);
	prog.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) == 0 || errno == EINVAL;
}

const char *jail_missing(void)
{
	/* There can be no filter at address 0: a kernel that has filters says EFAULT, and
	 * none is installed. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EINVAL)
		return "this kernel has none (CONFIG_SECCOMP_FILTER)";
	return NULL;
}

#else

bool jail_enter(enum jail jail)
{
	(void)jail;
	return true;
}

const char *jail_missing(void)
{
#ifdef ARCH
	return "this program was built without (JAIL=0)";
#else
	return "none was tried for this processor yet";
#endif
}

#endif
