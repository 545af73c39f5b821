/* SPDX-License-Identifier: ISC */
/* Messages to the root part that the session's own code would never send, or
 * not so. The first is right in all but what its name says. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <syslog.h>

#include "protocol/msg.h"
#include "puppet.h"
#include "common/status_codes.h"

enum { CHANNEL = 0, FLOOD = 2000 };

/* The session's channel is its standard input. False where nobody takes it. */
static bool say(const void *data, size_t size)
{
	long r = puppet_call(SYS_sendto, CHANNEL, puppet_put(data, size), (long)size,
			     MSG_NOSIGNAL, 0, 0);

	puppet_forget();
	if (r < 0)
		fprintf(stderr, "send: %s\n", strerror((int)-r));
	return r >= 0;
}

static struct in_addr ipv4(const char *text)
{
	return (struct in_addr){inet_addr(text)};
}

static void good_offer(struct msg *m)
{
	memset(m, 0, sizeof *m);
	m->kind = MSG_OFFER;
	m->offer.type = DTCP_NETWORK;
	m->offer.local = m->offer.seen_as = ipv4("203.0.113.50");
	m->offer.remote = ipv4("198.51.100.1");
	m->offer.n_prefixes = 1;
	prefix_parse("2001:db8:c0de::/48", &m->offer.prefixes[0]);
}

static void text_of(struct msg *m, uint32_t kind, int code, const char *text)
{
	memset(m, 0, sizeof *m);
	m->kind = kind;
	m->code = code;
	snprintf(m->text, sizeof m->text, "%s", text);
}

/* Takes WHAT and its VALUE: changes the offer by it. */
static bool spoil(struct msg *m, const char *what, const char *value)
{
	if (strcmp(what, "far") == 0)
		m->offer.remote = ipv4(value);
	else if (strcmp(what, "near") == 0)
		m->offer.local = ipv4(value);
	else if (strcmp(what, "prefix") == 0)
		prefix_parse(value, &m->offer.prefixes[0]);
	else if (strcmp(what, "length") == 0)
		m->offer.prefixes[0].len = (uint8_t)atoi(value);
	else if (strcmp(what, "count") == 0)
		m->offer.n_prefixes = (unsigned)strtoul(value, NULL, 0);
	else if (strcmp(what, "type") == 0)
		m->offer.type = (enum dtcp_type)strtoul(value, NULL, 0);
	else if (strcmp(what, "case") == 0)
		m->upper = (uint32_t)strtoul(value, NULL, 0);
	else
		return false;
	return true;
}

/* Lines for the log, until nobody takes them. */
static int flood(void)
{
	struct msg m;
	int sent = 0;

	text_of(&m, MSG_LOG, LOG_ERR, "a lie of the session");
	while (sent < FLOOD && say(&m, sizeof m))
		sent++;
	printf("%d lines\n", sent);
	return 0;
}

int forge_main(int argc, char *argv[])
{
	struct msg m;
	char big[2 * sizeof m] = "";

	if (argc < 2)
		return 64;
	good_offer(&m);
	if (strcmp(argv[1], "offer") == 0) {
		for (int i = 2; i + 1 < argc; i += 2)
			if (!spoil(&m, argv[i], argv[i + 1]))
				return 64;
		return !say(&m, sizeof m);
	}
	if (strcmp(argv[1], "flood") == 0)
		return flood();
	/* It says that it is over, and then stays. */
	if (strcmp(argv[1], "stay") == 0) {
		text_of(&m, MSG_FAIL, STATUS_UNREACHABLE, "gone, as it says");
#ifdef SYS_poll
		return !say(&m, sizeof m) || puppet_call(SYS_poll, 0, 0, -1, 0, 0, 0) == 0;
#else
		return !say(&m, sizeof m) || puppet_call(SYS_ppoll, 0, 0, 0, 0, 0, 0) == 0;
#endif
	}
	if (strcmp(argv[1], "size") == 0 && argc == 3) {
		memcpy(big, &m, sizeof m);
		return !say(big, strtoul(argv[2], NULL, 0));
	}
	if (strcmp(argv[1], "text") == 0 && argc == 5) {
		text_of(&m, (uint32_t)strtoul(argv[2], NULL, 0), (int)strtol(argv[3], NULL, 0), argv[4]);
		return !say(&m, sizeof m);
	}
	return 64;
}
