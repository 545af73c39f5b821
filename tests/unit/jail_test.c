/* SPDX-License-Identifier: ISC */
/* The filter of system calls, tried by children that enter it: what a session
 * does goes on, and every other call is the child's end. */
#include "common/jail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/account.h"
#include "common/clock.h"
#include "session/dialogue.h"
#include "protocol/msg.h"
#include "common/status_codes.h"
#include "unit.h"

#if defined __x86_64__ || defined __aarch64__ || defined __arm__ || defined __i386__ ||            \
	(defined __riscv && __riscv_xlen == 64) || defined __s390x__
enum { TRIED = 1 };
#else
enum { TRIED = 0 }; /* other processors have no filter yet */
#endif

/* Builds that watch the program have calls of their own, and no filter. */
#if defined JAIL && !JAIL
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

enum { CALLS = 480 };

static bool filtered(void)
{
	return jail_missing() == NULL;
}

/* A kernel without filters is none of Debian's: an emulation without a kernel of its
 * own, where this test cannot be made. */
static void present(void)
{
	if (TRIED && !WATCHED)
		CHECK_STR(jail_missing() ? jail_missing() : "there", "there");
	else
		CHECK(!filtered());
}

/* The sanitizers have calls of their own to make in _exit(), and before any
 * function that is known not to return. */
static void end(int status)
{
	syscall(SYS_exit_group, status);
}

/* The status of a child that enters this jail and does this. */
static int child_in(enum jail jail, void (*act)(long), long arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !jail_enter(jail))
			end(2);
		act(arg);
		end(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

static int child(void (*act)(long), long arg)
{
	return child_in(JAIL_SESSION, act, arg);
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

enum { ALL = JAIL_SESSION | JAIL_FRONT | JAIL_AUTH };

static const struct {
	long number;
	unsigned jails;
} allowed[] = {
	{SYS_recvfrom, ALL},
	{SYS_sendto, ALL},
	{SYS_exit_group, ALL},
	{SYS_restart_syscall, ALL},
#ifdef SYS_clock_gettime
	{SYS_clock_gettime, ALL},
#else
	{SYS_clock_gettime32, ALL},
#endif
	{SYS_brk, ALL},
	{SYS_munmap, ALL},
	{SYS_read, JAIL_SESSION},
	{SYS_prlimit64, JAIL_SESSION},
	{SYS_close, JAIL_SESSION | JAIL_FRONT},
	{SYS_write, JAIL_FRONT | JAIL_AUTH},
	{SYS_accept4, JAIL_FRONT},
	{SYS_epoll_ctl, JAIL_FRONT},
	{SYS_epoll_pwait, JAIL_FRONT},
	{SYS_getsockname, JAIL_FRONT},
	{SYS_shutdown, JAIL_FRONT},
	{SYS_getrandom, JAIL_AUTH},
#ifdef SYS_poll
	{SYS_poll, ALL},
#else
	{SYS_ppoll, ALL},
#endif
#ifdef SYS_ppoll_time64
	{SYS_ppoll_time64, ALL},
#endif
#ifdef SYS_clock_gettime64
	{SYS_clock_gettime64, ALL},
#endif
#ifdef SYS_recv
	{SYS_recv, ALL},
	{SYS_send, ALL},
#endif
};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

static bool is_allowed(enum jail jail, long number)
{
	for (size_t i = 0; i < ALLOWED; i++)
		if (allowed[i].number == number)
			return allowed[i].jails & jail;
	return false;
}

static void others_of(enum jail jail)
{
	char what[48];

	CHECK(killed(child_in(jail, call, SYS_getpid)) == filtered());
	for (long n = 0; filtered() && n < CALLS; n++) {
#ifdef __x86_64__
		/* Two that are there for uprobes: the kernel has them pass every filter. */
		if (n == 335 || n == 336)
			continue;
#endif
		snprintf(what, sizeof what, "call %ld in jail %d", n, (int)jail);
		CHECK_FOR(what, killed(child_in(jail, call, n)) == !is_allowed(jail, n));
	}
}

static void others(void)
{
	others_of(JAIL_SESSION);
	others_of(JAIL_FRONT);
	others_of(JAIL_AUTH);
}

/* What a tracer that has a call left out makes of it. For s390x a number has 16 bits,
 * and this is another. */
static void no_call(void)
{
#ifndef __s390x__
	CHECK(!killed(child(call, -1)));
#else
	CHECK(killed(child(call, -1)) == filtered());
#endif
}

/* x86-64 has a second set of calls, for programs with pointers of 32 bits. */
static void x32(void)
{
	CHECK(!filtered() || !killed(child(call, SYS_read)));
#ifdef __x86_64__
	for (size_t i = 0; filtered() && i < ALLOWED; i++)
		CHECK(killed(child(call, allowed[i].number | 0x40000000)));
#endif
}

#ifdef SYS_socketcall
static void socket_call(long what)
{
	syscall(SYS_socketcall, what, NULL);
}
#endif

/* One call for everything about sockets, on i386 and s390x: 9 to 12 are send, recv,
 * sendto and recvfrom, 6, 13 and 18 getsockname, shutdown and accept4 (linux/net.h). */
static void sockets(void)
{
#ifdef SYS_socketcall
	for (long what = -1; filtered() && what < 25; what++) {
		bool talk = what >= 9 && what <= 12, serve = what == 6 || what == 13 || what == 18;

		CHECK(killed(child_in(JAIL_SESSION, socket_call, what)) == !talk);
		CHECK(killed(child_in(JAIL_AUTH, socket_call, what)) == !talk);
		CHECK(killed(child_in(JAIL_FRONT, socket_call, what)) == !(talk || serve));
	}
#ifdef __LP64__
	/* The kernel looks at 32 bits of it. */
	CHECK(!killed(child(socket_call, 9 - 4294967296)));
#endif
#endif
	CHECK(killed(child(call, SYS_getpid)) == filtered());
}

#ifdef __x86_64__
/* The entry for 32-bit programs. */
static void by_the_other_entry(long number)
{
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
}
#endif

static void entries(void)
{
#ifdef __x86_64__
	int status = child(by_the_other_entry, 3); /* read, by either entry */

	/* SIGSEGV: a kernel without that entry. */
	CHECK(!filtered() || killed(status) ||
	      (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
#endif
	CHECK(!killed(child(call, SYS_read)));
}

static bool answer(void *arg, const char *challenge, unsigned char *digest, char *why, size_t size)
{
	(void)arg;
	memset(digest, challenge[0], DTCP_DIGEST_BYTES);
	snprintf(why, size, "%s", "");
	return true;
}

static void asked(void *arg)
{
	(void)arg;
}

/* A session from its login to its end: what the server says is there already.
 * Its keeper is the other end of what it logs to. */
static void session(long server)
{
	static struct account a = {.server = "server", .user = "user"};
	struct connection n = {.fd = (int)server, .channel = -1, .deadline = clock_ms() + 50};
	struct dialogue d = {.account = &a, .answer = answer, .asked = asked, .letter_case = -1};
	struct rlimit none = {0, 0};
	struct offer o;

	memset(&o, 0, sizeof o);
	if (dialogue_login(&d, &n, &o) != STATUS_OK || setrlimit(RLIMIT_NPROC, &none) < 0)
		end(3);
	msg_text((int)server, MSG_LOG, 5, "%s: %s", strerror(ECONNRESET), strerror(4242));
	if (!dialogue_ping(&n) || dialogue_pong(&d, &n) != STATUS_OK)
		end(4);
	if (dialogue_pong(&d, &n) == STATUS_OK ||
	    connection_wait(&n, n.fd, POLLIN) != CONNECTION_TIMEOUT)
		end(5);
	if (dialogue_quit(&n))
		dialogue_wait_end(&n);
	connection_close(&n);
	end(clock_us() > 0 ? 7 : 6);
}

static void goes_on(void)
{
	static const char said[] = "+OK CHALLENGE\r\n+OK 192.0.2.2 198.51.100.1 2001:db8::/48\r\n"
				   "+OK\r\n";
	/* As a session has allocated memory long before: glibc's first malloc() asks the
	 * kernel for random bytes. */
	void *volatile first = malloc(1);
	int pair[2], status;

	free(first);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(send(pair[1], said, sizeof said - 1, 0), sizeof said - 1);
	/* Memory for the text of a number that has none: a program's first malloc()
	 * asks the kernel, and a session has long had its first. */
	CHECK(strerror(4243) != NULL);
	status = child(session, pair[0]);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 7);
	close(pair[0]);
	close(pair[1]);
}

static const struct unit_case cases[] = {
	{"there is a filter, and where not it is known why", present},
	{"a session goes on", goes_on},
	{"every other system call is the end", others},
	{"a call that a tracer leaves out", no_call},
	{"the second set of calls of x86-64 is closed", x32},
	{"of calls for sockets one may send and receive", sockets},
	{"the entry for 32-bit programs is closed", entries},
};
UNIT_MAIN(cases)
