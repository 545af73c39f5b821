/* SPDX-License-Identifier: ISC */
/* Loaded into user-mode-linux by boot (LD_PRELOAD), for processors with more
 * registers than Linux 6.1 of user-mode-linux reckons with (Intel's AMX: 11,008
 * bytes instead of 2,696). Setting a process's registers takes all of them at
 * once (PTRACE_SETREGSET with NT_X86_XSTATE is EFAULT for a part), so that the
 * lab's first process died: "ptrace set fp regs failed, errno = 14". Here what
 * the kernel gives is completed by the rest as the process has it. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long set_all(long pid, const struct iovec *part)
{
	static char state[1 << 16];
	struct iovec all = {state, sizeof state};

	if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) < 0 ||
	    part->iov_len > all.iov_len)
		return -1;
	memcpy(state, part->iov_base, part->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list ap;
	long pid, addr, data, result, word;

	va_start(ap, request);
	pid = va_arg(ap, int);
	addr = va_arg(ap, long);
	data = va_arg(ap, long);
	va_end(ap);
	/* As libc does: what is peeked is the result. */
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA ||
	    request == PTRACE_PEEKUSER) {
		result = syscall(SYS_ptrace, request, pid, addr, &word);
		return result < 0 ? result : word;
	}
	result = syscall(SYS_ptrace, request, pid, addr, data);
	if (result < 0 && errno == EFAULT && request == PTRACE_SETREGSET && addr == NT_X86_XSTATE)
		result = set_all(pid, (const struct iovec *)data);
	return result;
}
