/* SPDX-License-Identifier: ISC */
#include "server/message.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct message m;

static void make(enum message_kind kind)
{
	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.slot = 3;
	m.user = 1;
	m.client.s_addr = m.server.s_addr = 1;
}

static bool ok(enum message_from from)
{
	return message_ok(&m, from, 4);
}

/* Who may send what: one letter for each of front, auth to front, auth to root, root. */
static void senders(void)
{
	static const char *const wanted[] = {
		"----", "f---", "f---", "f-r-", "f---", "-a--", "-a--", "-a-R",
		"-a-R", "-a-R", "--r-", "--r-", "---R", "---R", "-a-R", "f-r-", "----",
	};

	for (unsigned kind = 0; kind < sizeof wanted / sizeof wanted[0]; kind++) {
		char found[] = "----", name[16];

		make((enum message_kind)kind);
		for (unsigned from = 0; from < 4; from++)
			if (ok((enum message_from)from))
				found[from] = "farR"[from];
		snprintf(name, sizeof name, "%u", kind);
		if (!CHECK_FOR(name, strcmp(found, wanted[kind]) == 0))
			printf("%s is %s\n", name, found);
	}
}

static void bounds(void)
{
	make(MESSAGE_WANT);
	m.slot = 4;
	CHECK(!ok(FROM_AUTH_TO_ROOT));
	make(MESSAGE_WANT);
	m.user = 0;
	CHECK(!ok(FROM_AUTH_TO_ROOT));
	make(MESSAGE_WANT);
	m.client.s_addr = 0;
	CHECK(!ok(FROM_AUTH_TO_ROOT));
	make(MESSAGE_WANT);
	m.type = DTCP_TUNNELONLY + 1;
	CHECK(!ok(FROM_AUTH_TO_ROOT));
	make(MESSAGE_RESULT);
	m.code = RESULT_MOST;
	CHECK(ok(FROM_ROOT));
	m.code = RESULT_MOST + 1;
	CHECK(!ok(FROM_ROOT));
	make(MESSAGE_END);
	m.code = END_MOST + 1;
	CHECK(!ok(FROM_ROOT));
	make(MESSAGE_LOGIN);
	m.code = LOGIN_MOST + 1;
	CHECK(!ok(FROM_FRONT));
	make(MESSAGE_LOGIN);
	m.upper = 1;
	CHECK(ok(FROM_FRONT));
	m.upper++;
	CHECK(!ok(FROM_FRONT));
	make(MESSAGE_OPEN);
	m.upper = 1;
	CHECK(!ok(FROM_FRONT));
	make(MESSAGE_PINGED);
	m.code = PINGED_MOST_S;
	CHECK(ok(FROM_FRONT) && ok(FROM_AUTH_TO_ROOT));
	m.code++;
	CHECK(!ok(FROM_FRONT) && !ok(FROM_AUTH_TO_ROOT));
	make(MESSAGE_IDLE);
	m.code = CONFIG_IDLE_MAX;
	CHECK(ok(FROM_AUTH_TO_FRONT));
	m.code++;
	CHECK(!ok(FROM_AUTH_TO_FRONT));
	/* One that names no connection is looked up all the same. */
	make(MESSAGE_IDLE);
	m.slot = 4;
	CHECK(!ok(FROM_AUTH_TO_FRONT));
}

static void texts(void)
{
	make(MESSAGE_LOGIN);
	memset(m.name, 'x', sizeof m.name);
	CHECK(!ok(FROM_FRONT));
	make(MESSAGE_RESULT);
	memset(m.text, 'x', sizeof m.text);
	CHECK(!ok(FROM_ROOT));
	make(MESSAGE_RESULT);
	strcpy(m.text, "a\r\n+OK");
	CHECK(!ok(FROM_AUTH_TO_FRONT));
	make(MESSAGE_LOGIN);
	strcpy(m.name, "a\x1b");
	CHECK(!ok(FROM_FRONT));
	make(MESSAGE_RESULT);
	strcpy(m.text, "a\x7f");
	CHECK(!ok(FROM_ROOT));
	/* A password may hold anything. */
	make(MESSAGE_USER);
	strcpy(m.text, "a\tb");
	CHECK(ok(FROM_ROOT));
}

static const struct unit_case cases[] = {
	{"each role may send what is its own to say", senders},
	{"numbers beyond their bounds are refused", bounds},
	{"texts end, and hold nothing that would be another line", texts},
};

UNIT_MAIN(cases)
