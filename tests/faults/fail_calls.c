/* SPDX-License-Identifier: ISC */
#include "fail_calls.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef __x86_64__
#error "registers are known for x86-64 alone"
#endif

enum { CALLS = 512, PROCESSES = 32, KILL = -1 };

FILE *calls_trace;
const char *calls_counts_folder;

static const char *const role_names[ROLES] = {"command", "keeper", "session", "helper",
						"spawn", "root", "front", "auth"};
static const char *const call_names[CALLS] = {
#include "calls.h"
};

static struct process processes[PROCESSES];
static unsigned counts[ROLES][CALLS];
static struct { bool set, met; enum role role; int call, error; unsigned n; } want;

struct process *calls_find(pid_t pid)
{
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

struct process *calls_add(pid_t pid, enum role role)
{
	struct process *p = calls_find(pid);

	if (!p)
		p = calls_find(0);
	if (!p)
		errx(125, "too many processes");
	*p = (struct process){.pid = pid, .role = role, .ours = role != COMMAND};
	return p;
}

static int number_of(const char *name, const char *const names[], int n)
{
	for (int i = 0; i < n; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return i;
	errx(125, "%s is unknown", name);
}

enum role calls_role(const char *text)
{
	return (enum role)number_of(text, role_names, ROLES);
}

void calls_want(char *text)
{
	char *role = strtok(text, ":"), *call = strtok(NULL, ":"), *n = strtok(NULL, "="),
	     *error = strtok(NULL, "");

	if (!error)
		errx(125, "-i ROLE:CALL:N=ERROR");
	want.role = calls_role(role);
	want.call = number_of(call, call_names, CALLS);
	want.n = (unsigned)atoi(n);
	want.error = strcmp(error, "kill") == 0 ? KILL : atoi(error);
	want.set = true;
}

bool calls_any_failing(void)
{
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid && processes[i].failing)
			return true;
	return false;
}

/* Whether the path that openat(2) is called with begins so. */
static bool opens(const struct process *p, const struct user_regs_struct *r, const char *begin)
{
	char path[256];
	struct iovec here = {path, strlen(begin)}, there = {(void *)r->rsi, strlen(begin)};

	return here.iov_len <= sizeof path && r->orig_rax == SYS_openat &&
	       process_vm_readv(p->pid, &here, 1, &there, 1, 0) == (ssize_t)here.iov_len &&
	       memcmp(path, begin, here.iov_len) == 0;
}

/* The loader's calls end where main() opens /dev/null. */
static bool ours(struct process *p, const struct user_regs_struct *r)
{
	p->ours = p->ours || opens(p, r, "/dev/null");
	p->over = p->over || (calls_counts_folder && opens(p, r, calls_counts_folder));
	return p->ours && !p->over;
}

void calls_enter(struct process *p, struct user_regs_struct *r)
{
	unsigned call = (unsigned)r->orig_rax;
	unsigned n;

	if (!ours(p, r) || call >= CALLS || !call_names[call] || call == SYS_restart_syscall)
		return;
	n = ++counts[p->role][call];
	if (calls_trace)
		fprintf(calls_trace, "%s:%s:%u\n", role_names[p->role], call_names[call], n);
	if (!want.set || want.met || want.role != p->role || want.call != (int)call || want.n != n)
		return;
	want.met = true;
	puts("=failed");
	fflush(stdout);
	if (want.error == KILL) {
		kill(p->pid, SIGKILL);
		return;
	}
	p->failing = true;
	/* The kernel closes a descriptor whatever it says of it. Where there is no
	 * room brk(2) says where the break is, which 0 asks for; it has no errors. */
	if (call == SYS_close)
		return;
	p->rdi = r->rdi;
	if (call == SYS_brk)
		r->rdi = 0;
	else
		r->orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, p->pid, NULL, r);
}

void calls_leave(struct process *p, struct user_regs_struct *r)
{
	if (p->failing) {
		p->failing = false;
		if (want.call == SYS_brk)
			r->rdi = p->rdi;
		else
			r->rax = (unsigned long long)-(long)want.error;
		ptrace(PTRACE_SETREGS, p->pid, NULL, r);
	}
}
