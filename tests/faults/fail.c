/* SPDX-License-Identifier: ISC */
/* fail [-d] [-t TRACE] [-i ROLE:CALL:N=ERROR] [-p ROLE=PID]... [-u FOLDER]
 *      COMMAND [ARGUMENT]...
 *
 * Runs dtcp-up, follows its processes and those named by -p, and writes each
 * system call that they make to TRACE as ROLE:CALL:N, the Nth of its kind in
 * that role. With -i that call fails with ERROR (a number), or, where ERROR is
 * `kill`, its process is killed as it makes it.
 *
 * Roles: command, keeper, session, helper, in the order in which they fork;
 * spawn: a process on its way to be another program, which is let go then. With -d
 * COMMAND is dtcpd: root, whose first children are front and auth.
 * Prints `=failed` when the call is met and `=exit STATUS` when COMMAND has
 * ended; goes on until SIGTERM or the last process's end. As root, on x86-64.
 *
 * A dtcp-up that counts the lines that it runs writes the counts to FOLDER as it
 * ends: from there on a process's calls are not the program's. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail_calls.h"

static volatile sig_atomic_t ended;

/* Again and again, since waitpid(2) may begin just after this. */
static void on_term(int sig)
{
	const struct itimerval often = {{0, 10000}, {0, 10000}};

	(void)sig;
	ended = 1;
	setitimer(ITIMER_REAL, &often, NULL);
}

static enum role child_of(enum role parent, int event)
{
	static unsigned children; /* of dtcpd's root */

	if (event == PTRACE_EVENT_VFORK)
		return SPAWN;
	if (parent == ROOT)
		return children++ ? AUTH : FRONT;
	return parent < HELPER ? parent + 1 : HELPER;
}

static void forked(const struct process *p, int event)
{
	unsigned long child;

	if (ptrace(PTRACE_GETEVENTMSG, p->pid, NULL, &child) < 0)
		return;
	calls_add((pid_t)child, child_of(p->role, event));
}

/* A stop of a process: what happened, and on with it. */
static void stopped(struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16, pass = 0;
	struct user_regs_struct r;

	if (sig == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GETREGS, p->pid, NULL, &r) == 0) {
			if (!p->inside)
				calls_enter(p, &r);
			else
				calls_leave(p, &r);
		}
		p->inside = !p->inside;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		forked(p, event);
	} else if (event == PTRACE_EVENT_EXEC && p->role != COMMAND && p->role != ROOT) {
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
	struct process *p = calls_find(pid);
	int status;

	while (!p) { /* its parent's report is on its way */
		pid_t other = waitpid(-1, &status, __WALL);

		if (other <= 0)
			return;
		if (WIFSTOPPED(status) && calls_find(other))
			stopped(calls_find(other), status);
		p = calls_find(pid);
	}
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
}

static pid_t start(char *argv[], enum role role)
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
	calls_add(pid, role)->ours = false;
	kill(pid, SIGCONT);
	return pid;
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
	calls_add(pid, calls_role(text));
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
}

static void follow(pid_t command)
{
	int status;
	pid_t pid;

	while (!ended || calls_any_failing()) {
		struct process *p;

		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			break;
		p = calls_find(pid);

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
	enum role role = COMMAND;
	int option;

	sigaction(SIGTERM, &sa, NULL); /* no SA_RESTART: waitpid() ends */
	sigaction(SIGALRM, &sa, NULL);
	while ((option = getopt(argc, argv, "+dt:i:p:u:")) != -1) {
		if (option == 'd')
			role = ROOT;
		else if (option == 't')
			calls_trace = fopen(optarg, "we");
		else if (option == 'i')
			calls_want(optarg);
		else if (option == 'u')
			calls_counts_folder = optarg;
		else if (option == 'p')
			seize(optarg);
		else
			return 64;
	}
	if (optind == argc)
		errx(64, "no command");
	follow(start(argv + optind, role));
	return 0; /* what is still followed goes on by itself */
}
