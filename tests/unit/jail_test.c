/* SPDX-License-Identifier: ISC */
/* The filter of system calls, tried by children that enter it: what a session
 * does goes on, and every other call is the child's end. */
#include "jail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "dialogue.h"
#include "msg.h"
#include "status_codes.h"
#include "unit.h"

/* Builds that watch the program have no filter (src/jail.c), nor have machines
 * for which it was never tried. */
#if defined __x86_64__ && (!defined JAIL || JAIL)
enum { FILTERED = 1 };
#else
enum { FILTERED = 0 };
#endif

enum { CALLS = 480, UPROBES = 335, X32 = 0x40000000 };

/* The sanitizers have calls of their own to make in _exit(), and before any
 * function that is known not to return. */
static void end(int status)
{
	syscall(SYS_exit_group, status);
}

/* The status of a child that enters the filter and does this. */
static int child(void (*act)(long), long arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !jail_enter())
			end(2);
		act(arg);
		end(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

/* With arguments that let no call do anything, where it is let through. */
static void call(long number)
{
	syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
}

static bool killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void others(void)
{
	static const long allowed[] = {
		SYS_read, SYS_recvfrom, SYS_sendto, SYS_close, SYS_exit_group, SYS_prlimit64,
		SYS_restart_syscall, SYS_clock_gettime, SYS_brk, SYS_munmap,
#ifdef SYS_poll
		SYS_poll,
#endif
	};
	char what[32];

	CHECK(killed(child(call, SYS_getpid)) == FILTERED);
	CHECK(!killed(child(call, -1)));
	for (long n = 0; FILTERED && n < CALLS; n++) {
		bool want = false;

		for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
			want = want || allowed[i] == n;
		/* Two that are there for uprobes: the kernel has them pass every filter. */
		if (n == UPROBES || n == UPROBES + 1)
			continue;
		snprintf(what, sizeof what, "call %ld", n);
		CHECK_FOR(what, killed(child(call, n)) == !want);
		CHECK_FOR(what, !want || killed(child(call, n | X32)));
	}
}

/* The entry for 32-bit programs. */
static void by_the_other_entry(long number)
{
#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
#else
	(void)number;
#endif
}

static void entries(void)
{
	int status = child(by_the_other_entry, 3); /* read, by either entry */

	/* SIGSEGV: a kernel without that entry. */
	CHECK(!FILTERED || killed(status) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
}

static bool answer(void *arg, const char *challenge, unsigned char *digest, char *why, size_t size)
{
	(void)arg;
	memset(digest, challenge[0], DTCP_DIGEST_BYTES);
	snprintf(why, size, "%s", "");
	return true;
}

/* A session from its login to its end: what the server says is there already.
 * Its keeper is the other end of what it logs to. */
static void session(long server)
{
	static struct account a = {.server = "server", .user = "user"};
	struct net n = {.fd = (int)server, .channel = -1, .deadline = clock_ms() + 50};
	struct dialogue d = {.account = &a, .answer = answer, .first_case = -1};
	struct rlimit none = {0, 0};
	struct offer o;

	memset(&o, 0, sizeof o);
	if (dialogue_login(&d, &n, &o) != STATUS_OK || setrlimit(RLIMIT_NPROC, &none) < 0)
		end(3);
	msg_text((int)server, MSG_LOG, 5, "%s: %s", strerror(ECONNRESET), strerror(4242));
	if (!dialogue_ping(&n) || dialogue_pong(&d, &n) != STATUS_OK)
		end(4);
	if (dialogue_pong(&d, &n) == STATUS_OK || net_wait(&n, n.fd, POLLIN) != NET_TIMEOUT)
		end(5);
	dialogue_quit(&n);
	net_close(&n);
	end(clock_us() > 0 ? 7 : 6);
}

static void goes_on(void)
{
	static const char said[] = "+OK CHALLENGE\r\n+OK 192.0.2.2 198.51.100.1 2001:db8::/48\r\n"
				   "+OK\r\n";
	int pair[2], status;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(send(pair[1], said, sizeof said - 1, 0), sizeof said - 1);
	status = child(session, pair[0]);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 7);
	close(pair[0]);
	close(pair[1]);
}

static const struct unit_case cases[] = {
	{"a session goes on", goes_on},
	{"every other system call is the end", others},
	{"the entry for 32-bit programs is closed", entries},
};
UNIT_MAIN(cases)
