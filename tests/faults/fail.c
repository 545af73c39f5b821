/* SPDX-License-Identifier: ISC */
/* fail [-t TRACE] [-i ROLE:CALL:N=ERROR] [-p ROLE=PID]... [-u FOLDER]
 *      COMMAND [ARGUMENT]...
 *
 * Runs dtcp-up, follows its processes and those named by -p, and writes each
 * system call that they make to TRACE as ROLE:CALL:N, the Nth of its kind in
 * that role. With -i that call fails with ERROR (a number), or, where ERROR is
 * `kill`, its process is killed as it makes it.
 *
 * Roles: command, keeper, session, helper, in the order in which they fork;
 * spawn: a process on its way to be another program, which is let go then.
 * Prints `=failed` when the call is met and `=exit STATUS` when COMMAND has
 * ended; goes on until SIGTERM or the last process's end. As root, on x86-64.
 *
 * A dtcp-up that counts the lines that it runs writes the counts to FOLDER as it
 * ends: from there on a process's calls are not the program's. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "registers are known for x86-64 alone"
#endif

enum role { COMMAND, KEEPER, SESSION, HELPER, SPAWN, ROLES };
enum { CALLS = 512, PROCESSES = 32, KILL = -1 };

static const char *const role_names[ROLES] = {"command", "keeper", "session", "helper", "spawn"};
static const char *const call_names[CALLS] = {
#include "calls.h"
};

static struct process {
	pid_t pid; /* 0: none */
	enum role role;
	bool inside;  /* a system call */
	bool failing; /* this one */
	unsigned long long rdi; /* as it was before that */
	bool ours;    /* main() has begun: what was before is the loader's */
	bool over;    /* it writes down what it has run */
} processes[PROCESSES];

static unsigned counts[ROLES][CALLS];
static struct { bool set, met; enum role role; int call, error; unsigned n; } want;
static FILE *trace;
static const char *counts_folder;
static volatile sig_atomic_t ended;

/* Again and again, since waitpid(2) may begin just after this. */
static void on_term(int sig)
{
	const struct itimerval often = {{0, 10000}, {0, 10000}};

	(void)sig;
	ended = 1;
	setitimer(ITIMER_REAL, &often, NULL);
}

static struct process *find(pid_t pid)
{
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static struct process *add(pid_t pid, enum role role)
{
	struct process *p = find(pid);

	if (!p)
		p = find(0);
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

static void parse_want(char *text)
{
	char *role = strtok(text, ":"), *call = strtok(NULL, ":"), *n = strtok(NULL, "="),
	     *error = strtok(NULL, "");

	if (!error)
		errx(125, "-i ROLE:CALL:N=ERROR");
	want.role = (enum role)number_of(role, role_names, ROLES);
	want.call = number_of(call, call_names, CALLS);
	want.n = (unsigned)atoi(n);
	want.error = strcmp(error, "kill") == 0 ? KILL : atoi(error);
	want.set = true;
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
	p->over = p->over || (counts_folder && opens(p, r, counts_folder));
	return p->ours && !p->over;
}

static void enter(struct process *p, struct user_regs_struct *r)
{
	unsigned call = (unsigned)r->orig_rax;
	unsigned n;

	if (!ours(p, r) || call >= CALLS || !call_names[call] || call == SYS_restart_syscall)
		return;
	n = ++counts[p->role][call];
	if (trace)
		fprintf(trace, "%s:%s:%u\n", role_names[p->role], call_names[call], n);
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

static void leave(struct process *p, struct user_regs_struct *r)
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

static void forked(const struct process *p, int event)
{
	unsigned long child;

	if (ptrace(PTRACE_GETEVENTMSG, p->pid, NULL, &child) < 0)
		return;
	add((pid_t)child, event == PTRACE_EVENT_VFORK ? SPAWN
			  : p->role < HELPER ? p->role + 1 : HELPER);
}

/* A stop of a process: what happened, and on with it. */
static void stopped(struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16, pass = 0;
	struct user_regs_struct r;

	if (sig == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GETREGS, p->pid, NULL, &r) == 0) {
			if (!p->inside)
				enter(p, &r);
			else
				leave(p, &r);
		}
		p->inside = !p->inside;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		forked(p, event);
	} else if (event == PTRACE_EVENT_EXEC && p->role != COMMAND) {
		ptrace(PTRACE_DETACH, p->pid, NULL, NULL);
		p->pid = 0;
		return;
	} else if (event == 0) {
		pass = sig;
	}
	ptrace(PTRACE_SYSCALL, p->pid, NULL, (void *)(long)pass);
}

static const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

/* A new process is stopped before its first instruction, either side of its
 * parent's report of it. */
static void first_stop(pid_t pid)
{
	struct process *p = find(pid);
	int status;

	while (!p) { /* its parent's report is on its way */
		pid_t other = waitpid(-1, &status, __WALL);

		if (other <= 0)
			return;
		if (WIFSTOPPED(status) && find(other))
			stopped(find(other), status);
		p = find(pid);
	}
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
}

static void start(char *argv[])
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(125, "fork");
	if (pid == 0) {
		raise(SIGSTOP);
		execv(argv[0], argv);
		_exit(126);
	}
	waitpid(pid, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0)
		err(125, "seize");
	add(pid, COMMAND);
	kill(pid, SIGCONT);
}

static void seize(char *text)
{
	char *equals = strchr(text, '=');
	pid_t pid;

	if (!equals)
		errx(125, "-p ROLE=PID");
	*equals = '\0';
	pid = atoi(equals + 1);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0)
		err(125, "process %d", (int)pid);
	add(pid, (enum role)number_of(text, role_names, ROLES));
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
}

/* A call is on its way to its error, which needs us. */
static bool any_failing(void)
{
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid && processes[i].failing)
			return true;
	return false;
}

static void follow(pid_t command)
{
	int status;
	pid_t pid;

	while (!ended || any_failing()) {
		struct process *p;

		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			break;
		p = find(pid);

		if (WIFSTOPPED(status)) {
			if (p)
				stopped(p, status);
			else
				first_stop(pid);
			continue;
		}
		if (p)
			p->pid = 0;
		if (pid == command) {
			printf("=exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status)
							      : 128 + WTERMSIG(status));
			fflush(stdout);
		}
	}
}

int main(int argc, char *argv[])
{
	struct sigaction sa = {.sa_handler = on_term};
	int option;

	sigaction(SIGTERM, &sa, NULL); /* no SA_RESTART: waitpid() ends */
	sigaction(SIGALRM, &sa, NULL);
	while ((option = getopt(argc, argv, "+t:i:p:u:")) != -1) {
		if (option == 't')
			trace = fopen(optarg, "we");
		else if (option == 'i')
			parse_want(optarg);
		else if (option == 'u')
			counts_folder = optarg;
		else if (option == 'p')
			seize(optarg);
		else
			return 64;
	}
	if (optind == argc)
		errx(64, "no command");
	start(argv + optind);
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid && processes[i].role == COMMAND)
			follow(processes[i].pid);
	return 0; /* what is still followed goes on by itself */
}
