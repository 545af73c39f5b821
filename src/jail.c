/* SPDX-License-Identifier: ISC */
#include "jail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* JAIL=0 is for builds under sanitizers, gcov or valgrind, which have calls of
 * their own. */
#ifndef JAIL
#define JAIL 1
#endif

#if JAIL && defined __x86_64__ && defined __LP64__

#define ALLOW(number)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

bool jail_enter(void)
{
	/* Numbers mean other calls by the entry for 32-bit programs; those of x32
	 * are in no comparison. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* What strace sees of a session that has its connection, with glibc and
		 * with musl. */
		ALLOW(SYS_poll),
		ALLOW(SYS_read),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_sendto),
		ALLOW(SYS_prlimit64),
		ALLOW(SYS_close),
		ALLOW(SYS_exit_group),
		/* What may stand for one of these: a poll that goes on after a stop, a
		 * clock that the vDSO cannot read, a heap that grows. */
		ALLOW(SYS_restart_syscall),
		ALLOW(SYS_clock_gettime),
		ALLOW(SYS_brk),
		ALLOW(SYS_munmap),
		/* -1 is no call: a tracer has one left out so, as strace does where it
		 * is to fail. */
		ALLOW(0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
	};
	struct sock_fprog prog = {sizeof code / sizeof code[0], code};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) == 0 || errno == EINVAL;
}

#else

bool jail_enter(void)
{
	return true;
}

#endif
