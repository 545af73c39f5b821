/* SPDX-License-Identifier: ISC */
/* A whole session through the real dialogue.c and net.c, over a pair of
 * sockets: greeting, login, keepalives, quit. The first byte holds the type
 * asked for, the letter case tried first, and whether the server closes at the
 * end; the second one decides the pieces in which its bytes, all the others,
 * are read. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account/account.h"
#include "common/clock.h"
#include "session/dialogue.h"
#include "fuzz.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "account/account_line.h"

enum { BYTES_MAX = 16384, PINGS = 20 };

static struct {
	int fd; /* whose reads are cut; -1: none */
	uint32_t seed;
	unsigned asked; /* how often a challenge was to be answered */
} pieces = {-1, 0, 0};

ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);

/* The linker puts this in the place of read(2). */
ssize_t __wrap_read(int fd, void *buf, size_t n)
{
	if (fd == pieces.fd) {
		size_t most;

		pieces.seed = pieces.seed * 1103515245u + 12345u;
		most = pieces.seed & 0x10000 ? 1 + (pieces.seed >> 20) % 40 : n;
		n = n < most ? n : most;
	}
	return __real_read(fd, buf, n);
}

static bool answer(void *arg, const char *challenge, unsigned char digest[DTCP_DIGEST_BYTES],
		   char *why, size_t size)
{
	(void)arg;
	MUST(*challenge && strlen(challenge) <= DTCP_CHALLENGE_MAX && !strchr(challenge, ' '));
	MUST(size >= 64);
	pieces.asked++;
	/* With letters in it or without, as the challenge will have it. */
	memset(digest, *challenge & 1 ? 0xab : 0x12, DTCP_DIGEST_BYTES);
	snprintf(why, size, "%s", "no digest");
	return *challenge != '!';
}

/* Line number n of what the server sends, up to its LF; "" where there is
 * none. */
static const char *server_line(const uint8_t *data, size_t size, unsigned n)
{
	static char out[1024];
	size_t at = 0, len;

	for (; n > 0 && at < size; n--) {
		const uint8_t *end = memchr(data + at, '\n', size - at);

		at = end ? (size_t)(end - data) + 1 : size;
	}
	len = size - at < sizeof out - 1 ? size - at : sizeof out - 1;
	memcpy(out, data + at, len);
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static unsigned lines(const uint8_t *data, size_t size)
{
	unsigned n = 0;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

/* What was sent: whole lines of the four kinds, one login at most after each
 * refusal, and the second one in the other letter case. Returns how many
 * logins there were. */
static unsigned check_sent(int fd)
{
	static char sent[65536];
	char first[256] = "";
	unsigned logins = 0;
	ssize_t n = recv(fd, sent, sizeof sent - 1, MSG_DONTWAIT);

	sent[n > 0 ? n : 0] = '\0';
	for (char *line = sent; *line;) {
		size_t len = strcspn(line, "\n");

		MUST(line[len] == '\n' && len > 0 && line[len - 1] == '\r');
		line[len - 1] = '\0';
		if (strncmp(line, "tunnel user ", 12) == 0) {
			MUST(len < sizeof first);
			MUST(logins == 0 || (strcmp(line, first) != 0 &&
					     strcasecmp(line, first) == 0));
			strcpy(first, line);
			logins++;
		} else {
			MUST(strcmp(line, "ping") == 0 || strcmp(line, "quit") == 0);
		}
		line += len + 1;
	}
	MUST(logins <= 2);
	return logins;
}

static void keep_alive(struct dialogue *d, struct connection *n)
{
	int status = STATUS_OK;

	for (int i = 0; i < PINGS && status == STATUS_OK; i++) {
		MUST(dialogue_ping(n));
		do {
			status = dialogue_pong(d, n);
		} while (status == STATUS_PENDING && connection_wait(n, n->fd, POLLIN) == CONNECTION_OK);
	}
	MUST(status == STATUS_OK || status == STATUS_PENDING || status == STATUS_PROTOCOL ||
	     status == STATUS_UNREACHABLE);
}

static void asked(void *arg)
{
	(void)arg;
}

static void talk(const struct account *a, int letter_case, int fd, int server, const uint8_t *data,
		 size_t size)
{
	/* All that will come is there already, so no wait is needed. */
	struct connection n = {.fd = fd, .channel = -1, .deadline = clock_ms()};
	struct dialogue d = {.account = a, .answer = answer, .asked = asked, .letter_case = letter_case};
	struct offer o = {.type = DTCP_NETWORK};
	unsigned logins;
	int status = dialogue_login(&d, &n, &o);

	MUST(memchr(d.why, '\0', sizeof d.why));
	MUST(status == STATUS_OK || status == STATUS_UNREACHABLE || status == STATUS_PROTOCOL ||
	     status == STATUS_REFUSED || status == STATUS_SYSTEM);
	MUST(status == STATUS_OK || d.why[0]);
	log_msg(LOG_ERR, "%s", d.why);
	if (status == STATUS_OK)
		keep_alive(&d, &n);
	if (dialogue_quit(&n))
		dialogue_wait_end(&n);
	logins = check_sent(server);
	MUST(pieces.asked <= 1 && logins <= 2 * pieces.asked);
	if (logins == 2) {
		MUST(strncmp(server_line(data, size, 1), "-ERR", 4) == 0);
		MUST(strstr(server_line(data, size, 1), "authentication failed"));
	}
	if (status == STATUS_OK) {
		MUST(logins > 0 && strncmp(server_line(data, size, 0), "+OK", 3) == 0);
		MUST(strncmp(server_line(data, size, logins), "+OK", 3) == 0);
		MUST(o.type == a->type);
		fuzz_allowed_offer(&o);
	}
	/* Where the second answer does not come, the first one counts. */
	if (status == STATUS_REFUSED)
		MUST(strncmp(server_line(data, size, lines(data, size) > 2 ? logins : 1), "-ERR",
			     4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const accounts[] = {
		"server 20200 user password type=network",
		"server 20200 user password type=host",
		"server 20200 user password type=tunnelonly",
	};
	const char *line;
	char why[ACCOUNT_WHY_MAX];
	struct account *a;
	int fd[2], how;

	if (size < 2 || size > BYTES_MAX)
		return 0;
	fuzz_log();
	how = data[0];
	line = accounts[how % 3];
	MUST(account_line_parse(line, strlen(line), &a, why) == 1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	MUST(send(fd[1], data + 2, size - 2, 0) == (ssize_t)(size - 2));
	if (how & 0x40)
		shutdown(fd[1], SHUT_WR);
	pieces.fd = fd[0];
	pieces.seed = data[1];
	pieces.asked = 0;
	talk(a, how / 3 % 3 - 1, fd[0], fd[1], data + 2, size - 2);
	pieces.fd = -1;
	close(fd[0]);
	close(fd[1]);
	account_free(a);
	return 0;
}
